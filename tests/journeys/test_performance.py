"""A marketer reads the performance of three ad accounts: two in euro, one in dollars."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import GRANTED
from tests.journeys.performance_page import amounts, column, days, menu, panels, period, travel
from tests.journeys.windows import ready, swapped

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

USD_ACCOUNT = GRANTED[2]


def test_each_currency_has_a_panel_of_its_own_and_its_lines_are_drawn(visit):
    page = visit()

    assert panels(page) == 2
    names = page.locator("#ch-main .annotation-text").all_text_contents()
    assert names[:2] == ["EUR, 2 accounts", "USD, 1 account"]
    lines = [line.get_attribute("d") for line in page.locator("#ch-main .trace path.js-line").all()]
    # In each: this period, what it stands on, and the period before. Plotly leaves out points that lie on a line.
    assert sum(line.count("L") > 20 for line in lines) == 6
    assert panels(page, "ch-rank") == 1
    assert page.locator("#ch-rank .barlayer .point").count() >= 2


def test_hovering_a_day_tells_the_same_numbers_as_the_table(visit):
    page = visit("/performance/?cur=EUR")
    page.get_by_text("View as table").first.click()
    row = page.locator("details.asdata[data-for=ch-main] tbody tr", has_text="Fri 20 Nov 2026")
    expect(row).to_be_visible()
    today, before = row.locator("td").all_inner_texts()
    box = page.locator("#ch-main .nsewdrag").first.bounding_box()

    # The axis ends half a day after the 28th day.
    page.mouse.move(box["x"] + box["width"] * 24 / 27.5, box["y"] + box["height"] / 2)

    label = page.locator("#ch-main .hoverlayer .legend")
    expect(label).to_contain_text("Fri 20 Nov 2026")
    expect(label).to_contain_text(today)
    expect(label).to_contain_text(before)
    assert today.startswith("€")


def test_a_kpi_chooses_what_the_chart_shows_and_week_how_finely(visit):
    page = visit()

    with swapped(page):
        page.locator(".kpis").get_by_role("link", name=re.compile("^Purchases")).click()
    expect(page.locator("#h-main")).to_have_text("Purchases per day")
    assert panels(page) == 1  # counts add up across currencies
    expect(page.locator(".kpi[aria-current=true]")).to_contain_text("Purchases")

    with swapped(page):
        page.get_by_role("link", name="Week", exact=True).click()
    expect(page.locator("#h-main")).to_have_text("Purchases per week")
    expect(page).to_have_url(re.compile(r"\?metric=purchases&g=week$"))
    assert days(page) == ["2026-10-27", "2026-11-03", "2026-11-10", "2026-11-17"]


def test_one_ad_account_is_chosen_when_the_menu_closes(visit, site):
    page = visit()
    everything = len(column(page, "Campaign"))
    accounts = menu(page, "Accounts")
    accounts.get_by_label(re.compile(USD_ACCOUNT)).check()
    expect(page).to_have_url(re.compile("/performance/$"))  # several can be ticked before anything is sent

    with swapped(page):
        page.keyboard.press("Escape")

    expect(page).to_have_url(re.compile(rf"accounts={site.account(USD_ACCOUNT).act_id}(&|$)"))
    assert 0 < len(column(page, "Campaign")) < everything
    assert panels(page) == 1
    assert all(text.startswith("$") for text in column(page, "Spend"))
    assert column(page, "Spend")


def test_a_click_beside_an_open_menu_sends_what_was_ticked_and_does_no_more(visit, site):
    page = visit()
    downloads = []
    page.on("download", lambda download: downloads.append(download))
    menu(page, "Accounts").get_by_label(re.compile(USD_ACCOUNT)).check()

    # What it would have brought is the list of all ad accounts.
    with swapped(page):
        page.get_by_role("link", name="CSV").click()

    expect(page).to_have_url(re.compile(rf"accounts={site.account(USD_ACCOUNT).act_id}(&|$)"))
    assert downloads == []
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert "USD" in (text := download.value.path().read_text())
    assert "EUR" not in text


def test_a_named_period_and_own_days(visit):
    page = visit()

    with swapped(page):
        period(page).get_by_role("link", name="Last 7 days").click()
    expect(page).to_have_url(re.compile(r"period=7d"))
    expect(page.locator("#filters")).to_contain_text("17 – 23 Nov 2026")

    own = period(page)
    own.get_by_label("From").fill("2026-11-02")
    own.get_by_label("To").fill("2026-11-05")
    with swapped(page):
        page.locator("h1").click()
    expect(page).to_have_url(re.compile(r"from=2026-11-02&to=2026-11-05"))
    expect(page.locator("#filters")).to_contain_text("2 – 5 Nov 2026")
    expect(page.locator("#filters")).to_contain_text("previous 4 days")
    assert days(page) == ["2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05"]


def test_nothing_to_compare_with_takes_the_second_line_away(visit):
    page = visit("/performance/?cur=EUR")
    names = "document.querySelector('#ch-main').data.map((one) => one.name)"
    assert len(set(page.evaluate(names))) == 2
    expect(page.locator("#campaigns .delta").first).to_be_visible()

    with swapped(page):
        menu(page, "vs").get_by_label("Nothing").check()

    expect(page).to_have_url(re.compile("vs=none"))
    assert len(set(page.evaluate(names))) == 1
    assert page.locator(".legend li").count() == 1


def test_one_currency_alone_has_totals_in_it(visit):
    page = visit()
    expect(page.locator("#campaigns tfoot")).to_contain_text("2 currencies")

    with swapped(page):
        page.get_by_role("group", name="Currency").get_by_role("link", name=re.compile("USD")).click()

    expect(page).to_have_url(re.compile("cur=USD"))
    assert panels(page) == 1
    total = page.locator("#campaigns tfoot td.num").first.inner_text()
    assert amounts([total])[0] == pytest.approx(sum(amounts(column(page, "Spend"))), abs=0.05)


def test_back_forward_and_reload_show_what_was_shown(visit):
    page = visit()
    with swapped(page):
        page.get_by_role("group", name="Currency").get_by_role("link", name=re.compile("USD")).click()
    with swapped(page):
        page.locator(".kpis").get_by_role("link", name=re.compile("^ROAS")).click()
    address = page.url

    travel(page, -1)
    expect(page).to_have_url(re.compile(r"/performance/\?cur=USD$"))
    expect(page.locator("#h-main")).to_have_text("Spend per day")
    travel(page, -1)
    expect(page).to_have_url(re.compile("/performance/$"))
    assert panels(page) == 2

    travel(page, 1)
    travel(page, 1)
    expect(page).to_have_url(address)
    expect(page.locator("#h-main")).to_have_text("ROAS per day")
    page.reload()
    ready(page)
    expect(page.locator("#h-main")).to_have_text("ROAS per day")
    assert panels(page) == 1
    assert all(text.startswith("$") for text in column(page, "Spend"))


def test_the_link_to_a_view_can_be_copied(visit):
    page = visit("/performance/?cur=USD", permissions=["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="Copy link").click()

    expect(page.locator(".toasts")).to_have_text("Link to this view copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_sync_now_queues_what_is_shown_and_says_so(visit, queued_runs, site):
    from apps.reporting import foreground

    page = visit("/performance/?cur=EUR&period=7d&vs=none")

    page.get_by_role("button", name="Sync now").click()

    expect(page.locator("#messages")).to_contain_text("queued for 17 – 23 Nov 2026")
    expect(page).to_have_url(re.compile(r"\?cur=EUR&period=7d&vs=none$"))
    runs = list(queued_runs.select_related("account", "asked_by"))
    assert {run.state for run in runs} == {"queued"}
    assert {str(run.asked_by) for run in runs} == {"Mara Lund"}
    assert site.account(GRANTED[0]) in {run.account for run in runs}
    expect(page.locator("#campaigns footer")).to_contain_text("a sync is under way")

    foreground.work_off(runs)
    page.reload()
    expect(page.locator("#campaigns footer")).not_to_contain_text("under way")
