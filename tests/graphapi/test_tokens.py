"""What Meta says about a token."""

import pytest

from apps.graphapi import BadAnswer, GranularScope, TokenRefused
from tests.graphapi.conftest import SECRET, TOKEN, sample

BODIES = sample("debug_token")


def test_a_user_token(client, meta, calls):
    meta.answer(BODIES["user"])

    info = client.inspect_token("EAABinspected")

    assert meta.requests[0].query == {"input_token": "EAABinspected"}
    assert meta.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert (info.app_id, info.type, info.application) == ("123456789012345", "USER", "Ads Console")
    assert info.is_valid
    assert info.scopes == ("ads_read", "ads_management", "business_management", "public_profile")
    assert info.granular_scopes[0] == GranularScope("ads_read", ("111222333444555",))
    assert info.granular_scopes[1] == GranularScope("ads_management", None)
    assert (info.issued_at, info.expires_at, info.data_access_expires_at) == (
        1794998400,
        1800182400,
        1802774400,
    )
    assert (info.user_id, info.error_code) == ("10200000000000001", None)
    assert (calls[0].path, "EAAB" in repr(calls[0])) == ("debug_token", False)


def test_a_system_user_token_never_expires(client, meta):
    meta.answer(BODIES["system user"])

    info = client.inspect_token("EAABx")

    assert (info.type, info.expires_at, info.data_access_expires_at) == ("SYSTEM_USER", 0, 0)


def test_an_expired_token_is_a_verdict_not_an_error(client, meta):
    meta.answer(BODIES["expired"])

    info = client.inspect_token("EAABx")

    assert not info.is_valid
    assert (info.error_code, info.error_subcode) == (190, 463)
    assert info.error_message.startswith("Error validating access token: Session has expired")


def test_what_the_verdict_leaves_out_is_unknown(client, meta):
    meta.answer(BODIES["garbage"])

    info = client.inspect_token("EAABx")

    assert (info.is_valid, info.expires_at, info.error_code, info.error_subcode) == (False, None, 190, None)


def test_a_verdict_that_echoes_the_token_is_cleaned(client, meta):
    meta.answer({"data": {"is_valid": False, "error": {"code": 190, "message": "zz-strange-zz is bad"}}})

    assert client.inspect_token("zz-strange-zz").error_message == "*** is bad"


@pytest.mark.parametrize("body", [{}, {"data": []}, {"data": None}])
def test_an_answer_without_a_verdict_is_not_read_as_one(client, meta, body):
    meta.answer(body)

    with pytest.raises(BadAnswer, match="no verdict"):
        client.inspect_token("EAABx")


@pytest.mark.parametrize(
    "data",
    [{"scopes": 5}, {"granular_scopes": [None, {"scope": 3, "target_ids": [1, None]}]}, {"error": "x"}],
)
def test_odd_verdicts_do_no_harm(client, meta, data):
    meta.answer({"data": data})

    assert client.inspect_token("EAABx").is_valid is False


def test_a_grant_counts_its_targets(client, meta):
    meta.answer(BODIES["user"])
    info = client.inspect_token("EAABx")

    assert info.grants("ads_read")
    assert info.grants("ads_read", "act_111222333444555")
    assert not info.grants("ads_read", "act_9")
    assert info.grants("ads_management", "act_9")
    assert not info.grants("leads_retrieval")


def test_the_proof_belongs_to_the_token_that_asks(make_client, meta):
    meta.answer(BODIES["user"])

    make_client(app_secret=SECRET).inspect_token("EAABother")

    assert meta.requests[0].query["appsecret_proof"] == sample("proofs")["plain"]


# --- tokens for tokens ---------------------------------------------------------------------------


def test_a_token_is_exchanged_and_neither_is_told_to_anybody(make_client, meta, calls):
    meta.answer({"access_token": "EAABnewTOKEN", "token_type": "bearer", "expires_in": 5183944})

    new = make_client("").exchange_token("EAABold", app_id="123", app_secret=SECRET, sixty_days=True)

    assert meta.requests[0].path == "/v26.0/oauth/access_token"
    assert meta.requests[0].query == {
        "grant_type": "fb_exchange_token",
        "client_id": "123",
        "client_secret": SECRET,
        "fb_exchange_token": "EAABold",
        "set_token_expires_in_60_days": "true",
    }
    assert "Authorization" not in meta.requests[0].headers
    assert (new.text, new.expires_in) == ("EAABnewTOKEN", 5183944)
    assert "EAAB" not in f"{new} {calls}"


@pytest.mark.parametrize("body", [{}, {"access_token": ""}, {"access_token": 7}, {"access_token": "a b"}])
def test_an_answer_without_a_token_is_a_bad_one(make_client, meta, body):
    meta.answer(body)

    with pytest.raises(BadAnswer, match="no token"):
        make_client("").exchange_token("EAABold", app_id="123", app_secret=SECRET)


def test_an_end_that_meta_does_not_tell_is_unknown(make_client, meta):
    meta.answer({"access_token": "EAABnewTOKEN"})

    assert make_client("").exchange_token("EAABold", app_id="1", app_secret=SECRET).expires_in is None


def test_an_exchange_that_is_refused_echoes_no_secret(make_client, meta):
    message = f"Error validating fb_exchange_token=EAABold client_secret={SECRET}"
    meta.answer({"error": {"message": message, "type": "OAuthException", "code": 190}}, 400)

    with pytest.raises(TokenRefused) as refused:
        make_client("").exchange_token("EAABold", app_id="1", app_secret=SECRET)

    assert "EAABold" not in refused.value.message
    assert SECRET not in refused.value.message
