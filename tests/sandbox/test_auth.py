"""Tokens: where they may stand, what they reach, how they die and how new ones are made."""

import hashlib
import hmac

import pytest
import requests

SECRET = "0123456789abcdef0123456789abcdef"


def proof(token, secret=SECRET, moment=None):
    message = token if moment is None else f"{token}|{moment}"
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def test_a_token_may_stand_in_the_header_the_query_or_the_form(sandbox, graph):
    url = f"{sandbox.url}/v26.0/me"

    answers = [
        requests.get(url, headers={"Authorization": f"Bearer {graph.token}"}, timeout=10),
        requests.get(url, params={"access_token": graph.token}, timeout=10),
        requests.post(url, data={"access_token": graph.token}, timeout=10),
        requests.post(url, json={"access_token": graph.token}, timeout=10),
        requests.post(url, files={"access_token": (None, graph.token)}, timeout=10),
    ]

    assert [answer.json()["name"] for answer in answers] == ["reporting-prod"] * 5


@pytest.mark.parametrize(
    ("name", "status", "code", "subcode"),
    [
        ("expired", 400, 190, 463),
        ("revoked", 400, 190, 458),
        ("password_changed", 400, 190, 460),
    ],
)
def test_each_dead_token_says_how_it_died(sandbox, graph, account, name, status, code, subcode):
    for path in ("me", account(), f"{account()}/insights"):
        answer = graph.get(path, token=sandbox.token(name))
        error = graph.error(answer)
        assert (answer.status_code, error["code"], error["error_subcode"]) == (status, code, subcode)


def test_a_call_without_a_token_is_refused(graph):
    answer = graph.get("me", token="")

    assert answer.status_code == 400
    assert graph.error(answer)["code"] == 104


def test_the_reporting_token_reaches_four_accounts_and_writes_nothing(sandbox, graph):
    token = sandbox.token("reporting")
    mine = {row["id"] for row in graph.data("me/adaccounts", token=token)}
    others = {row["id"] for row in graph.data("me/adaccounts")} - mine

    assert len(mine) == 4
    assert graph.get(min(mine), token=token).status_code == 200
    assert graph.get(min(others), token=token).json()["error"]["error_subcode"] == 33
    campaign = graph.data(f"{min(mine)}/campaigns")[0]["id"]
    refused = graph.post(campaign, token=token, status="PAUSED")
    assert (refused.status_code, graph.error(refused)["code"]) == (403, 200)


def test_a_token_without_ads_read_is_valid_but_sees_no_ads(sandbox, graph, account):
    token = sandbox.token("no_ads_read")

    assert graph.get("me", token=token).status_code == 200
    assert graph.get(account(), token=token).status_code == 403
    assert graph.error(graph.get(f"{account()}/insights", token=token))["error_subcode"] == 3191001


def test_a_system_user_lists_its_assigned_accounts(graph):
    me = graph.get("me").json()["id"]

    assert len(graph.data(f"{me}/assigned_ad_accounts")) == 12


def test_proofs_are_checked_when_given_and_demanded_when_switched_on(sandbox, graph):
    now = int(sandbox.now.timestamp())

    assert graph.get("me", appsecret_proof=proof(graph.token)).status_code == 200
    assert graph.get("me", appsecret_proof=proof("other")).status_code == 400
    sandbox.configure(require_proof=True)
    assert graph.get("me").status_code == 400
    assert graph.get("me", appsecret_proof=proof(graph.token)).status_code == 200
    timed = {"appsecret_proof": proof(graph.token, moment=now), "appsecret_time": str(now)}
    assert graph.get("me", **timed).status_code == 200
    old = {"appsecret_proof": proof(graph.token, moment=now - 400), "appsecret_time": str(now - 400)}
    assert graph.get("me", **old).status_code == 400
    assert graph.get("me", token=sandbox.app_token).json()["error"]["code"] == 2500


def test_debug_token_needs_a_token_of_the_same_app(sandbox, graph):
    asked = {"input_token": sandbox.token("user")}

    assert graph.get("debug_token", token=sandbox.app_token, **asked).json()["data"]["is_valid"] is True
    assert graph.get("debug_token", **asked).json()["data"]["type"] == "USER"
    refused = graph.get("debug_token", token=sandbox.token("foreign_app"), **asked)
    assert refused.status_code == 400
    assert "did not match the Viewing App" in graph.error(refused)["message"]
    wrong_app = graph.get("debug_token", token=sandbox.app_token, input_token=sandbox.token("foreign_app"))
    assert wrong_app.status_code == 400


def test_an_app_token_is_issued_for_the_right_secret_only(sandbox, graph):
    asked = {"grant_type": "client_credentials", "client_id": sandbox.app_id}
    given = graph.get("oauth/access_token", token="", client_secret=SECRET, **asked).json()

    told = graph.get("debug_token", token=given["access_token"], input_token=graph.token)
    assert told.json()["data"]["expires_at"] == 0
    refused = graph.get("oauth/access_token", token="", client_secret="wrong", **asked)
    assert graph.error(refused)["message"] == "Error validating client secret."


def exchange(sandbox, graph, name, **more):
    return graph.get(
        "oauth/access_token",
        token="",
        grant_type="fb_exchange_token",
        client_id=sandbox.app_id,
        client_secret=SECRET,
        fb_exchange_token=sandbox.token(name),
        **more,
    )


def expiry(sandbox, graph, text):
    return graph.get("debug_token", token=sandbox.app_token, input_token=text).json()["data"]["expires_at"]


def test_a_sixty_day_token_is_refreshed_and_the_old_one_lives_on(sandbox, graph):
    new = exchange(sandbox, graph, "expiring", set_token_expires_in_60_days="true").json()["access_token"]
    now = int(sandbox.now.timestamp())

    assert expiry(sandbox, graph, new) == now + 60 * 86400
    assert graph.get("me", token=sandbox.token("expiring")).status_code == 200
    sandbox.advance(4 * 86400)
    assert graph.error(graph.get("me", token=sandbox.token("expiring")))["error_subcode"] == 463
    assert len(graph.data("me/adaccounts", token=new)) == 12


def test_exchange_gives_a_short_user_token_sixty_days_and_extends_no_long_one(sandbox, graph):
    now = int(sandbox.now.timestamp())

    short = exchange(sandbox, graph, "user_short").json()["access_token"]
    long = exchange(sandbox, graph, "user").json()["access_token"]

    assert expiry(sandbox, graph, short) == now + 60 * 86400
    assert expiry(sandbox, graph, long) == expiry(sandbox, graph, sandbox.token("user"))
    assert exchange(sandbox, graph, "expired").status_code == 400
    assert "expires_in" not in exchange(sandbox, graph, "system").json()


def test_revoking_ends_one_token(sandbox, graph):
    doomed = sandbox.token("sixty_day")
    answer = graph.get(
        "oauth/revoke",
        client_id=sandbox.app_id,
        client_secret=SECRET,
        revoke_token=doomed,
    )

    assert answer.json() == {"success": "true"}
    assert graph.error(graph.get("me", token=doomed))["error_subcode"] == 458
    assert graph.get("me").status_code == 200


def test_removing_the_app_ends_every_token_of_that_person(sandbox, graph):
    assert graph.delete("me/permissions", token=sandbox.token("user")).json() == {"success": True}

    for name in ("user", "user_short"):
        assert graph.error(graph.get("me", token=sandbox.token(name)))["error_subcode"] == 458
    assert graph.get("me").status_code == 200


def test_a_system_user_gets_a_new_token(sandbox, graph):
    me = graph.get("me").json()["id"]
    asked = {"business_app": sandbox.app_id, "scope": "ads_read", "set_token_expires_in_60_days": "true"}
    new = graph.post(f"{me}/access_tokens", **asked).json()["access_token"]

    told = graph.get("debug_token", input_token=new).json()["data"]
    assert (told["type"], told["scopes"]) == ("SYSTEM_USER", ["ads_read"])


def test_tokens_look_like_tokens(sandbox):
    texts = list(sandbox.tokens.values())

    assert len(set(texts)) == len(texts)
    assert all(text.startswith("EAA") and len(text) > 100 and len(set(text)) > 30 for text in texts)
