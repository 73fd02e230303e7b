"""Cells of an export: no spreadsheet may take a customer's words for a formula."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.services.export.cells import SIGNS, SKIPPED, guard, unguard

pytestmark = pytest.mark.unit

RISKY = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1dcmd",
    "\uff0b1",
    "\uff0d1",
    "\uff20x",
    '"=1+1',
    ";=1+1",
    ", @x",
    "   =1",
    "\u00a0=1",
    "=cmd|' /C calc'!A0",
    "%0A=1",
]


@pytest.mark.parametrize("text", RISKY)
def test_s24_a_text_that_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert guard(text) == f"'{text}"
    assert unguard(guard(text)) == text


@pytest.mark.parametrize("value", ["plain", "a = b", "", "12", "ann@example.com", -12, 3.5, None, True])
def test_s24_everything_else_stays_as_it_is(value: object) -> None:
    assert guard(value) == value


@given(st.text())
def test_s24_no_guarded_text_begins_with_a_sign_and_reading_it_back_gives_the_text(text: str) -> None:
    cell = guard(text)
    bare = cell.lstrip(SKIPPED.replace("'", ""))
    assert not bare or bare[0] not in SIGNS
    assert unguard(cell) == text
