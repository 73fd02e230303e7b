"""What a report is asked for: a range, how it is cut, whose clock, which tickets; all of it in the URL."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from webapp.errors import from_pydantic
from webapp.models.ticket import STATUSES
from webapp.schemas.sla import Channel, Priority, Tier
from webapp.schemas.text import Day, Line, PageSize, Strict, Time

RANGES = ("today", "yesterday", "7d", "30d", "90d", "this_month", "last_month", "custom")
GROUPS = ("auto", "hour", "day", "week", "month")
DIMENSIONS = ("team", "agent", "inbox", "channel", "priority", "tier", "policy", "tag")
FILTERS = (*DIMENSIONS, "status")
NOBODY = "none"
"""As a filter's value: the tickets that have no team, no agent, no tag …"""
LONGEST_DAYS = 3660
EARLIEST, LATEST = date(1971, 1, 1), date(9000, 1, 1)


def _zone(value: str) -> str:
    if value not in ("workspace", "mine") and value not in available_timezones():
        raise ValueError("workspace, mine, or a time zone such as Europe/Berlin")
    return value


def _one_of_ours(value: str) -> str:
    if value == NOBODY:
        return value
    try:
        return str(uuid.UUID(value))
    except ValueError:
        raise ValueError("This is not an id") from None


def _listed(value: Any) -> Any:
    return [item for item in value if item != ""] if isinstance(value, list) else value


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("A moment with its offset, such as 2026-11-01T00:00:00Z")
    return value.astimezone(UTC)


Chosen = Annotated[
    list[Annotated[Line, AfterValidator(_one_of_ours)]], BeforeValidator(_listed), Field(max_length=50)
]
Moment = Annotated[Time, AfterValidator(_aware)]


def _few(kind: Any) -> Any:
    return Annotated[list[kind], BeforeValidator(_listed), Field(max_length=20)]


class Scope(Strict):
    """What every figure of a page has in common. Filters left empty hold always, else if any value fits.

    `range`: whole days of the zone, up to and with today; `custom` goes by `from` and `to`, both included.
    `zone`: `workspace`, `mine` or an IANA name. `business`: times are counted on the inbox's hours.
    `compare`: with as many days before. `team`, `agent`, …: as the ticket was at that moment; `tag` and
    `status`: as it is now.
    """

    model_config = ConfigDict(title="ReportQuery", extra="forbid", frozen=True)

    range: Literal["today", "yesterday", "7d", "30d", "90d", "this_month", "last_month", "custom"] = "30d"
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None
    group: Literal["auto", "hour", "day", "week", "month"] = "auto"
    zone: Annotated[Line, AfterValidator(_zone)] = "workspace"
    business: bool = False
    compare: bool = False
    team: Chosen = []
    agent: Chosen = []
    inbox: Chosen = []
    channel: _few(Channel) = []  # type: ignore[valid-type]
    priority: _few(Priority) = []  # type: ignore[valid-type]
    tier: _few(Tier) = []  # type: ignore[valid-type]
    policy: Chosen = []
    tag: Chosen = []
    status: _few(Literal[STATUSES]) = []  # type: ignore[valid-type]

    @model_validator(mode="before")
    @classmethod
    def _asks_for_both_days(cls, data: Any) -> Any:
        is_custom = isinstance(data, dict) and data.get("range") == "custom"
        return {"from": None, "to": None, **data} if is_custom else data

    @field_validator("first")
    @classmethod
    def _goes_with_custom(cls, value: date | None, info: ValidationInfo) -> date | None:
        if (value is not None) != (info.data.get("range") == "custom"):
            raise ValueError("Give from and to with range=custom, and only then")
        if value is not None and not EARLIEST <= value <= LATEST:
            raise ValueError("Choose a day of our time")
        return value

    @field_validator("last")
    @classmethod
    def _ends_after_its_start(cls, value: date | None, info: ValidationInfo) -> date | None:
        first = info.data.get("first")
        if (value is not None) != (info.data.get("range") == "custom"):
            raise ValueError("Give from and to with range=custom, and only then")
        if value is None or first is None:
            return value
        if value < first:
            raise ValueError("The last day is before the first")
        if value - first >= timedelta(days=LONGEST_DAYS):
            raise ValueError(f"At most {LONGEST_DAYS} days")
        return value

    def arguments(self) -> dict[str, Any]:
        """The URL's arguments that make this scope again, without what is as it would be anyway."""
        kept = self.model_dump(mode="json", by_alias=True, include=set(Scope.model_fields))
        defaults = Scope().model_dump(mode="json", by_alias=True)
        found = {name: value for name, value in kept.items() if value != defaults[name]}
        return {name: 1 if value is True else value for name, value in found.items()}


class Cell(Strict):
    """A part of a figure: one bucket of its chart, one hour of the week, one bar of its histogram.

    `bucket_start` and `bucket_end`: half-open. `weekday`: 0 is Monday. `bin`: the bar's number from 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bucket_start: Moment | None = None
    bucket_end: Moment | None = None
    weekday: Annotated[int, Field(ge=0, le=6)] | None = None
    hour: Annotated[int, Field(ge=0, le=23)] | None = None
    bin: Annotated[int, Field(ge=0, le=9)] | None = None

    def arguments(self) -> dict[str, Any]:
        """The URL's arguments that make this cell again."""
        return self.model_dump(mode="json", include=set(Cell.model_fields), exclude_none=True)


class FigureQuery(Scope):
    metric: Line


class BreakdownQuery(FigureQuery):
    by: Line


class CellQuery(Cell, FigureQuery):
    pass


class RowsExport(CellQuery):
    """The rows behind a figure, as a body."""

    model_config = ConfigDict(title="RowsExport")


class RowsQuery(CellQuery):
    cursor: Line | None = None
    limit: PageSize = 50


class FigureSheetQuery(FigureQuery):
    """`shape`: over time, by weekday and hour, or how its times are spread. `by`: a breakdown instead.

    `bom`: with the mark by which some know UTF-8.
    """

    shape: Literal["series", "heatmap", "histogram"] = "series"
    by: Line | None = None
    bom: bool = False


class RowsSheetQuery(CellQuery):
    bom: bool = False


Part = TypeVar("Part", Scope, Cell)


def part_of(query: BaseModel, kind: type[Part]) -> Part:
    """The scope in a query, or the cell."""
    names = {field.alias or name: getattr(query, name) for name, field in kind.model_fields.items()}
    return kind.model_validate(names)


Read = TypeVar("Read", bound=BaseModel)


def read_arguments(schema: type[Read], arguments: Any) -> Read:
    """A URL's arguments (a MultiDict, as `request.args`) as a schema; those it does not know are left out.

    Raises `Invalid` naming each argument at fault.
    """
    given: dict[str, Any] = {}
    for name, field in schema.model_fields.items():
        key = field.alias or name
        values = arguments.getlist(key)
        if values:
            given[key] = values if isinstance(field.default, list) else values[-1]
    try:
        return schema.model_validate({name: value for name, value in given.items() if value != ""})
    except ValidationError as error:
        raise from_pydantic(error) from None


def read_scope(arguments: Any) -> Scope:
    """The scope that a URL's arguments say. Raises `Invalid` naming each argument at fault."""
    return read_arguments(Scope, arguments)
