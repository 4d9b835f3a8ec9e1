"""One request over a real socket."""

import copy
import gzip
import json
import logging
import pickle

import pytest
import requests

from apps.graphapi import (
    BadAnswer,
    Client,
    GraphError,
    InvalidRequest,
    Pauses,
    PermissionMissing,
    ServerFault,
    Throttled,
    TokenRefused,
    UnknownFault,
    Unreachable,
)
from tests.graphapi.conftest import SECRET, TOKEN, sample

PROOF = sample("proofs")["plain"]


def test_the_token_travels_in_the_header_and_nowhere_else(client, meta):
    meta.answer({"id": "1"})

    assert client.get("me", fields=["id", "name"]) == {"id": "1"}

    (seen,) = meta.requests
    assert seen.method == "GET"
    assert seen.path == "/v26.0/me"
    assert seen.query == {"fields": "id,name"}
    assert seen.headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in seen.target


def test_cookies_are_not_kept_and_a_shared_session_is_left_open(make_client, meta):
    session = requests.Session()
    meta.answer({"id": "1"}, headers={"Set-Cookie": "who=someone; Path=/"})
    meta.answer({"id": "1"})

    with make_client(session=session) as client:
        client.get("me")
    make_client("EAABother", session=session).get("me")

    assert "Cookie" not in meta.requests[1].headers
    assert meta.requests[1].headers["Authorization"] == "Bearer EAABother"


def test_a_netrc_file_does_not_replace_the_token(client, meta, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    meta.answer({"id": "1"})

    client.get("me")

    assert meta.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("method", ["get", "delete"])
def test_the_proof_is_in_the_query_of_a_call_without_a_form(make_client, meta, method):
    meta.answer({"success": True})

    getattr(make_client(app_secret=SECRET), method)("42")

    assert meta.requests[0].query == {"appsecret_proof": PROOF}


def test_the_proof_is_in_the_form_of_a_post(make_client, meta):
    meta.answer({"success": True})

    make_client(app_secret=SECRET).post("42", status="PAUSED")

    (seen,) = meta.requests
    assert seen.form == {"status": "PAUSED", "appsecret_proof": PROOF}
    assert seen.query == {}
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_without_a_token_nothing_is_signed(make_client, meta):
    meta.answer({"access_token": "EAABnew"})

    make_client("", app_secret=SECRET).get("oauth/access_token", client_id="1", code="AQx")

    assert "Authorization" not in meta.requests[0].headers
    assert "appsecret_proof" not in meta.requests[0].query


def test_a_bare_true_is_a_success(client, meta):
    meta.answer(True)

    assert client.post("7/applications", business_app="1") == {"success": True}


@pytest.mark.parametrize("body", [True, {"success": True}])
def test_a_delete_answers_like_a_post(client, meta, body):
    meta.answer(body)

    assert client.delete("act_42/subscribed_apps", app_id="9") == {"success": True}
    assert meta.requests[0].query == {"app_id": "9"}


def test_compressed_and_chunked_answers_are_read(client, meta):
    meta.answer(gzip.compress(b'{"id":"1"}'), headers={"Content-Encoding": "gzip"})
    meta.answer({"id": "2"}, chunked=True)

    assert client.get("me") == {"id": "1"}
    assert client.get("me") == {"id": "2"}


def test_a_failed_report_run_is_a_value_not_an_error(client, meta):
    meta.answer(sample("report_run")["failed"])

    assert client.get("6023920149050")["error_subcode"] == 1504045


@pytest.mark.parametrize(
    "path", ["https://evil.example/me", "me?fields=id", "a//b", "../me", "v26.0/me", "a#b"]
)
def test_a_path_is_only_a_path(client, path):
    with pytest.raises(ValueError, match="path"):
        client.get(path)


def test_a_token_among_the_parameters_is_a_mistake(client, meta):
    with pytest.raises(ValueError, match="Client"):
        client.get("me", access_token="EAABother")

    assert meta.requests == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"token": "two words"},
        {"token": "EAAB\n"},
        {"token": "EAABé"},
        {"version": "26"},
        {"base_url": "graph.facebook.com"},
        {"timeout": (5.0, None)},
    ],
)
def test_wrong_settings_stop_at_the_start_without_showing_the_token(arguments):
    token = arguments.pop("token", TOKEN)

    with pytest.raises(ValueError) as caught:
        Client(token, **arguments)

    assert token not in str(caught.value)


def test_a_client_does_not_show_its_token():
    assert TOKEN not in repr(Client(TOKEN)) + repr(vars(Client(TOKEN, app_secret=SECRET)))


# Asking again


def test_a_hiccup_is_waited_out(client, meta, sleeps, calls):
    meta.answer({"error": {"code": 2, "error_subcode": 1504044, "message": "hm"}}, 500)
    meta.refuse("overloaded")
    meta.answer({"id": "1"})

    assert client.get("me") == {"id": "1"}
    assert sleeps == [5.0, 10.0]
    assert [call.attempt for call in calls] == [1, 2, 3]
    assert [call.error is None for call in calls] == [False, False, True]


def test_the_pauses_double_up_to_a_cap_and_then_the_error_comes_out(make_client, meta, sleeps):
    for _ in range(6):
        meta.answer({"error": {"code": 1, "message": "hm"}}, 500)

    with pytest.raises(ServerFault) as caught:
        make_client(retries=Pauses(tries=5, first=5, longest=30, random=lambda: 1.0)).get("me")

    assert sleeps == [5, 10, 20, 30, 30]
    assert caught.value.transient


def test_jitter_is_between_nothing_and_the_whole_pause():
    assert list(Pauses(tries=3, random=lambda: 0.0)) == [0, 0, 0]
    assert list(Pauses(tries=3, random=lambda: 0.5)) == [2.5, 5, 10]


def test_a_service_that_is_down_gets_its_minute(client, meta, sleeps):
    meta.refuse("service unavailable")
    meta.answer({"id": "1"})

    client.get("me")

    assert sleeps == [60.0]


def test_a_retry_after_header_is_honoured(client, meta, sleeps):
    meta.answer(b"<html>busy</html>", 503, headers={"Retry-After": "17", "Content-Type": "text/html"})
    meta.answer({"id": "1"})

    client.get("me")

    assert sleeps == [17.0]


def test_a_wait_longer_than_our_pauses_is_left_to_the_caller(client, meta, sleeps):
    meta.answer(b"busy", 503, headers={"Retry-After": "3600"})

    with pytest.raises(BadAnswer) as caught:
        client.get("me")

    assert caught.value.retry_after == 3600
    assert sleeps == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("insights allowance spent", Throttled),
        ("account score spent", Throttled),
        ("insights closed for the app", Throttled),
        ("app removed", TokenRefused),
        ("business permission missing", PermissionMissing),
        ("no such object", PermissionMissing),
        ("budget too low", InvalidRequest),
    ],
)
def test_what_time_does_not_heal_in_a_moment_is_raised_at_once(client, meta, sleeps, name, kind):
    meta.refuse(name)

    with pytest.raises(kind):
        client.get("act_42/insights")

    assert sleeps == []
    assert len(meta.requests) == 1


@pytest.mark.parametrize("code", [10, 100, 190, 200, 299])
def test_meta_calling_it_transient_does_not_make_a_refusal_worth_repeating(client, meta, code):
    meta.answer({"error": {"code": code, "is_transient": True, "message": "no"}}, 400)

    with pytest.raises(GraphError) as caught:
        client.get("me")

    assert not caught.value.transient
    assert len(meta.requests) == 1


def test_an_unknown_code_is_asked_twice_and_no_more(client, meta):
    for _ in range(3):
        meta.answer({"error": {"code": 424242, "message": "news"}}, 400)

    with pytest.raises(UnknownFault):
        client.get("me")

    assert len(meta.requests) == 2


def test_a_write_is_sent_once(client, meta, sleeps):
    meta.answer({"error": {"code": 1, "message": "hm"}}, 500)

    with pytest.raises(ServerFault):
        client.post("42", status="PAUSED")

    assert sleeps == []


def test_a_write_that_does_no_harm_twice_is_sent_again(client, meta):
    meta.answer({"error": {"code": 1, "message": "hm"}}, 500)
    meta.answer({"success": True})

    assert client.post("42", idempotent=True, status="PAUSED") == {"success": True}
    assert "idempotent" not in meta.requests[1].form


def test_no_retries_means_none(make_client, meta, sleeps):
    meta.answer({"error": {"code": 1, "message": "hm"}}, 500)

    with pytest.raises(ServerFault):
        make_client(retries=None).get("me")

    assert sleeps == []


# No answer, and odd ones


def test_nobody_there(make_client):
    with pytest.raises(Unreachable) as caught:
        make_client(base_url="http://127.0.0.1:1", retries=None, app_secret=SECRET).get("me")

    error = caught.value
    assert error.status is None
    assert error.transient
    assert error.__context__ is None
    assert "ConnectionError" in str(error)
    assert PROOF not in str(error)


def test_a_slow_answer_is_not_waited_for_for_ever(make_client, meta):
    meta.answer({"id": "1"}, delay=0.5)

    with pytest.raises(Unreachable, match="ReadTimeout"):
        make_client(retries=None, timeout=(1.0, 0.1)).get("me")


def test_a_connection_that_closes_without_a_word(make_client, meta):
    meta.answer({}, drop=True)

    with pytest.raises(Unreachable):
        make_client(retries=None).get("me")


def test_an_answer_cut_off_keeps_its_headers(make_client, meta):
    meta.answer(b'{"id":', length=500, headers={"X-App-Usage": '{"call_count":80}'})

    with pytest.raises(BadAnswer) as caught:
        make_client(retries=None).get("me")

    assert caught.value.transient
    assert caught.value.status == 200
    assert caught.value.usage.peak == 80


def test_a_redirect_is_not_followed(client, meta):
    meta.answer(b"", 302, headers={"Location": "https://elsewhere.example/me?access_token=EAABsecret"})

    with pytest.raises(BadAnswer) as caught:
        client.get("me")

    assert "elsewhere.example" in str(caught.value)
    assert "EAAB" not in str(caught.value)
    assert len(meta.requests) == 1


# Words


def test_an_error_says_what_happened_and_the_way_out_but_no_parameter(make_client, meta):
    meta.answer(
        {"error": {"code": 190, "error_subcode": 463, "message": f"{TOKEN} {SECRET} expired for adlabels",
                   "fbtrace_id": "AbC-1"}}, 400,
    )  # fmt: skip

    with pytest.raises(TokenRefused) as caught:
        make_client(app_secret=SECRET).get("act_42/campaigns", fields="adlabels", input_token="EAABxyz")

    error = caught.value
    assert str(error) == (
        "GET act_{id}/campaigns: Meta answered 190/463: The access token has expired. "
        "Reconnect the connection. (fbtrace_id AbC-1)"
    )
    assert error.message == "*** *** expired for adlabels"
    assert error.account_id == "42"
    assert "adlabels" not in repr(error)


def test_secret_parameters_are_struck_out_of_what_meta_echoes(make_client, meta):
    secret = "zz-not-a-known-shape-zz"
    meta.answer({"error": {"code": 100, "message": f"bad {secret}", "error_user_msg": f"<{secret}>",
                           "error_data": {"x": secret}}}, 400)  # fmt: skip

    with pytest.raises(InvalidRequest) as caught:
        make_client("").get("oauth/access_token", client_id="1", fb_exchange_token=secret)

    assert secret not in json.dumps([str(v) for v in vars(caught.value).values()])


def test_an_error_survives_pickling_and_copying(client, meta):
    meta.refuse("account score spent", headers=sample("usage_headers"))
    with pytest.raises(Throttled) as caught:
        client.get("act_111222333444555/insights")

    for twin in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(twin) is Throttled
        assert vars(twin) == vars(caught.value)
        assert str(twin) == str(caught.value)
        assert twin.retry_after == caught.value.retry_after


def test_the_http_library_does_not_log_secrets(make_client, meta, caplog):
    meta.answer({"data": {"is_valid": True}})

    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="urllib3"):
        make_client(app_secret=SECRET).inspect_token("EAABinspected")

    assert "debug_token" in caplog.text
    assert "EAAB" not in caplog.text
    assert PROOF not in caplog.text


# The hook


def test_the_hook_is_told_everything_but_secrets_and_parameters(make_client, meta, calls):
    meta.answer(
        {"data": []},
        headers={
            **sample("usage_headers"),
            "facebook-api-version": "v26.0",
            "x-ad-api-version-warning": "The call has been auto-upgraded to v26.0",
            "x-fb-trace-id": "Trace1",
            "x-fb-request-id": "Req1",
            "x-fb-rev": "1001",
        },
    )

    make_client(app_secret=SECRET).get("act_111222333444555/insights", level="campaign")

    (call,) = calls
    assert (call.method, call.path, call.account_id) == ("GET", "act_{id}/insights", "111222333444555")
    assert (call.status, call.error, call.attempt) == (200, None, 1)
    assert call.usage.peak == 97
    assert (call.api_version, call.version_warning[:8]) == ("v26.0", "The call")
    assert (call.fbtrace_id, call.request_id, call.rev) == ("Trace1", "Req1", "1001")
    assert call.started_at == 1_795_000_000.0
    assert call.response_bytes == len(b'{"data": []}')
    assert 0 <= call.milliseconds < 5000
    assert (call.batch_size, call.envelope) == (0, False)
    for secret in (TOKEN, SECRET, PROOF, "campaign"):
        assert secret not in repr(call)


def test_the_hook_is_told_failures_with_their_codes(client, meta, calls):
    meta.refuse("password changed")

    with pytest.raises(TokenRefused):
        client.get("me/adaccounts")

    (call,) = calls
    assert (call.path, call.account_id, call.status) == ("me/adaccounts", None, 400)
    assert (call.code, call.subcode) == (190, 460)
    assert call.fbtrace_id == "A4aaaaaaaaaaaaaaaaaaaaa"


def test_the_hook_is_told_when_nobody_answered(make_client, calls):
    with pytest.raises(Unreachable):
        make_client(base_url="http://127.0.0.1:1", retries=None).get("act_42")

    assert (calls[0].status, calls[0].path, calls[0].account_id) == (None, "act_{id}", "42")


def test_a_fault_in_the_hook_is_logged_and_goes_no_further(make_client, meta, caplog):
    def broken(call):
        raise RuntimeError("no disk")

    meta.answer({"id": "1"})

    assert make_client(on_call=broken).get("me") == {"id": "1"}
    assert "on_call hook failed for GET me" in caplog.text


@pytest.mark.parametrize(
    ("path", "pattern", "account"),
    [
        ("act_42/insights", "act_{id}/insights", "42"),
        ("6023920149050/insights", "{id}/insights", None),
        ("me/adaccounts", "me/adaccounts", None),
        ("debug_token", "debug_token", None),
        ("oauth/access_token", "oauth/access_token", None),
        ("act_42/subscriptions/77", "act_{id}/subscriptions/{id}", "42"),
        ("1_2/comments", "{id}/comments", None),
        ("EAABsecret/me", "{id}/me", None),
    ],
)
def test_paths_are_told_without_ids(client, meta, calls, path, pattern, account):
    meta.answer({})

    client.get(path)

    assert (calls[0].path, calls[0].account_id) == (pattern, account)
