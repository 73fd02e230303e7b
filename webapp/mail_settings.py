"""How mail leaves: the environment's providers, the sender and where answers go."""

from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

REPLY_LOCAL_CHARS = 11
"""What may stand before the plus of a reply address, so that its token still fits into 64 characters."""


class SmtpServer(NamedTuple):
    """A server as `SMTP_URL` names it. `tls`: `tls` from the start, `starttls`, or `off`.

    `reach`: the addresses it may have: `any`, `public`, or `public_or_loopback`.
    """

    host: str
    port: int
    username: str
    password: str
    tls: str
    reach: str = "any"


@dataclass(frozen=True)
class MailSettings:
    """Everything about mail that is configured; a provider without its key is not used."""

    sender: Address
    reply_to: str
    timeout_seconds: float
    sendgrid_url: str
    ses_region: str
    ses_url: str | None
    ses_access_key_id: str
    ses_bucket: str
    smtp: SmtpServer | None = field(repr=False)
    sendgrid_api_key: str = field(repr=False)
    ses_secret_access_key: str = field(repr=False)

    @property
    def providers(self) -> tuple[str, ...]:
        """The configured ones, in the order in which they are tried; the outbox folder if there are none."""
        found = [
            name
            for name, is_configured in (
                ("sendgrid", self.sendgrid_api_key),
                ("ses", self.ses_region),
                ("smtp", self.smtp),
            )
            if is_configured
        ]
        return tuple(found) or ("outbox",)


def read_mail_settings(read: Any, base_url: str) -> MailSettings:
    """The settings from the environment's reader, which gathers what is wrong."""
    sender = _sender(read, base_url)
    ses = {
        name: read.text(f"SES_{name.upper()}") for name in ("region", "access_key_id", "secret_access_key")
    }
    bucket = read.text("SES_BUCKET")
    if (bucket or any(ses.values())) and not ses["region"]:
        read.problems.append("SES_REGION is missing: SES needs it beside its keys")
    if bool(ses["access_key_id"]) != bool(ses["secret_access_key"]):
        read.problems.append("SES_ACCESS_KEY_ID and SES_SECRET_ACCESS_KEY must be set together")
    return MailSettings(
        sender=sender,
        reply_to=_reply_to(read, sender),
        timeout_seconds=read.number("MAIL_TIMEOUT_SECONDS", 10, 0.1, 30),
        sendgrid_api_key=read.text("SENDGRID_API_KEY"),
        sendgrid_url=_url(read, "SENDGRID_URL", "https://api.sendgrid.com"),
        ses_region=ses["region"],
        ses_url=_url(read, "SES_URL", "") or None,
        ses_access_key_id=ses["access_key_id"],
        ses_bucket=bucket,
        ses_secret_access_key=ses["secret_access_key"],
        smtp=_smtp(read),
    )


def _sender(read: Any, base_url: str) -> Address:
    host = urlsplit(base_url).hostname or "localhost"
    usual = Address("Parley", "no-reply", "localhost" if ":" in host else host)
    return read.parsed("MAIL_FROM", usual, _address, "like Support <support@example.com>")  # type: ignore[no-any-return]


def _address(text: str) -> Address:
    name, _, rest = text.rpartition("<")
    if any(ord(char) < 32 for char in text):
        raise ValueError(text)
    try:
        found = Address(name.strip().strip('"'), addr_spec=rest.removesuffix(">").strip())
    except (HeaderParseError, IndexError):
        raise ValueError(text) from None
    if not found.username or not found.domain:
        raise ValueError(text)
    return found


def _reply_to(read: Any, sender: Address) -> str:
    """The mailbox that answers come to; its plus addresses must come to it as well."""
    address = read.parsed("MAIL_REPLY_TO", None, _address, "an address such as reply@example.com")
    if address is None:
        return sender.addr_spec
    if len(address.username) > REPLY_LOCAL_CHARS:
        read.problems.append(
            f"MAIL_REPLY_TO may have at most {REPLY_LOCAL_CHARS} characters before the @: a token follows"
        )
    return str(address.addr_spec)


def _url(read: Any, name: str, default: str) -> str:
    url = str(read.text(name, default)).rstrip("/")
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        read.problems.append(f"{name} must begin with https:// or http://")
    return url


def _smtp(read: Any) -> SmtpServer | None:
    expected = "like smtp://user:password@mail.example.com:587 or smtps://… (?tls=off to go without)"
    return read.parsed("SMTP_URL", None, _server, expected)  # type: ignore[no-any-return]


def _server(text: str) -> SmtpServer:
    parts = urlsplit(text)
    usual = {"smtp": ("starttls", 587), "smtps": ("tls", 465)}
    tls, port = usual[parts.scheme]
    options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    if not parts.hostname or parts.path not in ("", "/") or options.keys() - {"tls"}:
        raise ValueError(text)
    if options and options["tls"] not in ("off", "starttls", "tls"):
        raise ValueError(text)
    return SmtpServer(
        host=parts.hostname,
        port=parts.port or port,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=options.get("tls", tls),
    )
