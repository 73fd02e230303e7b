"""Forms as a browser sends them: with the page's own CSRF token."""

import re
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def csrf_token(client: FlaskClient, page: str) -> str:
    """The token in a page's form."""
    answer = client.get(page)
    found = _TOKEN.search(answer.text)
    assert found, f"no form on {page} ({answer.status_code})"
    return found[1]


def submit(
    client: FlaskClient,
    path: str,
    data: dict[str, Any] | None = None,
    *,
    page: str | None = None,
    **options: Any,
) -> Any:
    """Opens the page of a form (`page`, else its own address), fills it in and sends it."""
    token = csrf_token(client, page or path)
    return client.post(path, data={"csrf_token": token, **(data or {})}, **options)


class _Forms(HTMLParser):
    """The forms of a page: where each leads, and what its fields hold."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, Any], dict[str, str | None]]] = []
        self._select, self._area, self._inert = "", "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inert += tag == "template"
        if self._inert:
            return
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "form":
            self.forms.append((given.get("action") or "", {}, given))
        elif self.forms:
            fields = self.forms[-1][1]
            box = given.get("type") in ("checkbox", "radio")
            if tag == "input" and name and (not box or "checked" in given):
                fields[name] = given.get("value") or ""
            elif tag == "textarea":
                self._area = name
                fields[name] = ""
            elif tag == "select":
                self._select = name
            elif tag == "option" and self._select and ("selected" in given or self._select not in fields):
                fields[self._select] = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1][1][self._area] += data

    def handle_endtag(self, tag: str) -> None:
        self._inert -= tag == "template"
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""


def forms_of(html: str) -> list[tuple[str, dict[str, Any], dict[str, str | None]]]:
    """Every form of a page: its action, its fields as a browser would send them, its attributes."""
    found = _Forms()
    found.feed(html)
    return found.forms


def form_of(html: str, action: str) -> dict[str, Any]:
    """The fields of the one form with that action."""
    [fields] = [fields for where, fields, _ in forms_of(html) if where == action]
    return fields
