"""An inbox: what its page may set, and what a customer's browser gets to know of it."""

import ipaddress
import re
import uuid
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from webapp import clock
from webapp.colour import contrast
from webapp.errors import from_pydantic
from webapp.models import Inbox
from webapp.schemas.text import Colour, Line, Strict, Text, TimeZone
from webapp.validators import visible

MAX_SITES = 50
MAX_FIELDS = 10
MAX_INTERVALS = 6
FAINT_RATIO = 3.0
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE_HOURS = {day: [["09:00", "17:00"]] for day in WEEKDAYS[:5]}
"""What the page proposes to whoever stops being always open."""
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


# --- sites ----------------------------------------------------------------------------------------


def normalised_site(text: str) -> str:
    """A site as an origin, such as `https://shop.example.com`. Raises `ValueError` with the reason."""
    shown = visible(text)
    parts = urlsplit(shown if "://" in shown else f"https://{shown}")
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{shown}: begin with https:// (or http://)")
    if parts.username or parts.password or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"{shown}: only the site itself, such as https://shop.example.com")
    try:
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        raise ValueError(f"{shown}: this is not a site's name") from None
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")


def _host(name: str) -> str:
    if name.replace(".", "").isdigit() or ":" in name:
        address = ipaddress.ip_address(name)
        return f"[{address}]" if address.version == 6 else str(address)
    ascii_name = name.encode("idna").decode().lower() if name else ""
    labels = ascii_name.split(".")
    if len(ascii_name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(name)
    if len(labels) == 1 and ascii_name != "localhost":
        raise ValueError(name)
    return ascii_name


def _lines(value: Any) -> Any:
    return [line for line in value.splitlines() if line.strip()] if isinstance(value, str) else value


def normalised_sites(value: list[str]) -> list[str]:
    """Sites without repetition. Raises `ValueError` for the first that is none."""
    return list(dict.fromkeys(normalised_site(line) for line in value))


Sites = Annotated[
    list[Annotated[str, StringConstraints(max_length=300)]],
    Field(max_length=MAX_SITES),
    BeforeValidator(_lines),
]


# --- what the page sends --------------------------------------------------------------------------

Short = Annotated[Text, StringConstraints(max_length=100)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Interval(Strict):
    """From when to when; an end that is not after the start is on the next day."""

    opens: str
    closes: str

    @field_validator("opens", "closes")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        if not CLOCK.fullmatch(value):
            raise ValueError("A time such as 09:00")
        return value


class PrechatField(Strict):
    """A question before the chat. Without a name it gets one made of its label."""

    label: Short
    name: Line = ""
    type: Literal["text", "email", "phone", "select", "checkbox"] = "text"
    required: bool = False
    options: list[Short] = []

    @field_validator("options", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return [visible(line) for line in _lines(value)] if isinstance(value, str) else value

    @field_validator("label")
    @classmethod
    def _has_label(cls, value: str) -> str:
        if not visible(value):
            raise ValueError("What is asked?")
        return visible(value)

    @model_validator(mode="after")
    def _complete(self) -> "PrechatField":
        self.name = _field_name(self)
        if self.type == "select" and len(self.options) < 2:
            raise ValueError("A list needs at least two choices, one a line")
        return self


def _field_name(field: PrechatField) -> str:
    if field.type == "email":
        return "email"  # the one name under which an answer becomes an address to write to
    name = re.sub(r"[^a-z0-9]+", "_", (field.name or field.label).lower()).strip("_")[:40]
    return name if name[:1].isalpha() else f"field_{name}".rstrip("_")


class InboxForm(Strict):
    """Everything that an inbox's page sets."""

    name: Short
    is_active: bool = False
    allowed_sites: Sites = []
    greeting: Annotated[Text, StringConstraints(max_length=500)] = ""
    colour: Colour = "#1d60bc"
    timezone: TimeZone = "UTC"
    always_open: bool = False
    hours: dict[Weekday, Annotated[list[Interval], Field(max_length=MAX_INTERVALS)]] = {}
    prechat: Annotated[list[PrechatField], Field(max_length=MAX_FIELDS)] = []
    consent_text: Annotated[Text, StringConstraints(max_length=500)] = ""
    consent_url: Line = ""
    identified_only: bool = False
    form_subject: Literal["required", "optional", "hidden"] = "required"
    form_files: bool = False
    form_thanks: Annotated[Text, StringConstraints(max_length=500)] = ""

    @model_validator(mode="before")
    @classmethod
    def _forget_hidden_hours(cls, data: Any) -> Any:
        """Hours that are not shown cannot be mended, so they are not looked at either."""
        is_hidden = isinstance(data, dict) and data.get("always_open")
        return {**data, "hours": {}} if is_hidden else data

    @field_validator("name")
    @classmethod
    def _has_name(cls, value: str) -> str:
        if not visible(value):
            raise ValueError("Please fill this in")
        return visible(value)

    @field_validator("allowed_sites")
    @classmethod
    def _are_sites(cls, value: list[str]) -> list[str]:
        return normalised_sites(value)

    @field_validator("consent_url")
    @classmethod
    def _is_a_link(cls, value: str) -> str:
        parts = urlsplit(value.strip())
        if value.strip() and (parts.scheme not in ("http", "https") or not parts.netloc):
            raise ValueError("A link such as https://example.com/privacy")
        return value.strip()

    @field_validator("hours")
    @classmethod
    def _do_not_overlap(cls, value: dict[str, list[Interval]]) -> dict[str, list[Interval]]:
        for intervals in value.values():
            intervals.sort(key=lambda interval: interval.opens)
            for earlier, later in pairwise(intervals):
                if earlier.closes <= earlier.opens or later.opens < earlier.closes:
                    raise ValueError("Two intervals of one day overlap")
        return value

    @field_validator("prechat")
    @classmethod
    def _have_own_names(cls, value: list[PrechatField]) -> list[PrechatField]:
        names = [field.name for field in value]
        if len(set(names)) < len(names):
            raise ValueError("Two questions have the same name")
        return value

    def settings(self) -> dict[str, Any]:
        """The inbox's columns."""
        hours = {day: [[at.opens, at.closes] for at in day_hours] for day, day_hours in self.hours.items()}
        text = self.consent_text.strip()
        return {
            "name": self.name,
            "is_active": self.is_active,
            "allowed_sites": self.allowed_sites,
            "greeting": self.greeting.replace("\r\n", "\n").strip(),
            "colour": self.colour,
            "timezone": self.timezone,
            "hours": {} if self.always_open else {day: hours.get(day, []) for day in WEEKDAYS},
            "prechat": [_prechat_out(field) for field in self.prechat],
            "consent": {"text": text, "url": self.consent_url or None} if text else None,
            "identified_only": self.identified_only,
            "form": {
                "subject": self.form_subject,
                "files": self.form_files,
                "thanks": self.form_thanks.replace("\r\n", "\n").strip(),
            },
        }


def _prechat_out(field: PrechatField) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "required": field.required,
    }
    return {**body, "options": field.options} if field.type == "select" else body


# --- what programs send ---------------------------------------------------------------------------


def _site(text: str) -> str:
    try:
        return normalised_site(text)
    except ValueError as error:  # a program is told by the place in the list which one it was
        raise ValueError(str(error).removeprefix(f"{visible(text)}: ")) from None


def _whole(values: dict[str, Any]) -> InboxForm:
    try:
        return InboxForm.model_validate(values)
    except ValidationError as error:
        raise from_pydantic(error) from None


class InboxPatch(InboxForm):
    """What of an inbox is changed. Hours that are given end its being always open."""

    name: Short = ""
    allowed_sites: Annotated[
        list[Annotated[str, StringConstraints(max_length=300), AfterValidator(_site)]],
        Field(max_length=MAX_SITES),
    ] = []

    def over(self, inbox: Inbox) -> dict[str, Any]:
        """The inbox's columns, with what was given put over them. Raises `Invalid`."""
        now = inbox_values(inbox)
        del now["version"]
        columns = _whole({**now, **self._given()}).settings()
        return columns if inbox.channel == "form" else {**columns, "form": None}

    def _given(self) -> dict[str, Any]:
        given = self.model_dump(exclude_unset=True)
        return {"always_open": False, **given} if given.get("hours") else given


class InboxIn(InboxPatch):
    """A new inbox: open all the time unless hours are given."""

    name: Short
    channel: Literal["chat", "form", "email"] = "chat"
    always_open: bool = True

    def columns(self) -> dict[str, Any]:
        """The inbox's columns but its channel."""
        given = {"is_active": True, "always_open": True, **self._given()}
        channel = given.pop("channel", "chat")
        columns = _whole(given).settings()
        return columns if channel == "form" else {**columns, "form": None}


class QuestionOut(Strict):
    """A question before the chat; `options` of one whose type is `select`."""

    name: str
    label: str
    type: Literal["text", "email", "phone", "select", "checkbox"]
    required: bool
    options: list[str] = []


class InboxOut(Strict):
    """An inbox. `hours`: by weekday, empty where it is always open; `key` is public."""

    id: uuid.UUID
    channel: str
    key: str
    name: str
    is_active: bool
    allowed_sites: list[str]
    greeting: str
    colour: str
    timezone: str
    always_open: bool
    hours: dict[Weekday, list[Interval]]
    prechat: list[QuestionOut]
    consent_text: str
    consent_url: str
    identified_only: bool
    form_subject: Literal["required", "optional", "hidden"]
    form_files: bool
    form_thanks: str
    version: int
    created_at: datetime


def inbox_out(inbox: Inbox) -> dict[str, Any]:
    """An inbox as programs see it: what it can be set to, and its public key."""
    values = inbox_values(inbox)
    return {
        "id": str(inbox.id),
        "channel": inbox.channel,
        "key": inbox.key,
        **values,
        "allowed_sites": inbox.allowed_sites,
        "hours": values["hours"] if inbox.hours else {},
        "prechat": inbox.prechat,
        "created_at": clock.iso(inbox.created_at),
    }


# --- what the page shows --------------------------------------------------------------------------


def new_values(colour: str, time_zone: str) -> dict[str, Any]:
    """The form of an inbox that is still to be made."""
    blank = Inbox(
        name="",
        is_active=True,
        allowed_sites=[],
        greeting="",
        colour=colour,
        timezone=time_zone,
        hours={},
        prechat=[],
    )
    return inbox_values(blank)


def inbox_values(inbox: Inbox) -> dict[str, Any]:
    """An inbox as its page's form holds it."""
    consent, web_form = inbox.consent or {}, inbox.form or {}
    shown_hours = inbox.hours or OFFICE_HOURS
    hours = {
        day: [{"opens": opens, "closes": closes} for opens, closes in intervals]
        for day, intervals in shown_hours.items()
    }
    return {
        "name": inbox.name,
        "is_active": inbox.is_active,
        "allowed_sites": "\n".join(inbox.allowed_sites),
        "greeting": inbox.greeting,
        "colour": inbox.colour,
        "timezone": inbox.timezone,
        "always_open": not inbox.hours,
        "hours": hours,
        "prechat": [{**field, "options": "\n".join(field.get("options", []))} for field in inbox.prechat],
        "consent_text": consent.get("text", ""),
        "consent_url": consent.get("url") or "",
        "identified_only": inbox.identified_only,
        "form_subject": web_form.get("subject", "required"),
        "form_files": web_form.get("files", False),
        "form_thanks": web_form.get("thanks", ""),
        "version": inbox.version,
    }


def is_faint(colour: str) -> bool:
    """Whether the colour hardly shows on a white page, so that what has it gets an outline."""
    return contrast(colour, "#ffffff") < FAINT_RATIO
