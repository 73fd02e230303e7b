"""Every figure, wherever it is shown, is the same number; and the one that the ledger says."""

import csv
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from tests.support.report_history import History
from tests.support.slow_figures import Slow, bucket_of
from webapp import clock as app_clock
from webapp.api import reports
from webapp.auth import acting_as
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import Tag
from webapp.schemas.export import job_out
from webapp.schemas.report import Cell, Scope, read_arguments
from webapp.services import job as jobs
from webapp.services import report
from webapp.services import ticket as tickets
from webapp.services.report import compute
from webapp.services.report.rows import Behind, place_of
from webapp.tasks import timer as timers
from webapp.tasks import worker
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

BEGAN = datetime(2026, 10, 20, 9, 30, tzinfo=UTC)
WEEKS = {"range": "custom", "from": "2026-10-20", "to": "2026-11-12"}
SCOPES: dict[str, dict[str, Any]] = {
    "a month": {"compare": True},
    "business time by days with a longer one": {**WEEKS, "zone": "Europe/Berlin", "business": True},
    "weeks where clocks move by half an hour": {**WEEKS, "zone": "Australia/Lord_Howe", "group": "week"},
    "hours with a longer day, compared": {
        "range": "custom",
        "from": "2026-10-31",
        "to": "2026-11-02",
        "zone": "America/New_York",
        "group": "hour",
        "compare": True,
    },
    "this month, half an hour off": {"range": "this_month", "zone": "Asia/Kolkata"},
    "months, some priorities and channels": {
        "range": "90d",
        "group": "month",
        "zone": "Europe/Berlin",
        "business": True,
        "priority": ["low", "critical"],
        "channel": ["chat", "email", "api"],
    },
    "one agent's, or nobody's": {**WEEKS, "agent": ["ana", "none"], "team": ["none"]},
    "tagged, in some statuses": {**WEEKS, "tag": ["hot"], "status": ["resolved", "open", "in_progress"]},
    "untagged, of a tier, in no inbox": {**WEEKS, "tag": ["none"], "tier": ["basic"], "inbox": ["none"]},
}


@pytest.fixture
def history(app: Any, make: Any) -> Any:
    with app_clock.moved(BEGAN), app.app_context():
        made = History(make)
        with use_workspace(made.workspace.id), acting_as(make.actor(made.boss)):
            made.live(7, count=10, moves=60)
            yield made


def scope_of(name: str, history: History) -> Scope:
    known = {"ana": str(history.ana.id)}
    for tag in db.session.scalars(sa.select(Tag)):
        known[tag.name] = str(tag.id)
    given = {
        key: [known.get(item, item) for item in value] if isinstance(value, list) else value
        for key, value in SCOPES[name].items()
    }
    return Scope.model_validate(given)


class Checked:
    """Holds what a report says of a metric against what is worked out slowly."""

    def __init__(self, scope: Scope, slow: Slow) -> None:
        self.scope, self.slow = scope, slow.filtered(scope)
        self.report = report.open_report(scope)
        self.frame = self.report.frame

    def around(self, start: datetime, end: datetime) -> list[Any]:
        return [fact for fact in self.slow.facts if fact.at and start <= fact.at < end]

    @cached_property
    def by_bucket(self) -> dict[Any, list[Any]]:
        """All facts of the range, by the stretch of a chart that they are in."""
        found = defaultdict(list)
        for fact in self.around(*self.frame.span):
            found[bucket_of(fact.at, self.frame.group, self.frame.zone)].append(fact)
        return found

    def worked_out(self, metric: str, start: datetime, end: datetime) -> tuple[Any, int]:
        rows = self.slow.rows(metric, start, end)
        return self.slow.value(metric, rows, self.around(start, end)), len(rows)

    def figure(self, metric: str) -> Any:
        found = self.report.figure(metric)
        assert (found.value, found.n) == self.worked_out(metric, *self.frame.span), metric
        if self.scope.compare and report.METRICS[metric].has_series:
            before = self.worked_out(metric, *self.frame.previous)
            assert (found.previous, found.previous_n) == before, metric
        return found

    def series(self, metric: str) -> Any:
        found = self.report.series(metric)
        groups = {**self.by_bucket}
        for bucket in found.buckets:
            if bucket.start > self.slow.now:
                assert bucket.value is None
            elif metric == "backlog":
                assert (bucket.value, bucket.n) == self.worked_out(metric, bucket.start, bucket.end)
            else:
                near = groups.pop(bucket_of(bucket.start, self.frame.group, self.frame.zone), [])
                rows = self.rows_among(metric, near)
                assert (bucket.value, bucket.n) == (self.slow.value(metric, rows, near), len(rows)), metric
        assert metric == "backlog" or not groups, "each moment of the range is in a bucket"
        return found

    def rows_among(self, metric: str, near: list[Any]) -> list[Any]:
        inside = set(map(id, near))
        return [fact for fact in self.slow.rows(metric, *self.frame.span) if id(fact) in inside]

    def breakdown(self, metric: str, by: str) -> None:
        rows, near = defaultdict(list), defaultdict(list)
        for fact in self.slow.rows(metric, *self.frame.span):
            for key in self.slow.group(fact, by):
                rows[key].append(fact)
        for fact in self.around(*self.frame.span):
            for key in self.slow.group(fact, by):
                near[key].append(fact)
        expected = {key: (self.slow.value(metric, mine, near[key]), len(mine)) for key, mine in rows.items()}
        found = {part.keys: (part.value, part.n) for part in self.report.breakdown(metric, by)}
        assert found == expected, (metric, by)

    def heatmap(self, metric: str) -> None:
        rows, near = defaultdict(list), defaultdict(list)
        for fact in self.slow.rows(metric, *self.frame.span):
            shown = fact.at.astimezone(self.frame.zone)
            rows[shown.weekday(), shown.hour].append(fact)
        for fact in self.around(*self.frame.span):
            shown = fact.at.astimezone(self.frame.zone)
            near[shown.weekday(), shown.hour].append(fact)
        for cell in self.report.heatmap(metric):
            key = cell.weekday, cell.hour
            expected = self.slow.value(metric, rows[key], near[key]), len(rows[key])
            assert (cell.value, cell.n) == expected, (metric, key)

    def histogram(self, metric: str) -> None:
        end = self.frame.span[1]
        taken = [self.slow.binned(metric, fact, end) for fact in self.slow.rows(metric, *self.frame.span)]
        for bar in self.report.histogram(metric):
            inside = [one for one in taken if bar.low <= one and (bar.high is None or one < bar.high)]
            assert bar.n == len(inside), (metric, bar)

    def sheet(self, figure: Any, series: Any) -> None:
        """The CSV's column adds up to what its head says, and to the figure."""
        lines = list(csv.reader(report.series_sheet(figure, series, self.report).lines()))
        table = lines.index([])
        head = dict(lines[:table])
        assert head["value"] == ("" if figure.value is None else str(figure.value))
        assert int(head["n"]) == figure.n
        if report.METRICS[figure.metric].is_additive:
            assert sum(int(line[2] or 0) for line in lines[table + 2 :]) == figure.n
            assert sum(bucket.value or 0 for bucket in series.buckets) == figure.value

    def rows(self, figure: Any) -> None:
        """What is behind a figure is listed, page by page, each row once."""
        behind, seen, after = Behind(figure.metric, self.report), [], None
        assert behind.total() == figure.n, figure.metric
        while page := behind.page(after, 40):
            seen += [(row.ticket_id, row.kind, row.instance) for row in page]
            after = place_of(page[-1])
        assert len(seen) == len(set(seen)) == figure.n, figure.metric

    def cells(self, metric: str) -> None:
        """Each part of a chart leads to as many rows as it shows."""
        shown = [*self.report.histogram(metric)] if report.METRICS[metric].bins else []
        if metric in ("created", "first_response_median", "backlog", "sla_breached"):
            shown += [bucket for bucket in self.report.series(metric).buckets if bucket.n][:5]
            shown += self.report.breakdown(metric, "tag")
        if metric in ("created", "first_response_median"):
            shown += [cell for cell in self.report.heatmap(metric) if cell.n][:5]
        for part in shown:
            arguments = MultiDict(parse_qsl(urlsplit(part.url).query))
            scope, cell = read_arguments(Scope, arguments), read_arguments(Cell, arguments)
            assert Behind(arguments["metric"], report.open_report(scope), cell).total() == part.n, part


@pytest.mark.timeout(900)
def test_every_figure_is_the_sum_of_its_chart_its_csv_its_rows_and_what_the_ledger_says(
    history: History,
) -> None:
    slow = history.slow()
    for number, name in enumerate(SCOPES):
        checked = Checked(scope_of(name, history), slow)
        for place, metric in enumerate(report.METRICS):
            hold_against_each_other(checked, metric, turn=(place + number) % 3)


def hold_against_each_other(checked: Checked, metric: str, turn: int) -> None:
    """`turn`: which of the dimensions, and whether each part of each chart is followed to its list."""
    about = report.METRICS[metric]
    figure = checked.figure(metric)
    checked.rows(figure)
    if turn == 0:  # all of them would take minutes
        checked.cells(metric)
    for by in report.BREAKDOWNS[turn::3]:
        checked.breakdown(metric, by)
    if about.has_series:
        checked.sheet(figure, checked.series(metric))
    if about.aggregate not in ("level", "now"):
        checked.heatmap(metric)
    if about.bins:
        checked.histogram(metric)


def everything_said(history: History) -> list[Any]:
    """All figures of a workspace and what they are made of."""
    with use_workspace(history.workspace.id), acting_as(history.make.actor(history.boss)):
        asked = report.open_report(Scope.model_validate({**WEEKS, "compare": True}))
        by = [[asked.breakdown(metric, name) for name in ("agent", "tag")] for metric in report.METRICS]
        lists = [Behind(metric, asked).page(None, 1000) for metric in report.METRICS]
        return [[asked.figure(metric) for metric in report.METRICS], by, lists, asked.heatmap("created")]


def test_the_figures_of_one_workspace_are_the_same_whatever_happens_in_another(app: Any, make: Any) -> None:
    after_all = BEGAN + timedelta(days=90)
    lives = []
    for seed, moves in ((3, 12), (4, 30)):
        with app_clock.moved(BEGAN), app.app_context():
            history = History(make)
            with use_workspace(history.workspace.id), acting_as(make.actor(history.boss)):
                history.live(seed, count=4, moves=moves)
                assert app_clock.now() < after_all
        with app_clock.moved(after_all), app.app_context():
            timers.fire_due()
            lives.append((history, everything_said(history)))
    (mine, before), (_other, theirs) = lives
    assert [figure.n for figure in theirs[0]] != [0] * len(report.METRICS), "something happened there"
    with app_clock.moved(after_all), app.app_context():
        assert everything_said(mine) == before


def test_rest_says_the_same(history: History, agent: Any) -> None:
    scope = scope_of("business time by days with a longer one", history)
    asked = report.open_report(scope)
    browser = agent(history.boss)
    for metric, about in report.METRICS.items():
        figure = asked.figure(metric)
        answer = browser.get("reports/figures", metric=metric, **scope.arguments()).json
        assert (answer["figure"]["value"], answer["figure"]["n"]) == (figure.value, figure.n)
        if about.is_additive:
            assert sum(bucket["value"] or 0 for bucket in answer["series"]["buckets"]) == figure.value
        if about.aggregate in ("count", "level", "now"):
            parts = browser.get("reports/breakdown", metric=metric, by="agent", **scope.arguments()).json
            assert sum(part["n"] for part in parts["breakdown"]) == figure.n
        listed = browser.get("reports/rows", metric=metric, limit=1, **scope.arguments()).json
        assert listed["total"] == figure.n


def test_a_long_range_is_found_by_a_job_and_kept(
    session: Any, make: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make.workspace()
    user = make.user(role="agent")
    inbox = make.inbox()
    asks = [
        report.Ask("figure", "created"),
        report.Ask("series", "backlog"),
        report.Ask("breakdown", "created", "priority,tier"),
        report.Ask("heatmap", "created"),
        report.Ask("histogram", "first_response_median"),
    ]
    with use_workspace(workspace.id), acting_as(make.actor(user)):
        with transaction():
            tickets.create_ticket("A", "", "a@x.example", channel="chat", inbox=inbox)
            tickets.create_ticket("B", "", "b@x.example", channel="chat", inbox=inbox)
        with transaction():
            while not report.catch_up():
                pass
        clock.advance(seconds=1)
        at_once = report.answer(asks, Scope(zone="mine"))
        assert at_once is not None
        monkeypatch.setattr(compute, "QUICK_TICKETS", 1)
        assert report.answer(asks, Scope(zone="mine")) is None
        with transaction():
            job = report.request_answers(asks, Scope(zone="mine"))
            assert report.request_answers(asks, Scope(zone="mine")).id == job.id
            job_id = job.id
        worker.run_due()
        kept = report.answer(asks, Scope(zone="mine"))
        assert kept is not None
        assert kept.found == at_once.found
        assert [kept.series("backlog"), kept.figure("created").value] == [at_once.series("backlog"), 2]
        shown = job_out(jobs.get_job(job_id))
        assert (shown["status"], "answers" in shown["result"]) == ("completed", False)
        clock.advance(minutes=11)
        assert report.answer(asks, Scope(zone="mine")) is None


def test_figures_and_rows_come_as_csv_with_their_definition_and_harmless_cells(
    app: Any, make: Any, agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make.workspace()
    user = make.user(role="admin", name="=cmd()")
    inbox = make.inbox()
    with app.app_context(), use_workspace(workspace.id), acting_as(make.actor(user)):
        with transaction():
            tickets.create_ticket("=1+1", "", "a@x.example", channel="chat", inbox=inbox)
        with transaction():
            while not report.catch_up():
                pass
    staff = agent(user)
    browser = staff.http
    lines = list(csv.reader(browser.get("/api/v1/reports/figures.csv?metric=created").text.splitlines()))
    table = lines.index([])
    assert ["definition", "tickets that began"] in lines[:table]
    assert ["time zone", "UTC"] in lines[:table]
    assert lines[table + 1] == ["start", "end", "count", "n"]
    assert sum(int(line[2]) for line in lines[table + 2 :]) == 1
    answer = browser.get("/api/v1/reports/rows.csv?metric=created&bom=1")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(answer.text.splitlines()))
    assert lines[-1][:2] == ["1", "'=1+1"]
    monkeypatch.setattr(reports, "AT_ONCE", 0)
    refused = browser.get("/api/v1/reports/rows.csv?metric=created")
    assert (refused.status_code, refused.json["current"]) == (409, {"total": 1})
    job = staff.post("reports/exports", {"metric": "created"}).json["job"]
    with app.app_context():
        worker.run_due()
    done = browser.get(f"/api/v1/jobs/{job['id']}").json["job"]
    assert (done["status"], done["result"]["row_count"]) == ("completed", 1)
    with browser.get(done["result"]["file_url"]) as file:
        assert list(csv.reader(file.text.splitlines()))[-1] == lines[-1]


def test_a_scope_that_cannot_be_is_refused_field_by_field(make: Any, sign_in: Any) -> None:
    make.workspace()
    browser = sign_in(make.user(role="viewer"))

    def wrong(arguments: str) -> list[Any]:
        answer = browser.get(f"/api/v1/reports/figures?{arguments}")
        assert answer.status_code == 422
        return [item["loc"][1] for item in answer.json["detail"]]

    assert wrong("metric=none") == ["metric"]
    assert wrong("metric=created&range=custom") == ["from", "to"]
    assert wrong("metric=created&from=2026-01-01") == ["from"]
    assert wrong("metric=created&range=custom&from=2026-02-01&to=2026-01-01&team=7") == ["to", "team"]
    assert wrong("metric=created&zone=Mars&priority=urgent") == ["zone", "priority"]
    assert wrong("metric=created&range=90d&group=hour") == ["group"]
    assert browser.get("/api/v1/reports/rows?metric=created&cursor=x").json["detail"][0]["loc"][1] == "cursor"
    assert browser.get("/api/v1/reports/rows?metric=created&bin=1").json["detail"][0]["loc"][1] == "bin"
