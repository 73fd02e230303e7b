"""A report reads the rows of its range by the index, however long the table behind it is."""

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.performance.desk import Desk
from tests.performance.report_work import EVERY, RANGES, USUAL, Asked
from tests.support import crowd
from webapp import clock
from webapp.database import read_only
from webapp.models import Measurement
from webapp.services import report

pytestmark = pytest.mark.integration

BY_RANGE = re.compile(
    r"ix_measurements_at \(workspace_id=\? AND kind=\? AND at[<=>]"
    r"|ix_measurements_until \(workspace_id=\? AND until[=>]"
    r"|\(ticket_id=\? AND kind=\?"
)
"""What SQLite may look up of measurements: a kind in a time, what lasted up to one, one ticket's."""


def screens(desk: Desk) -> None:
    """Every report screen over the range that it begins with."""
    for screen in EVERY:
        if screen.over == USUAL:
            Asked.__call__(screen, desk)


def lying_in_it(desk: Desk) -> tuple[int, int]:
    """How many measurements the range and the one before hold, and what lasted then; how many there are."""
    with desk.inside(), clock.moved(crowd.NOW), read_only() as session:
        start = report.open_report(RANGES[USUAL]).frame.previous[0]
        lasted = sa.or_(Measurement.until >= start, Measurement.until.is_(None))
        inside = sa.or_(Measurement.at >= start, sa.and_(Measurement.kind == "backlog", lasted))
        counts = sa.select(sa.func.count().filter(inside), sa.func.count())
        return tuple(session.execute(counts.select_from(Measurement)).one())


def test_a_screen_reads_what_lies_in_its_range_and_not_the_table(database: Any, tmp_path: Path) -> None:
    with Desk(database.fresh(), tmp_path, 4000) as desk:
        mine, every = lying_in_it(desk)
        assert mine * 5 < every, "the past is long"
        if desk.is_sqlite:
            lines = [line for line in desk.planned(screens) if re.search(r"(SCAN|SEARCH) measurements", line)]
            assert len(lines) > 20
            assert [line for line in lines if not BY_RANGE.search(line)] == []
        else:
            looked_at = desk.looked_at(screens, "measurements")
            assert len(looked_at) > 20
            assert max(looked_at) <= mine
