"""Secrets out of texts."""

import logging

import pytest

from apps.graphapi import scrub
from apps.graphapi.scrub import SCRUB_FILTER


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("x?access_token=abc123&y=1", "x?access_token=***&y=1"),
        ("x?ACCESS_TOKEN=abc123", "x?ACCESS_TOKEN=***"),
        ("appsecret_proof=00ff, next", "appsecret_proof=***, next"),
        ("input_token=abc client_secret=def", "input_token=*** client_secret=***"),
        ("fb_exchange_token=abc", "fb_exchange_token=***"),
        ('{"access_token":"abc","id":1}', '{"access_token":"***","id":1}'),
        (r"{\"access_token\":\"abc\"}", r"{\"access_token\":\"***\"}"),
        ("next=https%3A%2F%2Fx%3Faccess_token%3Dabc", "next=https%3A%2F%2Fx%3Faccess_token%3D***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("the token EAABwzLix9 has expired", "the token *** has expired"),
        ("glued:EAABwzLix9.", "glued:***."),
        ("app 1234567890|AbC_dEf-123 says", "app *** says"),
        ("/cb?code=AQBx_y-z&state=1", "/cb?code=***&state=1"),
        ("code=190 is about the token", "code=190 is about the token"),
        ("Invalid OAuth access token", "Invalid OAuth access token"),
    ],
)
def test_what_looks_like_a_secret_is_struck_out(text, clean):
    assert scrub(text) == clean


def test_a_known_secret_is_struck_out_plain_and_quoted():
    assert scrub("a s3cret|value b s3cret%7Cvalue c", ["s3cret|value"]) == "a *** b *** c"


def test_a_known_secret_too_short_to_be_one_is_left():
    assert scrub("me and them", ["e", ""]) == "me and them"


def test_log_records_are_scrubbed_with_their_arguments():
    record = logging.LogRecord("x", logging.DEBUG, "f", 1, '"GET %s" %d', ("/me?access_token=abc", 200), None)

    assert SCRUB_FILTER.filter(record)
    assert record.getMessage() == '"GET /me?access_token=***" 200'
