"""What is here already of what a batch of rows speaks of: read with a few queries for all of them."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from webapp.models import Customer, CustomerAlias, ImportedRow, Organization, Ticket, User
from webapp.tenancy import require_workspace_id
from webapp.validators import fold_email, fold_name

Key = tuple[str, str]
"""(subject, their id)"""


@dataclass
class Known:
    """By their ids, and by what else tells who is who."""

    session: Any
    source: str
    rows: dict[Key, ImportedRow] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    tickets: dict[uuid.UUID, Ticket] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)

    def read(self, wanted: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Looks up whatever these rows name: (subject, cleaned fields)."""
        pairs = list(wanted)
        keys = {key for subject, values in pairs for key in keys_of(subject, values)}
        emails = {email for subject, values in pairs for email in _emails(subject, values)}
        names = {fold_name(values["organization"]) for _, values in pairs if values.get("organization")}
        names |= {fold_name(values["name"]) for subject, values in pairs if subject == "organization"}
        self._read_rows(keys)
        self._read_customers(emails)
        self._read_organizations(names)
        ids = [row.record_id for (subject, _), row in self.rows.items() if subject == "ticket"]
        query = sa.select(Ticket).where(Ticket.id.in_([one for one in ids if one]))
        held = query.order_by(Ticket.id).with_for_update(key_share=True)
        found = self.session.scalars(held.execution_options(populate_existing=True))
        self.tickets = {ticket.id: ticket for ticket in found}

    def _read_rows(self, keys: Iterable[Key]) -> None:
        by_subject = defaultdict(list)
        for subject, external_id in keys:
            by_subject[subject].append(external_id)
        for subject, ids in by_subject.items():
            query = sa.select(ImportedRow).where(
                ImportedRow.source == self.source,
                ImportedRow.subject == subject,
                ImportedRow.external_id.in_(ids),
            )
            for row in self.session.scalars(query):
                self.rows[subject, row.external_id] = row

    def _read_customers(self, emails: Iterable[str]) -> None:
        wanted = list(emails)
        for customer in self.session.scalars(sa.select(Customer).where(Customer.email.in_(wanted))):
            self.customers[customer.email] = customer
        query = sa.select(CustomerAlias.value, Customer).join(
            CustomerAlias, CustomerAlias.customer_id == Customer.id
        )
        aliases = query.where(CustomerAlias.kind == "email", CustomerAlias.value.in_(wanted))
        for value, customer in self.session.execute(aliases):
            self.customers.setdefault(value, customer)
        ids = [row.record_id for (subject, _), row in self.rows.items() if subject == "customer"]
        held = sa.select(Customer).where(Customer.id.in_([one for one in ids if one]))
        for customer in self.session.scalars(held):
            self.customers[str(customer.id)] = customer

    def _read_organizations(self, names: Iterable[str]) -> None:
        ids = [row.record_id for (subject, _), row in self.rows.items() if subject == "organization"]
        query = sa.select(Organization).where(
            sa.or_(
                Organization.folded_name.in_(list(names)),
                Organization.id.in_([one for one in ids if one]),
            )
        )
        for found in self.session.scalars(query):
            self.organizations[found.folded_name] = self.organizations[str(found.id)] = found

    def read_users(self) -> None:
        """Everybody who works here, by address and by name."""
        here = sa.and_(User.workspace_id == require_workspace_id(), User.deactivated_at.is_(None))
        for user in self.session.scalars(sa.select(User).where(here)):
            self.users[fold_email(user.email)] = user
            self.users.setdefault(fold_name(user.name), user)

    # --- finding ----------------------------------------------------------------------------------

    def customer(self, external_id: str | None, email: str | None) -> Customer | None:
        """Who that is: by their id first, else by the address."""
        row = self.rows.get(("customer", external_id)) if external_id else None
        found = self.customers.get(str(row.record_id)) if row else None
        found = found or (self.customers.get(email) if email else None)
        while found is not None and found.merged_into_id:
            found = self.session.get(Customer, found.merged_into_id)
        return found

    def user(self, external_id: str | None, called: str | None) -> User | None:
        """The member of staff with that id there, or with that address or name."""
        row = self.rows.get(("agent", external_id)) if external_id else None
        if row is not None and row.record_id:
            return next((user for user in self.users.values() if user.id == row.record_id), None)
        if not called:
            return None
        return self.users.get(fold_email(called)) or self.users.get(fold_name(called))


def keys_of(subject: str, values: dict[str, Any]) -> list[Key]:
    """Every id that a row names: its own, and those of whom it is about."""
    named = [(subject, external_id(subject, values))]
    if subject == "customer":
        named += [("organization", values["organization_id"]), ("agent", values["id"])]
    elif subject == "ticket":
        named += [("customer", values["customer_id"]), ("agent", values["agent_id"])]
        named += [("comment", description_id(values["id"]))]
        named += [pair for one in values["comments"] for pair in _comment_keys(values["id"], one)]
    elif subject == "comment":
        named += [("ticket", values["ticket_id"]), ("comment", description_id(values["ticket_id"]))]
        named += _comment_keys(values["ticket_id"], values)
    return [(kind, name) for kind, name in named if name]


def _comment_keys(ticket_id: str, values: dict[str, Any]) -> list[tuple[str, str | None]]:
    author = values["author_id"]
    return [("comment", comment_id(ticket_id, values)), ("customer", author), ("agent", author)]


def external_id(subject: str, values: dict[str, Any]) -> str:
    """Their id of a row; where there is none, what else makes it the same row again."""
    if subject == "comment":
        return comment_id(values["ticket_id"], values)
    return str(values["id"] or values.get("email") or fold_name(values.get("name") or ""))[:200]


def comment_id(ticket_id: str, values: dict[str, Any]) -> str:
    """Their id of a comment, else a name for what was said on which ticket, by whom and when."""
    if values["id"]:
        return str(values["id"])
    said = [
        ticket_id,
        *(str(values[name]) for name in ("author_email", "author_name", "created_at", "content")),
    ]
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "\0".join(said)))


def description_id(ticket_id: str) -> str:
    """The id of the comment that a ticket's description was made: it may come again as their first one."""
    return f"{ticket_id}#description"[-200:]


def _emails(subject: str, values: dict[str, Any]) -> list[str]:
    names = {"ticket": "customer_email", "customer": "email", "comment": "author_email"}
    own = values.get(names.get(subject, ""))
    inner = [one["author_email"] for one in values.get("comments") or ()]
    return [email for email in (own, *inner) if email]
