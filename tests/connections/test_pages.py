"""The pages of connections: who may open them, what they say, what they cost."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.connections.models import Connection
from apps.graphapi import TokenRefused

pytestmark = [pytest.mark.django_db, pytest.mark.services]

LIST, NEW, TOKEN = "/connections/", "/connections/new/", "/connections/new/token/"
CHECK = "/connections/3f0c7a52-6d0e-4a53-9c39-3d2f1f1b8a11/check/"


@pytest.fixture
def add_connection():
    """Further connections, of identities that the sandbox does not have."""

    def add(n, **more):
        more = {"kind": "system_user", "app_id": "1", "scopes": ["ads_read"], "sealed_token": "v1:", **more}
        return Connection.objects.create(name=f"more {n}", subject_id=str(n), **more)

    return add


def test_the_list_tells_of_every_connection(make_connection, support, signed_in):
    make_connection("reporting", "system")
    make_connection("Zoë", "user")

    page = signed_in(support).get(LIST)

    assert page.status_code == 200
    for words in (
        "reporting-prod",
        "Zoë Øvergård",
        "ads_management",
        "Never",
        "Valid",
        "All 2 connections work.",
    ):
        assert words in page.content.decode()
    assert Connection.objects.first().sealed_token not in page.content.decode()


def test_without_a_connection_the_list_says_so(support, admin, signed_in):
    text = signed_in(admin).get(LIST).content.decode()

    assert "No token is connected, so nothing can be fetched." in text
    assert NEW in text
    assert NEW not in signed_in(support).get(LIST).content.decode()


def test_a_refused_connection_stands_first_with_its_reason(make_connection, support, signed_in):
    make_connection("a", "reporting")
    make_connection("z", "system").refuse(TokenRefused("gone"))

    text = signed_in(support).get(LIST).content.decode()

    assert text.index(">z<") < text.index(">a<")
    assert "z is refused by Meta." in text
    assert "The other connection works." in text
    assert "Meta does not accept the access token of the connection." in text


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=30), "The connection works."),
        (timedelta(days=15, hours=1), "more 1 has 15 days left."),
        (timedelta(days=1, hours=1), "more 1 has 1 day left."),
        (timedelta(hours=1), "more 1 has less than a day left."),
        (timedelta(hours=-1), "more 1 has expired."),
        (timedelta(days=-3), "more 1 has expired."),
    ],
)
def test_a_token_that_ends_is_announced(add_connection, support, signed_in, left, words):
    add_connection(1, expires_at=timezone.now() + left)

    text = signed_in(support).get(LIST).content.decode()

    assert words in text
    assert "-1 day" not in text
    assert "-3 days" not in text


def test_more_connections_cost_no_more_queries(
    add_connection, make_connection, support, signed_in, count_queries
):
    browser = signed_in(support)
    make_connection()
    add_connection(0)
    before = count_queries(lambda: browser.get(LIST))

    for n in range(1, 20):
        add_connection(n)

    assert count_queries(lambda: browser.get(LIST)) == before


def test_the_form_names_the_app_and_shows_no_token(admin, signed_in, settings):
    text = signed_in(admin).get(TOKEN).content.decode()

    assert settings.META_APP_ID in text
    assert 'type="password"' in text
    assert 'autocomplete="off"' in text


def test_a_form_that_fails_forgets_the_token(admin, signed_in, sandbox):
    page = signed_in(admin).post(TOKEN, {"token": "EAAwrong" * 20})

    assert page.status_code == 422
    assert "EAAwrong" not in page.content.decode()


def test_a_name_that_is_taken_is_told_at_the_name(admin, signed_in, make_connection, sandbox):
    make_connection("reporting", "system")

    browser = signed_in(admin)
    step = browser.post(TOKEN, {"token": sandbox.token("reporting")})["Location"]
    page = browser.post(step, {"name": "reporting"})

    assert set(page.context["form"].errors) == {"name"}
    assert 'value="reporting"' in page.content.decode()


def test_a_pasted_token_is_shown_before_it_is_stored(admin, signed_in, sandbox):
    browser = signed_in(admin)

    page = browser.post(
        TOKEN, {"token": sandbox.token("reporting"), "scope": ["ads_management"]}, follow=True
    )

    text = page.content.decode()
    for words in ("reaches 4 ad accounts", "Not granted. Campaigns can be read", "act_"):
        assert words in text
    assert sandbox.token("reporting") not in text
    assert not Connection.objects.exists()


def test_who_connected_is_remembered(admin, signed_in, sandbox):
    browser = signed_in(admin)
    browser.post(browser.post(TOKEN, {"token": sandbox.token()})["Location"], {"name": "reporting"})

    assert Connection.objects.get().created_by == admin


@pytest.mark.parametrize("address", [LIST, NEW, CHECK])
def test_who_is_signed_out_goes_to_sign_in(address):
    page = Client().post(address) if address == CHECK else Client().get(address)

    assert page.status_code == 302
    assert page["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize(
    ("role", "method", "address"),
    [
        ("marketer", "get", LIST),
        ("marketer", "get", NEW),
        ("support", "get", NEW),
        ("support", "post", TOKEN),
        ("support", "get", "/connections/login/"),
        ("support", "post", "/connections/new/login/"),
        ("support", "post", CHECK),
        ("marketer", "post", CHECK),
    ],
)
def test_a_role_that_is_too_low_is_told_whom_to_ask(make_person, admin, signed_in, role, method, address):
    page = getattr(signed_in(make_person(role)), method)(address)

    assert page.status_code == 403
    assert "Ada Admin, admin@agency.example" in page.content.decode()


def test_an_unknown_connection_is_not_found(admin, signed_in):
    browser = signed_in(admin)

    assert browser.post(CHECK).status_code == 404
    assert browser.post("/connections/1/check/").status_code == 404


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [("post", LIST, "GET"), ("put", TOKEN, "GET, POST"), ("get", CHECK, "POST")],
)
def test_a_wrong_method_is_told_the_right_ones(admin, signed_in, method, address, allowed):
    page = getattr(signed_in(admin), method)(address)

    assert page.status_code == 405
    assert page["Allow"] == allowed


def test_no_button_without_the_right_to_press_it(make_connection, support, admin, signed_in):
    address = f"/connections/{make_connection().pk}/check/"

    assert address in signed_in(admin).get(LIST).content.decode()
    assert address not in signed_in(support).get(LIST).content.decode()


def test_forms_need_their_own_mark(admin, sandbox):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin)

    page = browser.post(TOKEN, {"token": sandbox.token()})

    assert page.status_code == 403
    assert not Connection.objects.exists()
    assert sandbox.token() not in page.content.decode()


# --- the line at the foot ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "word", "kind"),
    [
        (None, "valid", "ok"),
        (timedelta(days=40, hours=1), "40 d left", "ok"),
        (timedelta(days=3, hours=1), "3 d left", "warn"),
        (timedelta(hours=-1), "expired", "crit"),
    ],
)
def test_the_pulse_tells_of_the_token_that_ends_first(add_connection, support, left, word, kind):
    from apps.connections import pulse

    add_connection(1, never_expires=True)
    add_connection(2, expires_at=timezone.now() + left if left else None)

    line = pulse.tokens(support)

    assert (line.word, line.kind) == (word, kind)


def test_the_pulse_tells_of_refused_tokens_first(add_connection, support, marketer):
    from apps.connections import pulse

    assert pulse.tokens(support) is None
    add_connection(1, state="refused")

    assert pulse.tokens(support).word == "1 refused"
    assert pulse.tokens(marketer) is None
