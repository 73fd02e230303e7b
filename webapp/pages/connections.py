"""CRM and billing: connecting, what is shared, how it goes, and what happened."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, request
from flask import session as form_session

from webapp.auth import current_actor
from webapp.config import settings
from webapp.database import read_only, transaction
from webapp.errors import AppError, Conflict, Invalid, NotFound
from webapp.models import Connection
from webapp.models.connection import BILLING, CRMS, KINDS
from webapp.models.customer import TIERS
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, confirmed, form_page, form_values, handled, read_form
from webapp.schemas.connection import LABELS, ConnectForm, LogQuery, Mapping, entry_out
from webapp.services import connection, crm
from webapp.services.crm import setup
from webapp.services.crm.vendors import CALLBACK, mapping_of
from webapp.services.edit import About, version_of
from webapp.services.job import enqueue, get_job

bp = Blueprint("connections", __name__, url_prefix="/settings/connections")

HERE = "/settings/connections"
MOST_CHARS = 4000
DIRECTIONS = {"off": "Not shared", "out": "We tell them", "in": "They tell us"}


@bp.get("")
@staff_page("settings:manage")
def show_all() -> Response:
    """Who the workspace is connected to, and who it could be."""
    return _list()


def _list(error: AppError | None = None) -> Response:
    with read_only():
        found = {row.kind: _state(row) for row in connection.list_connections()}
    return form_page("connections/list.html", error, kinds=KINDS, labels=LABELS, found=found)


@bp.get("/<kind>")
@staff_page("settings:manage")
def show(kind: str) -> Response:
    """One of them: how to connect, or how it goes."""
    return _page(_known(kind))


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise NotFound("There is no such connection")
    return kind


@bp.post("/<kind>")
@staff_page("settings:manage")
def connect(kind: str) -> Response:
    """Tries what was typed and keeps it; or sends the browser there, to be let in."""
    _known(kind)

    def act() -> Response:
        form = read_form(ConnectForm)
        if kind in CRMS and form.method == "oauth":
            url, form_session["connection"] = setup.begin(kind, form)
            return redirect(url)  # type: ignore[return-value]
        return _keep(setup.check(setup.read_token_form(kind, form), "token"))

    return handled(act, lambda error: _page(kind, error))


def _keep(checked: setup.Checked) -> Response:
    with transaction():
        setup.save_checked(checked)
    flash(f"Connected to {LABELS[checked.account.kind]}")
    return redirect(f"{HERE}/{checked.account.kind}")  # type: ignore[return-value]


@bp.get(CALLBACK.removeprefix(HERE))
@staff_page("settings:manage")
def come_back() -> Response:
    """Where HubSpot or Salesforce sends the browser after somebody let us in, or not."""
    box = form_session.pop("connection", None)
    given = request.args.to_dict()
    try:
        if sum(map(len, given.values())) > MOST_CHARS:
            raise Invalid(setup.UNCONFIRMED)
        trip = setup.open_box(box, given)
        return _keep(setup.redeem(trip, given))
    except (Invalid, Conflict) as error:
        said = next((item["msg"] for item in error.detail), error.message)
        return _list(Invalid.field("", said))


@bp.post("/<kind>/test")
@staff_page("settings:manage")
def test(kind: str) -> Response:
    """Asks them whether we are let in, aside."""
    with transaction():
        connection.connection_for(_known(kind))
        asker = current_actor().id
        job = enqueue(setup.TEST, {"kind": kind}, max_attempts=1, requested_by_id=asker)
        job_id = job.id if job else ""
    return redirect(f"{HERE}/{kind}?test={job_id}")  # type: ignore[return-value]


@bp.post("/<kind>/disconnect")
@staff_page("settings:manage")
def disconnect(kind: str) -> Response:
    """Cuts it."""
    label = LABELS[_known(kind)]

    def act() -> Response:
        with transaction():
            connection.delete_connection(kind)
        flash(f"Disconnected from {label}")
        return redirect(HERE)  # type: ignore[return-value]

    with read_only():
        connection.connection_for(kind)
    return confirmed(label, act, question=LOST[kind], verb=f"Disconnect {label}", back=f"{HERE}/{kind}")


LOST = {
    **dict.fromkeys(
        CRMS,
        "Nothing is told or heard any more. Which contact each customer is there, the last answers and the "
        "log are forgotten; nothing is deleted there.",
    ),
    BILLING: "Nobody sees subscriptions and invoices here any more. The last answers are forgotten.",
}


# --- what is shared -------------------------------------------------------------------------------


@bp.get("/<kind>/fields")
@staff_page("settings:manage")
def show_fields(kind: str) -> Response:
    """Which field is which, and who tells whom."""
    return _fields_page(_crm(kind))


def _crm(kind: str) -> str:
    if kind not in CRMS:
        raise NotFound("Nothing is shared there")
    return kind


@bp.post("/<kind>/fields")
@staff_page("settings:manage")
def save_fields(kind: str) -> Response:
    """Keeps it."""
    _crm(kind)

    def act() -> Response:
        mapping = read_form(Mapping)
        with transaction():
            found = connection.connection_for(kind)
            check_unchanged(lambda: _shared(found), About("connection", found.id))
            setup.save_mapping(kind, mapping)
        flash("Saved")
        return redirect(f"{HERE}/{kind}/fields")  # type: ignore[return-value]

    return handled(act, lambda error: _fields_page(kind, error))


def _shared(found: Connection) -> dict[str, Any]:
    return mapping_of(found.kind, found.mapping).model_dump(mode="json")


def _fields_page(kind: str, error: AppError | None = None) -> Response:
    with read_only():
        found = connection.connection_for(kind)
        shared = _shared(found)
        values = {**shared, **(form_values() if error else {})}
        return form_page(
            "connections/fields.html",
            error,
            kind=kind,
            label=LABELS[kind],
            values=values,
            version=version_of(shared),
            ours=setup.shareable(),
            directions=list(DIRECTIONS.items()),
            theirs=found.their_fields,
            tiers=TIERS,
        )


# --- by hand --------------------------------------------------------------------------------------


@bp.post("/<kind>/retry")
@staff_page("settings:manage")
def retry_all(kind: str) -> Response:
    """Tells anew what failed and what waits."""
    with transaction() as session:
        connection.connection_for(_crm(kind))
        count = crm.retry_waiting(failed=True, session=session)
    flash(f"{count} {'customer is' if count == 1 else 'customers are'} told of again")
    return redirect(f"{HERE}/{kind}")  # type: ignore[return-value]


@bp.post("/<kind>/everybody")
@staff_page("settings:manage")
def tell_everybody(kind: str) -> Response:
    """Tells of everybody of whom they have not heard yet."""
    with transaction() as session:
        connection.connection_for(_crm(kind))
        count = crm.want_everybody(session=session)
    flash(f"{count} {'customer is' if count == 1 else 'customers are'} on the way")
    return redirect(f"{HERE}/{kind}")  # type: ignore[return-value]


@bp.post("/<kind>/customers/<uuid:customer_id>/retry")
@staff_page("settings:manage")
def retry_one(kind: str, customer_id: uuid.UUID) -> Response:
    """Tells of one customer anew; deleted there, it is made again."""
    with transaction() as session:
        connection.connection_for(_crm(kind))
        crm.retry(customer_id, session=session)
    flash("It is on the way")
    return redirect(f"{HERE}/{kind}")  # type: ignore[return-value]


# --- the page -------------------------------------------------------------------------------------


def _page(kind: str, error: AppError | None = None) -> Response:
    with read_only():
        found = connection.find_connection(kind)
        other = connection.find_crm()
        context = {
            "kind": kind,
            "label": LABELS[kind],
            "is_crm": kind in CRMS,
            "values": _typed() if error else {"method": "token"},
            "other": LABELS[other.kind] if other and kind in CRMS and other.kind != kind else "",
            "callback": f"{settings().base_url}{CALLBACK}",
            "state": _state(found) if found else None,
            "question": LOST[kind],
            "test": _test(kind),
            **(_about(found) if found else {}),
        }
        return form_page("connections/one.html", error, **context)


def _typed() -> dict[str, Any]:
    """What was typed; a secret is never given back."""
    return {**form_values(), "token": "", "client_secret": ""}


def _state(found: Connection) -> dict[str, Any]:
    """How it goes, for a page."""
    account = connection.account_of(found)
    return {
        "status": "broken" if found.status == "broken" else "problem" if found.said else "active",
        "said": found.said,
        "account": found.account,
        "method": found.method,
        "answered_at": found.answered_at,
        "created_at": found.created_at,
        "signs": bool(account.secrets.get("client_secret")),
    }


def _about(found: Connection) -> dict[str, Any]:
    asked = _log_query()
    entries, has_more = connection.list_entries(found.id, only=asked.only, before=asked.before)
    names = connection.customer_names(entries)
    return {
        "hook": f"{settings().base_url}{connection.hook_path(found)}" if found.kind in CRMS else "",
        "counts": crm.count_contacts() if found.kind in CRMS else {},
        "entries": [entry_out(entry, names) for entry in entries],
        "only": asked.only,
        "older": str(entries[-1].id) if has_more else "",
    }


def _log_query() -> LogQuery:
    """What of the log is asked for; what cannot be read is not asked for."""
    try:
        return LogQuery.model_validate(
            {name: value for name, value in request.args.items() if name in LogQuery.model_fields and value}
        )
    except ValueError:
        return LogQuery()


def _test(kind: str) -> dict[str, Any] | None:
    """The test that the address names, as the page shows it."""
    try:
        job = get_job(uuid.UUID(request.args.get("test", "")))
    except (ValueError, NotFound):
        return None
    if job.type != setup.TEST or job.params.get("kind") != kind:
        return None
    result = job.result or {"ok": False, "said": "The test could not be done. Try it again."}
    return {"id": job.id, "is_done": job.status not in ("pending", "running"), **result}
