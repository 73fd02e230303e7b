"""Commands that write the documents which are made from the code."""

import json

import click
from flask import current_app
from flask.cli import with_appcontext

from webapp.config import ROOT


@click.command("export-asyncapi")
def export_asyncapi() -> None:
    """Write docs/asyncapi.json from the schemas of the live protocol."""
    from webapp.realtime.asyncapi import document

    _write_document("asyncapi.json", json.dumps(document(), indent=2) + "\n")


@click.command("export-openapi")
@with_appcontext
def export_openapi() -> None:
    """Write docs/openapi.json from the routes of the API."""
    from webapp.api.openapi import document

    _write_document("openapi.json", json.dumps(document(current_app), indent=2) + "\n")


@click.command("export-events")
def export_events() -> None:
    """Write docs/events.md from the catalogue of events."""
    from webapp.schemas.event_docs import events_document

    _write_document("events.md", events_document())


def _write_document(name: str, text: str) -> None:
    path = ROOT / "docs" / name
    path.write_text(text)
    click.echo(f"Wrote {path.relative_to(ROOT)}")


DOCUMENTS = (export_asyncapi, export_openapi, export_events)
