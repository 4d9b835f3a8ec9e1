"""The login dialog and the codes it gives: what comes back, how often, how long, and to which address."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

SECRET = "0123456789abcdef0123456789abcdef"
BACK = "http://localhost:8000/back/"


@pytest.fixture
def dialog(sandbox):
    def ask(method="POST", **given):
        asked = {"client_id": sandbox.app_id, "redirect_uri": BACK, "state": "s1",
                 "scope": "ads_read,ads_management"}  # fmt: skip
        said = {"answer": "continue", "person": "kofi", "ticked": ["ads_read", "ads_management"]}
        for name in list(given):
            (said if name in said else asked)[name] = given[name]
        return requests.request(
            method, f"{sandbox.url}/v26.0/dialog/oauth", params=asked, allow_redirects=False, timeout=10,
            data=said if method == "POST" else None,
        )  # fmt: skip

    return ask


@pytest.fixture
def redeem(sandbox, graph):
    def ask(code, **more):
        given = {"client_id": sandbox.app_id, "client_secret": SECRET, "redirect_uri": BACK, "code": code}
        return graph.get("oauth/access_token", token="", **given | more)

    return ask


def told(answer):
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def test_the_page_offers_people_and_scopes(dialog):
    page = dialog("GET")

    assert page.status_code == 200
    for words in ("Continue as Kofi Mensah", "Continue as Zoë Øvergård", "ads_management", "Cancel"):
        assert words in page.content.decode()


def test_yes_gives_a_code_that_is_good_once_for_a_short_token(dialog, redeem, sandbox, graph):
    back = dialog()

    assert back.headers["location"].startswith(BACK)
    assert back.headers["location"].endswith("#_=_")
    assert told(back)["state"] == "s1"
    given = redeem(told(back)["code"]).json()
    assert 3600 < given["expires_in"] < 7200
    mine = graph.get("debug_token", token=sandbox.app_token, input_token=given["access_token"]).json()["data"]
    assert (mine["user_id"], mine["type"]) == (sandbox.people["kofi"], "USER")
    assert len(graph.data("me/adaccounts", token=given["access_token"])) == 3
    assert graph.error(redeem(told(back)["code"]))["error_subcode"] == 36009


def test_no_comes_back_as_refusal(dialog):
    back = told(dialog(answer="cancel"))

    assert back == {"error": "access_denied", "error_code": "200", "error_description": "Permissions error",
                    "error_reason": "user_denied", "state": "s1"}  # fmt: skip


def test_what_was_unticked_is_declined_and_offered_again_only_on_demand(dialog, redeem, graph):
    code = told(dialog(ticked=["ads_read"]))["code"]
    token = redeem(code).json()["access_token"]

    listed = {row["permission"]: row["status"] for row in graph.data("me/permissions", token=token)}
    assert listed == {"ads_read": "granted", "public_profile": "granted", "ads_management": "declined"}
    of_kofi = dialog("GET").content.decode().split("Kofi Mensah</legend>")[1].split("</form>")[0]
    assert 'value="ads_management"' not in of_kofi
    again = dialog("GET", auth_type="rerequest").content.decode().split("Kofi Mensah</legend>")[1]
    assert "ads_management" in again.split("</form>")[0]


def test_what_has_lapsed_is_told_as_expired(sandbox, graph):
    sandbox.set_reach("user", scopes=["ads_read"], declined=["ads_management"], expired=["email"])

    listed = {
        row["permission"]: row["status"] for row in graph.data("me/permissions", token=sandbox.token("user"))
    }

    assert listed == {"ads_read": "granted", "ads_management": "declined", "email": "expired"}


def test_a_configuration_replaces_the_scopes(dialog, redeem, graph):
    everything = ["ads_read", "ads_management", "business_management"]
    token = redeem(told(dialog(config_id="99", scope="", ticked=everything))["code"]).json()["access_token"]

    assert [row["permission"] for row in graph.data("me/permissions", token=token)][:3] == everything


@pytest.mark.parametrize(
    ("seconds", "more", "subcode"),
    [(601, {}, 36007), (0, {"redirect_uri": BACK + "x"}, 36008), (0, {"client_secret": "wrong"}, None)],
)
def test_a_code_is_refused_as_meta_refuses_it(dialog, redeem, sandbox, graph, seconds, more, subcode):
    code = told(dialog())["code"]
    sandbox.advance(seconds)

    answer = redeem(code, **more)

    assert answer.status_code == 400
    assert graph.error(answer).get("error_subcode") == subcode


@pytest.mark.parametrize(
    "wrong",
    [{"client_id": "1"}, {"redirect_uri": "javascript:x"}, {"redirect_uri": "http://elsewhere.example/"}],
)
def test_a_dialog_asked_wrongly_stays_at_meta(dialog, wrong):
    answer = dialog("GET", **wrong)

    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_a_callback_goes_to_this_machine_only(control):
    answer = control("callback", {"kind": "deletion", "url": "http://elsewhere.example/", "person": "zoe"})

    assert answer.status_code == 400
    assert "this machine" in answer.json()["error"]
