"""What goes to a CRM and what comes from it, field by field; and the CRM of who has none."""

import json
from datetime import UTC, datetime

import pytest

from webapp.integrations import null, salesforce
from webapp.integrations.safe_http import Answer
from webapp.integrations.vendor import Busy, Exists, Gone, Refused
from webapp.models import Customer
from webapp.schemas.connection import Mapping, Rule
from webapp.services.crm.mapping import incoming, outgoing, told_names, wanted_names

MAPPING = Mapping(
    fields={
        "tier": Rule(direction="in", theirs="level"),
        "support_plan": Rule(direction="in", theirs="plan"),
        "company": Rule(direction="in", theirs="firm"),
        "custom-vip": Rule(direction="in", theirs="is_vip"),
        "locale": Rule(direction="out", theirs="language"),
        "custom-seats": Rule(direction="out", theirs="seats"),
        "name": Rule(direction="in", theirs="label"),
    },
    tiers={"premium": ["Gold", "Silver"]},
)


@pytest.mark.parametrize(
    "given, kept", [(True, "1"), (False, "0"), ("true", "1"), ("false", "0"), ("yes", "yes"), (7, "7")]
)
def test_a_value_comes_as_a_custom_field_takes_it(given: object, kept: str) -> None:
    assert incoming({"is_vip": given}, MAPPING).fields == {"vip": kept}


def test_what_they_say_is_sorted_into_changes_and_the_answer() -> None:
    heard = incoming({"level": " gold ", "plan": "24/7", "firm": "Acme", "label": "Maria"}, MAPPING)
    assert heard.changes == {"tier": "premium", "company": "Acme"}
    assert heard.answer == {"tier": "premium", "support_plan": "24/7"}
    assert heard.odd == ""


def test_our_own_word_for_a_tier_is_understood_and_another_is_said() -> None:
    assert incoming({"level": "Enterprise"}, MAPPING).changes == {"tier": "enterprise"}
    odd = incoming({"level": "Galactic"}, MAPPING)
    assert (odd.changes, odd.odd) == ({}, "\u201cGalactic\u201d in level is none of your tiers")


def test_nothing_of_theirs_takes_nothing_away() -> None:
    assert incoming({"level": "", "firm": None}, MAPPING) == incoming({}, MAPPING)


def test_a_customer_goes_in_their_fields() -> None:
    customer = Customer(locale="pt", tier="premium", fields={"seats": "12"})
    assert outgoing(customer, MAPPING) == {"language": "pt", "seats": "12"}
    assert told_names(MAPPING) >= {"email", "locale", "fields.seats"}
    assert wanted_names(MAPPING) == ["firm", "is_vip", "label", "level", "plan"]


def test_a_tier_goes_in_the_first_of_their_words_for_it() -> None:
    out = Rule(direction="out", theirs="level")
    mapping = Mapping(fields={"tier": out}, tiers={"premium": ["Gold", "Silver"]})
    assert outgoing(Customer(tier="premium"), mapping) == {"level": "Gold"}
    assert outgoing(Customer(tier="basic"), mapping) == {"level": "basic"}


# --- what Salesforce answers ----------------------------------------------------------------------


def fault(code: str, status: int = 400, **more: object) -> Exception | None:
    body = [{"errorCode": code, "message": "no", **more}]
    return salesforce.fault(Answer(status, {}, json.dumps(body).encode()))


def duplicates(*ids: str) -> dict[str, object]:
    return {"matchResults": [{"matchRecords": [{"record": {"Id": one}} for one in ids]}]}


@pytest.mark.parametrize("name", ["duplicateResult", "duplicateResut"])
def test_one_duplicate_there_is_the_one(name: str) -> None:
    found = fault("DUPLICATES_DETECTED", **{name: duplicates("003A", "003A")})
    assert isinstance(found, Exists)
    assert "003A" in str(found)


def test_several_duplicates_are_for_somebody_to_look_at() -> None:
    assert isinstance(fault("DUPLICATES_DETECTED", duplicateResult=duplicates("003A", "003B")), Refused)
    assert isinstance(fault("DUPLICATES_DETECTED"), Refused)


@pytest.mark.parametrize("code", sorted(salesforce.BUSY_CODES))
def test_their_own_trouble_passes(code: str) -> None:
    assert isinstance(fault(code), Busy)


# --- no CRM ---------------------------------------------------------------------------------------


def test_who_has_no_crm_knows_nobody_and_tells_nobody() -> None:
    api: object = None
    assert null.fault(Answer(500, {}, b"")) is None
    assert null.find(api, "maria@example.com", []) is None  # type: ignore[arg-type]
    assert null.changed(api, datetime.now(UTC)) == []  # type: ignore[arg-type]
    assert (null.field_names(api), null.account(api)) == ([], "")  # type: ignore[arg-type]
    assert (null.named("Maria", "maria@example.com"), null.link("", "", "1")) == ({}, "")
    with pytest.raises(Refused):
        null.create(api, {})  # type: ignore[arg-type]
    for call in (lambda: null.read(api, "1", []), lambda: null.update(api, "1", {})):  # type: ignore[arg-type]
        with pytest.raises(Gone):
            call()
