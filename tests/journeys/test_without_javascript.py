"""Forms and links alone."""

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_signing_in_filtering_sorting_and_reading_need_no_javascript(visit, site):
    page = visit("/performance/", who="", script=False)
    page.get_by_label("E-mail").fill("mara@agency.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(f"{site.url}/performance/")

    page.locator("#filters summary", has_text="Accounts").click()
    page.get_by_label(re.compile("Harbor")).check()
    page.locator("#filters details[open]").get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile(rf"accounts={site.account('Harbor').act_id}"))
    rows = page.locator("#campaigns tr.l0")
    assert rows.count() > 2
    assert all(text.startswith("$") for text in rows.locator("td:nth-child(4)").all_inner_texts())

    page.locator("#campaigns thead").get_by_role("link", name="Campaign").click()
    names = rows.locator(".clip[title]").all_inner_texts()
    assert names == sorted(names, key=str.casefold)
    expect(page.locator("#campaigns thead th").first).to_have_attribute("aria-sort", "ascending")

    page.get_by_role("searchbox", name="Search campaigns").fill(names[0])
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("[?&]q="))
    assert rows.locator(".clip[title]").all_inner_texts() == [names[0]]

    page.locator("details.asdata summary").first.click()
    table = page.locator("details.asdata table").first
    expect(table).to_be_visible()
    assert table.locator("tbody tr").count() == 28
    assert page.locator("[data-chart]:visible").count() == 0


def test_connecting_and_syncing_need_no_javascript(visit, queued_runs):
    page = visit("/performance/?cur=USD&period=yesterday&vs=none", script=False)

    page.get_by_role("button", name="Sync now").click()

    expect(page.locator("#messages")).to_contain_text("queued for 22 Nov 2026")
    assert queued_runs.count() > 0
    page.locator(".me summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in/$"))
