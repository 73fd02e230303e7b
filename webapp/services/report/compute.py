"""A screen's figures in one go: at once where that is quick, else by a job that keeps what it found a while.

    asks = [Ask("figure", "created"), Ask("series", "created"), Ask("breakdown", "created", "team")]
    answers = report.answer(asks, scope)       # in a read_only(); None: it takes too long for a page
    job = report.request_answers(asks, scope)  # then, in a transaction(): the one under way, else a new one
    answers.figure("created"); answers.series("created"); answers.breakdown("created", "team")

`Answers` has the methods of `Report` for what was asked, and `as_of`. Whether a range is quick goes by the
tickets that began in it: counting them is cheap, and all else grows with them.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from pydantic import TypeAdapter

from webapp import clock
from webapp.auth import Actor, current_actor, require
from webapp.database import patient, read_only
from webapp.extensions import db
from webapp.models import Job, Measurement
from webapp.schemas.report import Scope
from webapp.services.job import enqueue
from webapp.services.report.figures import (
    Bar,
    Figure,
    HeatCell,
    Layer,
    Part,
    Report,
    Series,
    Value,
    open_report,
)
from webapp.services.report.frame import zone_name
from webapp.services.report.sql import ROW
from webapp.tenancy import require_workspace_id

TYPE = "report.compute"
QUICK_TICKETS = 100_000
"""A range in which more tickets began takes over three seconds."""
KEPT = timedelta(minutes=10)
JOB_SECONDS = 300
MOST_KEPT = 10
"""So many of the jobs about a scope are looked through, the last ones."""
SHAPES: dict[str, TypeAdapter[Any]] = {
    "figure": TypeAdapter(Figure),
    "series": TypeAdapter(Series),
    "course": TypeAdapter(list[Value]),
    "breakdown": TypeAdapter(list[Part]),
    "layers": TypeAdapter(list[Layer]),
    "heatmap": TypeAdapter(list[HeatCell]),
    "histogram": TypeAdapter(list[Bar]),
}


class Ask(NamedTuple):
    """One thing a screen shows; `by`: of a breakdown, and of layers."""

    what: Literal["figure", "series", "course", "breakdown", "layers", "heatmap", "histogram"]
    metric: str
    by: str = ""

    def of(self, report: "Report | Answers") -> Any:
        """What a report, or answers, say to it."""
        call = getattr(report, self.what)
        return call(self.metric, self.by) if self.by else call(self.metric)


@dataclass(frozen=True)
class Answers:
    """What was found; asked in the same way as a `Report`. `as_of`: what is later is not in it."""

    as_of: datetime
    found: dict[Ask, Any]

    def figure(self, metric: str) -> Figure:
        """As asked."""
        return self.found[Ask("figure", metric)]  # type: ignore[no-any-return]

    def series(self, metric: str) -> Series:
        """As asked."""
        return self.found[Ask("series", metric)]  # type: ignore[no-any-return]

    def course(self, metric: str) -> list[Value]:
        """As asked."""
        return self.found[Ask("course", metric)]  # type: ignore[no-any-return]

    def breakdown(self, metric: str, by: str) -> list[Part]:
        """As asked."""
        return self.found[Ask("breakdown", metric, by)]  # type: ignore[no-any-return]

    def layers(self, metric: str, by: str) -> list[Layer]:
        """As asked."""
        return self.found[Ask("layers", metric, by)]  # type: ignore[no-any-return]

    def heatmap(self, metric: str) -> list[HeatCell]:
        """As asked."""
        return self.found[Ask("heatmap", metric)]  # type: ignore[no-any-return]

    def histogram(self, metric: str) -> list[Bar]:
        """As asked."""
        return self.found[Ask("histogram", metric)]  # type: ignore[no-any-return]


def answer(
    asks: Sequence[Ask], scope: Scope, *, session: Any = None, actor: Actor | None = None
) -> Answers | None:
    """What a screen asks; None where it takes too long and no job has found it lately."""
    report = open_report(scope, session=session, actor=actor)
    if is_quick(report):
        return Answers(report.frame.now, {ask: ask.of(report) for ask in asks})
    return _kept(asks, _digest(scope.arguments(), report.frame.zone.key), report.engine.session)


def request_answers(
    asks: Sequence[Ask], scope: Scope, *, session: Any = None, actor: Actor | None = None
) -> Job:
    """Queues the finding of what a screen asks; the job under way where the actor asked the same before."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "report:read")
    zone = zone_name(scope, session=session, actor=actor)  # "mine" is nobody's in a job
    key = f"{_digest(scope.arguments(), zone)}:{_digest(asks)[-16:]}:{actor.id}"
    params = {"asks": [list(ask) for ask in asks], "zone": zone, "scope": scope.arguments()}
    job = enqueue(TYPE, params, session=session, unique_key=key, max_attempts=2, requested_by_id=actor.id)
    if job is not None:
        return job
    query = sa.select(Job).where(Job.unique_key == key, Job.status.in_(("pending", "running")))
    return session.scalars(query).one()  # type: ignore[no-any-return]


def is_quick(report: Report) -> bool:
    """Whether the range holds so little that a page can wait for it."""
    start, end = report.frame.span
    moment, here = report.engine.moment, report.engine.here
    began = sa.select(sa.literal_column("1")).select_from(Measurement.__table__)
    began = began.where(ROW.workspace_id == here, ROW.kind == "created")
    began = began.where(ROW.at >= moment(start), ROW.at < moment(end)).limit(QUICK_TICKETS + 1)
    count = report.engine.fetch(sa.select(sa.func.count()).select_from(began.subquery()))[0][0]
    return int(count) <= QUICK_TICKETS


def find_answers(params: dict[str, Any], progress: Callable[[float], None]) -> dict[str, Any]:
    """Does what `request_answers` queued. `progress` is told the percent."""
    with read_only() as session, patient(session, JOB_SECONDS):
        report = open_report(Scope.model_validate_json(json.dumps(params["scope"])), zone=params["zone"])
    answers = find([Ask(*ask) for ask in params["asks"]], report, progress)
    found = [SHAPES[ask.what].dump_python(value, mode="json") for ask, value in answers.found.items()]
    asks = [list(ask) for ask in answers.found]
    return {"asks": asks, "answers": found, "as_of": clock.iso(answers.as_of)}


def find(
    asks: Sequence[Ask], report: Report, progress: Callable[[float], None] = lambda _percent: None
) -> Answers:
    """What a screen asks, however long it takes: for jobs. Each ask is a read of its own."""
    found: dict[Ask, Any] = {}
    for done, ask in enumerate(asks):
        progress(100 * done / len(asks))
        with read_only() as session, patient(session, JOB_SECONDS):
            found[ask] = ask.of(report)
    return Answers(report.frame.now, found)


def _kept(asks: Sequence[Ask], about: str, session: Any) -> Answers | None:
    """What was found lately about the same scope, if all that is asked is among it."""
    here, since = Job.workspace_id == require_workspace_id(), clock.now() - KEPT
    lately = sa.and_(Job.status == "completed", Job.created_at >= since, Job.type == TYPE)
    query = sa.select(Job.result).where(here, lately, Job.unique_key.startswith(f"{about}:"))
    for result in session.scalars(query.order_by(Job.created_at.desc()).limit(MOST_KEPT)):
        known = {Ask(*ask): value for ask, value in zip(result["asks"], result["answers"], strict=True)}
        if known.keys() >= set(asks):
            found = {ask: SHAPES[ask.what].validate_python(known[ask]) for ask in asks}
            return Answers(datetime.fromisoformat(result["as_of"]), found)
    return None


def _digest(*what: Any) -> str:
    text = json.dumps([*what, str(require_workspace_id())])
    return f"{TYPE}:{hashlib.sha256(text.encode()).hexdigest()[:40]}"
