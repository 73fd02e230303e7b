"""Saved reports, their forms, and when they are mailed."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from webapp import clock
from webapp.errors import Invalid
from webapp.models import ReportPlan, ReportRecipient, SavedReport
from webapp.models.saved_report import RHYTHMS, SCREENS
from webapp.schemas.text import Line, Strict
from webapp.validators import visible

ARGUMENTS_CHARS = 4000


def _named(value: str) -> str:
    shown = visible(value)
    if not shown:
        raise ValueError("Give it a name")
    return shown


def _ticked(value: object) -> object:
    return value in ("1", "on", True)


def _chosen(value: object) -> object:
    """Boxes that are ticked come as a dict of their ids."""
    return list(value) if isinstance(value, dict) else value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("A time zone such as Europe/Berlin")
    return value


Name = Annotated[Line, Field(max_length=100), AfterValidator(_named)]
Ticked = Annotated[bool, BeforeValidator(_ticked)]


class SavedReportForm(Strict):
    """A new one. `arguments`: what stands behind the question mark of its screen's URL."""

    name: Name
    screen: Literal[SCREENS]  # type: ignore[valid-type]
    arguments: Annotated[str, Field(max_length=ARGUMENTS_CHARS)] = ""
    is_shared: Ticked = False


class SavedReportEdit(Strict):
    name: Name
    is_shared: Ticked = False


class ShownForm(Strict):
    """What is shown now, to be kept under a name that there is."""

    screen: Literal[SCREENS]  # type: ignore[valid-type]
    arguments: Annotated[str, Field(max_length=ARGUMENTS_CHARS)] = ""


class ReportPlanForm(Strict):
    """When a report is mailed to whom. `weekday`: 0 is Monday, for a weekly one."""

    every: Literal[RHYTHMS]  # type: ignore[valid-type]
    weekday: Annotated[int, Field(ge=0, le=6)] = 0
    hour: Annotated[int, Field(ge=0, le=23)]
    zone: Annotated[Line, AfterValidator(_zone)]
    recipients: Annotated[list[uuid.UUID], BeforeValidator(_chosen), Field(max_length=100)] = []


# --- as programs have them ------------------------------------------------------------------------

Arguments = Annotated[dict[Line, Line | Annotated[list[Line], Field(max_length=100)]], Field(max_length=50)]


class SavedReportIn(Strict):
    """`arguments`: what `GET /reports/figures` takes but the metric, such as `{"range": "last_30"}`."""

    name: Name
    screen: Literal[SCREENS]  # type: ignore[valid-type]
    arguments: Arguments = {}
    is_shared: bool = False

    def form(self) -> SavedReportForm:
        """The same as a page sends it."""
        given = {**self.model_dump(), "arguments": query_string(self.arguments)}
        return SavedReportForm.model_validate(given)


class SavedReportPatch(Strict):
    name: Name | None = None
    screen: Literal[SCREENS] | None = None  # type: ignore[valid-type]
    arguments: Arguments | None = None
    is_shared: bool | None = None

    def names_it(self) -> bool:
        """Whether it gets another name, or other readers."""
        return self.name is not None or self.is_shared is not None

    def shows(self) -> bool:
        """Whether it shows something else."""
        return self.screen is not None or self.arguments is not None

    def edit(self, report: SavedReport) -> SavedReportEdit:
        """The name and readers that it has then."""
        is_shared = report.is_shared if self.is_shared is None else self.is_shared
        return SavedReportEdit(name=self.name or report.name, is_shared=is_shared)

    def shown(self, report: SavedReport) -> ShownForm:
        """What it shows then."""
        arguments = report.arguments if self.arguments is None else self.arguments
        return ShownForm(screen=self.screen or report.screen, arguments=query_string(arguments))


def query_string(arguments: dict[str, Any]) -> str:
    """Arguments as an address has them. Raises `Invalid` where they are too many."""
    text = urlencode(arguments, doseq=True)
    if len(text) > ARGUMENTS_CHARS:
        raise Invalid.field("arguments", f"At most {ARGUMENTS_CHARS} characters as a query")
    return text


class SavedReportOut(Strict):
    """A screen with its range and filters, under a name."""

    id: uuid.UUID
    name: str
    screen: str
    arguments: dict[str, Any]
    is_shared: bool
    owner_id: uuid.UUID
    created_at: datetime
    updated_at: datetime


def saved_report_out(report: SavedReport) -> dict[str, Any]:
    """A saved report as programs see it."""
    return {
        "id": str(report.id),
        "name": report.name,
        "screen": report.screen,
        "arguments": report.arguments,
        "is_shared": report.is_shared,
        "owner_id": str(report.owner_id),
        "created_at": clock.iso(report.created_at),
        "updated_at": clock.iso(report.updated_at),
    }


class ReportPlanIn(ReportPlanForm):
    """When a report is mailed to whom, as a program says it."""

    recipients: Annotated[list[uuid.UUID], Field(min_length=1, max_length=100)]


class ReportPlanOut(Strict):
    """When a report is mailed to whom. `problem`: what went wrong the last time."""

    every: str
    weekday: int
    hour: int
    zone: str
    recipients: list[uuid.UUID]
    unsubscribed: list[uuid.UUID]
    next_at: datetime | None
    problem: str | None


def report_plan_out(
    plan: ReportPlan, recipients: list[ReportRecipient], next_at: datetime | None
) -> dict[str, Any]:
    """A plan as programs see it."""
    gone = sorted(str(one.user_id) for one in recipients if one.unsubscribed_at is not None)
    return {
        **{name: getattr(plan, name) for name in ("every", "weekday", "hour", "zone")},
        "recipients": sorted(str(one.user_id) for one in recipients),
        "unsubscribed": gone,
        "next_at": clock.iso(next_at),
        "problem": plan.error,
    }
