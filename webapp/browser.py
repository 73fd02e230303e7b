"""A browser's name and system from its User-Agent, for people to read; untrusted, never decided upon."""

import re

_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("Samsung Internet", r"SamsungBrowser/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:Chrome|CriOS|HeadlessChrome)/(\d+)"),
    ("Safari", r"Version/(\d+)[\d.]* (?:Mobile/\S+ )?Safari"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux"),
)


def describe_client(user_agent: str) -> dict[str, str]:
    """`{browser: "Firefox 139", os: "Windows"}`; empty texts where it cannot be told."""
    text = user_agent[:400]
    browser = next((f"{name} {found[1]}" for name, form in _BROWSERS if (found := re.search(form, text))), "")
    system = next((name for name, form in _SYSTEMS if re.search(form, text)), "")
    return {"browser": browser, "os": system}
