"""docs/events.md and docs/webhooks.md say what is."""

import json
import re
import time
from datetime import UTC, datetime

import pytest

from webapp.config import ROOT
from webapp.models.webhook import new_secret
from webapp.schemas.event_docs import events_document
from webapp.services.webhooks.schedule import ATTEMPTS, DELAYS
from webapp.services.webhooks.signature import signed_headers

pytestmark = pytest.mark.integration

SAID = (ROOT / "docs" / "webhooks.md").read_text()


def test_the_events_are_documented_from_the_catalogue() -> None:
    assert (ROOT / "docs" / "events.md").read_text() == events_document(), (
        "run `python wsgi.py export-events`"
    )


def test_the_receiver_takes_what_is_ours_once_and_refuses_what_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = new_secret()
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    (code,) = re.findall(r"```python\n(.*?)```", SAID, re.DOTALL)
    receiver = {"__name__": "receiver"}
    exec(compile(code, "docs/webhooks.md", "exec"), receiver)
    client = receiver["app"].test_client()  # type: ignore[attr-defined]
    body = json.dumps({"event": "ticket.created", "data": {"changes": {"title": [None, "Scanner"]}}}).encode()
    headers = signed_headers("m-1", datetime.now(UTC), body, [new_secret(), secret])
    answers = [client.post("/hooks/parley", data=body, headers=headers).status_code for _ in range(2)]
    forged = signed_headers("m-2", datetime.now(UTC), body, [new_secret()])
    stale = signed_headers("m-3", datetime.fromtimestamp(time.time() - 3600, UTC), body, [secret])
    answers += [client.post("/hooks/parley", data=body, headers=one).status_code for one in (forged, stale)]
    assert answers == [204, 204, 401, 401]
    assert capsys.readouterr().out.count("New ticket: Scanner") == 1


def test_the_table_of_attempts_is_the_codes() -> None:
    (row,) = re.findall(r"\| after \|(.*)\|", SAID)
    said = [cell.strip() for cell in row.split("|")]
    units = {"s": "seconds", "min": "minutes", "h": "hours"}
    seconds = {"seconds": 1, "minutes": 60, "hours": 3600}
    waits = [int(cell.split()[0]) * seconds[units[cell.split()[1]]] for cell in said[1:]]
    assert len(said) == ATTEMPTS
    assert waits == [delay.total_seconds() for delay in DELAYS]
