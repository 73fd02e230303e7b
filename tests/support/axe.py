"""Accessibility checks inside a page of the browser."""

from functools import cache
from typing import Any

from tests.support import ROOT, Missing

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

# Colours that still change have no contrast yet.
STILL = """async () => {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const ends = (one) => one.effect.getComputedTiming().endTime !== Infinity;
  await Promise.allSettled(document.getAnimations().filter(ends).map((one) => one.finished));
}"""


@cache
def source() -> str:
    """axe itself."""
    if not AXE.exists():
        raise Missing("axe-core is missing: run `python3 tools/dev.py setup`.")
    return AXE.read_text()


def violations(page: Any, *, include: str | None = None, without: tuple[str, ...] = ()) -> list[str]:
    """What axe finds wrong in a page (or in the part that a selector names), one readable text a rule.

    `without` names rules to leave out; say why where you do. Works under the strict CSP.
    """
    page.evaluate(source())
    page.evaluate(STILL)
    options = {
        "runOnly": list(RULES),
        "rules": {name: {"enabled": False} for name in without},
        "resultTypes": ["violations"],
        "iframes": False,  # a frame is checked by itself: pass it as the page
    }
    script = "([context, options]) => axe.run(context ?? document, options)"
    return [describe(found) for found in page.evaluate(script, [include, options])["violations"]]


def describe(found: dict[str, Any]) -> str:
    """One violation: the rule, how bad, what to do, and the elements."""
    lines = [f"{found['id']} ({found['impact']}): {found['help']}"]
    for node in found["nodes"][:5]:
        why = [check["message"] for check in (*node["any"], *node["all"], *node["none"])]
        lines.append(f"    {' '.join(map(str, node['target']))}  {node['html'][:160]}  {'; '.join(why)}")
    return "\n".join(lines)


def check(page: Any, **options: Any) -> None:
    """Fail with everything that axe finds wrong.

    A theme that has just changed may reach a colour a moment after it is asked for, so a contrast that is
    wrong must be so at a second look as well.
    """
    found = violations(page, **options)
    if any(text.startswith("color-contrast") for text in found):
        found = violations(page, **options)
    assert not found, f"accessibility of {page.url}:\n" + "\n".join(found)
