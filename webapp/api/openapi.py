"""The API as OpenAPI 3.1, made of the routes, the models of their arguments and the answers they declare."""

import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple, get_type_hints

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from webapp.api.answers import Answer, Operation, operation_of
from webapp.api.binding import Model
from webapp.schemas.error import ErrorOut

PREFIX = "/api/v1"
OWN = "docs.read_document"
REF = "#/components/schemas/{model}"
ERRORS: dict[int, str] = {
    401: "Nobody is signed in, or the key opens nothing",
    403: "This role or key does not allow it",
    404: "There is no such thing, or it isn't yours",
    409: "It contradicts what is there; `current` may say what that is",
    412: "Somebody changed it meanwhile; `current` is what it is now",
    413: "The body is too large",
    415: "The body is of another kind",
    422: "The input breaks a rule; `detail` names each field",
    429: "Too many requests; `Retry-After` says how long to wait",
    503: "The service is busy; `Retry-After` says how long to wait",
}
SECURITY_SCHEMES = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "parley_session",
        "description": "A browser that is signed in; over https the name begins with `__Host-`",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "Goes with a session's cookie on every method that changes something",
    },
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of the profile or of the settings; no cookie or CSRF token goes along",
    },
    "visitor": {"type": "http", "scheme": "bearer", "description": "A customer's token of `POST /visitors`"},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Names what is to be done once: sent again within a day it is answered alike",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of what was read: refused with 412 where it is another one by now",
    "schema": {"type": "string"},
}
HEADERS = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
_LIMITS = {
    "Limit": "How many requests a key may make in a while",
    "Remaining": "How many of them are left",
    "Reset": "The seconds until there are more",
}
LIMITS = {f"RateLimit-{name}": {"$ref": f"#/components/headers/RateLimit{name}"} for name in _LIMITS}
SAYS = {201: "Made", 202: "Asked for", 204: "Done", 302: "It is at `Location`"}
SAFE = ("GET", "HEAD", "OPTIONS")
DESCRIPTION = (
    "What people do on pages, for programs. Times are UTC, ids are UUIDs, unknown fields are refused, "
    "and all errors have one shape. Every answer has an `X-Request-Id`: name it when you ask for help."
)


class Route(NamedTuple):
    """A method of an address, with its view."""

    method: str
    rule: str
    endpoint: str
    view: Any

    @property
    def path(self) -> str:
        """The address as OpenAPI writes it."""
        return re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", self.rule)

    @property
    def models(self) -> dict[str, Model]:
        """The models of its path, query and body."""
        hints = get_type_hints(inspect.unwrap(self.view))
        return {name: hints[name] for name in ("path", "query", "body") if name in hints}

    @property
    def operation(self) -> Operation:
        return operation_of(self.view)

    @property
    def tag(self) -> str:
        """The blueprint's name, without what tells it apart from one of pages."""
        return self.endpoint.partition(".")[0].removesuffix("_api")

    @property
    def name(self) -> str:
        """What programs call it."""
        return f"{self.tag}.{self.endpoint.partition('.')[2]}"

    @property
    def access(self) -> str:
        return str(self.view.access)

    @property
    def is_for_staff(self) -> bool:
        """Whether it is for staff and their programs, not for customers or everybody."""
        return self.access != "public" and not self.endpoint.startswith("chat.")


def routes(app: Flask) -> list[Route]:
    """Everything that the document describes, by address and method."""
    found = [
        Route(method, rule.rule, rule.endpoint, app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(f"{PREFIX}/") and rule.endpoint != OWN
    ]
    return sorted(found, key=lambda route: (route.path, route.method))


def document(app: Flask) -> dict[str, Any]:
    """The whole document."""
    all_routes = routes(app)
    schemas, names = _schemas(all_routes)
    paths: dict[str, Any] = {}
    for route in all_routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, names)
    asked = {model for route in all_routes for name, model in route.models.items() if name != "body"}
    kept = {name: shape for name, shape in schemas.items() if name not in {names[model] for model in asked}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Parley", "version": "1", "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": list(_tags(all_routes)),
        "paths": paths,
        "components": {
            "schemas": kept,
            "securitySchemes": SECURITY_SCHEMES,
            "responses": {str(status): _refusal(says, names) for status, says in ERRORS.items()},
            "headers": {
                "RequestId": {"description": "Names this request", "schema": {"type": "string"}},
                **{f"RateLimit{name}": _number(says) for name, says in _LIMITS.items()},
                "ETag": {"description": "What it is now, for If-Match", "schema": {"type": "string"}},
            },
        },
    }


def _schemas(all_routes: list[Route]) -> tuple[dict[str, Any], dict[Model, str]]:
    """Every model's schema by its name, and the models' names."""
    models: list[type[BaseModel]] = [ErrorOut]
    for route in all_routes:
        models += [*route.models.values(), *route.operation.models.values()]
    unique = list(dict.fromkeys(models))
    made, shapes = models_json_schema([(model, "validation") for model in unique], ref_template=REF)
    names = {model: made[model, "validation"]["$ref"].rpartition("/")[2] for model in unique}
    return shapes["$defs"], names


def _tags(all_routes: list[Route]) -> Iterator[dict[str, str]]:
    modules = {route.tag: sys.modules[inspect.unwrap(route.view).__module__] for route in all_routes}
    for name, module in sorted(modules.items()):
        yield {"name": name, "description": (module.__doc__ or "").strip().partition("\n")[0]}


def _operation(route: Route, schemas: dict[str, Any], names: dict[Model, str]) -> dict[str, Any]:
    summary, _, rest = (inspect.getdoc(inspect.unwrap(route.view)) or "").partition("\n")
    made: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": summary,
    }
    if rest.strip():
        made["description"] = rest.strip()
    made["security"] = _security(route)
    if parameters := list(_parameters(route, schemas, names)):
        made["parameters"] = parameters
    if body := _body(route, names):
        made["requestBody"] = body
    made["responses"] = _responses(route, names)
    return made


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.access == "public":
        return [{}]
    if not route.is_for_staff:
        return [{"visitor": []}]
    rights = [] if route.access == "staff" else [route.access]
    return [{"session": rights, **({} if route.method in SAFE else {"csrf": []})}, {"key": rights}]


def _parameters(route: Route, schemas: dict[str, Any], names: dict[Model, str]) -> Iterator[dict[str, Any]]:
    for place in ("path", "query"):
        model = route.models.get(place)
        shape = schemas[names[model]] if model else {}
        for name, schema in shape.get("properties", {}).items():
            if place == "query" or f"{{{name}}}" in route.path:
                needed = place == "path" or name in shape.get("required", ())
                yield {"name": name, "in": place, "required": needed, "schema": schema}
    if route.method == "POST" and route.access != "public" and not route.operation.takes_file:
        yield IDEMPOTENCY_KEY
    if route.operation.takes_match:
        yield IF_MATCH


def _body(route: Route, names: dict[Model, str]) -> dict[str, Any] | None:
    if route.operation.takes_file:
        file = {"type": "string", "contentMediaType": "application/octet-stream"}
        fields = {"file": file, "client_id": {"type": "string", "format": "uuid"}}
        schema = {"type": "object", "properties": fields, "required": ["file"], "additionalProperties": False}
        return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    if "body" in route.models:
        return {"required": True, "content": _json(names[route.models["body"]])}
    if route.method in ("POST", "PUT", "PATCH"):  # an empty object: other kinds are refused
        return {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    return None


def _responses(route: Route, names: dict[Model, str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for answer in route.operation.answers:
        held = made.setdefault(str(answer.status), {"description": _says(answer), "headers": _headers(route)})
        if answer.model is not None:
            held["content"] = _json(names[answer.model])
        elif answer.file:
            file: dict[str, Any] = {answer.file: {"schema": {"type": "string"}}}
            held["content"] = {**held.get("content", {}), **file}
    for status in _refusals(route):
        made[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return dict(sorted(made.items()))


def _headers(route: Route) -> dict[str, Any]:
    tag = {"ETag": {"$ref": "#/components/headers/ETag"}} if route.operation.has_tag else {}
    return {**HEADERS, **(LIMITS if route.is_for_staff else {}), **tag}


def _refusal(says: str, names: dict[Model, str]) -> dict[str, Any]:
    return {"description": says, "headers": HEADERS, "content": _json(names[ErrorOut])}


def _says(answer: Answer) -> str:
    return {201: "Made", 202: "Asked for", 204: "Done", 302: "It is at `Location`"}.get(
        answer.status, "Found"
    )


def _refusals(route: Route) -> list[int]:
    """What a route of its kind may always answer, and what it declares."""
    usual = {429, 503}
    if route.access != "public":
        usual |= {401, 403}
    if "path" in route.models or "body" in route.models:
        usual.add(404)  # a body may name what isn't there, too
    if route.models or route.method in ("POST", "PUT", "PATCH"):
        usual.add(422)
    if route.method in ("POST", "PUT", "PATCH"):
        usual |= {413, 415}
    return sorted(usual | route.operation.may | ({412} if route.operation.takes_match else set()))


def _number(says: str) -> dict[str, Any]:
    return {"description": says, "schema": {"type": "integer"}}


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REF.format(model=name)}}}
