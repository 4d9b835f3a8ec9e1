"""An admin looks at what the set-up lacks: all checks one by one, a check that fails, a tick, values to copy."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.journeys.test_accessibility import violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def tidied(site) -> Iterator[None]:
    """Nothing is known at first, and afterwards."""
    from apps.connections.models import SetupStep

    SetupStep.objects.all().delete()
    yield
    SetupStep.objects.all().delete()
    site.sandbox.clear_faults()


def test_all_checks_run_one_by_one_in_place_and_the_progress_follows(visit, site, tidied):
    page = visit("/setup/", who="admin")
    expect(page.locator("#verdict")).to_have_text("0 of 12 steps are verified.")
    expect(page.locator("#step-app")).to_have_attribute("open", "")
    site.sandbox.fail("delay", path="/debug_token$", seconds=1)

    page.get_by_role("button", name="Check all again", exact=True).click()

    expect(page.locator("#step-app")).to_contain_text("Is looked at")
    expect(page.locator("#verdict")).to_have_text("8 of 12 steps are verified.")
    expect(page.get_by_text("Is looked at")).to_have_count(0)
    expect(page.get_by_role("img", name="8 of 12 steps verified")).to_be_visible()
    expect(page.locator("#step-tier")).to_contain_text("Verified")
    expect(page).to_have_url(re.compile("/setup/$"))


def test_a_failing_check_keeps_the_last_good_evidence_and_shows_metas_words(visit, site, tidied):
    page = visit("/setup/", who="admin")
    step = page.locator("#step-app")
    step.get_by_role("button", name="Check again The Meta app").click()
    expect(step).to_contain_text("Checked at Meta just now")
    site.sandbox.fail("error", path="/debug_token$", code=3, message="No capability", times=9)

    page.get_by_role("button", name="Check again The Meta app").click()

    expect(step).to_contain_text("Needs attention")
    expect(step).to_contain_text("Meta answered 3")
    expect(step).to_contain_text("Meta's words: No capability")
    expect(step).to_contain_text(re.compile(r"fbtrace_id A\w+"))
    expect(step).to_contain_text("debug_token: the app token is valid")
    expect(step).to_contain_text(re.compile("Good when last verified, (just now|.* ago)"))
    expect(page.get_by_role("button", name="Check again The Meta app")).to_be_focused()
    assert violations(page) == {}
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_script_everything_is_checked_and_ticked(visit, site, tidied):
    page = visit("/setup/", who="admin", script=False)

    page.get_by_role("button", name="Check all again", exact=True).click()
    expect(page.locator("#verdict")).to_have_text("8 of 12 steps are verified.")
    page.locator("#step-deletion summary").click()
    page.get_by_role("button", name="Mark as done Data deletion address").click()

    expect(page.locator("#verdict")).to_have_text("9 of 12 steps are verified.")
    expect(page.locator("#step-deletion")).to_contain_text("Marked as done by Ada Admin")


def test_an_address_is_copied_from_its_step(visit, site, tidied, complaints):
    page = visit("/setup/", who="admin", permissions=["clipboard-read", "clipboard-write"])
    page.locator("#step-redirects summary").click()

    page.get_by_role("button", name="Copy Deauthorize callback").click()

    expect(page.locator(".toasts")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").endswith("/hooks/meta/deauthorize/")
