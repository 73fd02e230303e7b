"""Account safety: which roles must have a second factor, and the provider that people sign in with."""

from typing import Any

from flask import Blueprint, Response, flash, redirect

from webapp.database import read_only, transaction
from webapp.errors import AppError
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, form_page, form_values, handled, read_form
from webapp.schemas.safety import OidcForm, OidcSection, RolesForm, SafetySection
from webapp.services.edit import About, version_of
from webapp.services.safety import oidc, policy
from webapp.services.setting import read_section
from webapp.services.workspace import get_workspace

bp = Blueprint("safety", __name__, url_prefix="/settings/safety")

HERE = "/settings/safety"


@bp.get("")
@staff_page("settings:manage")
def show() -> Any:
    """Both parts."""
    return _page()


def _page(error: AppError | None = None, form: str = "") -> Response:
    with read_only():
        required, provider = _required(), read_section(OidcSection)
        roles = policy.standing()
        joins_as = policy.joinable()
        slug = get_workspace().slug
    values = form_values() if form == "oidc" else _typed(provider)
    required_now = list(form_values().get("roles") or ()) if form == "roles" else required
    return form_page(
        "safety/settings.html",
        error,
        roles=roles,
        required=required_now,
        roles_version=version_of(required),
        values=values,
        has_secret=bool(provider.secret_box),
        is_saved=provider.enabled,
        oidc_version=version_of(provider.model_dump()),
        joins_as=joins_as,
        redirect_uri=oidc.redirect_uri(),
        slug=slug,
        failed_form=form,
    )


def _required() -> list[str]:
    return read_section(SafetySection).required_roles


def _typed(section: OidcSection) -> dict[str, Any]:
    """The provider as the form's fields; never its secret."""
    return {**section.model_dump(exclude={"secret_box"}), "domains": " ".join(section.domains)}


@bp.post("")
@staff_page("settings:manage")
def save_roles() -> Response:
    """Says which roles must have a second factor."""

    def act() -> Response:
        roles = list(read_form(RolesForm).roles)
        with transaction():
            check_unchanged(_required, About("workspace", fields="safety."))
            policy.save_required_roles(roles)
        flash("Saved. Whoever must set up a second factor does so when they next sign in.")
        return redirect(HERE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(error, "roles"))


@bp.post("/oidc")
@staff_page("settings:manage")
def save_oidc() -> Response:
    """Saves the provider, once it has answered."""
    return handled(_save_oidc, lambda error: _page(error, "oidc"))


def _save_oidc() -> Response:
    form = read_form(OidcForm)
    with read_only():
        wanted = policy.oidc_of(form, read_section(OidcSection))
    if wanted.enabled:
        oidc.check(wanted)
    with transaction():
        check_unchanged(lambda: read_section(OidcSection).model_dump(), About("workspace", fields="oidc."))
        policy.save_oidc(wanted)
    flash("Saved")
    return redirect(f"{HERE}#provider")  # type: ignore[return-value]
