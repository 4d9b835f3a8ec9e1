"""Support reads the error log: an error appears, is understood, resolved, and comes back."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from playwright.sync_api import expect

from apps.graphapi import GraphError
from apps.graphapi.pace import NoPace
from tests.health.making import heard, keep
from tests.journeys.test_accessibility import violations
from tests.journeys.windows import ready, swapped

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def log(site):
    """The error log, empty before and after."""
    from apps.health.models import ErrorGroup

    ErrorGroup.objects.all().delete()
    yield ErrorGroup.objects
    ErrorGroup.objects.all().delete()


@pytest.fixture
def asks(site, log, recorded, no_pauses):
    """Asks the sandbox for campaigns, which answers with this error, and writes what the recorder heard."""
    from apps.connections import clients
    from apps.connections.models import Connection

    account = site.account("Fjäll")

    def ask(code, subcode, message):
        client = clients.for_connection(Connection.objects.get(), purpose="sync", pace=NoPace())
        site.sandbox.fail("error", code=code, subcode=subcode, status=400, message=message, times=2)
        with pytest.raises(GraphError):
            client.get(f"{account.act_id}/campaigns", fields=["id"])
        site.sandbox.clear_faults()
        recorded()

    return ask


def test_an_error_appears_is_understood_resolved_and_comes_back(visit, asks, log):
    asks(100, 33, "Unsupported get request. Object with ID 'act_4711' does not exist")
    page = visit("/errors/", who="support")
    expect(page.locator("#verdict")).to_contain_text("1 open group.")
    expect(page.locator(".nav a", has_text="Errors")).to_contain_text("1")

    page.get_by_role("link", name="The object does not exist").click()

    ready(page)
    steps = page.locator(".steps li")
    expect(steps.first).to_contain_text("Look whether the object was deleted at Meta.")
    expect(steps.nth(1)).to_contain_text("ask one: Ada Admin")
    expect(page.get_by_text("Call an admin: Ada Admin.")).to_be_visible()
    expect(steps.first.get_by_role("link", name="Look at reporting")).to_have_attribute(
        "href", re.compile("/connections/.+/")
    )
    expect(page.locator("#raw")).to_contain_text('"error_subcode": 33')
    expect(page.locator("#support-text")).to_contain_text("HTTP 400, code 100, subcode 33")
    expect(page.locator("#support-text")).not_to_contain_text("4711")

    page.get_by_label("Comment").fill("The campaign was deleted on purpose.")
    page.get_by_label("What becomes of it").or_(page.locator("#h-state ~ .body")).get_by_role(
        "button", name="Resolve"
    ).click()
    expect(page.locator("#verdict")).to_contain_text("Resolved by Sam Support")
    page.goto("/errors/")
    expect(page.get_by_text("No open errors", exact=True).last).to_be_visible()

    asks(100, 33, "A straggler of the same minute")
    assert log.get().state == "resolved"
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=10)):
        asks(100, 33, "Unsupported get request. Object with ID 'act_4712' does not exist")
        page.reload()
        expect(page.locator("#verdict")).to_contain_text("came back after being resolved")
        expect(page.locator(".egroups tbody tr").first).to_contain_text("Regressed")
        page.get_by_role("link", name="The object does not exist").click()
        expect(page.locator("#verdict")).to_contain_text("Resolved by Sam Support once, came back")
        expect(page.locator(".log")).to_contain_text("The campaign was deleted on purpose.")


def test_a_subcode_never_seen_lands_in_the_queue_of_unknown_codes(visit, asks):
    asks(909090, 717171, "The frobnicator is not aligned")
    page = visit("/errors/", who="support")

    with swapped(page):
        page.get_by_role("link", name="Unknown codes").click()

    expect(page).to_have_url(re.compile("state=unknown"))
    row = page.locator(".egroups tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Unknown code 909090/717171")
    expect(row).to_contain_text("The frobnicator is not aligned")
    row.get_by_role("link", name="Text for Meta support").click()
    expect(page.locator("#support-text")).to_contain_text("code 909090, subcode 717171")


def test_several_are_ticked_ignored_by_key_and_taken_back(visit, log):
    keep(heard(190), heard(100), heard(200))
    page = visit("/errors/", who="support")
    page.get_by_label("Select: A permission is missing, 200").check()
    page.get_by_label("Select: Meta does not accept a part of the call, 100").check()
    page.locator("h1").click()

    page.keyboard.press("i")

    expect(page.locator(".toast")).to_contain_text("2 groups ignored for 24 hours.")
    expect(page.locator(".egroups tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".egroups tbody tr")).to_have_count(3)
    assert set(log.values_list("state", flat=True)) == {"open"}


def test_filters_swap_the_results_and_stand_in_the_address(visit, log):
    keep(heard(190, trace="AbX9kQ2mT7vR4wLpZc1dYhN"), heard(100))
    page = visit("/errors/", who="support")

    with swapped(page):
        page.get_by_role("searchbox", name="Search errors").fill("190")
        page.keyboard.press("Enter")
    expect(page.locator(".egroups tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("q=190"))

    page.get_by_role("searchbox", name="Search errors").fill("AbX9kQ2mT7vR4wLpZc1dYhN")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/errors/\d+/\?o=\d+"))
    expect(page.locator("tr.on")).to_contain_text("AbX9kQ2mT7vR4wLpZc1dYhN")


def test_it_works_without_a_script(visit, log):
    keep(heard(190), heard(100))
    page = visit("/errors/", who="support", script=False)

    page.get_by_role("searchbox", name="Search errors").fill("190")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator(".egroups tbody tr")).to_have_count(1)
    page.locator("tbody input[type=checkbox]").check()
    page.get_by_role("button", name="Resolve").click()

    expect(page.locator("#messages")).to_contain_text("1 group resolved.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#messages")).to_contain_text("1 group as before.")


@pytest.fixture
def full(site, log):
    """A log with something of everything."""
    from apps.connections.models import Connection
    from apps.health.models import UsageNow

    connection, now = Connection.objects.get().pk, datetime.now(UTC)
    one, two = site.account("Fjäll").meta_id, site.account("Brauhaus").meta_id
    spent = "(#80000) There have been too many calls from this ad-account."
    here = {"connection": connection, "account": one}
    keep(
        *(heard(80000, 2446079, at=now - timedelta(minutes=7 * n), trace=f"AbX9kQ2mT7vR4wLpZc1d{n:03d}", message=spent,
                connection=connection, account=(one, two)[n % 3 == 0]) for n in range(40)),
        *(heard(2, path="batch", at=now - timedelta(hours=n), **here) for n in range(20)),
        *(heard(190, 460, path="me/adaccounts", at=now - timedelta(hours=n, minutes=9), connection=connection)
          for n in range(9)),
        heard(100, 1487470, account=two, connection=connection, path="act_{id}/adsets", at=now - timedelta(days=2)),
        heard(909090, 717171, message="The frobnicator of ad 23 is not aligned", **here),
        *(heard(100, 1487534, at=now - timedelta(hours=n), **here) for n in range(4)),
    )  # fmt: skip
    spent = {"peak": 100, "told_at": now, "climb_at": now, "regain_at": now + timedelta(minutes=14)}
    UsageNow.objects.update_or_create(
        scope="business_use_case", object_id=one, type="ads_insights", defaults=spent
    )
    log.filter(code=80000).update(regressed_at=now - timedelta(hours=3))
    yield log
    UsageNow.objects.all().delete()


PAGES = [
    "/errors/",
    "/errors/?state=resolved",
    "/errors/?q=nothing+like+it",
    "/errors/{limit}/",
    "/errors/{unknown}/",
]


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_no_page_is_wider_than_a_phone(visit, full, path):
    address = path.format(limit=full.get(code=80000).pk, unknown=full.get(code=909090).pk)
    page = visit(address, who="support", reduced_motion="reduce")

    assert violations(page) == {}
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
