"""Sends mails into the app as a door does, and writes them."""

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from tests.support import ROOT
from webapp.database import read_only, transaction
from webapp.models import Comment, InboundMail, Inbox, Ticket
from webapp.services import mail_in
from webapp.tenancy import use_workspace

CORPUS = ROOT / "tests" / "corpus"
HOST = "mx.desk.example"
_count = iter(range(1, 1_000_000))


def corpus(name: str, **replaced: str) -> bytes:
    """A mail of the corpus; `OURS="<id>"` puts that in the place of {OURS}."""
    raw = Path(CORPUS / f"{name}.eml").read_bytes()
    for mark, text in replaced.items():
        raw = raw.replace(b"{%s}" % mark.encode(), text.encode())
    return raw


def letter(
    sender: str = "maria@shop.example",
    text: str = "Where is my order?",
    *,
    subject: str = "My order",
    to: str = "support@desk.example",
    is_proved: bool = False,
    **headers: str,
) -> bytes:
    """A plain mail. `headers`: further ones, `In_Reply_To="<…>"`."""
    mail = EmailMessage()
    if is_proved:
        domain = sender.rpartition("@")[2].rstrip(">")
        mail["Authentication-Results"] = f"{HOST}; dmarc=pass header.from={domain}"
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = headers.pop("Message_ID", f"<{next(_count)}@mails.example>")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


class Desk:
    """An e-mail inbox that takes mail, and what came of it."""

    def __init__(self, app: Flask, make: Any, **settings: Any) -> None:
        self.app = app
        self.inbox: Inbox = make.inbox(channel="email", name="Support")
        self.workspace_id = self.inbox.workspace_id
        if settings:
            make._row(mail_in.Mailbox, None, inbox_id=self.inbox.id, **settings)

    def take(self, raw: bytes, door: str = "pipe", **arrival: Any) -> InboundMail:
        """Lets a mail in by a door; its row, detached."""
        with self.app.app_context(), use_workspace(self.workspace_id):
            coming = mail_in.prepared(raw, self.inbox, mail_in.Arrival(door, **arrival))
            with coming as mail, transaction() as session:
                row = mail_in.receive(mail, self.inbox)
                session.refresh(row)
                session.expunge(row)
            return row

    def tickets(self) -> list[Ticket]:
        """All tickets, oldest first."""
        return self._all(sa.select(Ticket).order_by(Ticket.number))

    def comments(self, ticket_id: Any = None) -> list[Comment]:
        """A ticket's comments in order, or all there are."""
        query = sa.select(Comment).order_by(Comment.id)
        query = query.options(sa.orm.selectinload(Comment.attachments))
        return self._all(query if ticket_id is None else query.where(Comment.ticket_id == ticket_id))

    def _all(self, query: Any) -> list[Any]:
        with self.app.app_context(), use_workspace(self.workspace_id), read_only() as session:
            rows = list(session.scalars(query))
            session.expunge_all()
            return rows
