"""Light and dark, wide and narrow."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.journeys.windows import ready

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGES = {
    "/performance/": "marketer",
    "/performance/?cur=EUR": "marketer",
    "/accounts/": "marketer",
    "/accounts/{account}/": "marketer",
    "/connections/": "admin",
    "/connections/new/": "admin",
    "/connections/new/token/": "admin",
    "/connections/new/login/": "admin",
    "/errors/": "admin",
    "/nowhere/": "marketer",
    "/sign-in/": "",
}


INK = "document.querySelector('#ch-main').layout.font.color"


def brightness(page: Page) -> int:
    """Of the page's ground, 0 to 255."""
    color = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return sum(int(part) for part in re.findall(r"\d+", color)[:3]) // 3


def test_the_theme_is_in_the_servers_own_html_after_it_was_switched(visit, site):
    page = visit(theme="light")
    assert brightness(page) > 200
    before = page.evaluate(INK)

    page.locator(".me [data-theme-toggle]").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert brightness(page) < 60
    page.wait_for_function(f"(before) => {INK} !== before", arg=before)
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    # Nothing is left to a script, so nothing flashes.
    html = requests.get(f"{site.url}/performance/", cookies=cookies, timeout=10).text
    assert re.search('<html[^>]* data-theme="dark"', html)
    page.reload()
    ready(page)
    assert brightness(page) < 60


def test_the_systems_preference_is_followed_until_somebody_chooses(visit):
    page = visit("/sign-in/", who="", theme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "auto")
    assert brightness(page) < 60

    page.emulate_media(color_scheme="light")
    assert brightness(page) > 200

    page.get_by_role("button", name="Theme").click()
    page.emulate_media(color_scheme="light")
    assert brightness(page) < 60


def test_charts_follow_the_systems_preference_too(visit):
    page = visit(theme="light")
    before = page.evaluate(INK)

    page.emulate_media(color_scheme="dark")

    page.wait_for_function(f"(before) => {INK} !== before", arg=before)


def test_no_page_is_wider_than_a_phone(visit, site, complaints):
    complaints.expect("status of 404")
    account = site.account("Fjäll").act_id
    opened: dict[str, Page] = {}
    for path, who in PAGES.items():
        address = path.format(account=account)
        if who in opened:
            opened[who].goto(address)
            ready(opened[who])
        else:
            opened[who] = visit(address, who=who, width=390)
        page = opened[who]

        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        # Scrolling sideways by hand leads nowhere either.
        page.evaluate("scrollTo(1000, 0)")
        assert page.evaluate("scrollX") == 0, address


def test_a_wide_table_scrolls_inside_itself(visit):
    page = visit(width=390)
    table = page.get_by_role("group", name="Campaign table")

    table.evaluate("(box) => box.scrollTo(10_000, 0)")

    assert table.evaluate("(box) => box.scrollLeft") > 50
    assert table.evaluate("(box) => box.getBoundingClientRect().right <= innerWidth")
    last = page.locator("#campaigns tr.l0 td:last-child").first
    assert last.evaluate("(cell) => cell.getBoundingClientRect().right <= innerWidth + 1")


def test_the_drawer_opens_and_closes(visit):
    page = visit(width=390)
    drawer = page.locator("#side")
    expect(drawer).to_be_hidden()

    page.get_by_role("button", name="Open navigation").click()
    expect(drawer).to_be_visible()
    expect(drawer.get_by_role("link", name="Ad accounts")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()

    page.get_by_role("button", name="Open navigation").click()
    expect(drawer).to_be_visible()
    page.mouse.click(380, 600)
    expect(drawer).to_be_hidden()

    page.get_by_role("button", name="Open navigation").click()
    drawer.get_by_role("link", name="Ad accounts").click()
    expect(page).to_have_url(re.compile("/accounts/$"))
    expect(page.locator("#side")).to_be_hidden()


def test_menus_are_sheets_at_the_bottom_of_a_phone(visit):
    page = visit(width=390)

    page.locator("#filters summary").first.click()

    sheet = page.locator("#filters details[open] .sheet")
    expect(sheet).to_be_visible()
    box = sheet.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["width"] > 340
    assert box["y"] + box["height"] == pytest.approx(900, abs=16)
    choice = sheet.locator("label").first.bounding_box()
    assert choice["height"] >= 44
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
