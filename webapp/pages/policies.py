"""Service level policies: their order, and what each promises to whom."""

import uuid
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request

from webapp import clock
from webapp.database import read_only, transaction
from webapp.errors import AppError, Invalid
from webapp.models.customer import TIERS
from webapp.pages.auth import staff_page
from webapp.pages.forms import check_unchanged, confirmed, form_page, form_values, handled
from webapp.schemas.sla import PolicyIn
from webapp.schemas.sla_form import (
    CHANNELS,
    PRIORITIES,
    new_policy_values,
    policy_in,
    policy_values,
    words_of,
)
from webapp.services import calendar as calendars
from webapp.services import directory, inbox, sla
from webapp.services.edit import About
from webapp.services.sla import recalculation, replay
from webapp.services.sla.words import METRIC_MEANINGS, METRIC_NAMES

bp = Blueprint("policies", __name__, url_prefix="/settings/policies")

HERE = "/settings/policies"
RECALCULATE = f"{HERE}/recalculate"
ACTIONS = {
    "raise_priority": "Raise the priority",
    "reassign": "Reassign to",
    "tag": "Tag",
    "alert_team_lead": "Alert the team lead",
    "notify": "Notify",
}


@bp.get("")
@staff_page("settings:manage")
def show_all() -> Any:
    """The list, in the order in which they are tried."""
    with read_only():
        found = [
            {"id": row.id, "name": row.name, "is_active": row.is_active, "says": _summary(row)}
            for row in sla.list_policies()
        ]
    return render_template("policies/list.html", policies=found)


def _summary(row: Any) -> str:
    names = [METRIC_NAMES[target["metric"]] for target in row.targets]
    conditions = [word for words in row.conditions.values() for word in words]
    whom = (
        f"{len(conditions)} conditions"
        if len(conditions) > 1
        else "1 condition"
        if conditions
        else "every ticket"
    )
    return f"{', '.join(names)} · {whom}"


@bp.post("/<uuid:policy_id>/move")
@staff_page("settings:manage")
def move(policy_id: uuid.UUID) -> Response:
    """One place up or down."""
    with transaction():
        rows = sla.list_policies()
        ids = [row.id for row in rows]
        place = ids.index(sla.policy_row(policy_id).id)
        other = place - 1 if request.form.get("to") == "up" else place + 1
        if 0 <= other < len(ids):
            ids[place], ids[other] = ids[other], ids[place]
            sla.order_policies(ids)
    return redirect(HERE)  # type: ignore[return-value]


@bp.get("/new")
@staff_page("settings:manage")
def new() -> Any:
    """An empty form, with the calendar that was asked for or the workspace's."""
    wanted = _uuid(request.args.get("calendar", ""))
    with read_only():
        proposed = calendars.calendar_for(wanted) if wanted else calendars.default_calendar()
        values = new_policy_values(proposed.id if proposed else None)
    return _page(None, values)


@bp.post("/new")
@staff_page("settings:manage")
def create() -> Response:
    """Makes a policy, tried last."""
    return _save(None)


@bp.get("/<uuid:policy_id>")
@staff_page("settings:manage")
def show(policy_id: uuid.UUID) -> Any:
    """One policy."""
    found = _known(policy_id)
    return _page(found, found["values"])


@bp.post("/<uuid:policy_id>")
@staff_page("settings:manage")
def update(policy_id: uuid.UUID) -> Response:
    """Saves it, unless somebody else did meanwhile."""
    return _save(_known(policy_id))


@bp.post("/<uuid:policy_id>/delete")
@staff_page("settings:manage")
def delete(policy_id: uuid.UUID) -> Response:
    """Deletes it."""

    def act() -> Response:
        with transaction():
            sla.delete_policy(policy_id)
        flash("The policy was deleted")
        return redirect(HERE)  # type: ignore[return-value]

    asks = "Open tickets follow with their next event, or when you recalculate them."
    back = f"{HERE}/{policy_id}"
    return confirmed(_known(policy_id)["name"], act, question=asks, verb="Delete this policy", back=back)


@bp.post("/matches")
@staff_page("settings:manage")
def matches() -> Response:
    """Which open tickets a form, as it stands, would be the policy of."""
    policy_id = _uuid(request.form.get("policy_id", ""))
    try:
        given = policy_in({**form_values(), "name": "Draft"}, is_active="is_active" in request.form)
    except Invalid:  # half filled in: nothing to be told of on every key
        return jsonify({"count": None})
    with read_only():
        draft = replay.draft_of(given, policy_id)
        policies = sla.load_policies()
        if policy_id is None:
            policies = [*(policy for policy in policies if policy.id), draft]
        else:
            policies = replay.with_draft(policies, draft)
        found = recalculation.matching_tickets(policies, draft)
    for one in found["tickets"]:
        one["changes"] = {METRIC_NAMES[metric]: pair for metric, pair in one["changes"].items()}
    return jsonify(found)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _save(found: dict[str, Any] | None) -> Response:
    if rows := changed_rows():
        return _page(found, rows)

    def act() -> Response:
        given = _given()
        if request.form.get("then") == "replay":
            return _replay(given, found)
        with transaction():
            if found is None:
                sla.create_policy(given)
            else:
                policy_id = found["id"]
                check_unchanged(lambda: sla.policy_row(policy_id).version, About("sla_policy", policy_id))
                sla.update_policy(policy_id, given)
        flash("Saved. New tickets go by it from now on; below is what would change for open ones.")
        return redirect(RECALCULATE)  # type: ignore[return-value]

    return handled(act, lambda error: _page(found, typed_values(), error))


def _replay(given: PolicyIn, found: dict[str, Any] | None) -> Response:
    days = request.form.get("days", "")
    with transaction():
        number = int(days) if days.isdecimal() and len(days) < 6 else 0
        made = replay.request_replay(given, number, policy_id=found["id"] if found else None).id
    return redirect(f"{HERE}/replays/{made}")  # type: ignore[return-value]


# --- the form -------------------------------------------------------------------------------------


def _given() -> PolicyIn:
    return policy_in(form_values(), is_active="is_active" in request.form)


def _known(policy_id: uuid.UUID) -> dict[str, Any]:
    with read_only():
        row = sla.policy_row(policy_id)
        return {"id": row.id, "name": row.name, "values": policy_values(row)}


def _page(found: dict[str, Any] | None, values: dict[str, Any], error: AppError | None = None) -> Response:
    chosen = values["conditions"].get("inbox_ids") or ()
    with read_only():
        people = directory.read_directory()
        choices = {
            "calendars": [("", "The hours of the ticket's inbox")]
            + [(str(row.id), row.name) for row in calendars.list_calendars()],
            "inboxes": [
                (str(row.id), row.name)
                for row in inbox.list_inboxes()
                if row.is_active or str(row.id) in chosen
            ],
            "teams": [(str(row["id"]), row["name"]) for row in people["teams"]],
            "staff": [(str(row["id"]), row["name"]) for row in people["users"]],
        }
    return form_page(
        "policies/edit.html",
        error,
        policy=found,
        values=values,
        version=found["values"]["version"] if found else None,
        metrics=METRIC_NAMES,
        meanings=METRIC_MEANINGS,
        priorities=PRIORITIES,
        tiers=TIERS,
        channels=CHANNELS,
        actions=ACTIONS,
        choices=choices,
        words=words_of,
        today=clock.now(),
        days=request.form.get("days", "30"),
    )


def typed_values() -> dict[str, Any]:
    """The form as it was sent, in the shape of `policy_values`."""
    typed = form_values()
    for name in ("conditions", "clocks", "targets"):
        typed[name] = typed[name] if isinstance(typed.get(name), dict) else {}
    for name in ("warnings", "ladder"):
        rows = typed.get(name)
        typed[name] = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    typed["is_active"] = "is_active" in request.form
    return typed


def changed_rows() -> dict[str, Any] | None:
    """Without scripts, rows come and go by buttons that send the form; nothing is saved then."""
    add, remove = request.form.get("add"), request.form.get("remove", "")
    if not add and not remove:
        return None
    typed = typed_values()
    if add == "warnings":
        typed["warnings"].append({"value": "", "unit": "percent"})
    elif add == "ladder":
        typed["ladder"].append({"when": "breach", "do": "alert_team_lead"})
    place, _, index = remove.rpartition(".")
    rows = typed.get(place) if place in ("warnings", "ladder") else []
    if index.isdecimal() and int(index) < len(rows or []):
        rows.pop(int(index))  # type: ignore[union-attr]
    return typed
