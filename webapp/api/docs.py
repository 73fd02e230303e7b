"""The API's own document, and the page that shows it to people."""

import json
from typing import Any

from flask import Flask, Response, current_app, render_template, request

from webapp.api.doors import access, public_views
from webapp.api.openapi import document

bp = public_views("docs", __name__, "/api")
MADE = "parley_openapi"


@bp.get("/v1/openapi.json")
@access("public")
def read_document() -> Response:
    """The document of the API, as OpenAPI 3.1."""
    answer = Response(json.dumps(_document()), mimetype="application/json")
    answer.add_etag()
    answer.make_conditional(request)
    return answer


@bp.get("/docs")
@access("public")
def show_document() -> str:
    """The same, to be read."""
    made = _document()
    return render_template("api.html", made=made, areas=_areas(made), kind=kind)


def _document() -> dict[str, Any]:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    if MADE not in app.extensions:
        app.extensions[MADE] = document(app)
    found: dict[str, Any] = app.extensions[MADE]
    return found


def _areas(made: dict[str, Any]) -> list[tuple[dict[str, str], list[dict[str, Any]]]]:
    """Each tag with its operations, which know their method and path."""
    operations = [
        {**operation, "method": method.upper(), "path": path}
        for path, methods in made["paths"].items()
        for method, operation in methods.items()
    ]
    return [(tag, [one for one in operations if tag["name"] in one["tags"]]) for tag in made["tags"]]


def kind(schema: dict[str, Any]) -> str:
    """A schema in a few words, such as `list of TagOut, or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return ", or ".join(kind(one) for one in schema["anyOf"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return ", ".join(json.dumps(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")
