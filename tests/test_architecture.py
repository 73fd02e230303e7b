"""What keeps the house standing, checked on its source: sizes, doors, forbidden words."""

import ast
import re
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.unit

MAX_FUNCTION_LINES = 60
MAX_MEDIAN_LINES = 10
MAX_FILE_LINES = 400
WEBAPP = sorted((ROOT / "webapp").rglob("*.py"))
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            yield node


def length(node: ast.FunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def calls(path: Path, *names: str) -> list[str]:
    """Where a method of one of these names is called."""
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]


def test_functions_and_files_stay_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.name} has {length(node)} lines"
        for path in WEBAPP
        for node in functions(path)
        if length(node) > MAX_FUNCTION_LINES
    ]
    long += [
        f"{path.relative_to(ROOT)} has {lines} lines"
        for path in (*WEBAPP, *SCRIPTS)
        if (lines := len(path.read_text().splitlines())) > MAX_FILE_LINES
    ]
    assert long == []
    assert statistics.median(length(node) for path in WEBAPP for node in functions(path)) <= MAX_MEDIAN_LINES


def test_only_database_py_commits() -> None:
    doors = [place for path in WEBAPP for place in calls(path, "commit", "do_commit")]
    assert {place.split(":")[0] for place in doors} <= {"webapp/database.py"}


def test_services_never_read_the_request_emit_or_open_a_transaction() -> None:
    # `deliver_webhook` and `sync_customer_to_crm` are entry points by the domain's contract: they read, ask
    # others and write down. A mail's bytes are stored between what is read and what is written.
    own = ("crm/work.py", "mail_in/taking.py", "webhooks/delivery.py")
    entries = {f"webapp/services/{name}: with transaction(" for name in own}
    wrong = []
    for path in sorted((ROOT / "webapp" / "services").rglob("*.py")):
        text = path.read_text()
        words = ("import request", "flask_socketio", "socketio", "with transaction(")
        wrong += [f"{path.relative_to(ROOT)}: {word}" for word in words if word in text]
    assert set(wrong) == entries


def test_k33_nothing_is_emitted_but_through_the_door_that_wants_a_room() -> None:
    allowed = {"webapp/realtime/server.py"}
    wrong = [place for path in WEBAPP for place in calls(path, "emit") if place.split(":")[0] not in allowed]
    wrong += [
        f"{path.relative_to(ROOT)}"
        for path in WEBAPP
        if "broadcast=True" in path.read_text() or "flask_socketio import emit" in path.read_text()
    ]
    assert wrong == []


def test_eventlet_is_imported_by_the_program_and_green_alone() -> None:
    allowed = {"webapp/green.py", "webapp/green_socket.py"}
    importing = {
        str(path.relative_to(ROOT))
        for path in WEBAPP
        if re.search(r"^\s*(import|from) eventlet", path.read_text(), re.MULTILINE)
    }
    assert importing <= allowed


FORBIDDEN_IN_SCRIPTS = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "unsafeHTML",
    "unsafeSVG",
    "unsafeStatic",
    "srcdoc",
    "eval(",
    "new Function",
    "styleMap",
    "setTimeout('",
    'setTimeout("',
)


def test_no_script_parses_text_as_markup_or_code() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in SCRIPTS
        for word in FORBIDDEN_IN_SCRIPTS
        if word in path.read_text()
    ]
    assert wrong == []


def test_templates_escape_everything_and_hold_no_inline_script_or_style() -> None:
    wrong = []
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = path.read_text()
        if "emails" in path.parts:
            text = re.sub(r"style=\"[^\"{}]*\"", "", text)  # mail programs know no style sheets
        for form in (
            r"\|\s*safe\b",
            r"\son\w+=",
            r"\sstyle=",
            r"autoescape false",
            r"<script(?![^>]*(src=|application/json))",
        ):
            wrong += [f"{path.relative_to(ROOT)}: {form}" for _ in re.findall(form, text)]
    assert wrong == []


def test_css_is_logical_so_that_it_reads_from_the_right_too() -> None:
    physical = re.compile(
        r"[\s{;](margin|padding|border)-(left|right)\s*:|[\s{;](left|right)\s*:|text-align:\s*(left|right)"
    )
    wrong = []
    for path in sorted((ROOT / "static" / "css").glob("*.css")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if physical.search(line):
                wrong.append(f"{path.name}:{number}: {line.strip()}")
    assert wrong == []


def test_nothing_in_the_tree_names_a_package_registry_or_a_private_path() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    hosts = re.compile(r"registry\.npmjs|pypi\.(org|python)|files\.pythonhosted")
    wrong = []
    for name in filter(None, tracked.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in {".png", ".ico", ".woff2"} or not path.is_file():
            continue
        if name != "tests/test_architecture.py" and hosts.search(path.read_text(errors="ignore")):
            wrong.append(name)
    assert wrong == []
