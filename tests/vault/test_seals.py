"""Sealed texts open in their own place, with their own key, unaltered; nowhere else."""

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps import vault
from apps.vault import SealBroken, seal, unseal

PLACE = "connections_connection|41|token"
OLD, NEW = os.urandom(32), os.urandom(32)


@given(st.text())
def test_any_text_comes_back_as_it_was(text):
    assert unseal(seal(text, PLACE), PLACE) == text


def test_the_same_text_is_sealed_differently_each_time():
    first, second = seal("a secret", PLACE), seal("a secret", PLACE)

    assert first != second
    assert first.startswith("v1:k1:")
    assert "secret" not in first
    assert b"secret" not in base64.b64decode(first.split(":")[2])


@pytest.mark.parametrize(
    "elsewhere",
    [
        "connections_connection|42|token",  # another row
        "connections_connection|41|secret",  # another field
        "team_user|41|token",  # another table
        "",
    ],
)
def test_a_sealed_text_does_not_open_in_another_place(elsewhere):
    sealed = seal("a secret", PLACE)

    with pytest.raises(SealBroken, match="does not open"):
        unseal(sealed, elsewhere)


def test_no_character_of_a_sealed_text_can_be_changed():
    sealed = seal("a secret", PLACE)
    head, _, encoded = sealed.rpartition(":")
    raw = base64.b64decode(encoded)

    for position in range(len(raw)):
        altered = bytearray(raw)
        altered[position] ^= 1
        with pytest.raises(SealBroken):
            unseal(f"{head}:{base64.b64encode(altered).decode()}", PLACE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v1",
        "v1:",
        "v1:k1",
        "v1:k1:",
        "v1:k1:AAAA",
        "v1:k1:not base64!",
        "v2:k1:AAAA",
        "EAAclear",
        "::",
        "v1:k1:ü",
    ],
)
def test_what_was_never_sealed_does_not_open(text):
    with pytest.raises(SealBroken):
        unseal(text, PLACE)


def test_a_key_that_is_gone_is_named(settings):
    sealed = seal("a secret", PLACE)
    settings.TOKEN_KEYS = {"k2": NEW}

    with pytest.raises(SealBroken, match="'k1' is not in TOKEN_KEYS"):
        unseal(sealed, PLACE)


def test_another_key_under_the_same_id_does_not_open_it(settings):
    sealed = seal("a secret", PLACE)
    settings.TOKEN_KEYS = {"k1": NEW}

    with pytest.raises(SealBroken, match="TOKEN_KEYS holds another key"):
        unseal(sealed, PLACE)


def test_after_a_change_of_keys_the_old_one_still_opens_and_the_new_one_seals(settings):
    settings.TOKEN_KEYS = {"k1": OLD}
    before = seal("a secret", PLACE)

    settings.TOKEN_KEYS = {"k2": NEW, "k1": OLD}

    assert unseal(before, PLACE) == "a secret"
    assert seal("a secret", PLACE).startswith("v1:k2:")


def test_a_key_cannot_be_passed_off_as_another(settings):
    settings.TOKEN_KEYS = {"k2": NEW, "k1": NEW}
    sealed = seal("a secret", PLACE)

    with pytest.raises(SealBroken):
        unseal(sealed.replace("v1:k2:", "v1:k1:"), PLACE)


def test_the_message_never_holds_the_text():
    sealed = seal("a secret", PLACE)

    with pytest.raises(SealBroken) as caught:
        vault.unseal(sealed[:-8] + "AAAAAAA=", PLACE)

    assert sealed[6:] not in str(caught.value)
    assert "a secret" not in repr(caught.value.__cause__)
