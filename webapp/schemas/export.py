"""What can be asked of an export, and how a job is shown."""

import uuid
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field, model_validator

from webapp import clock
from webapp.models import Job
from webapp.schemas.paging import NewestQuery
from webapp.schemas.text import Day, Line, Strict
from webapp.schemas.ticket_in import Priority, Status

Format = Literal["csv", "xlsx", "json"]
Channel = Literal["chat", "email", "form", "api"]
GROUPS: dict[str, list[Status]] = {
    "active": ["open", "assigned", "in_progress", "pending"],
    "ended": ["resolved", "closed"],
}
"""Several statuses at once, as the form offers them."""


class DateRange(Strict):
    """Days of creation, in UTC, both included."""

    first: Day | None = None
    last: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "DateRange":
        if self.first and self.last and self.first > self.last:
            raise ValueError("The first day lies after the last")
        return self


class ExportFilters(Strict):
    """Which tickets; every list is any-of, what is empty does not narrow."""

    status: list[Status] = Field(default=[], max_length=6)
    priority: list[Priority] = Field(default=[], max_length=4)
    channel: list[Channel] = Field(default=[], max_length=4)
    team_id: uuid.UUID | None = None
    inbox_id: uuid.UUID | None = None
    assigned_agent_id: uuid.UUID | None = None
    tag: Line | None = None


class ExportIn(Strict):
    format: Format = "csv"
    date_range: DateRange = DateRange()
    filters: ExportFilters = ExportFilters()


class ExportForm(Strict):
    """The same from a form, where what is left open is an empty text."""

    format: Format = "csv"
    first: date | Literal[""] = ""
    last: date | Literal[""] = ""
    status: Status | Literal["active", "ended", ""] = ""
    priority: Priority | Literal[""] = ""
    channel: Channel | Literal[""] = ""
    agent: Literal["me", ""] = ""

    @model_validator(mode="after")
    def _in_order(self) -> "ExportForm":
        if self.first and self.last and self.first > self.last:
            raise ValueError("The first day lies after the last")
        return self

    def spec(self, me: uuid.UUID | None = None) -> ExportIn:
        """What it asks for; `me` is whose tickets "me" means."""
        return ExportIn(
            format=self.format,
            date_range=DateRange(first=self.first or None, last=self.last or None),
            filters=ExportFilters(
                status=self._statuses(),
                priority=[self.priority] if self.priority else [],
                channel=[self.channel] if self.channel else [],
                assigned_agent_id=me if self.agent else None,
            ),
        )

    def _statuses(self) -> list[Status]:
        if self.status in ("active", "ended"):
            return GROUPS[self.status]
        return [self.status] if self.status else []


class JobPath(Strict):
    job_id: uuid.UUID


class JobsQuery(NewestQuery):
    status: Literal["pending", "running", "completed", "failed", "cancelled"] | None = None
    type: Line | None = None


class JobOut(Strict):
    """Background work, to whoever waits for it."""

    id: uuid.UUID
    type: str
    status: Literal["pending", "running", "completed", "failed", "cancelled"]
    progress: int
    note: str | None
    result: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None


def job_out(job: Job) -> dict[str, Any]:
    """A job for whoever waits for it; a report's figures stay where its page finds them."""
    result = {name: value for name, value in (job.result or {}).items() if name != "answers"}
    return {
        "id": str(job.id),
        "type": job.type,
        "status": job.status,
        "progress": job.progress,
        "note": job.note,
        "result": result if job.status == "completed" else None,
        "created_at": clock.iso(job.created_at),
        "finished_at": clock.iso(job.finished_at),
    }
