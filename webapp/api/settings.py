"""The settings of the workspace that are one form each: what is given is put over what holds."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from webapp.api.doors import access, answers, staff_views
from webapp.api.matching import matching
from webapp.database import read_only, transaction
from webapp.schemas.availability import AvailabilitySettings
from webapp.schemas.lifecycle import Lifecycle
from webapp.schemas.mail import MailSection
from webapp.schemas.routing import RoutingSettings
from webapp.schemas.safety import (
    OidcOut,
    OidcPatch,
    OidcSection,
    SafetySection,
    SecondFactorRules,
    oidc_out,
)
from webapp.schemas.workspace import WorkspaceSection, WorkspaceSettings
from webapp.services import availability, setting, workspace
from webapp.services.routing import rules
from webapp.services.safety import oidc, policy
from webapp.services.ticket import transitions

bp = staff_views("settings", __name__)


def _read(kind: type[BaseModel]) -> Any:
    with read_only():
        return {"settings": setting.read_section(kind).model_dump(mode="json")}


def _update(given: BaseModel, save: Callable[[Any], None]) -> Any:
    with transaction():
        whole = setting.put_over(type(given), given.model_dump(exclude_unset=True))
        save(whole)
        return {"settings": whole.model_dump(mode="json")}


@bp.get("/settings/workspace")
@access("settings:manage")
@answers(settings=WorkspaceSettings)
def read_workspace() -> Any:
    """The workspace's name, and what holds where nothing nearer says otherwise."""
    with read_only():
        return {"settings": _workspace()}


def _workspace() -> dict[str, Any]:
    return {"name": workspace.get_workspace().name, **setting.read_section(WorkspaceSection).model_dump()}


@bp.patch("/settings/workspace")
@access("settings:manage")
@matching(read_workspace)
@answers(settings=WorkspaceSettings)
def update_workspace(body: WorkspaceSettings) -> Any:
    """Changes what is given of them."""
    given = body.model_dump(exclude_unset=True)
    with transaction():
        if "name" in given:
            workspace.rename_workspace(given.pop("name"))
        setting.save_section(setting.put_over(WorkspaceSection, given))
        return {"settings": _workspace()}


@bp.get("/settings/routing")
@access("settings:manage")
@answers(settings=RoutingSettings)
def read_routing() -> Any:
    """How tickets find their people."""
    return _read(RoutingSettings)


@bp.patch("/settings/routing")
@access("settings:manage")
@matching(read_routing)
@answers(settings=RoutingSettings)
def update_routing(body: RoutingSettings) -> Any:
    """Changes what is given of it; rules and weights as a whole."""
    return _update(body, rules.save_settings)


@bp.get("/settings/lifecycle")
@access("settings:manage")
@answers(settings=Lifecycle)
def read_lifecycle() -> Any:
    """When tickets move by themselves."""
    return _read(Lifecycle)


@bp.patch("/settings/lifecycle")
@access("settings:manage")
@matching(read_lifecycle)
@answers(settings=Lifecycle)
def update_lifecycle(body: Lifecycle) -> Any:
    """Changes what is given of it; the tickets that there are follow in a moment."""
    return _update(body, transitions.save_rules)


@bp.get("/settings/availability")
@access("settings:manage")
@answers(settings=AvailabilitySettings)
def read_availability() -> Any:
    """The reasons for stepping out, in the order in which they are offered."""
    return _read(AvailabilitySettings)


@bp.patch("/settings/availability")
@access("settings:manage")
@matching(read_availability)
@answers(settings=AvailabilitySettings)
def update_availability(body: AvailabilitySettings) -> Any:
    """Gives another list of reasons; one that keeps its `id` keeps those who are away for it."""
    return _update(body, availability.save_reasons)


@bp.get("/settings/mail")
@access("settings:manage")
@answers(settings=MailSection)
def read_mail() -> Any:
    """When customers are told by mail, and how."""
    return _read(MailSection)


@bp.patch("/settings/mail")
@access("settings:manage")
@matching(read_mail)
@answers(settings=MailSection)
def update_mail(body: MailSection) -> Any:
    """Changes what is given of it."""
    return _update(body, setting.save_section)


# --- how people sign in ---------------------------------------------------------------------------


@bp.get("/settings/second-factor")
@access("settings:manage")
@answers(settings=SecondFactorRules)
def read_second_factor() -> Any:
    """Which roles must have a second factor."""
    with read_only():
        return {"settings": _second_factor()}


def _second_factor() -> dict[str, Any]:
    return {"roles": setting.read_section(SafetySection).required_roles}


@bp.patch("/settings/second-factor")
@access("settings:manage")
@matching(read_second_factor)
@answers(settings=SecondFactorRules)
def update_second_factor(body: SecondFactorRules) -> Any:
    """Says which roles must. Whoever lacks one is signed out, and sets it up when they next sign in."""
    with transaction():
        policy.save_required_roles(body.roles)
        return {"settings": _second_factor()}


@bp.get("/settings/oidc")
@access("settings:manage")
@answers(settings=OidcOut)
def read_oidc() -> Any:
    """The provider that people may sign in with; never its secret."""
    with read_only():
        return {"settings": oidc_out(setting.read_section(OidcSection))}


def _wanted(body: OidcPatch) -> OidcSection:
    """What is asked for, once the provider has answered."""
    with read_only():
        wanted = policy.oidc_of(*body.over(setting.read_section(OidcSection)))
    if wanted.enabled:
        oidc.check(wanted)
    return wanted


@bp.patch("/settings/oidc")
@access("settings:manage")
@matching(read_oidc, first=_wanted)
@answers(settings=OidcOut)
def update_oidc(body: OidcPatch, found: OidcSection) -> Any:  # noqa: ARG001 - `first` has read it
    """Changes what is given of it, once the provider has answered.

    Passwords are turned off (`only`) by somebody who is signed in this way: on the page, never with a key.
    """
    with transaction():
        policy.save_oidc(found)
        return {"settings": oidc_out(found)}
