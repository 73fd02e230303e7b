"""The app against its own document: every operation with good and bad input, and chains of operations.

Schemathesis makes the requests, always the same for a seed, as many as the document asks for: no clock ends
it. One database is enough: what the databases differ in is asked elsewhere.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import FatalError, NonFatalError, PhaseFinished, ScenarioFinished

from tests.support.world import World
from webapp.api.openapi import routes
from webapp.services import feed

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(1200)]

PHASES = ("coverage", "fuzzing", "stateful")
BETWEEN = {"unsupported_method": {"enabled": False}, "allow_header_conformance": {"enabled": False}}
TWINS = r"/reports/(heatmap|histogram|.+\.csv)$"
CONFIG: dict[str, Any] = {
    "seed": 20261123,
    "continue-on-failure": True,
    "workers": 1,
    "cache": {"enabled": False},  # no run goes by what an earlier one saw
    "generation": {
        "deterministic": True,
        "database": "none",
        "max-examples": 3,
        "no-shrink": True,
        # Who comes with a broken cookie or token, and who with none, is asked in test_who_may.
        "with-security-parameters": False,
    },
    "checks": {
        "ignored_auth": {"enabled": False},
        # What no schema can say is refused with 422: a cursor of ours, the search language, rules among
        # fields, what this workspace has. 412: an If-Match that fits the schema names another version.
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "3xx", "404", "409", "412", "422", "429", "503"]
        },
    },
    "phases": {
        "examples": {"enabled": False},  # those of docs/api.md are run by their own test
        "stateful": {"max-steps": 6, "generation": {"max-examples": 12, "deterministic": True}},
    },
    # These two lie between the addresses `/tickets/<id>` and `/policies/<id>`. The router cannot know that
    # `counts` and `order` are no ids: other methods there are refused as ids of nothing, 422.
    "operations": [
        {"include-name": "GET /api/v1/tickets/counts", "checks": BETWEEN},
        {"include-name": "PUT /api/v1/policies/order", "checks": BETWEEN},
        # These take the query of `/reports/figures` and `/reports/rows`, whose 300 cases are tried there.
        {"include-path-regex": TWINS, "phases": {"coverage": {"enabled": False}}},
    ],
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_app_does_what_its_document_says(app: Any, make: Any, agent: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(feed, "wait_for_feed", lambda read, *_: read())  # 25 seconds again and again
    config = SchemathesisConfig.from_dict(CONFIG)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, config=config)
    world = World("harbour", app, make, agent)
    with coming_as(world):
        events = list(from_schema(schema).execute())
    assert not list(findings(events)), "\n\n".join(findings(events))
    ended = {event.phase.name.value: event.status for event in events if isinstance(event, PhaseFinished)}
    assert [ended[name] for name in PHASES] == [Status.SUCCESS] * len(PHASES)
    asked = succeeded(events)
    assert set(asked) >= {f"{route.method} {route.path}" for route in routes(app)}
    assert sum(count > 0 for count in asked.values()) > len(asked) / 2, "most are refused: nothing is tried"


@contextmanager
def coming_as(world: World) -> Iterator[None]:
    """Until it is left, requests come from an admin's browser or a customer's, and no limit counts them."""
    cookies = {cookie.key: cookie.value for cookie in world.desks["admin"].http._cookies.values()}
    csrf = world.desks["admin"].csrf

    def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
        world.app.extensions["parley_limiter"].reset()
        if case.path.startswith("/api/v1/chat/"):
            case.headers["Authorization"] = f"Bearer {world.maria.token}"
        else:
            case.cookies = cookies
            case.headers["X-CSRF-Token"] = csrf

    schemathesis.hook(before_call)
    try:
        yield
    finally:
        schemathesis.hooks.unregister(before_call)


def findings(events: list[Any]) -> Iterator[str]:
    """What was found, with the request to do it again."""
    for event in events:
        if isinstance(event, NonFatalError | FatalError):
            yield f"{getattr(event, 'label', '')}: {getattr(event, 'value', None) or event.exception!r}"
        if isinstance(event, ScenarioFinished):
            for checks in event.recorder.checks.values():
                for found in (check.failure_info for check in checks if check.failure_info):
                    said = (
                        event.recorder.label,
                        found.failure.title,
                        found.failure.message,
                        found.code_sample,
                    )
                    yield "\n".join(said)


def succeeded(events: list[Any]) -> Counter[str]:
    """How often each operation was asked and did what it was asked for."""
    asked: Counter[str] = Counter()
    for event in events:
        if isinstance(event, ScenarioFinished):
            for case_id, interaction in event.recorder.interactions.items():
                label = event.recorder.cases[case_id].value.operation.label
                asked[label] += interaction.response is not None and interaction.response.status_code < 400
    return asked
