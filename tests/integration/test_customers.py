"""Customers and organizations: editing, joining, merging, blocking, and who may."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from webapp.auth import acting_as
from webapp.database import transaction
from webapp.errors import Conflict, Invalid, NotFound
from webapp.models import Block, Comment, Customer, CustomerAlias, Event, Ticket, VisitorToken
from webapp.services import chat, field, organization, search, ticket
from webapp.services import customer as customers
from webapp.services.chat.visitor import issue_token
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(session: Any, make: Any) -> Any:
    user = make.user(role="agent")
    with use_workspace(user.workspace_id), acting_as(make.actor(user)):
        yield user


def edited(customer: Customer, **changes: Any) -> Customer:
    with transaction():
        return customers.update_customer(customer.id, **changes)


# --- editing --------------------------------------------------------------------------------------


def test_an_address_set_by_staff_is_verified_and_recorded(desk: Any, make: Any, session: Any) -> None:
    visitor = make.customer(claimed_email="maria@example.com")
    assert not visitor.is_verified
    changed = edited(visitor, email=" Maria@Example.COM ", name="Maria", tier="premium", company="Acme")
    assert (changed.email, changed.is_verified, changed.tier) == ("maria@example.com", True, "premium")
    event = session.scalars(sa.select(Event).where(Event.name == "customer.updated")).one()
    assert event.changes["email"] == [None, "maria@example.com"]


@pytest.mark.parametrize(
    "changes,field_name",
    [
        ({"email": "nonsense"}, "email"),
        ({"email": "taken@example.com"}, "email"),
        ({"tier": "gold"}, "tier"),
        ({"name": "x" * 101}, "name"),
        ({"company": "x" * 201}, "company"),
        ({"organization_id": uuid.uuid4()}, "organization_id"),
    ],
)
def test_bad_input_names_its_field(desk: Any, make: Any, changes: dict[str, Any], field_name: str) -> None:
    make.customer(email="taken@example.com")
    customer = make.customer(name="Old")
    with pytest.raises(Invalid) as failure:
        edited(customer, **changes)
    assert failure.value.detail[0]["loc"] == ["body", field_name]


def test_custom_fields_are_set_with_the_rest(desk: Any, make: Any) -> None:
    admin = make.actor(make.user(role="admin"))
    with transaction(), acting_as(admin):
        field.create_field("Plan", "choice", target="customer", choices=["Gold", "Tin"])
    customer = make.customer()
    assert edited(customer, fields={"plan": "Gold"}).fields == {"plan": "Gold"}
    with pytest.raises(Invalid):
        edited(customer, fields={"plan": "Paper"})


# --- organizations --------------------------------------------------------------------------------


def formed(name: str, **fields: Any) -> Any:
    with transaction():
        return organization.create_organization(name, **fields)


def test_customers_join_by_the_domain_of_a_verified_address(desk: Any, make: Any) -> None:
    acme = formed("Acme", domains=["acme.example"], tier="enterprise")
    with transaction():
        joined = customers.create_customer(email="ann@acme.example")
        other = customers.create_customer(email="ann@other.example")
        claimed = customers.create_customer(claimed_email="liar@acme.example")
    assert (joined.organization_id, joined.tier) == (acme.id, "enterprise")
    assert other.organization_id is None
    assert claimed.organization_id is None
    assert [hit.id for hit in search.search_customers("organization:acme").hits] == [joined.id]


@pytest.mark.parametrize(
    "fields,field_name",
    [
        ({"domains": ["not a domain"]}, "domains"),
        ({"domains": ["gmail.com"]}, "domains"),
        ({"domains": ["taken.example"]}, "domains"),
        ({"tier": "gold"}, "tier"),
        ({"name": "ACMÉ"}, "name"),
        ({"name": " "}, "name"),
    ],
)
def test_an_organization_of_nonsense_is_refused(desk: Any, fields: dict[str, Any], field_name: str) -> None:
    formed("Acme", domains=["taken.example"])
    with pytest.raises(Invalid) as failure:
        formed(**{"name": "New", **fields})
    assert failure.value.detail[0]["loc"] == ["body", field_name]


def test_a_tier_is_given_to_all_customers_of_an_organization(desk: Any, make: Any, session: Any) -> None:
    acme = formed("Acme")
    customer = make.customer(organization_id=acme.id)
    with transaction():
        organization.update_organization(acme.id, tier="premium", domains=["b.example", "a.example"])
    session.expire_all()
    assert session.get(Customer, customer.id).tier == "premium"
    assert organization.organization_for(acme.id).domains == ["a.example", "b.example"]


def test_two_organizations_become_one(desk: Any, make: Any, session: Any) -> None:
    acme, acmo = (
        formed("Acme", domains=["a.example"]),
        formed("Acmo", domains=["b.example"], notes="Old name"),
    )
    customer = make.customer(organization_id=acmo.id)
    acme_id, acmo_id = acme.id, acmo.id
    with pytest.raises(Invalid):
        organization.merge_organizations(acme_id, acme_id)
    with transaction():
        organization.merge_organizations(acme_id, acmo_id)
    session.expire_all()
    left = organization.organization_for(acme_id)
    assert (left.domains, left.notes) == (["a.example", "b.example"], "Old name")
    assert session.get(Customer, customer.id).organization_id == acme_id
    with pytest.raises(NotFound):
        organization.organization_for(acmo_id)


def test_organizations_are_listed_by_name_in_pages(desk: Any) -> None:
    for name in ("Beta", "alpha", "Gamma"):
        formed(name)
    first, after = organization.list_organizations(limit=2)
    second, end = organization.list_organizations(limit=2, after=after)
    assert [row.name for row, _ in (*first, *second)] == ["alpha", "Beta", "Gamma"]
    assert end is None
    assert [row.name for row, _ in organization.list_organizations("ALPH")[0]] == ["alpha"]


# --- merging --------------------------------------------------------------------------------------


@pytest.fixture
def twins(desk: Any, make: Any) -> Any:
    """The same person twice: each with a ticket, the second with a browser, a comment, a block."""

    class Twins:
        kept = make.customer(name="Maria", email="maria@example.com", external_id="u1", tier="basic")
        other = make.customer(name="M. Silva", email="silva@example.com", external_id="u2", company="Acme")

    inbox = make.inbox()
    with transaction() as session:
        Twins.first = ticket.create_ticket("First", customer=session.get(Customer, Twins.kept.id))
        Twins.second = ticket.create_ticket("Second", customer=session.get(Customer, Twins.other.id))
        Twins.token = issue_token(inbox, session.get(Customer, Twins.other.id), session=session)
        customers.create_block(customer_id=Twins.other.id)
    return Twins


def merged(twins: Any, **options: Any) -> Customer:
    with transaction():
        return customers.merge_customers(twins.kept.id, twins.other.id, **options)


def test_everything_of_the_other_one_moves(twins: Any, session: Any) -> None:
    merged(twins)
    session.expire_all()
    kept, other = session.get(Customer, twins.kept.id), session.get(Customer, twins.other.id)
    assert {row.customer_id for row in session.scalars(sa.select(Ticket))} == {kept.id}
    assert set(session.scalars(sa.select(VisitorToken.customer_id))) == {kept.id}
    assert set(session.scalars(sa.select(Block.customer_id))) == {kept.id}
    assert (kept.name, kept.email, kept.company, kept.is_blocked) == (
        "Maria",
        "maria@example.com",
        "Acme",
        True,
    )
    assert (other.merged_into_id, other.email, other.external_id) == (kept.id, None, None)
    assert chat.actor_for_visitor(twins.token, door="api").id == kept.id
    events = list(session.scalars(sa.select(Event.name).order_by(Event.workspace_seq)))
    assert "ticket.customer_changed" in events
    assert events[-1] == "customer.merged"


def test_both_addresses_go_on_finding_the_one_that_is_left(twins: Any, session: Any, make: Any) -> None:
    kept = merged(twins, take=["email", "name"])
    assert (kept.name, kept.email) == ("M. Silva", "silva@example.com")
    with transaction():
        for address in ("maria@example.com", "silva@example.com"):
            assert customers.customer_by_email(address).id == kept.id
        assert customers.customer_by_alias("external_id", "u2").id == kept.id
    assert session.scalar(sa.select(sa.func.count(CustomerAlias.id))) == 2
    assert [hit.id for hit in search.search_customers("silva").hits] == [kept.id]
    with pytest.raises(Invalid):
        edited(make.customer(name="New"), email="maria@example.com")


def test_what_contradicts_is_shown(twins: Any) -> None:
    assert customers.differences(twins.kept, twins.other) == ["name", "email"]


def test_a_merge_into_itself_or_of_somebody_merged_is_refused(twins: Any, make: Any) -> None:
    with pytest.raises(Invalid) as failure:
        customers.merge_customers(twins.kept.id, twins.kept.id)
    assert failure.value.detail[0]["loc"] == ["body", "other"]
    merged(twins)
    with pytest.raises(Conflict):
        customers.merge_customers(twins.kept.id, twins.other.id)
    with pytest.raises(Conflict):
        edited(twins.other, name="Ghost")
    with pytest.raises(NotFound):
        customers.merge_customers(twins.kept.id, uuid.uuid4())


def test_comments_of_the_other_one_are_the_kept_ones(twins: Any, session: Any, make: Any) -> None:
    with transaction():
        made = ticket.add_comment(twins.second.id, "From staff")
        made.author_kind, made.author_id = "customer", twins.other.id
    merged(twins)
    session.expire_all()
    assert set(session.scalars(sa.select(Comment.author_id))) == {twins.kept.id}


# --- pages ----------------------------------------------------------------------------------------


def test_a_page_saves_and_comes_back_filled_when_it_cannot(make: Any, agent: Any) -> None:
    staff = agent(make.user(role="agent"))
    taken, customer = make.customer(email="taken@example.com", name="Owner"), make.customer(name="Ann")
    path = f"/customers/{customer.id}"
    form = {"csrf_token": staff.csrf, "name": "Ann Bell", "email": "ann@example.com", "tier": "premium"}
    assert staff.http.post(path, data=form).status_code == 302
    assert "ann@example.com" in staff.http.get(path).text
    answer = staff.http.post(path, data={**form, "name": "Typed <b>", "email": taken.email})
    assert answer.status_code == 422
    assert "Typed &lt;b&gt;" in answer.text
    assert "Owner has this address" in answer.text


def test_a_viewer_reads_and_sees_no_form(make: Any, agent: Any) -> None:
    staff, customer = agent(make.user(role="viewer")), make.customer(name="Ann", email="ann@example.com")
    page = staff.http.get(f"/customers/{customer.id}").text
    assert "ann@example.com" in page
    assert 'name="tier"' not in page
    assert "Merge with" not in page


def test_pages_find_page_and_merge(make: Any, agent: Any) -> None:
    staff = agent(make.user(role="agent"))
    kept, other = (
        make.customer(name="Zoë", email="zoe@example.com"),
        make.customer(name="Zoe B", email="b@example.com"),
    )
    assert "<mark>Zoë</mark>" in staff.http.get("/customers?q=zoe").text
    assert staff.http.get("/customers?q=status:open").status_code == 422
    choice = staff.http.get(f"/customers/{kept.id}/merge?other={other.id}").text
    assert "which one is right" in choice
    form = {"csrf_token": staff.csrf, "other": str(other.id), "take.name": "other", "take.email": "this"}
    assert staff.http.post(f"/customers/{kept.id}/merge", data=form).status_code == 302
    gone = staff.http.get(f"/customers/{other.id}")
    assert gone.status_code == 302
    assert gone.location.endswith(str(kept.id))
    assert "Zoe B" in staff.http.get(f"/customers/{kept.id}").text
    assert (
        staff.http.post(f"/customers/{kept.id}/merge", data={**form, "other": str(kept.id)}).status_code
        == 422
    )


def test_blocking_and_letting_in_again(make: Any, agent: Any) -> None:
    staff, customer = agent(make.user(role="agent")), make.customer(name="Ann")
    path, token = f"/customers/{customer.id}", {"csrf_token": staff.csrf}
    staff.http.post(f"{path}/block", data={**token, "days": "7", "reason": "Rude"})
    assert "Rude" in staff.http.get(path).text
    staff.http.post(f"{path}/unblock", data=token)
    assert "Rude" not in staff.http.get(path).text


def test_organizations_are_made_and_changed_on_their_pages(make: Any, agent: Any) -> None:
    staff = agent(make.user(role="agent"))
    form = {
        "csrf_token": staff.csrf,
        "name": "Acme",
        "domains": "acme.example\nacme2.example",
        "notes": "<i>",
    }
    made = staff.http.post("/organizations/new", data=form)
    assert made.status_code == 302
    assert "&lt;i&gt;" in staff.http.get(made.location).text
    wrong = staff.http.post(made.location, data={**form, "domains": "no good !"})
    assert wrong.status_code == 422
    assert "this is not a domain" in wrong.text
    assert "acme.example" in staff.http.get("/organizations?q=acme").text
