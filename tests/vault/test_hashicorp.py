"""HashiCorp Vault's transit engine wraps the key of each text. Through hvac, against tests/vault/transit.py."""

import pytest

from apps.vault import KeysAway, SealBroken, rings, seal, unseal
from apps.vault.seals import Sealed

PLACE = "connections_connection|41|token"
ELSEWHERE = "connections_connection|42|token"


def test_a_text_comes_back_in_another_process(transit, new_process):
    sealed = seal("EAAsecret", PLACE)
    new_process()

    assert unseal(sealed, PLACE) == "EAAsecret"
    assert Sealed.parse(sealed).key_id == "vault:transit/fbadmin:v1"
    assert Sealed.parse(sealed).wrapped.startswith(b"vault:v1:")


def test_after_a_rotation_old_texts_open_and_new_ones_name_the_new_version(transit, new_process):
    before = seal("before", PLACE)
    transit.rotate()
    new_process()

    assert unseal(before, PLACE) == "before"
    assert Sealed.parse(seal("after", PLACE)).key_id == "vault:transit/fbadmin:v2"
    assert rings.newest().newest_id() == "vault:transit/fbadmin:v2"


def test_vault_itself_refuses_the_key_of_a_text_for_another_row(transit, new_process):
    sealed = seal("EAAsecret", PLACE)
    new_process()

    with pytest.raises(SealBroken, match="message authentication failed") as caught:
        unseal(sealed, ELSEWHERE)
    assert not isinstance(caught.value, KeysAway)


def test_a_version_that_vault_opens_no_more(transit, new_process):
    sealed = seal("EAAsecret", PLACE)
    transit.rotate()
    transit.least = 2
    new_process()

    with pytest.raises(SealBroken, match=r"disallowed by policy.*min_decryption_version"):
        unseal(sealed, PLACE)


def test_opening_again_soon_asks_vault_no_more(transit, new_process):
    sealed = seal("EAAsecret", PLACE)
    new_process()

    for _ in range(5):
        unseal(sealed, PLACE)

    assert transit.asked.count("/v1/transit/decrypt/fbadmin") == 1


def test_vault_never_sees_the_text_nor_do_we_keep_its_key(transit):
    sealed = seal("EAAsecret", PLACE)

    assert transit.asked == ["/v1/transit/encrypt/fbadmin"]
    assert "EAAsecret" not in sealed


def test_a_wrong_token_has_its_cure(transit, settings):
    settings.VAULT_TOKEN = "hvs.wrong"

    with pytest.raises(KeysAway, match=r"VAULT_TOKEN is wrong.*transit/encrypt/fbadmin") as caught:
        seal("EAAsecret", PLACE)
    assert "hvs.wrong" not in str(caught.value)


def test_a_sealed_vault_is_waited_for_and_is_no_broken_text(transit, new_process):
    sealed = seal("EAAsecret", PLACE)
    transit.sealed = True
    new_process()

    with pytest.raises(KeysAway, match=r"is sealed\. Unseal it"):
        unseal(sealed, PLACE)
    transit.sealed = False
    assert unseal(sealed, PLACE) == "EAAsecret"


@pytest.mark.parametrize("opening", [True, False])
def test_vault_away(opening, transit, new_process):
    sealed = seal("EAAsecret", PLACE)
    transit.stop()
    new_process()

    with pytest.raises(KeysAway, match=r"Vault does not answer at http://127.*Check VAULT_ADDR"):
        unseal(sealed, PLACE) if opening else seal("EAAsecret", PLACE)
    transit._server.server_close()


def test_a_key_that_is_not_there(transit, settings):
    settings.TOKEN_KEYS_FROM = ["vault:nobody"]

    with pytest.raises(KeysAway, match="Make it: vault write -f transit/keys/nobody"):
        seal("EAAsecret", PLACE)


def test_an_engine_that_is_not_there(transit, settings):
    settings.TOKEN_KEYS_FROM = ["vault:elsewhere/fbadmin"]

    with pytest.raises(KeysAway, match="elsewhere/fbadmin is not there"):
        seal("EAAsecret", PLACE)


def test_no_address_has_its_cure(settings, new_process):
    settings.TOKEN_KEYS_FROM, settings.VAULT_ADDR = ["vault:fbadmin"], ""
    new_process()

    with pytest.raises(KeysAway, match="VAULT_ADDR is empty"):
        seal("EAAsecret", PLACE)
