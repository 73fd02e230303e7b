"""Account safety: who must have a second factor, and the provider that people may sign in with."""

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, StringConstraints

from webapp.schemas.text import Line, Strict, Text
from webapp.schemas.user import Password
from webapp.validators import is_valid_email

Code = Annotated[Line, StringConstraints(max_length=40)]
Box = Annotated[Text, StringConstraints(max_length=4000)]
RoleKey = Annotated[Line, StringConstraints(max_length=40)]


class SafetySection(Strict):
    """`required_roles`: whoever has one of them must have a second factor."""

    section: ClassVar[str] = "safety"

    required_roles: list[Line] = Field(default=[], max_length=50)


class OidcSection(Strict):
    """The workspace's OpenID provider.

    `secret_box`: the client's secret, sealed; "" for a public client. `domains`: whose addresses may sign in;
    none: all. `joins_as`: the role of somebody who comes for the first time; "": only who is here already.
    `trust_addresses`: the provider's addresses count as verified although it does not say so.
    `is_second_factor`: signing in this way needs no code of ours. `only`: passwords open nothing.
    """

    section: ClassVar[str] = "oidc"

    enabled: bool = False
    issuer: Line = ""
    client_id: Line = ""
    secret_box: Box = ""
    label: Annotated[Line, StringConstraints(max_length=60)] = ""
    domains: list[Line] = Field(default=[], max_length=50)
    joins_as: RoleKey = ""
    trust_addresses: bool = False
    is_second_factor: bool = False
    only: bool = False


class OidcForm(Strict):
    """The provider as the settings page sends it; an empty secret leaves the one that is there."""

    enabled: bool = False
    issuer: Line = ""
    client_id: Line = ""
    secret: Annotated[Text, StringConstraints(max_length=500)] = ""
    label: Annotated[Line, StringConstraints(max_length=60)] = ""
    domains: Annotated[Text, StringConstraints(max_length=5000)] = ""
    joins_as: RoleKey = ""
    trust_addresses: bool = False
    is_second_factor: bool = False
    only: bool = False


class RolesForm(Strict):
    """Which roles must have a second factor: a tick for each."""

    roles: dict[Line, Any] = Field(default={}, max_length=50)


def _domain(value: str) -> str:
    if not is_valid_email(f"someone@{value.lower().removeprefix('@').rstrip('.')}"):
        raise ValueError("A domain such as example.com")
    return value


Domain = Annotated[Line, StringConstraints(max_length=90), AfterValidator(_domain)]


class SecondFactorRules(Strict):
    """The roles, by key, whose people must have a second factor."""

    roles: Annotated[list[RoleKey], Field(max_length=50)]


class _Oidc(Strict):
    enabled: bool = False
    issuer: Line = ""
    client_id: Line = ""
    label: Annotated[Line, StringConstraints(max_length=60)] = ""
    domains: Annotated[list[Domain], Field(max_length=50)] = []
    joins_as: RoleKey = ""
    trust_addresses: bool = False
    is_second_factor: bool = False
    only: bool = False


class OidcPatch(_Oidc):
    """What a program changes of the provider. `secret` is set by its text and forgotten by null."""

    secret: Annotated[Text, StringConstraints(min_length=1, max_length=500)] | None = None

    def over(self, stored: OidcSection) -> tuple[OidcForm, OidcSection]:
        """The form of what is stored with what is given put over it, and what is stored of it then."""
        given = self.model_dump(exclude_unset=True)
        if "secret" in given and given["secret"] is None:
            stored = stored.model_copy(update={"secret_box": ""})
        whole = {**stored.model_dump(exclude={"secret_box"}), **given, "secret": given.get("secret") or ""}
        return OidcForm(**{**whole, "domains": " ".join(whole["domains"])}), stored


class OidcOut(_Oidc):
    """The provider; of its secret only whether there is one."""

    has_secret: bool


def oidc_out(section: OidcSection) -> dict[str, Any]:
    """The provider as programs see it."""
    return {**section.model_dump(exclude={"secret_box"}), "has_secret": bool(section.secret_box)}


class CodeForm(Strict):
    """A one-time code, or a recovery code in its place."""

    code: Code = ""


class SetUpForm(Strict):
    """The first code of a new second factor; `box` is what the page was given to keep."""

    box: Box = ""
    code: Code = ""
    next: Line = ""


class DisableForm(Strict):
    """Doing without the second factor takes both."""

    password: Password = ""
    code: Code = ""
