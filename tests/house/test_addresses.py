"""No log tells the key of a link, or the code that Meta sent a person back with."""

import logging

import pytest

from fbadmin.addresses import AddressFilter, without_secrets

KEY = "zK3-xQ_9f"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (f"GET /connections/link/{KEY}/ HTTP/1.1", "GET /connections/link/***/ HTTP/1.1"),
        (f"GET /connections/link/{KEY} HTTP/1.1", "GET /connections/link/*** HTTP/1.1"),
        (f"Gone: /connections/link/{KEY}/", "Gone: /connections/link/***/"),
        (f"GET /invitation/{KEY}/?x=1 HTTP/1.1", "GET /invitation/***/?x=1 HTTP/1.1"),
        (f"GET /password/new/1a-{KEY}/ HTTP/1.1", "GET /password/new/***/ HTTP/1.1"),
        (
            f"GET /connections/login/callback/?code={KEY}&state={KEY} HTTP/1.1",
            "GET /connections/login/callback/?*** HTTP/1.1",
        ),
        ("GET /connections/link/ HTTP/1.1", "GET /connections/link/ HTTP/1.1"),
        ("GET /connections/link/login/?again=1 HTTP/1.1", "GET /connections/link/login/?again=1 HTTP/1.1"),
        ("GET /performance/?q=code HTTP/1.1", "GET /performance/?q=code HTTP/1.1"),
    ],
)
def test_addresses_lose_their_secrets_and_nothing_else(told, kept):
    assert without_secrets(told) == kept


def test_a_record_is_rewritten_whole():
    record = logging.LogRecord("x", 20, "", 1, "%s: %s", ("Gone", f"/connections/link/{KEY}/"), None)

    assert AddressFilter().filter(record)
    assert record.getMessage() == "Gone: /connections/link/***/"


@pytest.mark.django_db
def test_what_django_says_of_a_link_that_is_none_has_no_key(client, caplog):
    assert client.get(f"/connections/link/{KEY}/").status_code == 404

    assert "Not Found: /connections/link/***/" in caplog.text
    assert KEY not in caplog.text
