"""The campaigns: sorted, searched, carried away."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from tests.journeys.performance_page import (
    DROPPED,
    amounts,
    column,
    head,
    names_by_currency,
    period,
)
from tests.journeys.windows import swapped

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_numbers_are_sorted_one_way_and_then_the_other(visit):
    page = visit("/performance/?cur=EUR&sort=name")
    expect(head(page, "Campaign")).to_have_attribute("aria-sort", "ascending")

    with swapped(page):
        head(page, "CTR").get_by_role("link").click()
    expect(head(page, "CTR")).to_have_attribute("aria-sort", "descending")
    falling = amounts(column(page, "CTR"))
    assert len(falling) > 3
    assert falling == sorted(falling, reverse=True)

    with swapped(page):
        head(page, "CTR").get_by_role("link").click()
    expect(head(page, "CTR")).to_have_attribute("aria-sort", "ascending")
    assert amounts(column(page, "CTR")) == falling[::-1]
    assert page.locator("#campaigns [aria-sort]").count() == 1


def test_names_are_sorted_from_a_to_z_and_back_inside_each_currency(visit):
    page = visit()

    with swapped(page):
        head(page, "Campaign").get_by_role("link").click()
    parts = names_by_currency(page)
    assert len(parts) == 2
    assert all(part == sorted(part, key=str.casefold) for part in parts)

    with swapped(page):
        head(page, "Campaign").get_by_role("link").click()
    assert names_by_currency(page) == [part[::-1] for part in parts]


def test_searching_narrows_chart_and_table_until_it_is_cleared(visit):
    page = visit()
    campaigns = page.locator("#campaigns .clip[title]").all_inner_texts()
    wanted = campaigns[-1]
    search = page.get_by_role("searchbox", name="Search campaigns")

    with swapped(page):
        search.press_sequentially(wanted, delay=5)
    expect(page.locator("#campaigns tr.l0")).to_have_count(campaigns.count(wanted))
    expect(search).to_be_focused()
    expect(search).to_have_value(wanted)
    expect(page).to_have_url(re.compile(r"[?&]q="))

    with swapped(page):
        search.fill("no campaign is called this")
    expect(page.locator("#campaigns")).to_contain_text("No campaign fits these filters")

    with swapped(page):
        page.locator("#campaigns").get_by_role("link", name="Clear the filters").click()
    expect(search).to_have_value("")
    expect(page.locator("#campaigns .clip[title]")).to_have_count(len(campaigns))


def test_what_is_typed_while_an_answer_is_on_its_way_is_not_lost(visit, complaints):
    complaints.expect(*DROPPED)
    page = visit()
    name = page.locator("#campaigns .clip[title]").last.inner_text()
    search = page.get_by_role("searchbox", name="Search campaigns")
    held = []
    page.route(re.compile(r"\?q=[^&]{3}$"), lambda route: held.append(route))

    with page.expect_request(re.compile(r"\?q=[^&]{3}$")):
        search.press_sequentially(name[:3])
    search.press_sequentially(name[3:6])
    held[0].continue_()

    expect(page).to_have_url(re.compile(r"\?q=[^&]{6,}$"))
    expect(search).to_have_value(name[:6])
    expect(search).to_be_focused()


def test_a_space_at_the_end_of_what_is_searched_stays_to_be_typed_on(visit):
    page = visit()
    search = page.get_by_role("searchbox", name="Search campaigns")

    with swapped(page):
        search.press_sequentially("Fjäll ")
    with swapped(page):
        search.press_sequentially("& Forst")

    expect(search).to_have_value("Fjäll & Forst")
    expect(page).to_have_url(re.compile(r"\?q=Fj%C3%A4ll(\+|%20)%26(\+|%20)Forst$"))
    expect(page.locator("#campaigns tr.l0").first).to_contain_text("Fjäll & Forst")


def test_the_csv_holds_what_the_table_shows(visit):
    page = visit("/performance/?cur=USD")
    with swapped(page):
        period(page).get_by_role("link", name="Last 14 days").click()
    shown = column(page, "Spend")

    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()

    assert download.value.suggested_filename == "campaigns-2026-11-10-2026-11-23.csv"
    text = download.value.path().read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {row["account_currency"] for row in rows} == {"USD"}
    assert [float(row["spend"]) for row in rows] == amounts(shown)
