"""S-11: workspaces are isolated by construction: filter, guard, keys, and PostgreSQL's policies."""

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from webapp import clock
from webapp.database import uuid7
from webapp.extensions import db
from webapp.models import Block, Customer, Event, MailDelivery, Team, Ticket, TicketNumber, VisitorToken
from webapp.tenancy import (
    NoWorkspace,
    TenantError,
    TenantMixin,
    current_workspace_id,
    tenant_tables,
    use_workspace,
)
from webapp.upsert import add_unless_there, put

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]
UNSCOPED = {"unscoped": True}


@pytest.fixture
def worlds(session: Any, make: Any) -> Any:
    """Two workspaces with a customer and a team each, in the test's own session."""

    class Worlds:
        one, two = make.workspace("One"), make.workspace("Two")
        ann = make.customer(workspace=one, name="Ann", email="ann@one.example")
        bob = make.customer(workspace=two, name="Bob", email="bob@two.example")
        team = make.team(workspace=one)
        other_team = make.team(workspace=two)

    return Worlds()


# --- outside every workspace ----------------------------------------------------------------------

UNSCOPED_QUERIES: dict[str, Any] = {
    "select": lambda: sa.select(Customer),
    "select a column": lambda: sa.select(Customer.email),
    "select an aliased model": lambda: sa.select(orm.aliased(Customer)),
    "count": lambda: sa.select(sa.func.count(Customer.id)),
    "count of everything": lambda: sa.select(sa.func.count()).select_from(Customer),
    "join from an exempt table": lambda: sa.select(VisitorToken).join(
        Customer, Customer.id == VisitorToken.customer_id
    ),
    "scalar subquery": lambda: sa.select(sa.select(Customer.email).limit(1).scalar_subquery()),
    "exists": lambda: sa.select(sa.exists().where(Customer.email == "ann@one.example")),
    "in a subquery": lambda: sa.select(VisitorToken).where(
        VisitorToken.customer_id.in_(sa.select(Customer.id))
    ),
    "from a subquery": lambda: sa.select(sa.select(Customer.email).subquery()),
    "common table expression": lambda: sa.select(sa.select(Customer.email).cte()),
    "union": lambda: sa.union_all(sa.select(Customer.email), sa.select(Team.name)),
    "update": lambda: sa.update(Customer).values(name="Mallory"),
    "delete": lambda: sa.delete(Customer),
    "Core select": lambda: sa.select(Customer.__table__),
    "Core count": lambda: sa.select(sa.func.count()).select_from(Customer.__table__),
    "Core insert": lambda: sa.insert(Customer.__table__).values(id=uuid7()),
    "Core update": lambda: sa.update(Customer.__table__).values(name="Mallory"),
    "Core delete": lambda: sa.delete(Customer.__table__),
    "bulk insert": lambda: sa.insert(Customer).values([{"name": "Mallory"}]),
    "raw SQL": lambda: sa.text("SELECT * FROM customers"),
    "raw SQL under an ORM name": lambda: sa.select(Customer).from_statement(
        sa.text("SELECT * FROM customers")
    ),
}


@pytest.mark.parametrize("build", UNSCOPED_QUERIES.values(), ids=UNSCOPED_QUERIES)
def test_s11_a_statement_outside_every_workspace_is_refused(worlds: Any, build: Any) -> None:
    with pytest.raises((NoWorkspace, TenantError)):
        db.session.execute(build()).all()


def test_s11_objects_outside_every_workspace_are_refused(worlds: Any) -> None:
    with pytest.raises(NoWorkspace):
        db.session.get(Customer, worlds.ann.id)
    db.session.add(Customer(name="Mallory"))
    with pytest.raises(NoWorkspace):
        db.session.flush()
    db.session.rollback()
    with pytest.raises(NoWorkspace):
        db.session.query(Customer).all()


# --- inside one -----------------------------------------------------------------------------------

READS: dict[str, Any] = {
    "select": lambda: sa.select(Customer.name),
    "aliased": lambda: sa.select(orm.aliased(Customer).name),
    "join from an exempt table": lambda: sa.select(Customer.name).select_from(
        sa.orm.join(sa.orm.aliased(Customer), Customer, sa.true())
    ),
    "scalar subquery": lambda: sa.select(
        sa.select(sa.func.group_concat(Customer.name)).scalar_subquery()
        if db.engine.dialect.name == "sqlite"
        else sa.select(sa.func.string_agg(Customer.name, ",")).scalar_subquery()
    ),
    "from a subquery": lambda: sa.select(sa.select(Customer.name).subquery()),
    "common table expression": lambda: sa.select(sa.select(Customer.name).cte()),
    "union": lambda: sa.union_all(sa.select(Customer.name), sa.select(Customer.name)),
    "union of a subquery": lambda: sa.select(
        sa.union_all(sa.select(Customer.name), sa.select(Customer.email)).subquery()
    ),
    "exists": lambda: sa.select(Team.name).where(sa.exists().where(Customer.name == "Bob")),
}


@pytest.mark.parametrize("build", READS.values(), ids=READS)
def test_s11_a_query_sees_its_workspace_alone(worlds: Any, build: Any) -> None:
    with use_workspace(worlds.one):
        try:
            found = str(db.session.execute(build()).all())
        except TenantError:
            found = ""
    assert "Bob" not in found
    assert "Two" not in found
    assert worlds.other_team.name not in found


def test_s11_bulk_changes_touch_their_workspace_alone(worlds: Any) -> None:
    with use_workspace(worlds.one):
        assert db.session.execute(sa.update(Customer).values(name="Changed")).rowcount == 1
        assert db.session.execute(sa.delete(Block)).rowcount == 0
        db.session.execute(sa.delete(Team).where(Team.id == worlds.other_team.id))
    for workspace, name in ((worlds.one, "Changed"), (worlds.two, "Bob")):
        with use_workspace(workspace):
            assert db.session.scalars(sa.select(Customer.name)).all() == [name]
    with use_workspace(worlds.two):
        assert db.session.get(Team, worlds.other_team.id) is not None


def test_s11_get_and_lazy_loading_stay_inside(worlds: Any) -> None:
    with use_workspace(worlds.one):
        assert db.session.get(Customer, worlds.bob.id) is None
        assert db.session.get(Customer, worlds.ann.id).tickets == []
    with use_workspace(worlds.two):
        db.session.get(Customer, worlds.bob.id)
    with use_workspace(worlds.one):
        assert db.session.get(Customer, worlds.bob.id) is None


def test_s11_rows_take_the_workspace_and_no_other(worlds: Any) -> None:
    with use_workspace(worlds.one):
        made = Customer(name="Zoe")
        db.session.add(made)
        db.session.flush()
        assert made.workspace_id == worlds.one.id
        db.session.add(Customer(name="Eve", workspace_id=worlds.two.id))
        with pytest.raises(TenantError):
            db.session.flush()
        db.session.rollback()


def test_s11_a_row_cannot_be_moved_to_another_workspace(worlds: Any) -> None:
    with use_workspace(worlds.one):
        ann = db.session.get(Customer, worlds.ann.id)
        ann.workspace_id = worlds.two.id
        with pytest.raises(TenantError):
            db.session.flush()
        db.session.rollback()
        for statement in (
            sa.update(Customer).values(workspace_id=worlds.two.id),
            sa.update(Customer).values({Customer.workspace_id: worlds.two.id}),
            sa.update(Customer).values(name="x", workspace_id=worlds.two.id),
        ):
            with pytest.raises(TenantError):
                db.session.execute(statement)


def test_s11_bulk_inserts_name_no_other_workspace(worlds: Any) -> None:
    statements = [
        (sa.insert(Customer).values(id=uuid7(), workspace_id=worlds.two.id, answers={}, tier="free"), None),
        (
            sa.insert(Customer),
            [{"id": uuid7(), "workspace_id": worlds.two.id, "answers": {}, "tier": "free"}],
        ),
    ]
    for statement, rows in statements:
        with (
            use_workspace(worlds.one),
            pytest.raises((TenantError, sa.exc.DBAPIError)),
            db.session.begin_nested(),
        ):
            db.session.execute(statement, rows) if rows else db.session.execute(statement)
    for call in (db.session.bulk_insert_mappings, db.session.bulk_update_mappings):
        with use_workspace(worlds.one), pytest.raises(TenantError):
            call(Customer, [{"id": worlds.bob.id, "name": "Mallory"}])
    with use_workspace(worlds.two):
        assert db.session.scalar(sa.select(sa.func.count(Customer.id))) == 1


# --- the keys -------------------------------------------------------------------------------------


def test_s11_a_key_to_a_row_of_another_workspace_is_refused(worlds: Any) -> None:
    crossing = [
        lambda: Block(kind="customer", customer_id=worlds.bob.id),
        lambda: Event(name="x", actor_kind="system", actor_name="", door="cli", ticket_id=uuid7()),
        lambda: Ticket(number=1, title="x", channel="api", customer_id=worlds.bob.id),
        lambda: Ticket(
            number=2, title="x", channel="api", customer_id=worlds.ann.id, team_id=worlds.other_team.id
        ),
    ]
    with use_workspace(worlds.one):
        for build in crossing:
            with pytest.raises(sa.exc.IntegrityError), db.session.begin_nested():
                db.session.add(build())
                db.session.flush()


def test_s11_every_key_between_tenant_tables_is_composite(app: Any) -> None:
    plain = [
        str(key.name)
        for table in tenant_tables()
        for key in table.foreign_key_constraints
        if key.referred_table in tenant_tables() and "workspace_id" not in key.column_keys
    ]
    assert plain == []


# --- switching ------------------------------------------------------------------------------------


def test_s11_switching_with_unflushed_changes_is_an_error(worlds: Any) -> None:
    with use_workspace(worlds.one):
        db.session.add(Customer(name="Zoe"))
        with pytest.raises(TenantError), use_workspace(worlds.two):
            pass
        db.session.rollback()
        db.session.get(Customer, worlds.ann.id).name = "Changed"
        with pytest.raises(TenantError), use_workspace(worlds.two):
            pass
        db.session.rollback()


def test_s11_switching_forgets_what_was_loaded_and_comes_back(worlds: Any) -> None:
    with use_workspace(worlds.one):
        ann = db.session.get(Customer, worlds.ann.id)
        with use_workspace(worlds.two):
            assert ann not in db.session
            assert current_workspace_id() == worlds.two.id
            assert db.session.scalars(sa.select(Customer.name)).all() == ["Bob"]
        assert current_workspace_id() == worlds.one.id
        assert db.session.scalars(sa.select(Customer.name)).all() == ["Ann"]
        with use_workspace(worlds.one.id):
            assert db.session.scalars(sa.select(Customer.name)).all() == ["Ann"]
    assert current_workspace_id() is None
    with pytest.raises(NoWorkspace):
        db.session.scalars(sa.select(Customer.name)).all()


def test_s11_leaving_by_an_error_leaves_the_workspace(worlds: Any) -> None:
    with pytest.raises(ZeroDivisionError), use_workspace(worlds.one):
        1 / 0  # noqa: B018
    assert current_workspace_id() is None


def test_s11_a_changed_row_of_the_left_workspace_is_not_written_in_the_next(worlds: Any) -> None:
    with use_workspace(worlds.one):
        db.session.get(Customer, worlds.ann.id).name = "Changed"
    with pytest.raises((TenantError, NoWorkspace)), use_workspace(worlds.two):
        db.session.flush()
    db.session.rollback()


# --- PostgreSQL's policies, with the first two locks open -----------------------------------------


def visible_names(worlds: Any) -> list[Any]:
    statement = sa.text("SELECT name FROM customers WHERE name IN ('Ann', 'Bob')")
    return sorted(db.session.scalars(statement, execution_options=UNSCOPED))


def test_s11_row_level_security_holds_where_the_filter_is_bypassed(worlds: Any, database: Any) -> None:
    with use_workspace(worlds.one):
        seen = visible_names(worlds)
        driver = sorted(
            row[0] for row in db.session.connection().exec_driver_sql("SELECT name FROM customers")
        )
        unscoped = db.session.scalars(sa.select(Customer.name), execution_options=UNSCOPED).all()
    if database.kind == "postgresql":
        assert (seen, driver, unscoped) == (["Ann"], ["Ann"], ["Ann"])
        assert visible_names(worlds) == [], "outside every workspace nothing is visible"
    else:
        assert seen == ["Ann", "Bob"], "SQLite has the first two locks alone, and `unscoped` opens them"


def test_s11_row_level_security_refuses_writes_across(worlds: Any, database: Any) -> None:
    changing = sa.text("UPDATE customers SET name = 'x' WHERE id = :id")
    moving = sa.text("UPDATE customers SET workspace_id = :to WHERE name = 'Ann'")
    if database.kind != "postgresql":
        for statement in (changing, moving):
            with use_workspace(worlds.one), pytest.raises(TenantError):
                db.session.execute(statement, {"id": worlds.bob.id.hex, "to": worlds.two.id.hex})
        return
    with use_workspace(worlds.one):
        touched = db.session.execute(changing, {"id": worlds.bob.id}, execution_options=UNSCOPED)
        assert touched.rowcount == 0
        with pytest.raises(sa.exc.ProgrammingError, match="row-level security"), db.session.begin_nested():
            db.session.execute(moving, {"to": worlds.two.id}, execution_options=UNSCOPED)


def test_s11_every_tenant_table_has_a_policy_and_the_app_owns_none(app: Any, database: Any) -> None:
    if database.kind != "postgresql":
        assert all("workspace_id" in table.c for table in tenant_tables())
        return
    with app.app_context():
        connection = db.engines[None]
        confined = set(
            connection.exec_driver_sql("SELECT relname FROM pg_class WHERE relrowsecurity").scalars()
        )
        role, is_super, bypasses = connection.exec_driver_sql(
            "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).one()
        owned = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_tables WHERE tableowner = current_user"
        ).scalar()
    assert {table.name for table in tenant_tables()} <= confined
    assert (role, is_super, bypasses, owned) == ("parley_app", False, False, 0)


# --- lint -----------------------------------------------------------------------------------------

ALLOWED = {
    "webapp/pages/health.py",  # readiness looks at the schema's version, which belongs to nobody
    "webapp/services/search/match.py",  # finished SQL for SQLite's thread, the workspace compiled in
}
"""Modules that may go past the session; each needs a reason."""


def test_s11_services_and_doors_never_go_past_the_guarded_session() -> None:
    past = re.compile(
        r"session\.connection\(|db\.engine|\.exec_driver_sql|get_bind\(\)\.(?!dialect)|create_engine"
    )
    found = []
    for folder in ("services", "api", "realtime", "pages", "schemas", "models", "tasks"):
        for path in (ROOT / "webapp" / folder).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            if name not in ALLOWED and (hit := past.search(path.read_text())):
                found.append(f"{name}: {hit[0]}")
    assert found == []


def test_s11_what_is_exempt_from_tenancy_is_on_the_list() -> None:
    exempt = {
        mapper.class_.__name__
        for mapper in orm.registry().mappers | Ticket.registry.mappers
        if not issubclass(mapper.class_, TenantMixin)
    }
    assert exempt == {
        "Workspace",
        "User",
        "UserSession",
        "ApiKey",
        "AccountToken",
        "Inbox",
        "VisitorToken",
        "Job",
        "Timer",
        "Schedule",
        "Presence",
        "WallboardLink",
        "Installation",  # which program the schema wants: of the database, not of a workspace
    }


def test_s11_counters_are_never_shared(worlds: Any) -> None:
    with use_workspace(worlds.one):
        statement = sa.update(TicketNumber).values(number=TicketNumber.number + 1)
        assert db.session.execute(statement, execution_options={"synchronize_session": False}).rowcount == 1
    for workspace, number in ((worlds.one, 1), (worlds.two, 0)):
        with use_workspace(workspace):
            assert db.session.scalar(sa.select(TicketNumber.number)) == number


def test_s11_an_id_that_is_none_enters_no_workspace(session: Any) -> None:
    for nothing in (None, "", "x", 0, object()):
        with pytest.raises((ValueError, TypeError, AttributeError)), use_workspace(nothing):
            pass
    with use_workspace(uuid.uuid4()):
        assert db.session.scalars(sa.select(Customer)).all() == []


def test_rows_that_go_past_the_orm_stay_in_their_workspace(worlds: Any, session: Any) -> None:
    row = {"id": uuid7(), "workspace_id": worlds.two.id, "key": None, "template": "plain", "language": "en"}
    row |= {"to_address": "maria@example.com", "send_at": clock.now(), "data": {}}
    with use_workspace(worlds.one):
        with pytest.raises(TenantError):
            add_unless_there(MailDelivery, row, session=session)
        with pytest.raises(TenantError):
            put(MailDelivery, [row], keys=("id",), moved=("data",), session=session)
    with use_workspace(worlds.two):
        made = add_unless_there(MailDelivery, row, session=session)
        assert (made.status, made.attempts) == ("queued", 0)
        assert add_unless_there(MailDelivery, row, session=session) is None
