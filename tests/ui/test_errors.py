import logging

import pytest
from django.test import Client

from apps.ui.middleware import RequestIdFilter, current


@pytest.fixture
def failing():
    return Client(raise_request_exception=False)


def test_nothing_there_is_plain_for_strangers(db):
    response = Client().get("/nowhere/")

    assert response.status_code == 404
    assert b"There is nothing at this address" in response.content
    assert b'class="authf"' in response.content


def test_nothing_there_keeps_the_sidebar_for_members(browse):
    response = browse().get("/nowhere/")

    assert response.status_code == 404
    assert b'id="side"' in response.content


def test_a_fault_shows_a_reference_and_no_detail(db, failing):
    response = failing.get("/broken/", headers={"X-Request-ID": "from-the-proxy-1"})

    html = response.content.decode()
    assert response.status_code == 500
    assert "from-the-proxy-1" in html
    assert "secret" not in html


def test_the_fault_page_needs_no_database(failing, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        failing.get("/broken/")


def test_the_fault_page_keeps_the_theme(db, failing):
    failing.cookies["theme"] = "dark"

    assert b'data-theme="dark"' in failing.get("/broken/").content


def test_a_request_for_a_foreign_host_is_refused(db, settings):
    settings.ALLOWED_HOSTS = ["ours.example"]

    response = Client().get("/open/", headers={"Host": "theirs.example"})

    assert response.status_code == 400
    assert b"makes no sense" in response.content
    assert response["X-Request-ID"]


def test_a_form_without_its_token_is_told_to_try_again(browse):
    strict = Client(enforce_csrf_checks=True)

    response = strict.post("/sign-in/", {"login": "a", "password": "b"})

    assert response.status_code == 403
    assert b"Please send that again" in response.content


@pytest.mark.parametrize("name", ["0f3a-9c.d_1", "a" * 64])
def test_a_proxys_request_id_is_kept(db, name):
    assert Client().get("/open/", headers={"X-Request-ID": name})["X-Request-ID"] == name


@pytest.mark.parametrize(
    "name", ["", "short", "a" * 65, "with space and more", "line\tbreak-here", "ünïcode-id"]
)
def test_any_other_request_id_is_replaced(db, name):
    given = Client().get("/open/", headers={"X-Request-ID": name})["X-Request-ID"]

    assert given != name
    assert len(given) == 16


def test_log_lines_carry_the_request_id():
    record = logging.makeLogRecord({})
    token = current.set("abc")

    RequestIdFilter().filter(record)

    current.reset(token)
    assert record.request_id == "abc"
    RequestIdFilter().filter(record)
    assert record.request_id == "-"
