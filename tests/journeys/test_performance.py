"""A marketer reads the performance of three ad accounts: two in euro, one in dollars."""

import csv
import io
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import GRANTED
from tests.journeys.windows import ready, swapped

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

EUR_ACCOUNT, EUR_ACCOUNT_TOO, USD_ACCOUNT = GRANTED

# htmx itself writes this of a request that it is told to drop.
DROPPED = ["htmx:afterRequest", "htmx:sendAbort"]


def menu(page: Page, word: str | re.Pattern) -> Locator:
    """The filter whose chip has this word, opened."""
    menu = page.locator("#filters details.menu", has=page.locator("summary", has_text=word))
    menu.locator("summary").click()
    return menu


def period(page: Page) -> Locator:
    return menu(page, re.compile(r"\d [A-Z][a-z]{2}"))


def panels(page: Page, chart: str = "ch-main") -> int:
    axes = "(chart) => Object.keys(chart.layout).filter((name) => name.startsWith('yaxis')).length"
    return page.locator(f"#{chart}").evaluate(axes)


def days(page: Page) -> list[str]:
    """Those on the chart's axis."""
    points = page.locator("#ch-main").evaluate("(chart) => chart.data.flatMap((trace) => trace.x)")
    return sorted(set(points))


def column(page: Page, head: str) -> list[str]:
    """The texts of the campaign table in this column, from top to bottom."""
    heads = page.locator("#campaigns thead th").all_inner_texts()
    n = [text.strip() for text in heads].index(head) + 1
    cells = page.locator(f"#campaigns tr.l0 > :nth-child({n})").all_inner_texts()
    return [text.split("\n")[0] for text in cells]


def names_by_currency(page: Page) -> list[list[str]]:
    parts = page.locator("#campaigns tbody").all()
    return [part.locator("tr.l0 .clip[title]").all_inner_texts() for part in parts]


def amounts(texts: list[str]) -> list[float]:
    return [float(re.sub(r"[^\d.]", "", text) or 0) for text in texts]


def head(page: Page, name: str) -> Locator:
    return page.locator("#campaigns thead th", has_text=re.compile(rf"^\s*{re.escape(name)}\s*$"))


def travel(page: Page, steps: int) -> None:
    """Back and forward load the page afresh."""
    with page.expect_event("load"):
        page.evaluate(f"history.go({steps})")
    ready(page)


# --- the chart -----------------------------------------------------------------------------------


def test_each_currency_has_a_panel_of_its_own_and_its_lines_are_drawn(visit):
    page = visit()

    assert panels(page) == 2
    names = page.locator("#ch-main .annotation-text").all_text_contents()
    assert names[:2] == ["EUR, 2 accounts", "USD, 1 account"]
    drawn = page.locator("#ch-main .scatterlayer .trace path.js-line")
    assert drawn.count() >= 4  # this period and the one before, in two panels
    assert all(len(path.get_attribute("d")) > 50 for path in drawn.all()[:1])
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


# --- filters -------------------------------------------------------------------------------------


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


# --- the address ---------------------------------------------------------------------------------


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


# --- the table -----------------------------------------------------------------------------------


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


def test_a_click_that_overtakes_another_wins_quietly(visit, complaints):
    complaints.expect(*DROPPED)
    page = visit()
    held = []
    page.route(re.compile("metric=roas"), lambda route: held.append(route))

    with page.expect_request(re.compile("metric=roas")):
        page.locator(".kpis").get_by_role("link", name=re.compile("^ROAS")).click()
    with swapped(page):
        page.locator(".kpis").get_by_role("link", name=re.compile("^Impressions")).dblclick()

    expect(page.locator("#h-main")).to_have_text("Impressions per day")
    expect(page).to_have_url(re.compile(r"\?metric=impressions$"))


# --- away with it --------------------------------------------------------------------------------


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


def test_sync_now_queues_what_is_shown_and_says_so(visit, queued_runs, site):
    from apps.reporting import foreground

    page = visit("/performance/?cur=EUR&period=7d&vs=none")

    page.get_by_role("button", name="Sync now").click()

    expect(page.locator("#messages")).to_contain_text("queued for 17 – 23 Nov 2026")
    expect(page).to_have_url(re.compile(r"\?cur=EUR&period=7d&vs=none$"))
    runs = list(queued_runs.select_related("account", "asked_by"))
    assert {run.state for run in runs} == {"queued"}
    assert {str(run.asked_by) for run in runs} == {"Mara Lund"}
    assert site.account(EUR_ACCOUNT) in {run.account for run in runs}
    expect(page.locator("#campaigns footer")).to_contain_text("a sync is under way")

    foreground.work_off(runs)
    page.reload()
    expect(page.locator("#campaigns footer")).not_to_contain_text("under way")
