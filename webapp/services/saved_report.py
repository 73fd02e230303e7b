"""Reports under a name: a screen with its range and filters, one's own or the workspace's."""

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode

import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from webapp import clock
from webapp.auth import Actor, current_actor, require, require_person
from webapp.errors import Forbidden, Invalid, NotFound
from webapp.extensions import db
from webapp.models import SavedReport, User
from webapp.schemas.report import FILTERS, NOBODY, Scope, read_scope
from webapp.schemas.saved_report import SavedReportEdit, SavedReportForm, ShownForm
from webapp.services.event import record
from webapp.services.report.labels import NAMED, labels_of
from webapp.services.timer import clear_timer
from webapp.services.user import current_user

MOST = 100
"""So many may one person have."""
LANDING = "report_landing"
"""The preference that holds the saved report that one's reports begin with."""
OWN_CHARS = 40
ONES_OWN = ("by", "promise", "week_of", "time", "sort", "order")
"""What screens take beside the scope. They check it themselves when they are opened."""


# --- reading --------------------------------------------------------------------------------------


def list_saved(*, session: Any = None, actor: Actor | None = None) -> list[tuple[SavedReport, str]]:
    """The actor's own and the shared ones, by name, each with its owner's name."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "report:read")
    query = sa.select(SavedReport, User.name).join(User, User.id == SavedReport.owner_id)
    found = session.execute(
        query.where(_seen_by(actor)).order_by(sa.func.lower(SavedReport.name), SavedReport.id)
    )
    return [(row, owner) for row, owner in found]


def _seen_by(actor: Actor) -> Any:
    return sa.or_(SavedReport.is_shared, SavedReport.owner_id == actor.id)


def saved_for(report_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> SavedReport:
    """A report that the actor may open. Raises `NotFound`."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "report:read")
    query = sa.select(SavedReport).where(SavedReport.id == report_id, _seen_by(actor))
    found: SavedReport | None = session.scalar(query)
    if found is None:
        raise NotFound("There is no such report")
    return found


def may_change(report: SavedReport, actor: Actor) -> bool:
    """Whether it is theirs, or everybody's and they manage the settings."""
    return report.owner_id == actor.id or (report.is_shared and actor.may("settings:manage"))


def _changeable(report_id: uuid.UUID, session: Any, actor: Actor) -> SavedReport:
    found = saved_for(report_id, session=session, actor=actor)
    if not may_change(found, actor):
        raise Forbidden("Only its author, and who manages the settings, may change it")
    return found


def address_of(report: SavedReport) -> str:
    """Where it is shown."""
    arguments = {**report.arguments, "saved": str(report.id)}
    return f"/admin/reports/{report.screen}?{urlencode(arguments, doseq=True)}"


def scope_of(report: SavedReport) -> Scope:
    """Its range and filters. Raises `Invalid` if this version of the desk does not know them any more."""
    return read_scope(_multi(report.arguments))


def _multi(arguments: Mapping[str, Any]) -> MultiDict[str, Any]:
    return MultiDict(
        (name, str(value))
        for name, values in arguments.items()
        for value in (values if isinstance(values, list) else [values])
    )


def gone_filters(report: SavedReport, *, session: Any = None) -> list[str]:
    """What it filters by that has been deleted since: `team`, `tag` …"""
    session = session or db.session()
    try:
        scope = scope_of(report)
    except Invalid:
        return ["something that is unknown by now"]
    return [name for name in FILTERS if name in NAMED and _is_gone(name, getattr(scope, name), session)]


def _is_gone(name: str, chosen: list[str], session: Any) -> bool:
    return bool(set(chosen) - {NOBODY} - set(labels_of(name, session))) if chosen else False


# --- writing --------------------------------------------------------------------------------------


def save_report(form: SavedReportForm, *, session: Any = None, actor: Actor | None = None) -> SavedReport:
    """Keeps a screen under a name. Raises `Invalid` for what no report can be asked."""
    session, actor = session or db.session(), actor or current_actor()
    require(actor, "report:read")
    owner_id = require_person(actor)
    if _count(owner_id, session) >= MOST:
        raise Invalid.field("name", f"You have {MOST} reports: delete one first")
    _require_sharing(form.is_shared, actor)
    made = SavedReport(
        owner_id=owner_id,
        name=form.name,
        screen=form.screen,
        arguments=_checked(form.arguments),
        is_shared=form.is_shared,
    )
    session.add(made)
    session.flush()
    changes = {"name": [None, made.name], "is_shared": [None, made.is_shared]}
    record("saved_report.created", session=session, actor=actor, subject_id=made.id, changes=changes)
    return made


def _count(owner_id: uuid.UUID, session: Any) -> int:
    query = sa.select(sa.func.count()).select_from(SavedReport).where(SavedReport.owner_id == owner_id)
    return int(session.scalar(query))


def _require_sharing(is_shared: bool, actor: Actor) -> None:
    if is_shared and not actor.may("settings:manage"):
        raise Invalid.field("is_shared", "Only who manages the settings may share it with everybody")


def _checked(arguments: str) -> dict[str, Any]:
    """A URL's arguments as they are kept: the scope's, and the screen's own."""
    given = parse_qs(arguments.removeprefix("?"), max_num_fields=200)
    own = {name: given[name][-1][:OWN_CHARS] for name in ONES_OWN if name in given}
    return {**read_scope(_multi(given)).arguments(), **own}


def update_saved(
    report_id: uuid.UUID, form: SavedReportEdit, *, session: Any = None, actor: Actor | None = None
) -> SavedReport:
    """Renames it, shares it, or keeps it to oneself. Raises `NotFound`, `Forbidden`, `Invalid`."""
    session, actor = session or db.session(), actor or current_actor()
    found = _changeable(report_id, session, actor)
    if form.is_shared != found.is_shared:
        _require_sharing(form.is_shared, actor)
    return _change(found, {"name": form.name, "is_shared": form.is_shared}, session, actor)


def update_shown(
    report_id: uuid.UUID, form: ShownForm, *, session: Any = None, actor: Actor | None = None
) -> SavedReport:
    """Lets it show what is shown now. Raises `NotFound`, `Forbidden`, `Invalid`."""
    session, actor = session or db.session(), actor or current_actor()
    found = _changeable(report_id, session, actor)
    return _change(found, {"screen": form.screen, "arguments": _checked(form.arguments)}, session, actor)


def _change(report: SavedReport, wanted: dict[str, Any], session: Any, actor: Actor) -> SavedReport:
    old = {name: getattr(report, name) for name in wanted}
    changes = {name: [old[name], new] for name, new in wanted.items() if old[name] != new}
    if changes:
        for name, value in wanted.items():
            setattr(report, name, value)
        report.updated_at = clock.now()
        session.flush()
        record("saved_report.updated", session=session, actor=actor, subject_id=report.id, changes=changes)
    return report


def delete_saved(report_id: uuid.UUID, *, session: Any = None, actor: Actor | None = None) -> None:
    """Deletes it with its plan. Raises `NotFound`, `Forbidden`."""
    session, actor = session or db.session(), actor or current_actor()
    found = _changeable(report_id, session, actor)
    clear_timer("report.mail", found.id, session=session)
    session.delete(found)
    session.flush()
    changes = {"name": [found.name, None]}
    record("saved_report.deleted", session=session, actor=actor, subject_id=found.id, changes=changes)


# --- where reports begin --------------------------------------------------------------------------


def landing(*, session: Any = None, actor: Actor | None = None) -> SavedReport | None:
    """The saved report that the actor's reports begin with, if they chose one and may still open it."""
    chosen = current_user(actor=actor).settings.get(LANDING)
    try:
        return saved_for(uuid.UUID(chosen), session=session, actor=actor) if chosen else None
    except (NotFound, ValueError):
        return None


def set_landing(report_id: uuid.UUID | None, *, session: Any = None, actor: Actor | None = None) -> None:
    """Lets the actor's reports begin with a saved one; None: as usual. Raises `NotFound`."""
    session = session or db.session()
    if report_id is not None:
        saved_for(report_id, session=session, actor=actor)
    me = current_user(actor=actor)
    others = {name: value for name, value in me.settings.items() if name != LANDING}
    me.settings = {**others, LANDING: str(report_id)} if report_id else others
    session.flush()
