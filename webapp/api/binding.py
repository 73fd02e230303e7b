"""Blueprints whose views get path, query and body as checked models, by their arguments' annotations."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import request
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ValidationError

from webapp.api.answers import operation_of
from webapp.api.idempotency import once
from webapp.api.matching import tagged
from webapp.errors import from_pydantic

Model = type[BaseModel]


class Views(APIBlueprint):
    """As flask-openapi3's, with its own reading of requests, and none of its document: see `openapi`.

    The library makes a JSON schema of the query's model for each request, which costs more than the request.
    """

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, doc_ui=False, **options)

    @staticmethod
    def create_view_func(  # type: ignore[override]
        func: Callable[..., Any],
        _header: Model | None,
        _cookie: Model | None,
        path: Model | None,
        query: Model | None,
        _form: Model | None,
        body: Model | None,
        *_rest: Any,
        **_options: Any,
    ) -> Callable[..., Any]:
        """The view, called with its checked models."""
        readers = [
            (name, read, model)
            for name, read, model in (("path", _path, path), ("query", _query, query), ("body", _body, body))
            if model is not None
        ]

        @wraps(func)
        def view(**kwargs: Any) -> Any:
            given = {} if path is not None else kwargs
            for name, read, model in readers:
                try:
                    given[name] = read(model, kwargs)
                except ValidationError as error:
                    raise from_pydantic(error, where=name) from None
            answer = once(lambda: func(**given))
            return tagged(answer, operation_of(func).untagged) if operation_of(func).has_tag else answer

        return view


def _path(model: Model, kwargs: dict[str, Any]) -> BaseModel:
    return model.model_validate(kwargs)


def _query(model: Model, _kwargs: dict[str, Any]) -> BaseModel:
    if not request.args:
        return model.model_validate({})
    several = many_of(model)
    given = {name: values if name in several else values[0] for name, values in request.args.lists()}
    return model.model_validate(given)


def _body(model: Model, _kwargs: dict[str, Any]) -> BaseModel:
    """As JSON means it: 1 is no `true` there, and "7" no number."""
    try:
        return model.model_validate_json(request.get_data(), strict=True)
    except ValidationError as error:
        if error.errors()[0]["type"] != "json_invalid":
            raise
    return model.model_validate(request.get_json(silent=True))  # what only Python reads; names the field


_many: dict[Model, frozenset[str]] = {}


def many_of(model: Model) -> frozenset[str]:
    """The names of a query's model that may be given several times: its lists."""
    if model not in _many:
        properties = model.model_json_schema().get("properties", {})
        _many[model] = frozenset(name for name, shape in properties.items() if _is_list(shape))
    return _many[model]


def _is_list(shape: dict[str, Any]) -> bool:
    return shape.get("type") == "array" or any(_is_list(one) for one in shape.get("anyOf", ()))
