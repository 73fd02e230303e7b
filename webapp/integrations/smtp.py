"""A mail server of one's own: SMTP with TLS and a name."""

import smtplib
import ssl
from typing import Any

from webapp import green
from webapp.integrations import safe_http
from webapp.integrations.mail import Mail, MailError, NotConfigured, Refused
from webapp.mail_settings import MailSettings, SmtpServer

STEPS = 4
"""The whole talk may take so many times what one step of it may."""


def deliver(config: MailSettings, mail: Mail) -> str:
    """Hands the mail over to the server; its own id is the message's. Raises `MailError`, `Refused`."""
    if config.smtp is None:
        raise NotConfigured("SMTP is not configured")
    try:
        with (
            green.deadline(STEPS * config.timeout_seconds),
            connected(config.smtp, config.timeout_seconds) as server,
        ):
            # One envelope recipient, whatever the headers say.
            server.sendmail(mail.sender.addr_spec, [mail.to], mail.message().as_bytes())
    except smtplib.SMTPRecipientsRefused as error:
        ((code, _),) = error.recipients.values()
        raise _answered(code) from None
    except smtplib.SMTPResponseException as error:
        raise _answered(error.smtp_code, in_dialogue=not isinstance(error, smtplib.SMTPDataError)) from None
    except safe_http.Unreachable:
        raise MailError("SMTP: NotPublic") from None
    except (OSError, smtplib.SMTPException) as error:
        raise MailError(f"SMTP: {type(error).__name__}") from None
    return mail.message_id or ""


def _answered(code: int, *, in_dialogue: bool = False) -> MailError:
    """A 5xx to the recipient or the message is the mail's fault; to the rest of the dialogue it isn't."""
    kind = Refused if code >= 500 and not in_dialogue else MailError
    return kind(f"SMTP answered {code}")


def _kind(server: SmtpServer) -> Any:
    """The class of connection; one that somebody of a workspace named goes to addresses that it may have."""
    plain: Any = smtplib.SMTP_SSL if server.tls == "tls" else smtplib.SMTP
    if server.reach == "any":
        return plain

    class Checked(plain):  # type: ignore[misc]
        # The certificate is still checked against the name: only the socket goes to the address.
        def _get_socket(self, host: str, port: int, timeout: float) -> Any:
            loopback = server.reach == "public_or_loopback"
            address = safe_http.resolve(host, port, allow_loopback=loopback)
            return super()._get_socket(address, port, timeout)

    return Checked


def connected(server: SmtpServer, seconds: float) -> smtplib.SMTP:
    """A session with a server, signed in at where there is a name; each step may take so many seconds."""
    kind = _kind(server)
    if server.tls == "tls":
        context = ssl.create_default_context()
        connection = kind(server.host, server.port, timeout=seconds, context=context)
    else:
        connection = kind(server.host, server.port, timeout=seconds)
    try:
        if server.tls == "starttls":
            connection.starttls(context=ssl.create_default_context())
        if server.username:
            connection.login(server.username, server.password)
    except BaseException:
        connection.close()
        raise
    return connection
