"""The simplest correct Flask views of the same doors, as a good engineer writes them by hand.

Flask and Flask-SQLAlchemy, one session and one transaction a request: the key is looked up by its token's
hash and asked for its right, every query names the workspace, the body is checked by the same strict schema,
and rows become the same JSON by the same functions. A new ticket leaves the same rows, added as objects; its
number, its place in the feed and its customer are asked for. What the other rows hold
(clocks, mail, jobs) stands in `samples`, taken once from what our own door wrote: nothing is computed.
"""

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Flask, abort, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from pydantic import ValidationError
from sqlalchemy import orm

from webapp import clock
from webapp.auth import hash_token
from webapp.database import uuid7
from webapp.models import (
    ApiKey,
    Comment,
    Customer,
    CustomerAlias,
    Draft,
    Event,
    Follower,
    MailDelivery,
    Presence,
    ReadMark,
    Ticket,
    TicketNumber,
    User,
    WorkspaceFeed,
)
from webapp.schemas.event import event_for_staff
from webapp.schemas.mail import delivery_out
from webapp.schemas.ticket import ticket_row
from webapp.schemas.ticket_in import TicketIn
from webapp.validators import fold_email, is_valid_email

PAGE = 50
THREAD = (Customer, Ticket, Comment)
Sample = tuple[type, dict[str, Any]]


class PlainBase(orm.DeclarativeBase):
    """Flask-SQLAlchemy wants one; the models are ours."""


def plain_app(url: str, connection: Any, samples: Sequence[Sample] = ()) -> Flask:
    """An app with the three doors, whose queries go to `connection` and may be taken back there.

    `samples`: the rows of a new ticket, as `(model, values)`.
    """
    app = Flask("plain")
    app.config.update(SQLALCHEMY_DATABASE_URI=url, PROPAGATE_EXCEPTIONS=True)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    options = {"join_transaction_mode": "create_savepoint"}
    db = SQLAlchemy(app, model_class=PlainBase, session_options=options)
    with app.app_context():
        db.engines[None] = connection
    _add_reading(app, db)
    _add_writing(app, db, samples)
    return app


def _key_for(db: SQLAlchemy, right: str) -> ApiKey:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    hashed = hash_token(token)
    query = sa.select(ApiKey).options(orm.joinedload(ApiKey.user))
    key = db.session.scalar(query.where(sa.or_(ApiKey.token_hash == hashed, ApiKey.previous_hash == hashed)))
    now = clock.now()
    if scheme != "Bearer" or key is None or key.revoked_at or (key.expires_at and key.expires_at < now):
        abort(401)
    if key.previous_hash == hashed and (key.previous_until is None or key.previous_until < now):
        abort(401)
    if key.user is not None and not key.user.is_active:
        abort(401)
    if right not in key.scopes:
        abort(403)
    return key


def _add_reading(app: Flask, db: SQLAlchemy) -> None:
    @app.get("/api/v1/tickets/<uuid:ticket_id>")
    def read_ticket(ticket_id: uuid.UUID) -> Any:
        key = _key_for(db, "ticket:read")
        query = sa.select(Ticket).options(orm.joinedload(Ticket.customer))
        here = Ticket.workspace_id == key.workspace_id
        ticket = db.session.scalar(query.where(here, Ticket.id == ticket_id, Ticket.deleted_at.is_(None)))
        if ticket is None:
            abort(404)
        events = _events(db, ticket)
        return jsonify(
            {
                "ticket": {**ticket_row(ticket), **_details(db, key, ticket)},
                "events": [event_for_staff(event) for event in reversed(events[:PAGE])],
                "has_more": len(events) > PAGE,
            }
        )

    @app.get("/api/v1/tickets")
    def list_tickets() -> Any:
        key = _key_for(db, "ticket:read")
        limit = min(max(request.args.get("limit", PAGE, int), 1), 100)
        here = sa.and_(Ticket.workspace_id == key.workspace_id, Ticket.deleted_at.is_(None))
        query = sa.select(Ticket).where(here).options(orm.joinedload(Ticket.customer))
        if "before" in request.args:
            query = query.where(Ticket.number < request.args.get("before", 0, int))
        found = db.session.scalars(query.order_by(Ticket.number.desc()).limit(limit + 1)).all()
        rows = [ticket_row(ticket) for ticket in found[:limit]]
        return jsonify({"data": rows, "next_cursor": str(rows[-1]["number"]) if len(found) > limit else None})


def _events(db: SQLAlchemy, ticket: Ticket) -> Sequence[Event]:
    loaded = orm.selectinload(Event.comment).selectinload(Comment.attachments)
    query = sa.select(Event).where(
        Event.workspace_id == ticket.workspace_id,
        Event.ticket_id == ticket.id,
        Event.ticket_seq.is_not(None),
    )
    return db.session.scalars(query.options(loaded).order_by(Event.ticket_seq.desc()).limit(PAGE + 1)).all()


def _details(db: SQLAlchemy, key: ApiKey, ticket: Ticket) -> dict[str, Any]:
    marks = {side: {"delivered": 0, "seen": 0} for side in ("customer", "staff")}
    for mark in db.session.scalars(_of(ReadMark, ticket)):
        marks[mark.side] = {"delivered": mark.delivered, "seen": mark.seen}
    drafts: dict[str, Any] = {"reply": None, "note": None}
    for draft in db.session.scalars(_of(Draft, ticket).where(Draft.user_id == (key.user_id or key.id))):
        drafts[draft.kind] = {"content": draft.content}
    newest = MailDelivery.created_at.desc(), MailDelivery.id.desc()
    deliveries = db.session.scalars(_of(MailDelivery, ticket).order_by(*newest).limit(PAGE)).all()
    return {
        "description": ticket.description,
        "external_id": ticket.external_id,
        "metadata": ticket.metadata_ or {},
        "followers": [str(user_id) for user_id in db.session.scalars(_followers(ticket))],
        "page": ticket.page,
        "client": ticket.client or None,
        "read": marks,
        "drafts": drafts,
        "deliveries": [delivery_out(row) for row in reversed(deliveries)],
        "earlier": [_brief(other) for other in db.session.scalars(_earlier(ticket))],
        "customer_online": bool(db.session.scalar(_is_online(ticket))),
        "viewers": [],
    }


def _of(model: Any, ticket: Ticket) -> Any:
    return sa.select(model).where(model.workspace_id == ticket.workspace_id, model.ticket_id == ticket.id)


def _followers(ticket: Ticket) -> Any:
    query = sa.select(Follower.user_id).join(
        User, sa.and_(User.id == Follower.user_id, User.deactivated_at.is_(None))
    )
    here = sa.and_(Follower.workspace_id == ticket.workspace_id, Follower.ticket_id == ticket.id)
    return query.where(here).order_by(Follower.created_at, Follower.user_id)


def _earlier(ticket: Ticket) -> Any:
    theirs = sa.and_(
        Ticket.workspace_id == ticket.workspace_id,
        Ticket.customer_id == ticket.customer_id,
        Ticket.id != ticket.id,
        Ticket.deleted_at.is_(None),
    )
    columns = Ticket.id, Ticket.number, Ticket.title, Ticket.status, Ticket.created_at
    return (
        sa.select(Ticket)
        .options(orm.load_only(*columns))
        .where(theirs)
        .order_by(Ticket.created_at.desc(), Ticket.number.desc())
        .limit(5)
    )


def _brief(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": str(ticket.id),
        "number": ticket.number,
        "title": ticket.title,
        "status": ticket.status,
        "created_at": clock.iso(ticket.created_at),
    }


def _is_online(ticket: Ticket) -> Any:
    theirs = sa.and_(
        Presence.workspace_id == ticket.workspace_id,
        Presence.kind == "customer",
        Presence.subject_id == ticket.customer_id,
        Presence.expires_at > clock.now(),
    )
    return sa.select(sa.exists().where(theirs))


# --- writing --------------------------------------------------------------------------------------


def _add_writing(app: Flask, db: SQLAlchemy, samples: Sequence[Sample]) -> None:
    @app.post("/api/v1/tickets")
    def create_ticket() -> Any:
        key = _key_for(db, "ticket:create")
        try:
            body = TicketIn.model_validate_json(request.get_data(), strict=True)
        except ValidationError as error:
            return jsonify(error.errors()), 422
        if not body.title.strip() or not body.customer_email or not is_valid_email(body.customer_email):
            abort(422)
        customer = _customer(db, key, fold_email(body.customer_email))
        rows = _fresh(samples, customer)
        ticket = next(row for row in rows if isinstance(row, Ticket))
        ticket.title, ticket.priority, ticket.description = body.title, body.priority, body.description
        ticket.number = _next(db, TicketNumber, TicketNumber.number, key, 1)
        for row in rows:
            if isinstance(row, Customer):
                row.email, row.name = fold_email(body.customer_email), body.customer_name
                ticket.customer = row
            elif isinstance(row, Comment):
                row.content = body.description
        events = [row for row in rows if isinstance(row, Event)]
        last = _next(db, WorkspaceFeed, WorkspaceFeed.seq, key, len(events))
        for place, event in enumerate(reversed(events)):
            event.workspace_seq = last - place
        db.session.add_all(row for row in rows if isinstance(row, THREAD))
        db.session.flush()  # what all the others refer to
        db.session.add_all(row for row in rows if not isinstance(row, THREAD))
        answer = jsonify({"ticket": ticket_row(ticket)})
        db.session.commit()
        return answer, 201


def _customer(db: SQLAlchemy, key: ApiKey, address: str) -> Customer | None:
    here = Customer.workspace_id == key.workspace_id
    known = db.session.scalar(sa.select(Customer).where(here, Customer.email == address))
    if known is not None:
        return known
    query = sa.select(Customer).join(CustomerAlias, CustomerAlias.customer_id == Customer.id)
    alias = sa.and_(CustomerAlias.kind == "email", CustomerAlias.value == address)
    return db.session.scalar(query.where(here, CustomerAlias.workspace_id == key.workspace_id, alias))


def _next(db: SQLAlchemy, model: Any, column: Any, key: ApiKey, count: int) -> int:
    """The number after adding `count`; its row is locked until the commit."""
    adding = sa.update(model).where(model.workspace_id == key.workspace_id).values({column: column + count})
    found = db.session.execute(adding.returning(column), execution_options={"synchronize_session": False})
    return int(found.scalar_one())


def _fresh(samples: Sequence[Sample], customer: Customer | None) -> list[Any]:
    """The sample's rows with ids of their own; without its customer where there is one."""
    ids = {values["id"]: uuid7() for _, values in samples if isinstance(values.get("id"), uuid.UUID)}
    if customer is not None:
        ids |= {values["id"]: customer.id for model, values in samples if model is Customer}
    rows = []
    for model, values in samples:
        if model is Customer and customer is not None:
            continue
        rows.append(
            model(
                **{
                    name: ids.get(value, value) if isinstance(value, uuid.UUID) else value
                    for name, value in values.items()
                }
            )
        )
    return rows
