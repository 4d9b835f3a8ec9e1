"""Bytes in, a value or an error out: no socket here."""

import json

import pytest

from apps.graphapi import BadAnswer, InvalidRequest, TooMuchData, Unreachable
from apps.graphapi.answers import Asked, Reply, read_answer
from tests.graphapi.conftest import sample

ASKED = Asked(method="GET", path="act_{id}/insights", account_id="42", secrets=("not-a-known-shape",))
HTML = (
    b"<html><head><style>p{}</style><title>502 Bad Gateway</title></head><body><h1>Sorry</h1></body></html>"
)


def read(body=b"", status=200, **rest):
    return read_answer(Reply(status=status, body=body, **rest), ASKED)


def test_an_object_is_a_value_as_it_came():
    body = sample("insights")

    answer = read(json.dumps(body).encode())

    assert answer.value == body
    assert answer.error is None


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"name": "half an emoji \\ud83d"}', {"name": "half an emoji \ud83d"}),
        (b'{"spend": Infinity}', {"spend": float("inf")}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('{"name": "größe"}'.encode("utf-16"), {"name": "größe"}),
        (b'{"id": 6023920149050, "big": 18446744073709551615}', {"id": 6023920149050, "big": 2**64 - 1}),
    ],
)
def test_what_is_nearly_json_is_read_as_before(body, value):
    assert read(body).value == value


@pytest.mark.parametrize("body", [b'{"a": ' * 100_000, b'{"a": ' * 100_000 + b"1" + b"}" * 100_000])
def test_what_is_nested_without_end_is_no_json(body):
    assert isinstance(read(body).error, BadAnswer)


@pytest.mark.parametrize(
    ("body", "status", "transient"),
    [
        (HTML, 502, True),
        (HTML, 200, True),
        (HTML, 404, False),
        (b"", 200, True),
        (b"  \n", 500, True),
        (b"", 400, False),
        (b"Service Unavailable", 200, True),
        (b"Service Unavailable", 503, True),
        (b'{"data":[{"id":"1"', 200, True),
        (b"\xff\xfe\x00", 200, True),
        (b"[" * 100_000, 200, True),
        (b"1" * 5000, 200, True),
        (b"[]", 200, False),
        (b"null", 200, False),
        (b'"text"', 200, False),
        (b"7", 200, False),
        (b'{"fine":1}', 400, False),
        (b'{"fine":1}', 500, True),
        (b"slow down", 429, True),
        (b"", 302, False),
    ],
)
def test_what_is_not_an_answer_of_metas_says_what_it_is(body, status, transient):
    error = read(body, status, headers={"Content-Type": "text/html; charset=utf-8"}).error

    assert type(error) is BadAnswer
    assert error.transient is transient
    assert (error.status, error.content_type, error.length) == (status, "text/html", len(body))
    assert f"HTTP {status}, text/html, {len(body)} bytes" in str(error)


def test_the_excerpt_is_short_and_without_tags_and_secrets():
    body = HTML.replace(b"Sorry", b"not-a-known-shape EAABx access_token=abc " + b"y" * 9000)

    error = read(body, 502).error

    assert error.excerpt.startswith("502 Bad Gateway *** *** access_token=***")
    assert len(error.excerpt) <= 200
    assert "Bad Gateway" not in str(error)


def test_an_error_under_a_status_of_200_is_an_error():
    assert type(read(b'{"error":{"code":100,"message":"no"}}').error) is InvalidRequest


@pytest.mark.parametrize("nothing", ["null", "{}", "false", '""'])
def test_an_empty_error_key_is_no_error(nothing):
    assert read(b'{"id":"1","error":%s}' % nothing.encode()).error is None


def test_an_error_in_words_only_keeps_the_words():
    error = read(b'{"error":"invalid_grant","error_description":"x"}', 400).error

    assert (error.message, error.code) == ("invalid_grant", None)


def test_an_answer_that_is_too_large_asks_for_less():
    error = read(status=200, oversize=True).error

    assert type(error) is TooMuchData
    assert error.entry.lighter_page


def test_no_answer_keeps_the_reason():
    error = read(status=None, trouble="ConnectTimeout").error

    assert type(error) is Unreachable
    assert (error.method, error.path, error.account_id) == ("GET", "act_{id}/insights", "42")
    assert "ConnectTimeout" in str(error)


@pytest.mark.parametrize(
    "data",
    [
        '{"blame_field_specs":[["targeting","age_min"],["daily_budget"]]}',
        {"blame_field_specs": [["targeting", "age_min"], ["daily_budget"]]},
    ],
)
def test_blamed_fields_are_found_in_text_and_in_objects(data):
    error = read(json.dumps({"error": {"code": 100, "error_data": data}}).encode(), 400).error

    assert error.blame_fields == ("targeting.age_min", "daily_budget")
    assert json.loads(error.error_data)["blame_field_specs"][1] == ["daily_budget"]


@pytest.mark.parametrize(
    "data", [None, 7, "text", "[1]", [], {"blame_field_specs": 5}, {"blame_field_specs": [None]}]
)
def test_odd_error_data_blames_nobody(data):
    error = read(json.dumps({"error": {"code": 100, "error_data": data}}).encode(), 400).error

    assert error.blame_fields == ()


@pytest.mark.parametrize(
    ("said", "read_as"),
    [("190", 190), (190.0, 190), (-1, -1), (True, None), (None, None), ("x", None), (1.5, None), ([], None)],
)
def test_codes_come_as_numbers_or_their_text(said, read_as):
    error = read(json.dumps({"error": {"code": said, "message": "x"}}).encode(), 400).error

    assert error.code == read_as


@pytest.mark.parametrize("said", [0, None, "", "x"])
def test_a_subcode_that_is_none_is_none(said):
    error = read(json.dumps({"error": {"code": 190, "error_subcode": said}}).encode(), 400).error

    assert error.subcode is None


def test_broken_characters_in_a_message_do_no_harm():
    error = read(b'{"error":{"code":100,"message":"cut \\ud83d and\\u0000 line\\nbreak"}}', 400).error

    assert error.message == "cut ? and line break"
    error.message.encode()


def test_a_trace_id_that_looks_like_a_token_is_not_kept():
    assert read(b'{"error":{"code":100,"fbtrace_id":"EAABsecret"}}', 400).error.fbtrace_id == ""
