"""Setting up who carries a workspace's mail, and trying it."""

import re
import uuid
from typing import Any

from webapp.auth import Actor, current_actor, require
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.mail_settings import REPLY_LOCAL_CHARS
from webapp.models import Job
from webapp.schemas.mail_provider import SECRETS, MailProviderForm, MailProviderSection
from webapp.services.job import enqueue, get_job
from webapp.services.setting import read_section, save_section
from webapp.signing import seal, unseal
from webapp.validators import is_valid_email, visible

TEST = "email.test"
SHOWN_CHARS = 4
LONG_ENOUGH = 12
"""A secret shorter than this shows nothing of itself."""
_REGION = re.compile(r"[a-z]{2}(-[a-z]+){1,2}-\d")
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z|[0-9a-fA-F:]+\Z")

Problem = tuple[str, str]


def save_providers(form: MailProviderForm, *, session: Any = None, actor: Actor | None = None) -> None:
    """Stores who carries mail; secrets sealed, those that were not typed as they were.

    Raises `Invalid` with every field at fault.
    """
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    old = read_section(MailProviderSection, session=session)
    secrets = {f"{name}_box": _secret(form, old, name) for name in SECRETS}
    if wrong := _problems(form, old, secrets):
        found = [{"loc": ["body", name], "msg": msg, "type": "value_error"} for name, msg in wrong]
        raise Invalid("Please check the marked fields", detail=found)
    typed = form.model_dump(include=set(MailProviderSection.model_fields))
    save_section(MailProviderSection(**{**typed, **secrets}), session=session, actor=actor)


def _secret(form: MailProviderForm, old: MailProviderSection, name: str) -> str:
    """The secret as it will be stored: typed anew, forgotten, or the old one."""
    if typed := getattr(form, name).strip():
        return seal(typed)
    return "" if getattr(form, f"remove_{name}") else str(getattr(old, f"{name}_box"))


def _problems(form: MailProviderForm, old: MailProviderSection, secrets: dict[str, str]) -> list[Problem]:
    found = _sender_problems(form)
    if sorted(form.order) != sorted(MailProviderSection().order):
        found.append(("order", "Each provider once"))
    if form.sendgrid == "own" and not secrets["sendgrid_api_key_box"]:
        found.append(("sendgrid_api_key", "Type the key that SendGrid gave you"))
    if form.ses == "own":
        found += _ses_problems(form, secrets)
    if form.smtp == "own":
        found += _smtp_problems(form, old, secrets)
    return found


def _sender_problems(form: MailProviderForm) -> list[Problem]:
    found = []
    if visible(form.sender_name) != form.sender_name:
        found.append(("sender_name", "A name in one line, without hidden characters"))
    if form.sender_address and not is_valid_email(form.sender_address):
        found.append(("sender_address", "This is not an e-mail address"))
    if form.reply_to and not is_valid_email(form.reply_to):
        found.append(("reply_to", "This is not an e-mail address"))
    elif len(form.reply_to.rpartition("@")[0]) > REPLY_LOCAL_CHARS:
        found.append(
            ("reply_to", f"At most {REPLY_LOCAL_CHARS} characters before the @: a token follows them")
        )
    return found


def _ses_problems(form: MailProviderForm, secrets: dict[str, str]) -> list[Problem]:
    found = []
    if not _REGION.fullmatch(form.ses_region):
        found.append(("ses_region", "A region such as eu-west-1"))
    if not form.ses_access_key_id.isalnum():
        found.append(("ses_access_key_id", "Type the id of the access key"))
    if not secrets["ses_secret_access_key_box"]:
        found.append(("ses_secret_access_key", "Type the secret of the access key"))
    return found


def _smtp_problems(
    form: MailProviderForm, old: MailProviderSection, secrets: dict[str, str]
) -> list[Problem]:
    found = []
    if not _HOST.match(form.smtp_host):
        found.append(("smtp_host", "The name of the server, such as mail.example.com"))
    if visible(form.smtp_username) != form.smtp_username:
        found.append(("smtp_username", "A name in one line, without hidden characters"))
    has_password, typed = bool(secrets["smtp_password_box"]), bool(form.smtp_password.strip())
    if bool(form.smtp_username) != has_password:
        missing = "smtp_password" if form.smtp_username else "smtp_username"
        found.append((missing, "A user and a password belong together"))
    elif has_password and form.smtp_tls == "off":
        found.append(("smtp_tls", "A password is sent over TLS only"))
    elif has_password and not typed and _goes_elsewhere(form, old):
        found.append(("smtp_password", "Type it again: it goes to another server now"))
    return found


def _goes_elsewhere(form: MailProviderForm, old: MailProviderSection) -> bool:
    """Whether a stored password would be sent where whoever typed it did not mean it to go."""
    return (form.smtp_host, form.smtp_port) != (old.smtp_host, old.smtp_port)


def shown_secrets(own: MailProviderSection) -> dict[str, str]:
    """By name, what a page may say of each secret: "" for none, else a few words and at most its end."""
    return {name: _shown(getattr(own, f"{name}_box")) for name in SECRETS}


def _shown(box: str) -> str:
    if not box:
        return ""
    try:
        secret = unseal(box)
    except ValueError:
        return "Cannot be opened: SECRET_KEY has changed. Type it again."
    return f"Set, ends in …{secret[-SHOWN_CHARS:]}" if len(secret) >= LONG_ENOUGH else "Set"


# --- trying it ------------------------------------------------------------------------------------


def request_test(provider: str, *, session: Any = None, actor: Actor | None = None) -> Job:
    """Queues a test mail to whoever asks, through one provider as it is saved now."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "settings:manage")
    if not actor.email:
        raise Invalid.field("test", "You have no e-mail address")
    params = {"provider": provider, "to": actor.email, "name": actor.name}
    job = enqueue(TEST, params, session=session, max_attempts=1, requested_by_id=actor.id)
    assert job is not None, "without a unique key a job is always made"
    return job


def find_test(job_id: uuid.UUID, *, actor: Actor | None = None) -> Job | None:
    """A test that the actor may see, or None."""
    job = get_job(job_id, actor=actor)
    return job if job.type == TEST else None


HINTS = {
    "401": "The key or the password is wrong, or it was revoked.",
    "403": "The key may not send mail, or this sender is not verified there.",
    "400": "It does not take this sender or this address.",
    "429": "Too many mails in too short a time.",
    "5": "It has trouble of its own; try again later.",
    "530": "The server wants you to sign in, or TLS first.",
    "534": "The server wants another way to sign in, such as an app password.",
    "535": "The user or the password is wrong.",
    "550": "The server does not take mail from this sender, or to this address.",
    "553": "The server does not take this sender address.",
    "InvalidClientTokenId": "The access key's id is unknown to Amazon.",
    "UnrecognizedClientException": "The access key's id is unknown to Amazon.",
    "SignatureDoesNotMatch": "The secret does not belong to this access key.",
    "AccessDeniedException": "This access key may not send mail.",
    "MessageRejected": "Amazon wants the sender's address or domain verified in this region first.",
    "EndpointConnectionError": "There is no such region, or Amazon cannot be reached from here.",
    "NotPublic": "This address is on a private network. Such a server is set in the environment.",
    "gaierror": "No server has this name.",
    "ConnectionRefusedError": "Nothing listens at this host and port.",
    "SSLCertVerificationError": "The server's certificate is not valid for this name.",
    "SSLError": "The server does not speak TLS on this port: try STARTTLS.",
    "SMTPNotSupportedError": "The server offers no STARTTLS or no sign-in: try another kind of TLS.",
    "SMTPServerDisconnected": "The server hung up: the port and the kind of TLS may not fit together.",
    "TimeoutError": "It did not answer in time.",
    "ReadTimeout": "It did not answer in time.",
    "ConnectTimeout": "It did not answer in time.",
    "ConnectionError": "It cannot be reached from here.",
    "SECRET_KEY": "Type it again and save.",
}
"""What the last word of a provider's answer means, in plain words."""


def explain(said: str) -> str:
    """A provider's answer with what it means, if we know."""
    word = said.rpartition(" ")[2]
    hint = HINTS.get(word) or (HINTS["5"] if word.startswith("5") and "SMTP" not in said else "")
    return f"{said}. {hint}".rstrip()
