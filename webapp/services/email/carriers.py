"""Who carries a workspace's mail: its own account at a provider, or the installation's.

A provider's account is taken whole from one of them: a workspace that names another server is never given
the installation's password for it.
"""

from collections.abc import Callable
from dataclasses import replace
from email.headerregistry import Address

from webapp.config import settings
from webapp.database import read_only
from webapp.integrations.mail import MailError
from webapp.mail_settings import MailSettings, SmtpServer
from webapp.schemas.mail_provider import PROVIDERS, MailProviderSection
from webapp.services.setting import read_section
from webapp.signing import unseal
from webapp.tenancy import current_workspace_id


def section() -> MailProviderSection:
    """What the workspace has set, or nothing at all for work of no workspace."""
    if current_workspace_id() is None:
        return MailProviderSection()
    with read_only() as session:
        return read_section(MailProviderSection, session=session)


def sender() -> Address:
    """Whom mail comes from."""
    own, usual = section(), settings().mail.sender
    if not own.sender_name and not own.sender_address:
        return usual
    name, address = own.sender_name or usual.display_name, own.sender_address or usual.addr_spec
    return Address(name, addr_spec=address)


def reply_to() -> str:
    """The mailbox that answers come to: the workspace's, the environment's, else the sender's."""
    own, usual = section(), settings().mail
    if own.reply_to:
        return own.reply_to
    return usual.reply_to if usual.reply_to != usual.sender.addr_spec else sender().addr_spec


def order() -> tuple[str, ...]:
    """The providers as they are tried, configured or not."""
    return tuple(section().order)


def account(provider: str) -> MailSettings:
    """The settings with which a provider is asked; those without its key where it is not to be used.

    Raises `MailError` if its secret cannot be opened any more.
    """
    own, usual = section(), settings().mail
    source = getattr(own, provider)
    if source == "environment":
        return usual
    return _own[provider](own, usual) if source == "own" else replace(usual, **_NOTHING)


def is_in_use(provider: str) -> bool:
    """Whether a mail is offered to that provider."""
    source = getattr(section(), provider)
    return source == "own" or (source == "environment" and provider in settings().mail.providers)


def mail_leaves() -> bool:
    """Whether a provider takes mail; without one it lies in the outbox folder."""
    return any(is_in_use(name) for name in order())


_NOTHING = {"sendgrid_api_key": "", "ses_region": "", "smtp": None}


def _sendgrid(own: MailProviderSection, usual: MailSettings) -> MailSettings:
    return replace(usual, sendgrid_api_key=_opened("sendgrid", own.sendgrid_api_key_box))


def _ses(own: MailProviderSection, usual: MailSettings) -> MailSettings:
    return replace(
        usual,
        ses_region=own.ses_region,
        ses_access_key_id=own.ses_access_key_id,
        ses_secret_access_key=_opened("ses", own.ses_secret_access_key_box),
    )


def _smtp(own: MailProviderSection, usual: MailSettings) -> MailSettings:
    server = SmtpServer(
        host=own.smtp_host,
        port=own.smtp_port,
        username=own.smtp_username,
        password=_opened("smtp", own.smtp_password_box),
        tls=own.smtp_tls,
        reach="public_or_loopback" if settings().testing else "public",
    )
    return replace(usual, smtp=server, timeout_seconds=own.smtp_timeout_seconds)


_own: dict[str, Callable[[MailProviderSection, MailSettings], MailSettings]] = {
    "sendgrid": _sendgrid,
    "ses": _ses,
    "smtp": _smtp,
}


def _opened(provider: str, box: str) -> str:
    try:
        return unseal(box) if box else ""
    except ValueError:
        raise MailError(f"{PROVIDERS[provider]}: sealed with another SECRET_KEY") from None
