"""A mail as every provider takes it, and what providers say when they don't."""

from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

MESSAGE_POLICY = SMTP.clone(max_line_length=78)


class MailError(Exception):
    """A provider did not take a mail. Its text is ours: it quotes nobody."""


class NotConfigured(MailError):
    """This provider has no key or address here."""


class Refused(MailError):
    """The provider took offence at this very mail; sending it again is no use."""


@dataclass(frozen=True)
class Mail:
    """One mail to one recipient. `headers`: further ones, one line each; `attachments`: (name, content
    type, bytes).
    """

    to: str
    subject: str
    text: str
    sender: Address
    date: datetime
    html: str | None = None
    reply_to: str | None = None
    message_id: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    key: str | None = None

    def message(self) -> EmailMessage:
        """The mail as a message. Raises `ValueError` for a header with a line break in it."""
        message = EmailMessage(policy=MESSAGE_POLICY)
        message["From"] = self.sender
        message["To"] = Address(addr_spec=self.to)
        message["Subject"] = self.subject
        message["Date"] = self.date
        if self.message_id:
            message["Message-ID"] = self.message_id
        if self.reply_to:
            message["Reply-To"] = Address(addr_spec=self.reply_to)
        for name, value in self.headers.items():
            message[name] = value
        message.set_content(self.text)
        if self.html:
            message.add_alternative(self.html, subtype="html")
        for name, content_type, data in self.attachments:
            kind, _, charset = content_type.partition("; charset=")
            main, _, sub = kind.partition("/")
            params = {"charset": charset} if charset else None
            message.add_attachment(data, maintype=main, subtype=sub, filename=name, params=params)
        return message


def is_permanent(status: int) -> bool:
    """Whether an HTTP status means that this mail itself is at fault."""
    return status in (400, 413, 422)


def provider_id(answer: Any) -> str | None:
    """The id in a provider's answer, if it is one."""
    return answer[:200] if isinstance(answer, str) and answer else None
