"""One way to count measurements, on both databases: one query about the rows of a kind in a stretch of time.

The stretches are made in Python, by a zone's wall clock. PostgreSQL is given all of them as one list, SQLite
one after the other; each is a range of the index over (workspace, kind, at), so that the work grows with the
rows in it and not with the table. What adds up is asked for by the range's buckets and by kind, and then put
together: a figure, its course and the sum of several figures read the same rows once. Each query names the
workspace itself: on SQLite it runs past the session's filter.
"""

import threading
import uuid
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import sqlalchemy as sa

from webapp.database import UTCDateTime
from webapp.errors import Unavailable
from webapp.extensions import db
from webapp.models import Measurement, Ticket, TicketTag
from webapp.reading import TookTooLong, fetch_aside
from webapp.schemas.report import NOBODY, Scope
from webapp.services.report.frame import Frame
from webapp.services.report.registry import Metric
from webapp.services.report.sql import (
    OUTCOMES,
    ROW,
    Asked,
    Keyed,
    any_of,
    asked_all,
    asked_one,
    bin_number,
    grouped,
    is_met,
    of_kind,
    percentiles,
    ranked,
    whole,
    written,
)
from webapp.tenancy import require_workspace_id

Key = tuple[Any, ...]
Digest = Callable[[list[Any]], list[Any]]
CARRIED: Any = TicketTag.__table__.c
TICKET: Any = Ticket.__table__.c
COLUMNS = {
    "team": ROW.team_id,
    "agent": ROW.agent_id,
    "inbox": ROW.inbox_id,
    "channel": ROW.channel,
    "priority": ROW.priority,
    "tier": ROW.tier,
    "policy": ROW.policy_id,
    "tag": CARRIED.tag_id,
    "kind": ROW.kind,
}
"""What rows are told apart by; a scope can choose by all but the kind."""
NO_SCAN, AS_USUAL = (
    sa.text(f"SET LOCAL enable_seqscan TO {value}").execution_options(unscoped=True)
    for value in ("off", "DEFAULT")
)
LONGEST_SECONDS = 300.0
_turns = threading.BoundedSemaphore(4)
"""So many long reads at a time: the threads they run in also do the commits."""


class Population(NamedTuple):
    """Which rows a figure is about: their kinds, which of them, and which of these are `counted`.

    `column`: the seconds that are measured; rows that have none are left out. `is_ranked`: their percentiles
    are asked for, which do not add up.
    """

    kinds: tuple[str, ...]
    which: str = "any"
    counted: str | None = None
    column: str | None = None
    is_ranked: bool = False


@dataclass(frozen=True)
class Stats:
    """Of the rows in a group: how many, how many counted, their seconds and two percentiles of those."""

    n: int = 0
    hits: int = 0
    seconds: int = 0
    median: int | None = None
    p90: int | None = None

    def __add__(self, other: "Stats") -> "Stats":
        """Of both groups together, without percentiles."""
        return Stats(self.n + other.n, self.hits + other.hits, self.seconds + other.seconds)


NOTHING = Stats()


def population_of(metric: Metric, scope: Scope) -> Population:
    """The rows that a metric counts in a scope."""
    column = None
    if metric.unit == "seconds" or metric.aggregate == "paused":
        column = "business_seconds" if scope.business else "seconds"
    is_ranked = metric.aggregate in ("median", "p90")
    return Population(metric.kinds, metric.which, metric.counted, column, is_ranked)


def added(pairs: Iterable[tuple[Key, Stats]]) -> dict[Key, Stats]:
    """What belongs to the same key, together."""
    found: dict[Key, Stats] = {}
    for key, stats in pairs:
        found[key] = found[key] + stats if key in found else stats
    return found


class Engine:
    """Asks the database about one scope; what was asked once is remembered."""

    def __init__(self, scope: Scope, frame: Frame, *, session: Any = None) -> None:
        self.scope, self.frame = scope, frame
        self.session = session or db.session()
        self.is_sqlite = self.session.get_bind().dialect.name == "sqlite"
        self.here = sa.bindparam(None, require_workspace_id(), type_=ROW.workspace_id.type)
        self.filters = list(self._filters())
        self._known: dict[Any, dict[Key, Stats]] = {}
        self._unsettled: dict[str, int] = {}

    # --- what rows hold --------------------------------------------------------------------------

    def _filters(self) -> Iterable[Any]:
        for name, column in COLUMNS.items():
            chosen = getattr(self.scope, name, None)
            if chosen and name != "tag":
                yield any_of(column, chosen)
        if self.scope.tag:
            yield sa.or_(*self._tagged(self.scope.tag))
        if self.scope.status:
            found = sa.select(TICKET.id).where(
                TICKET.workspace_id == self.here, TICKET.status.in_(self.scope.status)
            )
            yield ROW.ticket_id.in_(found)

    def _tagged(self, tags: Sequence[str]) -> Iterable[Any]:
        carriers = sa.select(CARRIED.ticket_id).where(CARRIED.workspace_id == self.here)
        ids = [uuid.UUID(tag) for tag in tags if tag != NOBODY]
        if ids:
            yield ROW.ticket_id.in_(carriers.where(CARRIED.tag_id.in_(ids)))
        if NOBODY in tags:
            yield ~sa.exists(
                carriers.where(CARRIED.ticket_id == ROW.ticket_id).correlate(ROW.ticket_id.table)
            )

    def of(self, population: Population, kind: Any = None) -> list[Any]:
        """What holds for the rows of a population, or of a `kind` of several, whenever they were."""
        is_one = kind is not None and len(population.kinds) > 1
        is_kind = ROW.kind == kind if is_one else of_kind(population.kinds)
        found = [ROW.workspace_id == self.here, is_kind, *self.filters]
        if population.which in OUTCOMES:
            found.append(ROW.outcome.in_(OUTCOMES[population.which]))
        if population.column:
            found.append(ROW[population.column].is_not(None))
        return found

    def counts(self, counted: str | None) -> Any:
        """1 for a row that counts, else 0."""
        if counted is None:
            return sa.literal_column("0")
        if counted == "met":
            return sa.case((is_met(), 1), else_=0)
        other = Measurement.__table__.alias("other").c
        same = sa.and_(other.workspace_id == self.here, other.ticket_id == ROW.ticket_id)
        replies = sa.select(sa.func.count()).where(same, other.kind == "replied", other.at <= ROW.at)
        return sa.case((replies.correlate(Measurement.__table__).scalar_subquery() == 1, 1), else_=0)

    def micros(self, at: Any) -> Any:
        """A moment as a whole number of microseconds."""
        if not self.is_sqlite:
            return sa.cast(sa.extract("epoch", at) * 1_000_000, sa.BigInteger)
        whole = sa.cast(sa.func.strftime("%s", at), sa.BigInteger)
        return whole * 1_000_000 + sa.cast(sa.func.substr(at, 21, 6), sa.BigInteger)

    def since(self, start: Any, end: Any) -> Any:
        """Whole seconds from one moment to another."""
        return whole(self.micros(end) - self.micros(start), 1_000_000)

    def bin_of(self, population: Population, bins: Sequence[int]) -> Any:
        """The number of the bin that a row falls into: by its seconds; a broken promise by how late it is."""
        value = ROW[population.column] if population.column else self.lateness()
        return bin_number(value, bins)

    def lateness(self) -> Any:
        """Whole seconds by which a broken promise is late, up to now while it is not kept."""
        until = sa.func.coalesce(ROW.until, self.moment(self.frame.now))
        return sa.func.coalesce(ROW.seconds, self.since(ROW.at, until))

    def age_bin(self, at: datetime, bins: Sequence[int]) -> Any:
        """The number of the bin of how long a stretch had lasted at a moment."""
        since = [ROW.at > self.moment(at - timedelta(seconds=bound)) for bound in bins]
        cases = [(is_younger, written(place)) for place, is_younger in enumerate(since)]
        return sa.case(*cases, else_=written(len(bins)))

    def moment(self, at: datetime) -> Any:
        """A moment, as the columns hold it."""
        return sa.bindparam(None, at, type_=UTCDateTime)

    def hour_of_week(self) -> Any:
        """0 is Monday's first hour, by the clock on the wall at the time."""
        *turned, (_, _, last) = self.frame.stretches
        ahead = [(ROW.at < self.moment(end), written(offset)) for _, end, offset in turned]
        offset = sa.case(*ahead, else_=written(last)) if ahead else written(last)
        hours = whole(whole(self.micros(ROW.at), 1_000_000) + offset, 3600)
        return (hours + 72) % 168

    # --- asking ----------------------------------------------------------------------------------

    def stats(
        self,
        population: Population,
        spans: Sequence[Keyed],
        by: Sequence[str] = (),
        *,
        at: str = "at",
        bins: Sequence[int] = (),
    ) -> dict[Key, Stats]:
        """What the rows in each stretch come to, by (the stretch's number, a value for each of `by`).

        `by`: dimensions, or `week`, the hour of the week. `at`: the moment that lies in the stretch. `bins`:
        bounds of seconds, by which rows are only counted. No two stretches overlap.
        """
        begun = self._begun(spans)
        if not begun:
            return {}
        adds_up = not (population.is_ranked or bins or "week" in by)
        course = self._course(begun) if adds_up else begun
        found = self._known_stats(population, course, tuple(by), at, tuple(bins))
        if course == begun:
            return found
        starts = [start for start, _, _ in course]
        owner = {
            course[place][2]: key
            for start, end, key in begun
            for place in range(bisect_left(starts, start), bisect_left(starts, end))
        }
        return added(((owner[key[0]], *key[1:]), one) for key, one in found.items() if key[0] in owner)

    def _begun(self, spans: Iterable[Keyed]) -> list[Keyed]:
        end = self.frame.after_now
        return [(start, min(until, end), key) for start, until, key in spans if start < min(until, end)]

    def _course(self, spans: list[Keyed]) -> list[Keyed]:
        """The buckets that some stretches are made of; these themselves, where they are made of none."""
        for course, bounds in self._courses:
            if all(start in bounds and end in bounds for start, end, _ in spans):
                return course
        return spans

    @cached_property
    def _courses(self) -> list[tuple[list[Keyed], set[datetime]]]:
        """The buckets of the range, and of the one before as far as it is compared: and their bounds."""
        before, (_, upto) = self.frame.before.buckets, self.frame.previous
        cuts = sorted({*(start for start, _ in before), upto, self.frame.start})
        numbered = (
            self._begun((start, end, key) for key, (start, end) in enumerate(spans))
            for spans in (self.frame.buckets, list(pairwise(cuts)))
        )
        return [(course, {bound for span in course for bound in span[:2]}) for course in numbered]

    def _known_stats(self, population: Population, spans: list[Keyed], *how: Any) -> dict[Key, Stats]:
        """What was asked before is remembered, each kind for itself."""
        about = {kind: (population._replace(kinds=(kind,)), tuple(spans), *how) for kind in population.kinds}
        missing = tuple(kind for kind, one in about.items() if one not in self._known)
        if missing:
            found = self._stats(population._replace(kinds=missing), spans, *how)
            self._known |= {about[kind]: found[kind] for kind in missing}
        return added(pair for one in about.values() for pair in self._known[one].items())

    def _stats(
        self, population: Population, spans: list[Keyed], by: Sequence[str], at: str, bins: Sequence[int]
    ) -> dict[str, dict[Key, Stats]]:
        """By kind, and then as `stats` says."""
        found: dict[str, dict[Key, Stats]] = {kind: {} for kind in population.kinds}
        pairs = [(kind, span) for kind in population.kinds for span in spans]
        asked = [Asked(start, end, kind, key) for key, (kind, (start, end, _)) in enumerate(pairs)]
        for *group, key, n, hits, seconds, median, p90 in self._rows(population, asked, by, at, bins):
            kind, (_, _, number) = pairs[key]
            if n:
                found[kind][number, *group] = Stats(n, hits, seconds, median, p90)
        return found

    def _groups(self, population: Population, by: Sequence[str], bins: Sequence[int]) -> Iterator[Any]:
        yield from (self.hour_of_week() if name == "week" else COLUMNS[name] for name in by)
        if bins:
            yield self.bin_of(population, bins)

    def _measured(self, population: Population, *, is_ranked: bool) -> Iterator[Any]:
        """How many rows a group has, how many count, their seconds, and what percentiles are made of."""
        yield sa.func.count()
        yield sa.func.coalesce(sa.func.sum(self.counts(population.counted)), 0)
        value = ROW[population.column] if population.column else written(0)
        yield sa.cast(sa.func.coalesce(sa.func.sum(value), 0), sa.BigInteger)
        yield from percentiles(value, is_sqlite=self.is_sqlite) if is_ranked else (sa.null(), sa.null())

    def _rows(
        self, population: Population, asked: Sequence[Asked], by: Sequence[str], at: str, bins: Sequence[int]
    ) -> list[Any]:
        """(groups, the key of what was asked, n, hits, seconds, median, 90th percentile) of each group."""
        if not asked:
            return []
        is_ranked = population.is_ranked and not bins
        listed, one = (None, asked_one()) if self.is_sqlite else asked_all(asked)
        groups = list(self._groups(population, by, bins))
        columns = [*groups, one.key, *self._measured(population, is_ranked=is_ranked)]
        query = sa.select(*(column.label(f"c{place}") for place, column in enumerate(columns)))
        query = query.select_from(self._source(by)).where(*self.of(population, one.kind))
        query = grouped(query.where(ROW[at] >= one.start, ROW[at] < one.end), groups)
        if listed is None:
            digest = ranked if is_ranked else list
            return self.fetch(query, digest, each=[each._asdict() for each in asked])
        held = query.correlate(listed).lateral("held")
        return self.fetch(sa.select(*held.c).select_from(listed.join(held, sa.true())))

    def _source(self, by: Sequence[str]) -> Any:
        """The rows; by tag each of them as often as its ticket has tags."""
        carries = sa.and_(CARRIED.workspace_id == self.here, CARRIED.ticket_id == ROW.ticket_id)
        table = Measurement.__table__
        return table.outerjoin(TicketTag.__table__, carries) if "tag" in by else table

    def standing(
        self, population: Population, whens: Sequence[Any], by: Sequence[str] = (), bin_: Any = None
    ) -> dict[Key, int]:
        """How many rows meet one of `whens`, of which none meets two, by a value for each of `by`."""
        groups = [COLUMNS[name] for name in by] + ([bin_] if bin_ is not None else [])
        found: dict[Key, int] = {}
        for when in whens:
            query = sa.select(*groups, sa.func.count()).select_from(self._source(by))
            query = grouped(query.where(*self.of(population), when), groups)
            for *key, count in self.fetch(query, by_index=True):
                found[tuple(key)] = found.get(tuple(key), 0) + count
        return found

    def unsettled(self, kinds: tuple[str, ...]) -> int:
        """How many promises of some kinds are neither kept nor broken yet."""
        missing = tuple(kind for kind in kinds if kind not in self._unsettled)
        if missing:
            found = self.standing(Population(missing), self.running(), ("kind",))
            self._unsettled |= {kind: found.get((kind,), 0) for kind in missing}
        return sum(self._unsettled[kind] for kind in kinds)

    def lasting(self, at: datetime) -> list[Any]:
        """What holds for the stretches that lasted up to a moment."""
        begun = ROW.at < self.moment(at)
        return [sa.and_(begun, ROW.until.is_(None)), sa.and_(begun, ROW.until >= self.moment(at))]

    def running(self) -> list[Any]:
        """What holds for a promise that is neither kept nor broken yet."""
        return [ROW.at.is_(None), ROW.at >= self.moment(self.frame.after_now)]

    def fetch(
        self, query: Any, digest: Digest = list, *, each: Sequence[Any] = ({},), by_index: bool = False
    ) -> list[Any]:
        """The rows of a query, while others go on; `by_index`: whatever PostgreSQL thinks of its length.

        `digest`, `each`: as `fetch_aside` has them.

        It knows how many rows have no end, and not that nearly none of these are stretches of the backlog: of
        a long table it would read all. Raises `Unavailable` if it takes too long.
        """
        is_hinted = by_index and not self.is_sqlite
        if is_hinted:
            self.session.execute(NO_SCAN)
        found = self._fetch(query, digest, each)
        if is_hinted:
            self.session.execute(AS_USUAL)
        return found

    def _fetch(self, query: Any, digest: Digest, each: Sequence[Any]) -> list[Any]:
        with _turns:
            try:
                finished = query.execution_options(unscoped=True)
                return fetch_aside(self.session, finished, seconds=LONGEST_SECONDS, digest=digest, each=each)
            except TookTooLong:
                raise Unavailable("The report took too long; choose a shorter range") from None
