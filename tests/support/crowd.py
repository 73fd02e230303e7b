"""Very many tickets, fast: made by the database itself, the same ones each time.

Two years of them, spread evenly, a customer to five tickets. However many there are, the same number is
still open: a desk's backlog does not grow with its past. Each has a clock, the words by which it is found,
and the first of its events.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from webapp import migration
from webapp.models import Customer, Event, SearchDocument, SlaClock, Ticket, TicketNumber, WorkspaceFeed

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SPAN_SECONDS = 2 * 365 * 86400
YEAR_SECONDS = 365 * 86400
FAR = "-200 * 365 * 86400.0"
CUSTOMERS_EACH = 5
OPEN = 500
"""So many tickets are still open."""
UNASSIGNED_EACH = 4
"""One open ticket in so many has nobody."""
WORDS = (
    "invoice",
    "login",
    "printer",
    "delivery",
    "password",
    "refund",
    "scanner",
    "address",
    "battery",
    "label",
)


def fill(url: str, workspace_id: uuid.UUID, count: int, agent_ids: list[uuid.UUID]) -> None:
    """Makes `count` tickets with their customers in an empty workspace, and brings the statistics up to date.

    As the tables' owner, whom row-level security does not concern.
    """
    engine = migration.owner_engine(url)
    sql = Sql(engine.dialect.name == "sqlite", workspace_id, agent_ids)
    numbered = sa.update(TicketNumber).where(TicketNumber.workspace_id == workspace_id).values(number=count)
    with engine.begin() as connection:
        customers = sql.insert(Customer.__table__, sql.customer(), max(1, count // CUSTOMERS_EACH))
        tickets = sql.insert(Ticket.__table__, sql.ticket(count), count)
        events = sql.insert(Event.__table__, sql.event(count), count)
        clocks = sql.insert(SlaClock.__table__, sql.clock(count), count)
        documents = sql.insert(SearchDocument.__table__, sql.document(), count)
        for statement in (customers, tickets, events, clocks, documents):
            connection.execute(sa.text(statement))
        connection.execute(numbered)
        feed = sa.update(WorkspaceFeed).where(WorkspaceFeed.workspace_id == workspace_id)
        connection.execute(feed.values(seq=WorkspaceFeed.seq + count))
        if not sql.sqlite:  # what it numbers itself goes on from here
            number = "pg_get_serial_sequence('search_document', 'id')"
            connection.execute(sa.text(f"SELECT setval({number}, {count})"))
    with engine.begin() as connection:
        connection.execute(sa.text("ANALYZE"))
    engine.dispose()


class Sql:
    """Expressions over `n`, the number of the row, in a dialect."""

    def __init__(self, sqlite: bool, workspace_id: uuid.UUID, agent_ids: list[uuid.UUID]) -> None:
        self.sqlite, self.workspace_id, self.agent_ids = sqlite, workspace_id, agent_ids

    def insert(self, table: Any, values: dict[str, str], rows: int) -> str:
        """INSERT … SELECT of so many rows; columns not named get their default, or nothing."""
        values = {
            **{column.name: given for column in table.columns if (given := self.default(column))},
            **values,
        }
        names, expressions = ", ".join(f'"{name}"' for name in values), ", ".join(values.values())
        numbers = (
            f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows}) "
            if self.sqlite
            else ""
        )
        source = "numbers" if self.sqlite else f"generate_series(1, {rows}) AS numbers(n)"
        return f"INSERT INTO {table.name} ({names}) {numbers}SELECT {expressions} FROM {source}"

    def default(self, column: Any) -> str | None:
        """What a column that must have a value holds where nothing is said."""
        if column.nullable:
            return None
        default = column.default.arg if column.default is not None else None
        if isinstance(column.type, sa.JSON) or "JSON" in type(column.type).__name__:
            return "'[]'" if default is not None and "list" in repr(default) else "'{}'"
        if isinstance(default, bool):
            return ("1" if default else "0") if self.sqlite else str(default).lower()
        if isinstance(default, int):
            return str(default)
        return f"'{default}'" if isinstance(default, str) else None

    def id(self, prefix: int, number: str = "n") -> str:
        """The id of the row with that number in a family of ids."""
        if self.sqlite:
            return f"printf('%08x%024x', {prefix}, {number})"
        return f"(lpad(to_hex({prefix}), 8, '0') || lpad(to_hex({number}), 24, '0'))::uuid"

    def uuid(self, value: uuid.UUID) -> str:
        return f"'{value.hex}'" if self.sqlite else f"'{value}'::uuid"

    def time(self, seconds: str) -> str:
        """So many seconds before NOW."""
        if self.sqlite:
            return (
                f"strftime('%Y-%m-%d %H\\:%M\\:%S.000000', {int(NOW.timestamp())} - ({seconds}), 'unixepoch')"
            )
        return f"to_timestamp({int(NOW.timestamp())} - ({seconds}))"

    def pick(self, choices: list[str], number: str) -> str:
        cases = " ".join(f"WHEN {at} THEN {choice}" for at, choice in enumerate(choices))
        return f"CASE ({number}) % {len(choices)} {cases} END"

    def text(self, words: tuple[str, ...], number: str) -> str:
        return self.pick([f"'{word}'" for word in words], number)

    def age(self, count: int) -> str:
        """How many seconds before NOW ticket n of so many came."""
        return f"({count} - n) * ({SPAN_SECONDS} / {count}.0)"

    def is_open(self, count: int) -> str:
        return f"n % {max(1, count // OPEN)} = 0"

    def title(self) -> str:
        words = " || ' ' || ".join(self.text(WORDS, number) for number in ("n", "n / 10", "n / 100"))
        return f"{words} || ' ' || n"

    def customer(self) -> dict[str, str]:
        """A customer of number n."""
        return {
            "id": self.id(0xC0),
            "workspace_id": self.uuid(self.workspace_id),
            "name": "'Customer ' || n",
            "email": "'customer' || n || '@example.com'",
            "tier": self.text(("free", "basic", "premium", "enterprise"), "n"),
            "created_at": self.time("n"),
        }

    def ticket(self, count: int) -> dict[str, str]:
        """A ticket of number n of so many: the higher, the younger; open ones among all of them."""
        age, is_open, every = self.age(count), self.is_open(count), max(1, count // OPEN)
        due = self.time(f"-{YEAR_SECONDS} - n")
        is_free = f"(n / {every}) % {UNASSIGNED_EACH} = 0"
        agents = self.pick([self.uuid(agent_id) for agent_id in self.agent_ids], f"n / {every}")
        status = f"CASE WHEN NOT {is_open} THEN 'closed' WHEN {is_free} THEN 'open' ELSE 'assigned' END"
        return {
            "id": self.id(0x71),
            "workspace_id": self.uuid(self.workspace_id),
            "number": "n",
            "title": self.title(),
            "description": "''",
            "channel": self.text(("chat", "email", "form", "api"), "n"),
            "priority": self.text(("low", "medium", "medium", "high", "critical"), "n / 7"),
            "status": status,
            "customer_id": self.id(0xC0, f"1 + n % {max(1, count // CUSTOMERS_EACH)}"),
            "assigned_agent_id": f"CASE WHEN {is_open} AND {is_free} THEN NULL ELSE {agents} END",
            "waiting_since": f"CASE WHEN {is_open} THEN {self.time(age)} END",
            "shelf": f"CASE WHEN {is_open} THEN 'queue' ELSE 'done' END",
            "next_due_at": f"CASE WHEN {is_open} THEN {due} END",
            "due_rank": f"CASE WHEN {is_open} THEN {due} ELSE {self.time(FAR)} END",
            "wait_rank": self.time(age),
            "priority_rank": self.pick(["3", "2", "2", "1", "0"], "n / 7"),
            "created_at": self.time(age),
            "updated_at": self.time(age),
            "last_seq": "1",
            "last_public_seq": "1",
        }

    def event(self, count: int) -> dict[str, str]:
        """The beginning of ticket n."""
        feed = f"(SELECT seq FROM workspace_feeds WHERE workspace_id = {self.uuid(self.workspace_id)})"
        changes = "'{\"number\" \\: [null, ' || n || ']}'"
        return {
            "id": self.id(0xE0),
            "workspace_id": self.uuid(self.workspace_id),
            "name": "'ticket.created'",
            "actor_kind": "'system'",
            "actor_name": "'Parley'",
            "door": "'system'",
            "at": self.time(self.age(count)),
            "ticket_id": self.id(0x71),
            "changes": changes if self.sqlite else f"({changes})::jsonb",
            "ticket_seq": "1",
            "public_seq": "1",
            "workspace_seq": f"{feed} + n",
        }

    def clock(self, count: int) -> dict[str, str]:
        """The clock of ticket n: still running if it is open."""
        is_open = self.is_open(count)
        return {
            "id": self.id(0xC1),
            "workspace_id": self.uuid(self.workspace_id),
            "ticket_id": self.id(0x71),
            "metric": "'time_to_assignment'",
            "policy_name": "'Default'",
            "priority": "'medium'",
            "tier": "'basic'",
            "state": f"CASE WHEN {is_open} THEN 'active' ELSE 'met' END",
            "target_seconds": "86400",
            "started_at": self.time(self.age(count)),
            "due_at": f"CASE WHEN {is_open} THEN {self.time(f'-{YEAR_SECONDS} - n')} END",
            "ended_at": f"CASE WHEN NOT {is_open} THEN {self.time(self.age(count))} END",
        }

    def document(self) -> dict[str, str]:
        """The words by which ticket n is found."""
        vector = {} if self.sqlite else {"vector": f"setweight(to_tsvector('simple', {self.title()}), 'A')"}
        return {
            "id": "n",
            "workspace_id": self.uuid(self.workspace_id),
            "kind": "'ticket'",
            "subject_id": self.id(0x71),
            "ticket_id": self.id(0x71),
            "title": self.title(),
            "body": "''",
            **vector,
        }
