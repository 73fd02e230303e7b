"""Masks: the form a text field may ask for, one step per character."""

import time

from hypothesis import given
from hypothesis import strategies as st

from webapp.validators import fits_mask, fold_name


def test_each_sign_stands_for_its_kind_and_the_rest_for_itself() -> None:
    assert fits_mask("ORD-##@*", "ORD-12xü")
    assert not fits_mask("ORD-##", "ord-12")
    assert not fits_mask("##", "1")
    assert not fits_mask("##", "123")
    assert fits_mask(r"\#\@\*\\", "#@*\\")


@given(st.text(max_size=100))
def test_a_text_fits_itself_once_its_signs_are_escaped(text: str) -> None:
    assert fits_mask("".join(f"\\{char}" for char in text), text)


@given(st.text("#@*a(+)$", max_size=100), st.text(max_size=500))
def test_no_mask_takes_long(mask: str, text: str) -> None:
    begun = time.process_time()
    fits_mask(mask, text)
    assert time.process_time() - begun < 5


@given(st.text())
def test_a_folded_name_folds_to_itself(text: str) -> None:
    assert fold_name(fold_name(text)) == fold_name(text)
