"""An admin gives the product a token."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def unconnected(site) -> Iterator[None]:
    """Nobody is connected; afterwards it is as before."""
    from apps.connections import tokens
    from apps.connections.models import Connection

    Connection.objects.all().delete()
    yield
    Connection.objects.all().delete()
    tokens.connect("reporting", site.sandbox.token("system"))


def paste(page: Page, token: str) -> None:
    page.get_by_label("System-user token").fill(token)
    page.get_by_role("button", name="Check", exact=True).click()


def test_a_pasted_token_is_connected_and_its_ad_accounts_are_found(visit, site, unconnected):
    token = site.sandbox.token("system")
    page = visit("/connections/", who="admin")
    expect(page.get_by_text("Nobody is connected yet")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Connect", exact=True).first.click()
    page.get_by_role("link", name="Paste its token").click()

    paste(page, token)

    expect(page.get_by_role("heading", level=1)).to_have_text("reporting-prod reaches 12 ad accounts")
    expect(page.get_by_text("Nothing is connected yet")).to_be_visible()
    assert token not in page.content()
    page.get_by_label("Name").fill("agency")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator("#messages")).to_have_text(
        re.compile(r"agency is connected as reporting-prod \(system user\); 12 ad accounts found\.")
    )
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Connections").click()
    row = page.locator("#connections").get_by_role("row", name=re.compile("agency"))
    expect(row).to_contain_text("Valid")
    expect(row).to_contain_text("12")
    assert token not in page.content()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Ad accounts").click()
    names = page.locator("tbody th .clip").all_inner_texts()
    assert sorted(names) == sorted(account["name"] for account in site.sandbox.accounts)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("expired", "it has expired"),
        ("foreign_app", "belongs to another app"),
    ],
)
def test_a_bad_token_is_refused_under_its_field_and_not_shown_again(visit, site, complaints, name, sentence):
    complaints.expect("status of 422")
    token = site.sandbox.token(name)
    page = visit("/connections/new/token/", who="admin")

    paste(page, token)

    field = page.get_by_label("System-user token")
    expect(field).to_have_attribute("aria-invalid", "true")
    told = page.locator(f"#{field.get_attribute('aria-describedby').split()[-1]}")
    expect(told).to_contain_text(sentence)
    assert told.bounding_box()["y"] > field.bounding_box()["y"]
    expect(field).to_have_value("")
    assert token not in page.content()
    page.goto("/connections/")
    expect(page.locator("#connections tbody tr")).to_have_count(1)
    assert token not in page.content()


def test_checking_a_connection_says_what_came_of_it(visit):
    page = visit("/connections/", who="admin")

    page.get_by_role("button", name="Check now reporting").click()

    expect(page.locator(".toasts")).to_contain_text("reporting works and reaches 12 ad accounts.")


def test_a_marketer_is_told_whom_to_ask(visit, complaints):
    complaints.expect("status of 403")
    page = visit("/connections/")

    expect(page.get_by_role("heading", name="You may not open this page")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("ada@agency.example")
    expect(page.get_by_role("link", name="Connections")).to_have_count(0)
