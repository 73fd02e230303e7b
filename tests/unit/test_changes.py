"""What an event changed, in words that a person reads."""

import pytest

from webapp.schemas.change import SECRET, changes_out

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "value, words",
    [
        (None, ""),
        (True, "yes"),
        ([], ""),
        (["tea", "milk"], "tea, milk"),
        ({"critical": 60, "grace_seconds": None, "asks": False}, "Critical: 60, Asks: no"),
        ([{"name": "Ana", "skills": ["de", "fr"]}, {"name": "Ben"}], "Name: Ana, Skills: de, fr; Name: Ben"),
        ({"password": "x", "host": "imap"}, f"Password: {SECRET}, Host: imap"),
    ],
)
def test_a_value_is_told_without_brackets(value: object, words: str) -> None:
    assert [(one.old, one.new) for one in changes_out({"field": [None, value]})] == [("", words)]
