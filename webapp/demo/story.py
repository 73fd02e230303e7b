"""The demo's people and their house, as data; `conversations` has what they talk about."""

from dataclasses import dataclass, field
from typing import Any

WORKSPACE = "Harbour Supplies"
GREETING = "Ahoy! Questions about an order, a size, or what keeps the rain out? We are happy to help."
CONSENT = {"text": "I agree that my details are used to answer this question.", "url": None}
PRECHAT = [
    {"name": "name", "label": "Your name", "type": "text", "required": True},
    {"name": "email", "label": "Your e-mail address", "type": "email", "required": True},
]
STAFF = (
    ("admin", "Nora Lindqvist", "nora@harbour.example"),
    ("senior_agent", "Tomas Okafor", "tomas@harbour.example"),
    ("agent", "Mei Tanaka", "mei@harbour.example"),
    ("agent", "Jonas Weber", "jonas@harbour.example"),
    ("viewer", "Priya Nair", "priya@harbour.example"),
)
TEAMS = (
    ("Orders", "Tomas Okafor", ("Tomas Okafor", "Mei Tanaka")),
    ("Returns", "Jonas Weber", ("Jonas Weber",)),
)

TAGS = {
    "Defect": "red",
    "Bulk order": "blue",
    "Storm delay": "yellow",
    "Warranty": "teal",
    "Escalated": "orange",
}
CAUSES = ("Delivery", "Product", "Payment", "Advice")
STATUSES = (("Waiting for stock", "third_party"), ("In the workshop", "third_party"))
ORGANIZATIONS = (
    (
        "Nordsee Yachtcharter",
        "nordsee-charter.example",
        "enterprise",
        "Eleven boats in Husum. Invoices need their VAT number.",
    ),
    ("Lakeside Sailing Club", "lakeside-sailing.example", None, "Orders in March, before the season."),
)
SKILLS = {"German": ("Jonas", 3), "Sails and rope": ("Mei", 2), "Invoices": ("Tomas", 2)}
HOURS = {
    **{day: [["09:00", "12:30"], ["13:30", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "sat": [["10:00", "14:00"]],
}
FORM = [
    {"name": "order", "label": "Order number", "type": "text", "required": False},
    {
        "name": "topic",
        "label": "Topic",
        "type": "select",
        "required": True,
        "options": ["An order", "A return", "A repair", "Something else"],
    },
]

FIREFOX = {"browser": "Firefox 140", "os": "Windows"}
SAFARI = {"browser": "Safari 18", "os": "iPhone"}
CHROME = {"browser": "Chrome 138", "os": "Android"}


@dataclass(frozen=True)
class Said:
    """One line: `who` is "customer" or a first name of the staff; `after` minutes since the line before."""

    who: str
    text: str
    after: float = 1
    kind: str = "reply"


@dataclass(frozen=True)
class Conversation:
    """A customer's chat, mail or form, or a ticket opened for them, `began` minutes ago.

    `tier`: of a customer whose address we know for sure. `absorbs`: their ticket before is merged into this
    one. `child_of`: whose ticket, told before, is this one's parent.
    """

    name: str
    email: str
    began: float
    lines: tuple[Said, ...]
    page: str = "/"
    client: dict[str, Any] = field(default_factory=lambda: FIREFOX)
    agent: str | None = None
    team: str | None = None
    priority: str = "medium"
    status: str | None = None
    category: str | None = None
    title: str | None = None
    spam: bool = False
    channel: str = "chat"
    tier: str | None = None
    tags: tuple[str, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)
    own_status: str | None = None
    snooze_hours: float | None = None
    is_routed: bool = False
    absorbs: bool = False
    child_of: str | None = None
    followers: tuple[str, ...] = ()
