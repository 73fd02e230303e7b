"""The live protocol as AsyncAPI 3.0, made from the schemas that check it."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from webapp.realtime.commands import COMMANDS
from webapp.schemas.pushed import PUSHED

REF = "#/components/schemas/{model}"


def document() -> dict[str, Any]:
    """The AsyncAPI document: a channel per namespace, an operation per command and per pushed event."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    models: list[type[BaseModel]] = []
    for (namespace, name), said in sorted(COMMANDS.items()):
        _add(channels, operations, namespace, name, said.schema, action="receive")
        operations[_key(namespace, name, "receive")]["x-permission"] = said.access
        operations[_key(namespace, name, "receive")]["summary"] = _first_line(said.run.__doc__)
        models.append(said.schema)
    for (namespace, name), body in sorted(PUSHED.items()):
        _add(channels, operations, namespace, name, body, action="send")
        models.append(body)
    unique = list(dict.fromkeys(models))
    _, schemas = models_json_schema([(model, "validation") for model in unique], ref_template=REF)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Parley's live protocol", "version": "1", "description": "See docs/realtime.md."},
        "channels": channels,
        "operations": operations,
        "components": {"schemas": schemas["$defs"]},
    }


def _add(
    channels: dict[str, Any],
    operations: dict[str, Any],
    namespace: str,
    name: str,
    body: type[BaseModel],
    *,
    action: str,
) -> None:
    channel = namespace.strip("/")
    message = f"{action}.{name}"
    held = channels.setdefault(channel, {"address": namespace, "messages": {}})
    held["messages"][message] = {"name": name, "payload": {"$ref": REF.format(model=body.__name__)}}
    operations[_key(namespace, name, action)] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
    }


def _key(namespace: str, name: str, action: str) -> str:
    return f"{namespace.strip('/')}.{action}.{name}"


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n")[0]
