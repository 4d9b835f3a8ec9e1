"""The health page in a browser: a block counts down and ends by itself, panels look for news, axe finds nothing."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from playwright.sync_api import expect

from tests.conftest import MONDAY
from tests.journeys.test_accessibility import violations
from tests.journeys.windows import ready, swapped

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def throttled(site, settings):
    """Fjäll has spent 64 %, and Brauhaus is blocked for fourteen minutes. Both are told by calls that were recorded."""
    from apps.connections import clients
    from apps.connections.models import Allowance, Connection
    from apps.graphapi import GraphError
    from apps.health.models import (
        AccountHour,
        Call,
        CallSlot,
        CallTotal,
        ErrorGroup,
        UsageNow,
        UsageSlot,
    )
    from apps.health.recorder import RECORDER

    settings.GRAPH_RECORDER, settings.RECORDER_SECONDS = "apps.health.recorder.hear", 0
    settings.GRAPH_CLIENT_OPTIONS = {"sleep": lambda seconds: None}
    fjall, brauhaus = site.account("Fjäll"), site.account("Brauhaus")
    site.sandbox.set_allowance("ads_insights", 64, account=fjall.act_id)
    site.sandbox.block("ads_insights", minutes=14, account=brauhaus.act_id)
    client = clients.for_connection(Connection.objects.get(), purpose="sync")
    client.get(f"{fjall.act_id}/insights", level="account", date_preset="today")
    with pytest.raises(GraphError):
        client.get(f"{brauhaus.act_id}/insights", level="account", date_preset="today")
    RECORDER.flush()
    yield brauhaus
    RECORDER._held.clear()
    for model in (AccountHour, Call, CallSlot, CallTotal, ErrorGroup, UsageNow, UsageSlot, Allowance):
        model.objects.all().delete()
    site.sandbox.set_clock(MONDAY)
    for account in (fjall, brauhaus):
        site.sandbox.set_allowance("ads_insights", 0, account=account.act_id, minutes=0)


def row(page, account):
    return page.locator("#p-budgets tbody tr", has_text="ads_insights").filter(has_text=str(account))


def test_a_block_counts_down_and_is_over_by_itself(visit, site, throttled):
    page = visit("/health/", who="admin")

    blocked = row(page, throttled)
    expect(blocked).to_contain_text("Blocked")
    expect(page.locator("#verdict")).to_contain_text("1 account is blocked until 10:1")
    expect(page.locator("#pulse")).to_contain_text("1 blocked")
    counting = blocked.locator("[data-countdown]")
    expect(counting).to_have_text(re.compile(r"in 1[34]:\d\d"))
    before = counting.text_content()
    expect(counting).not_to_have_text(before)

    # Just before the end nothing but the page's own countdown asks again.
    from apps.health import budgets

    until = next(one.until for one in budgets.read().of_accounts if one.until)
    with time_machine.travel(until - timedelta(seconds=3)):
        site.sandbox.set_clock(datetime.now(UTC))
        page.reload()
        expect(row(page, throttled)).to_contain_text("Blocked")
        expect(row(page, throttled)).not_to_contain_text("Blocked")
        expect(row(page, throttled).locator(".st")).to_be_visible()


def test_filters_and_periods_stand_in_the_address(visit, throttled):
    page = visit("/health/", who="admin")

    with swapped(page):
        page.get_by_role("link", name="Blocked 1").click()
    expect(page).to_have_url(re.compile(r"state=blocked"))
    expect(page.locator("#p-budgets tbody tr")).to_have_count(1)
    with swapped(page):
        page.get_by_role("link", name="7 days").click()
    expect(page).to_have_url(re.compile(r"state=blocked&period=7d"))
    with swapped(page):
        page.get_by_role("searchbox", name="Search accounts").fill("nobody at all")
    expect(page.locator("#p-budgets")).to_contain_text("No budget matches")


def test_a_panel_that_can_not_look_again_keeps_what_it_shows(visit, throttled, complaints):
    complaints.expect("500", "Failed to load resource")
    page = visit("/health/", who="admin")
    page.route(re.compile(r"/health/"), lambda route: route.fulfill(status=500))

    page.evaluate("htmx.trigger('#p-budgets', 'refresh')")

    expect(page.locator("#p-budgets")).to_contain_text("Not renewed since")
    expect(row(page, throttled)).to_contain_text("Blocked")
    page.unroute(re.compile(r"/health/"))
    page.evaluate("htmx.trigger('#p-budgets', 'refresh')")
    expect(page.locator("#p-budgets")).not_to_contain_text("Not renewed since")


def test_it_is_all_there_without_a_script(visit, throttled):
    page = visit("/health/?period=1h", who="admin", script=False)

    expect(row(page, throttled)).to_contain_text("in 14 min")
    page.locator("#p-latency summary").click()
    expect(page.locator("#p-latency table")).to_contain_text("p95")


@pytest.mark.parametrize(
    "address", ["/health/", "/health/?period=1h&state=blocked", "/health/?period=7d&q=nobody"]
)
def test_axe_finds_nothing(visit, throttled, address):
    page = visit(address, who="admin", reduced_motion="reduce")

    assert violations(page) == {}


def test_nothing_stands_beside_a_phone(visit, throttled):
    page = visit("/health/", who="admin", width=390)

    assert page.evaluate("document.documentElement.scrollWidth") == 390
    ready(page)
