"""Meta's values as the database takes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.connections.values import clean, whole


@given(st.text(st.characters()))
def test_any_text_becomes_one_that_can_be_stored(text):
    cleaned = clean(text)

    cleaned.encode()
    assert "\x00" not in cleaned
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("é 😀", "é 😀"),
        ("a\x00b", "ab"),
        ("\ud83d", "?"),
        (12, "12"),
        (True, "True"),
        ([1], "[1]"),
    ],
)
def test_only_what_can_not_be_stored_is_lost(value, text):
    assert clean(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [("5000", 5000), (5000, 5000), ("-1", -1), ("9" * 18, 10**18 - 1), ("9" * 19, None), ("9" * 5000, None),
     (10**30, None), ("12.5", None), ("a lot", None), ("", None), (None, None), (float("nan"), None), ([], None)],
)  # fmt: skip
def test_a_count_is_a_number_that_fits_or_none(value, number):
    assert whole(value) == number
