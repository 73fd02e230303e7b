"""Forms as a browser sends them: with the page's own CSRF token."""

import re
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
