"""Coming in, going out, and being put out."""

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from tests.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def sign_in(page: Page, email: str = "mara@agency.example", password: str = PASSWORD) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Continue").click()


def test_a_wrong_password_is_told_and_the_right_one_leads_to_the_page_that_was_asked_for(visit):
    page = visit("/accounts/?from=a-link", who="")
    expect(page).to_have_url(re.compile(r"/sign-in/\?next=/accounts/"))

    sign_in(page, password="not-the-password")

    alert = page.get_by_role("alert")
    expect(alert).to_have_text(re.compile("e-mail|email", re.I))
    expect(page.get_by_label("E-mail")).to_have_value("mara@agency.example")
    expect(page.get_by_label("Password", exact=True)).to_have_value("")

    sign_in(page)

    expect(page).to_have_url(re.compile(r"/accounts/\?from=a-link$"))
    expect(page.get_by_role("heading", name="Ad accounts", level=1)).to_be_visible()


def test_signing_out_closes_the_door_behind(visit):
    page = visit("/sign-in/", who="")
    sign_in(page)
    expect(page).to_have_url(re.compile(r":\d+/$"))

    page.get_by_label("account menu").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page).to_have_url(re.compile("/sign-in/$"))
    page.go_back()
    expect(page).to_have_url(re.compile("/sign-in/"))
    page.goto("/performance/")
    expect(page).to_have_url(re.compile(r"/sign-in/\?next=/performance/"))


def test_nobody_signs_up(visit):
    page = visit("/sign-up/", who="")

    expect(page.get_by_role("heading", name="Nobody signs up here")).to_be_visible()
    assert page.locator("form").count() == 0


def test_a_next_that_leads_away_is_not_followed(visit, site):
    page = visit("/sign-in/?next=//evil.example/", who="")

    sign_in(page)

    expect(page).to_have_url(f"{site.url}/")


def test_a_session_that_ends_in_the_middle_asks_to_sign_in_and_comes_back(visit, complaints):
    complaints.expect("status of 401", "Error Code 401")
    page = visit("/performance/?by=account")
    Session.objects.all().delete()

    page.get_by_role("link", name="Week", exact=True).click()

    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_be_visible()
    expect(page.locator("#ch-main")).to_be_visible()
    dialog.get_by_role("link", name="Sign in").click()
    sign_in(page)
    expect(page).to_have_url(re.compile(r"/performance/\?by=account"))
