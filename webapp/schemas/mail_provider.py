"""Who carries a workspace's mail: its section of the settings, and the form that changes it."""

from itertools import permutations
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from webapp.schemas.text import Line, Strict

PROVIDERS = {"sendgrid": "SendGrid", "ses": "Amazon SES", "smtp": "SMTP server"}
"""In the order in which they are tried unless a workspace wants another one."""
ORDERS = {
    ",".join(names): ", then ".join(PROVIDERS[name] for name in names) for names in permutations(PROVIDERS)
}

SECRETS = ("sendgrid_api_key", "ses_secret_access_key", "smtp_password")

Provider = Literal["sendgrid", "ses", "smtp"]
Source = Literal["environment", "own", "off"]
Tls = Literal["starttls", "tls", "off"]
Short = Annotated[Line, Field(max_length=200)]
Secret = Annotated[Line, Field(min_length=1)]


def _order(value: object) -> object:
    return value.split(",") if isinstance(value, str) else value


def _ticked(value: object) -> object:
    return value in ("1", "on", True)


class _Providers(Strict):
    """What is kept as it was typed. `sendgrid`, `ses`, `smtp`: whose account is used, if any."""

    sender_name: Annotated[Line, Field(max_length=100)] = ""
    sender_address: Annotated[Line, Field(max_length=254)] = ""
    reply_to: Annotated[Line, Field(max_length=254)] = ""
    order: list[Provider] = list(PROVIDERS)  # type: ignore[arg-type] # its keys are the literals
    sendgrid: Source = "environment"
    ses: Source = "environment"
    ses_region: Short = ""
    ses_access_key_id: Short = ""
    smtp: Source = "environment"
    smtp_host: Annotated[Line, Field(max_length=253)] = ""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_tls: Tls = "starttls"
    smtp_username: Short = ""
    smtp_timeout_seconds: Annotated[int, Field(ge=1, le=30)] = 10


class MailProviderSection(_Providers):
    """The section: the secrets of the form are sealed in it, each in its box."""

    section: ClassVar[str] = "mail_providers"

    sendgrid_api_key_box: str = ""
    ses_secret_access_key_box: str = ""
    smtp_password_box: str = ""


class MailProviderForm(_Providers):
    """The form. An empty secret keeps the one that is stored; `remove_…` forgets it."""

    order: Annotated[list[Provider], BeforeValidator(_order), Field(min_length=3, max_length=3)]
    sendgrid_api_key: Line = ""
    ses_secret_access_key: Line = ""
    smtp_password: Line = ""
    remove_sendgrid_api_key: Annotated[bool, BeforeValidator(_ticked)] = False
    remove_ses_secret_access_key: Annotated[bool, BeforeValidator(_ticked)] = False
    remove_smtp_password: Annotated[bool, BeforeValidator(_ticked)] = False
    test: Literal["", "sendgrid", "ses", "smtp"] = ""


class MailProviderPatch(_Providers):
    """What a program changes. A secret is set by its text and forgotten by null; left out, it stays."""

    order: Annotated[list[Provider], Field(min_length=3, max_length=3)] = list(PROVIDERS)  # type: ignore[arg-type]
    sendgrid_api_key: Secret | None = None
    ses_secret_access_key: Secret | None = None
    smtp_password: Secret | None = None

    def over(self, stored: MailProviderSection) -> MailProviderForm:
        """The form of what is stored, with what is given put over it."""
        given = self.model_dump(exclude_unset=True)
        forgotten = {f"remove_{name}": True for name in SECRETS if given.get(name, "") is None}
        typed = {name: value for name, value in given.items() if value is not None}
        plain = stored.model_dump(include=set(_Providers.model_fields))
        return MailProviderForm.model_validate({**plain, **typed, **forgotten})


class MailProviderOut(_Providers):
    """Who carries the mail; of the secrets only whether there is one."""

    has_sendgrid_api_key: bool
    has_ses_secret_access_key: bool
    has_smtp_password: bool


def mail_provider_out(section: MailProviderSection) -> dict[str, Any]:
    """The section as programs see it."""
    plain = section.model_dump(include=set(_Providers.model_fields))
    return {**plain, **{f"has_{name}": bool(getattr(section, f"{name}_box")) for name in SECRETS}}
