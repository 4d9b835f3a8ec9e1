"""Signing in and out: with which address, how often, and where to."""

import pytest
from django.test import Client

from apps.team.models import User
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.services]

SIGN_IN, WRONG = "/sign-in/", "The email address and/or password you specified are not correct."


def sign_in(browser, email="admin@agency.example", password=PASSWORD, **more):
    return browser.post(SIGN_IN, {"login": email, "password": password, **more})


def is_in(browser):
    return "_auth_user_id" in browser.session


@pytest.mark.parametrize("email", ["admin@agency.example", "ADMIN@agency.example", " Admin@Agency.Example "])
def test_a_person_signs_in_with_the_address_in_any_case(admin, client, email):
    page = sign_in(client, email)

    assert (page.status_code, page["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(admin.pk)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("admin@agency.example", "wrong-wrong-wrong"),
        ("admin@agency.example", PASSWORD.upper()),
        ("nobody@agency.example", PASSWORD),
        ("admin", PASSWORD),
        ("admin@agency.example'--", PASSWORD),
        ("admin@agency.example", "x" * 5000),
        ("admin@agency.example\x00", PASSWORD),
        ("", ""),
    ],
)
def test_wrong_words_do_not_sign_in(admin, client, email, password):
    page = sign_in(client, email, password)

    assert page.status_code in {200, 422}
    assert not is_in(client)
    assert password == "" or password not in page.content.decode()


def test_an_unknown_address_is_told_the_same_as_a_wrong_password(admin, client):
    wrong = sign_in(client, password="wrong-wrong-wrong").context["form"].non_field_errors()

    unknown = sign_in(Client(), "nobody@agency.example").context["form"].non_field_errors()

    assert wrong == unknown
    assert len(wrong) == 1


def test_who_is_switched_off_is_told_so_and_stays_out(admin, client):
    User.objects.update(is_active=False)

    page = client.post(SIGN_IN, {"login": admin.email, "password": PASSWORD}, follow=True)

    assert "This account is switched off" in page.content.decode()
    assert not is_in(client)


def test_who_is_switched_off_while_signed_in_is_out_with_the_next_page(admin, signed_in):
    browser = signed_in(admin)
    User.objects.update(is_active=False)

    assert browser.get("/performance/").status_code == 302


def test_a_new_password_ends_the_other_sessions(admin, signed_in):
    browser = signed_in(admin)
    admin.set_password("another-good-password")
    admin.save()

    assert browser.get("/performance/").status_code == 302


def test_nobody_signs_up(client):
    page = client.get("/sign-up/")
    client.post("/sign-up/", {"email": "eve@evil.example", "password1": PASSWORD, "password2": PASSWORD})

    assert "Nobody signs up here" in page.content.decode()
    assert not User.objects.exists()
    assert not is_in(client)


@pytest.mark.parametrize("words", ["admin@agency.example", "ADMIN@AGENCY.EXAMPLE"])
def test_after_five_failures_the_right_password_waits_too_and_the_page_says_so(admin, client, clock, words):
    for n in range(5):
        sign_in(Client(), words if n % 2 else admin.email, "wrong-wrong-wrong")

    page = sign_in(client)

    assert not is_in(client)
    assert "Locked after 5 failed tries. It opens again in 15 minutes, at 10:15 UTC." in page.content.decode()


def test_a_lock_out_ends_by_itself(admin, client, clock):
    for _ in range(5):
        sign_in(Client(), password="wrong-wrong-wrong")

    clock.advance(16 * 60)

    assert sign_in(client).status_code == 302


def test_a_lock_out_of_one_leaves_the_others_alone(admin, support, client):
    for _ in range(5):
        sign_in(Client(), password="wrong-wrong-wrong")

    assert sign_in(client, support.email).status_code == 302


def test_many_addresses_tried_from_one_place_are_too_many(admin, client):
    for n in range(10):
        sign_in(Client(), f"guess{n}@agency.example", "wrong-wrong-wrong")

    page = sign_in(client)

    assert not is_in(client)
    assert "Locked after 10 failed tries. It opens again in 1 minute" in page.content.decode()


def test_signing_in_rightly_is_never_too_much(admin):
    for _ in range(12):
        assert sign_in(Client()).status_code == 302


@pytest.mark.parametrize("to", ["/accounts/", "/performance/?period=7d"])
def test_after_sign_in_a_person_is_where_they_wanted_to_be(admin, client, to):
    page = client.post(SIGN_IN, {"login": admin.email, "password": PASSWORD, "next": to})

    assert page["Location"] == to


@pytest.mark.parametrize(
    "to",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "http:evil.example", "javascript:alert(1)",
     "https:///evil.example", "\t//evil.example", "data:text/html,x"],
)  # fmt: skip
def test_after_sign_in_nobody_is_led_elsewhere(admin, client, to):
    page = client.post(f"{SIGN_IN}?next={to}", {"login": admin.email, "password": PASSWORD, "next": to})

    assert page.status_code == 302
    assert page["Location"] == "/"


def test_a_session_is_new_after_sign_in(admin, client):
    client.get(SIGN_IN)
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before

    sign_in(client)

    assert client.session.session_key != before


def test_signing_out_asks_first_and_then_ends_the_session(admin, signed_in):
    browser = signed_in(admin)

    asked = browser.get("/sign-out/")
    assert "Sign out?" in asked.content.decode()
    assert is_in(browser)
    page = browser.post("/sign-out/")

    assert page["Location"] == SIGN_IN
    assert not is_in(browser)


def test_signing_in_needs_the_forms_own_mark(admin):
    browser = Client(enforce_csrf_checks=True)

    assert sign_in(browser).status_code == 403
    assert not is_in(browser)


def test_who_is_signed_in_already_is_sent_on(admin, signed_in):
    assert signed_in(admin).get(SIGN_IN)["Location"] == "/"


def test_cookies_are_out_of_reach_of_scripts(admin, client):
    sign_in(client)

    assert client.cookies["sessionid"]["httponly"]
    assert client.cookies["sessionid"]["samesite"] == "Lax"
