"""R-01: an import whose process is killed half-way goes on where it was: no row twice, none lost."""

import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.desk import Desk
from tests.support.process import wait_until
from webapp.auth import acting_as
from webapp.database import read_only, transaction
from webapp.models import Event, ImportedRow, Ticket
from webapp.services import importing
from webapp.tenancy import use_workspace

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ROWS, WRONG = 400, (90, 310)
KILLED_AT = (50, 175)


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A server whose jobs are free again four seconds after it was killed."""
    is_file = request.param == "sqlite"
    url = None if is_file else request.getfixturevalue("postgres").create_database("imports")
    with Desk(tmp_path, url, JOB_LEASE_SECONDS="4") as served:
        yield served
    assert not served.complaints()


def rows() -> bytes:
    """A file of tickets, two of them of nobody."""
    lines = (
        f"{number},Ticket {number},{'nobody' if number in WRONG else f'c{number % 9}@example.com'}"
        for number in range(1, ROWS + 1)
    )
    return "\n".join(("id,title,email", *lines)).encode()


def work(import_id: Any, step: str) -> None:
    with transaction():
        importing.request_work(import_id, step)


def state(import_id: Any) -> SimpleNamespace:
    """Read whole: nothing of it is looked up later, in a transaction that would hold the server up."""
    with read_only():
        found = importing.find_import(import_id)
        return SimpleNamespace(phase=found.phase, position=found.position, counts=found.counts)


def reached(import_id: Any, phase: str) -> None:
    wait_until(lambda: state(import_id).phase == phase, f"the import to be {phase}", 90)


def sent() -> Any:
    """Uploads the file and has it looked through; the import's id."""
    with transaction():
        import_id = importing.create_import(io.BytesIO(rows()), "rows.csv", "ticket").id
    work(import_id, importing.CHECK)
    reached(import_id, "checked")
    return import_id


def all_of(column: Any) -> list[Any]:
    with read_only() as session:
        return sorted(session.scalars(sa.select(column)))


def test_r01_an_import_that_is_killed_twice_has_each_row_once(desk: Desk) -> None:
    team = desk.team()
    actor = team.make.actor(team.person("Nora", "admin"))
    with desk.app.app_context(), use_workspace(team.workspace.id), acting_as(actor):
        import_id = sent()
        work(import_id, importing.RUN)
        killed = []
        for row in KILLED_AT:
            wait_until(lambda row=row: state(import_id).position >= row, f"row {row}", 90)
            desk.server.kill()
            killed.append(state(import_id).position < ROWS)
            desk.server.start()
        assert any(killed), "it was never killed in the middle"
        reached(import_id, "completed")
        assert state(import_id).counts == {"ticket": {"created": ROWS - 2, "failed": 2}}
        with read_only():
            assert [row.row for row in importing.list_problems(import_id, limit=9)] == list(WRONG)
        assert all_of(Ticket.number) == list(range(1, ROWS - 1))
        names = sorted(str(number) for number in range(1, ROWS + 1) if number not in WRONG)
        assert all_of(ImportedRow.external_id) == names
        seqs = all_of(Event.workspace_seq)
        assert seqs == list(range(1, len(seqs) + 1))
        again = sent()
        assert state(again).counts == {"ticket": {"same": ROWS - 2, "failed": 2}}
