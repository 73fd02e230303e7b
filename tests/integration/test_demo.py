"""The demo: alive at the first start, the same at the second, and never over somebody's own data."""

import json
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from werkzeug.test import Client

from tests.integration.test_measuring import as_facts, in_order, rows
from tests.support import invariants, slow_reports
from tests.support.pages import submit
from webapp import clock, create_app
from webapp.auth import SYSTEM
from webapp.database import transaction
from webapp.demo import ensure_demo
from webapp.demo.conversations import CONVERSATIONS
from webapp.demo.past import COUNT, DAYS, QUIET
from webapp.demo_shop import PRODUCTS, make_shop
from webapp.extensions import db
from webapp.models import (
    Comment,
    Customer,
    Event,
    Link,
    Notification,
    RoutingDecision,
    SlaClock,
    Ticket,
    User,
    Workspace,
)
from webapp.schemas.routing import RoutingSettings
from webapp.services import report, search
from webapp.services.inbox import is_open
from webapp.services.setting import read_section
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def demo_app(database, tmp_path):
    settings = {
        **database.settings(database.fresh()),
        "INSTANCE_PATH": str(tmp_path),
        "DEMO": "1",
        "PORT": "5900",
    }
    made = create_app(settings)
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


def test_a_living_workspace_in_one_go(demo_app):
    ensure_demo(demo_app)

    with demo_app.app_context(), use_workspace(db.session.scalar(sa.select(Workspace))):
        tickets = db.session.scalars(sa.select(Ticket)).all()
        assert len(tickets) == COUNT + len(CONVERSATIONS)
        assert {ticket.status for ticket in tickets} == {
            "open", "assigned", "in_progress", "pending", "resolved", "closed",
        }  # fmt: skip
        assert len({ticket.created_at for ticket in tickets}) == len(tickets)
        assert all(ticket.created_at <= ticket.updated_at for ticket in tickets)
        assert [ticket.is_spam for ticket in tickets].count(True) == 1
        assert db.session.scalars(sa.select(Comment).where(Comment.kind == "note")).all()
        assert {user.role for user in db.session.scalars(sa.select(User))} == {
            "admin", "senior_agent", "agent", "viewer",
        }  # fmt: skip
        seqs = db.session.scalars(sa.select(Event.workspace_seq).order_by(Event.workspace_seq)).all()
        assert seqs == list(range(1, len(seqs) + 1))
        db.session.rollback()


def test_it_shows_what_the_desk_can_do(demo_app):
    ensure_demo(demo_app)

    with demo_app.app_context(), use_workspace(db.session.scalar(sa.select(Workspace))):
        by_name = {ticket.customer.name: ticket for ticket in db.session.scalars(sa.select(Ticket))}
        yusuf, hannah, noah = (by_name[name] for name in ("Yusuf Demir", "Hannah Schulz", "Noah Fischer"))
        assert yusuf.escalated
        assert "Escalated" in yusuf.tags
        assert yusuf.sla["due_at"] < clock.iso(clock.now())
        assert hannah.sla["soon_at"] < clock.iso(clock.now()) < hannah.sla["due_at"]
        assert {"active", "met"} <= set(db.session.scalars(sa.select(SlaClock.state)))
        assert "was the least busy" in db.session.scalar(
            sa.select(RoutingDecision.reason).where(RoutingDecision.ticket_id == noah.id)
        )
        assert noah.assigned_agent_id is not None
        assert read_section(RoutingSettings).is_on
        assert by_name["Henrik Dahl"].snoozed_until > clock.now()
        assert {ticket.channel for ticket in by_name.values()} == {"chat", "email", "form", "api"}
        merged = db.session.scalars(sa.select(Ticket).where(Ticket.merged_into_id.is_not(None))).one()
        assert merged.customer.name == "Luca Moretti"
        assert db.session.scalar(sa.select(Link.kind)) == "child"
        kinds = set(db.session.scalars(sa.select(Notification.kind).join(User).where(User.role == "admin")))
        assert {"mention", "reply_on_followed", "escalation"} <= kinds
        tiers = sa.select(Customer.tier).where(Customer.organization_id.is_not(None))
        assert set(db.session.scalars(tiers)) == {"basic", "premium", "enterprise"}
        db.session.rollback()


def test_its_past_is_like_any_other_and_fills_the_reports(demo_app):
    ensure_demo(demo_app)

    with demo_app.app_context(), use_workspace(db.session.scalar(sa.select(Workspace))):
        with transaction():
            assert report.catch_up(), "but for today's conversations all is measured"
        assert in_order(as_facts()) == in_order(slow_reports.facts())
        past = db.session.scalars(sa.select(Ticket).where(Ticket.number <= COUNT)).all()
        assert {ticket.status for ticket in past} == {"resolved", "closed"}
        now = clock.now()
        assert all(now - timedelta(days=DAYS + 1) < ticket.created_at < now - QUIET for ticket in past)
        kinds = {(row.kind, row.outcome) for row in rows()}
        assert {("reopened", None), ("sla.total", "met"), ("sla.first_response", "breached")} <= kinds
        assert len({(row.channel, row.priority, row.tier) for row in rows("created")}) > 30
        assert len({row.agent_id for row in rows("resolved")}) == 4
        assert search.search_tickets("compass light", actor=SYSTEM).hits
        db.session.rollback()
    invariants.check(demo_app.config["PARLEY"].database_url)


def test_every_account_signs_in_with_its_own_password(demo_app, tmp_path):
    ensure_demo(demo_app)
    path = tmp_path / "demo_accounts.json"

    accounts = json.loads(path.read_text())["accounts"]

    assert path.stat().st_mode & 0o077 == 0
    assert len({account["password"] for account in accounts}) == len(accounts) == 5
    for account in accounts:
        data = {"email": account["email"], "password": account["password"]}
        assert submit(demo_app.test_client(), "/sign-in", data).status_code == 302


def test_the_second_start_finds_the_first(demo_app, capsys):
    first = ensure_demo(demo_app)
    capsys.readouterr()

    second = ensure_demo(demo_app)

    said = capsys.readouterr().out
    assert second == first
    assert all(account["password"] in said for account in first.accounts)
    assert "http://127.0.0.1:5901/" in said


def test_a_workspace_of_somebody_is_left_alone(demo_app):
    page = {
        "workspace": "Own",
        "name": "Own",
        "email": "own@example.com",
        "password": "correct horse battery",
    }
    submit(demo_app.test_client(), "/setup", page)

    assert ensure_demo(demo_app) is None

    with demo_app.app_context():
        assert db.session.scalars(sa.select(Workspace.name)).all() == ["Own"]


def test_its_chat_is_open_and_known_to_the_shop(demo_app):
    made = ensure_demo(demo_app)

    with demo_app.app_context():
        from webapp.services.chat import inbox_by_key

        inbox = inbox_by_key(made.inbox_key)
        assert is_open(inbox)
        assert inbox.allowed_sites == ["http://localhost:5901", "http://127.0.0.1:5901"]
        db.session.rollback()


class TestShop:
    shop = Client(make_shop("http://localhost:5900", "abc"))

    @pytest.mark.parametrize("path", ["/", *(f"/products/{product[0]}" for product in PRODUCTS), "/nowhere"])
    def test_embeds_the_chat_on_each_page(self, path):
        answer = self.shop.get(path)

        assert answer.status_code == 200
        assert '<script async src="http://localhost:5900/w/abc.js"></script>' in answer.text
        assert "script-src http://localhost:5900;" in answer.headers["Content-Security-Policy"]

    def test_asks_nobody_else_for_anything(self):
        text = self.shop.get("/").text

        assert set(re.findall(r'(?:src|href)="(\w+:[^"]*)"', text)) == {
            "data:,",
            "http://localhost:5900/w/abc.js",
        }

    def test_has_a_look_of_its_own(self):
        assert self.shop.get("/shop.css").content_type.startswith("text/css")
