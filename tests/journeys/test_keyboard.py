"""Without a mouse."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.windows import ready, swapped

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

HERE = "document.activeElement"
FILTER = f"{HERE}.closest('#filters') && ({HERE}.ariaLabel ?? {HERE}.innerText).trim()"


def test_the_skip_link_comes_first_and_leads_past_the_navigation(visit):
    page = visit()

    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()

    page.keyboard.press("Tab")
    assert page.evaluate(f"document.querySelector('#main').contains({HERE})")
    expect(page.get_by_role("button", name="Copy link")).to_be_focused()


def test_tab_reaches_every_filter_in_the_order_they_stand_in(visit):
    page = visit()
    page.locator("#main").focus()
    reached = []

    for _ in range(15):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FILTER))

    words = [re.split(r"[\s:]", text)[0] for text in reached if text]
    assert words == ["Accounts", "27", "Earlier", "vs", "Attribution", "Filter", "Side", "EUR", "USD"]


def test_a_filter_is_opened_chosen_and_closed_with_the_keyboard(visit):
    page = visit()
    accounts = page.locator("#filters summary").first
    accounts.focus()

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#filters details[open] input").first).to_be_focused()
    page.keyboard.press("Space")
    with swapped(page):
        page.keyboard.press("Escape")

    expect(page).to_have_url(re.compile(r"accounts=act_\d+"))
    expect(page.locator("#filters summary").first).to_be_focused()
    expect(page.locator("#filters details[open]")).to_have_count(0)


def test_a_choice_that_sends_itself_leaves_the_focus_on_its_filter(visit):
    page = visit()
    versus = page.locator("#filters summary", has_text="vs")
    versus.focus()
    page.keyboard.press("Enter")

    page.keyboard.press("Tab")
    with swapped(page):
        page.keyboard.press("ArrowDown")

    expect(page).to_have_url(re.compile("vs=year"))
    expect(versus).to_be_focused()
    expect(versus).to_contain_text("last year")


def test_focus_stays_on_the_control_that_was_pressed(visit):
    page = visit()

    for control in (
        page.get_by_role("link", name="Week", exact=True),
        page.locator("#campaigns thead").get_by_role("link", name="Spend", exact=True),
        page.get_by_role("group", name="Currency").get_by_role("link", name=re.compile("USD")),
        page.locator("[data-shift='-1']"),
        page.locator(".kpis").get_by_role("link", name=re.compile("^ROAS")),
    ):
        control.focus()
        with swapped(page):
            page.keyboard.press("Enter")
        expect(control).to_be_focused()


def test_two_keys_go_to_a_page_and_one_to_the_search(visit):
    page = visit("/accounts/")

    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page).to_have_url(re.compile("/performance/$"))
    ready(page)

    page.keyboard.press("/")
    search = page.get_by_role("searchbox", name="Search campaigns")
    expect(search).to_be_focused()
    page.keyboard.type("gp?[")  # letters are letters in a field
    expect(search).to_have_value("gp?[")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_brackets_move_the_period_by_its_own_length(visit):
    page = visit("/performance/?period=7d")
    chip = page.locator("#filters summary").nth(1)
    expect(chip).to_contain_text("17 – 23 Nov 2026")

    with swapped(page):
        page.keyboard.press("[")
    expect(chip).to_contain_text("10 – 16 Nov 2026")
    with swapped(page):
        page.keyboard.press("]")
    expect(chip).to_contain_text("17 – 23 Nov 2026")

    page.keyboard.press("]")  # there is nothing later
    page.wait_for_timeout(200)
    expect(chip).to_contain_text("17 – 23 Nov 2026")


def test_the_list_of_keys_opens_closes_and_switches_them_off(visit):
    page = visit("/accounts/")

    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()

    page.keyboard.press("?")
    keys.get_by_role("switch", name="Shortcuts on").uncheck()
    keys.get_by_role("button", name="Close").click()
    press_and_stay(page, "g", "p")
    page.reload()
    press_and_stay(page, "?")


def press_and_stay(page: Page, *keys: str) -> None:
    address = page.url
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    assert page.url == address
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_escape_closes_a_menu_and_gives_the_focus_back(visit):
    page = visit()
    me = page.get_by_label("account menu")
    me.focus()

    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(me).to_be_focused()


def test_rows_are_walked_with_j_and_k(visit):
    page = visit("/accounts/")
    names = page.locator("tbody th a")

    page.keyboard.press("j")
    expect(names.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(names.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(names.nth(0)).to_be_focused()
    name = names.nth(0).inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
