import re

import pytest
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ('"><script>', "auto"), ("", "auto")]
)
def test_the_theme_comes_from_its_cookie(db, cookie, theme):
    browser = Client()
    browser.cookies["theme"] = cookie

    html = browser.get(reverse("account_login")).content.decode()

    assert f'<html lang="en" data-theme="{theme}"' in html


def test_shortcuts_can_be_switched_off(browse):
    browser = browse()
    browser.cookies["shortcuts"] = "off"

    html = browser.get("/nowhere/").content.decode()

    assert 'data-shortcuts="off"' in html


def test_the_organisation_stands_under_the_brand_if_there_is_one(db, settings):
    settings.ORGANISATION = "Halden Group"
    assert b"<span>Halden Group</span>" in Client().get(reverse("account_login")).content

    settings.ORGANISATION = ""
    assert b"<span>Halden" not in Client().get(reverse("account_login")).content


def test_plotlys_own_style_sheet_has_a_stand_in(browse):
    html = browse().get("/nowhere/").content.decode()

    assert re.search(r'<link[^>]*id="plotly.js-style-global"[^>]*class="no-inline-styles"', html)


def test_htmx_is_told_not_to_evaluate_and_to_swap_failed_forms(browse):
    html = browse().get("/nowhere/").content.decode()

    assert '"allowEval": false' in html
    assert '"attributesToSettle": ["class", "width", "height"]' in html
    assert '{"code": "422", "swap": true}' in html
    assert re.search(r"hx-headers='\{\"X-CSRFToken\": \"\w+\"\}'", html)


def test_messages_are_shown_and_announced():
    told = [Message(constants.SUCCESS, "Saved <1>"), Message(constants.ERROR, "Refused")]

    html = render_to_string("ui/_messages.html", {"messages": told, "oob": True})

    assert "Saved &lt;1&gt;" in html
    assert 'class="callout ok" data-announce' in html
    assert 'class="callout crit" role="alert"' in html
    assert 'hx-swap-oob="true"' in html


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_signup",
        "account_reset_password",
        "account_reset_password_done",
        "account_inactive",
    ],
)
def test_pages_for_people_who_are_signed_out(db, name):
    response = Client().get(reverse(name))

    html = response.content.decode()
    assert response.status_code == 200
    assert html.count("<h1") == 1
    assert 'class="authf"' in html


@pytest.mark.parametrize("name", ["account_logout", "account_change_password"])
def test_pages_about_ones_own_account(browse, name):
    response = browse().get(reverse(name))

    assert response.status_code == 200
    assert 'class="authf"' in response.content.decode()


def test_a_used_reset_link_offers_a_new_one(db):
    response = Client().get(reverse("account_reset_password_from_key", args=["1", "abc-def"]))

    assert "no longer works" in response.content.decode()


def test_a_wrong_password_is_told_once_above_the_fields(make_user):
    make_user()

    response = Client().post(reverse("account_login"), {"login": "mara@agency.example", "password": "wrong"})

    html = response.content.decode()
    assert html.count('role="alert"') == 1
    assert 'value="mara@agency.example"' in html
    assert "wrong" not in re.sub(r"<[^>]*>", "", html.split("<form")[1])


def test_a_missing_address_is_told_under_its_field(db):
    html = Client().post(reverse("account_login"), {"password": "x"}).content.decode()

    assert 'aria-describedby="id_login_error"' in html
    assert 'id="id_login_error"' in html


def test_signing_in_says_nothing_and_signing_out_does(make_user):
    make_user()
    browser = Client()

    browser.post(
        reverse("account_login"), {"login": "mara@agency.example", "password": "correct-horse-battery"}
    )
    assert "callout" not in browser.get(reverse("account_change_password")).content.decode()

    response = browser.post(reverse("account_logout"), follow=True)
    assert "You are signed out." in response.content.decode()
