"""What a visitor is asked before the first message, and what they answered."""

import re
from typing import Any

from webapp import clock
from webapp.errors import Invalid
from webapp.models import Customer, Inbox
from webapp.validators import fold_email, is_valid_email, visible

ANSWER_CHARS = 500
# Who they are and where to reach them may be said without being asked.
ALWAYS_TAKEN = {"name": {"name": "name", "type": "text"}, "email": {"name": "email", "type": "email"}}
_PHONE = re.compile(r"[+()\d\s./-]{5,30}")


def known_fields(customer: Customer, inbox: Inbox) -> list[str]:
    """The names of the pre-chat fields that need not be asked (again)."""
    known = set(customer.answers)
    if customer.name:
        known.add("name")
    if customer.email or customer.claimed_email:
        known.add("email")
    return [field["name"] for field in inbox.prechat if field["name"] in known]


def needs_prechat(customer: Customer, inbox: Inbox) -> bool:
    """Whether a visitor is to be asked something first. Who is identified isn't."""
    if customer.is_verified:
        return False
    known = known_fields(customer, inbox)
    return any(field["name"] not in known for field in inbox.prechat) or (
        bool(inbox.consent) and customer.consented_at is None
    )


def take_answers(
    customer: Customer, inbox: Inbox, answers: dict[str, Any], *, consent: bool, must_have_email: bool
) -> None:
    """Checks the answers against the inbox's fields and keeps them. Raises `Invalid` naming each at fault."""
    fields = {**ALWAYS_TAKEN, **{field["name"]: field for field in inbox.prechat}}
    if must_have_email:
        fields["email"] = {"name": "email", "type": "email", "required": True}
    known = known_fields(customer, inbox)
    detail = []
    kept: dict[str, Any] = {}
    for name in fields.keys() | answers.keys():
        try:
            value = check_answer(
                fields.get(name), answers.get(name), is_known=name in known or customer.is_verified
            )
        except ValueError as problem:
            detail.append({"loc": ["body", "prechat", name], "msg": str(problem), "type": "value_error"})
            continue
        if value is not None:
            kept[name] = value
    if inbox.consent and not customer.is_verified and customer.consented_at is None and not consent:
        detail.append({"loc": ["body", "consent"], "msg": "Please agree to go on", "type": "value_error"})
    if detail:
        raise Invalid(
            "Please check the marked fields", detail=sorted(detail, key=lambda item: str(item["loc"]))
        )
    _keep(customer, kept, consent=consent)


def take_address(customer: Customer, answers: dict[str, Any]) -> None:
    """Keeps an e-mail address given later in the chat, where none is known. Raises `Invalid`."""
    address = answers.get("email")
    if customer.email or customer.claimed_email or not isinstance(address, str) or not visible(address):
        return
    if not is_valid_email(visible(address)):
        problem = {
            "loc": ["body", "prechat", "email"],
            "msg": "This is not an e-mail address",
            "type": "value_error",
        }
        raise Invalid("Please check the marked fields", detail=[problem])
    customer.claimed_email = fold_email(visible(address))


def check_answer(field: dict[str, Any] | None, value: Any, *, is_known: bool = False) -> Any:
    """An answer as it is kept; None where there is none. Raises `ValueError` with what is wrong."""
    if field is None:
        raise ValueError("There is no such field")
    if field["type"] == "checkbox":
        if field.get("required") and value is not True and not is_known:
            raise ValueError("Please tick this")
        return value if isinstance(value, bool) else None
    if value is None or (isinstance(value, str) and not visible(value)):
        if field.get("required") and not is_known:
            raise ValueError("Please fill this in")
        return None
    if not isinstance(value, str) or len(value) > ANSWER_CHARS:
        raise ValueError(f"At most {ANSWER_CHARS} characters")
    return _check_text(field, visible(value))


def _check_text(field: dict[str, Any], text: str) -> str:
    kind = field["type"]
    if kind == "email" and not is_valid_email(text):
        raise ValueError("This is not an e-mail address")
    if kind == "phone" and not _PHONE.fullmatch(text):
        raise ValueError("This is not a phone number")
    if kind == "select" and text not in field.get("options", []):
        raise ValueError("Please choose one of the list")
    return fold_email(text) if kind == "email" else text


def _keep(customer: Customer, kept: dict[str, Any], *, consent: bool) -> None:
    if "name" in kept and not customer.name:
        customer.name = kept["name"][:100]
    if "email" in kept and not customer.email:
        customer.claimed_email = kept["email"]
    others = {name: value for name, value in kept.items() if name not in ("name", "email")}
    if others:
        customer.answers = {**customer.answers, **others}
    if consent:
        customer.consented_at = customer.consented_at or clock.now()
