"""A mail server of one's own: SMTP with TLS and a name."""

import smtplib
import ssl

from webapp.integrations.mail import Mail, MailError, NotConfigured, Refused
from webapp.mail_settings import MailSettings, SmtpServer


def deliver(config: MailSettings, mail: Mail) -> str:
    """Hands the mail over to the server; its own id is the message's. Raises `MailError`, `Refused`."""
    if config.smtp is None:
        raise NotConfigured("SMTP is not configured")
    try:
        with _connected(config.smtp, config.timeout_seconds) as server:
            # One envelope recipient, whatever the headers say.
            server.sendmail(config.sender.addr_spec, [mail.to], mail.message().as_bytes())
    except smtplib.SMTPRecipientsRefused as error:
        ((code, _),) = error.recipients.values()
        raise _answered(code) from None
    except smtplib.SMTPResponseException as error:
        raise _answered(error.smtp_code, in_dialogue=not isinstance(error, smtplib.SMTPDataError)) from None
    except (OSError, smtplib.SMTPException) as error:
        raise MailError(f"SMTP: {type(error).__name__}") from None
    return mail.message_id or ""


def _answered(code: int, *, in_dialogue: bool = False) -> MailError:
    """A 5xx to the recipient or the message is the mail's fault; to the rest of the dialogue it isn't."""
    kind = Refused if code >= 500 and not in_dialogue else MailError
    return kind(f"SMTP answered {code}")


def _connected(server: SmtpServer, seconds: float) -> smtplib.SMTP:
    if server.tls == "tls":
        context = ssl.create_default_context()
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=seconds, context=context
        )
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=seconds)
    try:
        if server.tls == "starttls":
            connection.starttls(context=ssl.create_default_context())
        if server.username:
            connection.login(server.username, server.password)
    except BaseException:
        connection.close()
        raise
    return connection
