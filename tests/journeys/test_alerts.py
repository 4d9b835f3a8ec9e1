"""What fires, seen from where people land to where it ends."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.health.conftest import receiving
from tests.journeys.test_accessibility import violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LONG = "Größenwahn & Söhne — Konto von Frau Øvergård, alles mit Fahrrädern und ohneZwischenraumÜberDieGanzeBreite (alt)"


@pytest.fixture
def receiver():
    with receiving() as one:
        yield one


@pytest.fixture
def quiet(site) -> Iterator[None]:
    """As it was before; what a journey raised is gone."""
    from apps.health.models import Alert, Channel, Delivery, Heartbeat, RuleSetting

    def forget():
        for model in (Delivery, Alert, Channel, RuleSetting, Heartbeat):
            model.objects.all().delete()

    forget()
    yield
    forget()


@pytest.fixture
def channel(quiet, receiver):
    from apps.health import channels

    made = channels.prepare("#ads-ops", receiver.url)
    channels.keep(made)
    return made


@pytest.fixture
def look(quiet, settings):
    """A look as beat makes it, and what is due is sent."""
    from apps.health import alerts, delivery

    def act(*rules):
        if rules:
            settings.HEALTH_RULES = [f"apps.health.rules.{name}" for name in rules]
        alerts.look()
        delivery.send_due()

    return act


@pytest.fixture
def full(site, channel, look):
    """Alerts of every kind: firing, snoozed, acknowledged, closed; channels that do and do not deliver."""
    from apps.health.models import Alert, Channel, Delivery

    look()
    now, admin = timezone.now(), site.people["admin"]
    common = {"rule": "token", "found_at": now}
    Alert.objects.create(
        key="long", severity="crit", title=f"The token of {LONG} is dead", text=f"Meta refused it. {LONG}",
        opened_at=now - timedelta(hours=3), action="Reconnect", url="/connections/", owner=admin, **common,
    )  # fmt: skip
    Alert.objects.create(
        key="snoozed", severity="warn", title="ines ends in 5 days", text="Only Ines can keep it alive.",
        opened_at=now - timedelta(days=2), snoozed_until=now + timedelta(hours=20),
        due_at=now + timedelta(days=5), **common,
    )  # fmt: skip
    Alert.objects.create(
        key="known", severity="warn", title="Errors 100/33 come far more often than usual", text="In two hours.",
        opened_at=now - timedelta(hours=1), acknowledged_at=now, acknowledged_by=admin, owner=admin, **common,
    )  # fmt: skip
    over = Alert.objects.create(
        key="over", severity="warn", title="3 ad accounts are behind", opened_at=now - timedelta(hours=9),
        closed_at=now - timedelta(hours=8), ending="gone", **common,
    )  # fmt: skip
    broken = Channel.objects.create(
        name="On-call", service="Slack", fingerprint="0a1b2c3d4e5f", least="crit", failures=3,
        failed_at=now, error="Failed to send Slack notification: error=404.",
    )  # fmt: skip
    Delivery.objects.create(
        alert=over, channel=broken, kind="opened", title=over.title, state="failed", tries=8, created_at=now,
        next_at=now, error="Failed to send Slack notification: error=404.",
    )  # fmt: skip
    return Alert


def test_an_alert_is_acknowledged_snoozed_and_woken(visit, full):
    page = visit("/alerts/", who="admin")
    row = page.get_by_role("region", name="Firing").locator("li", has_text="is disabled")

    row.get_by_text("More").click()
    row.get_by_role("button", name=re.compile("^Snooze: Tomorrow")).click()

    expect(page.locator("#messages")).to_contain_text("sleeps until 24 Nov, 08:00 UTC.")
    rest = page.get_by_role("region", name="Acknowledged or snoozed").locator("li", has_text="is disabled")
    rest.get_by_text("More").click()
    rest.get_by_role("button", name="Let it fire again").click()
    row.get_by_text("More").click()
    row.get_by_role("button", name=re.compile("^Acknowledge")).click()
    expect(page.locator("#messages")).to_contain_text("No reminders come until it gets worse.")
    expect(rest).to_contain_text("acknowledged by Ada Admin")


def test_from_the_overview_one_comes_back_to_it_and_no_script_is_needed(visit, full):
    page = visit("/", who="admin", script=False)
    row = page.locator(".attention li", has_text="is unsettled")

    row.get_by_text("More").click()
    row.get_by_role("button", name=re.compile("^Acknowledge")).click()

    expect(page).to_have_url(re.compile(r":\d+/$"))
    expect(page.locator(".attention li", has_text="is unsettled")).to_have_count(0)
    expect(page.get_by_role("link", name=re.compile("^Acknowledged or snoozed: 3"))).to_be_visible()


def test_a_channel_is_added_tested_and_removed(visit, quiet, receiver, look):
    look()
    page = visit("/alerts/", who="admin")
    page.get_by_role("link", name="Add a channel").click()
    page.get_by_label("Name").fill("Duty phone")
    page.get_by_label("Address", exact=True).fill(receiver.url)
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#messages")).to_contain_text("Duty phone is kept.")
    assert "s3cr3t" not in page.content()

    page.get_by_role("button", name="Test Duty phone").click()

    expect(page.locator("#messages")).to_contain_text("The test left through Duty phone.")
    assert receiver.titles == ["Test message of fbadmin"]
    expect(page.get_by_role("region", name="Sent")).to_contain_text("Test message of fbadmin")
    page.get_by_role("button", name="Remove Duty phone").click()
    expect(page.locator("#messages")).to_contain_text("Duty phone is removed, with its address.")


def test_an_address_that_no_service_has_is_refused_where_it_was_typed(visit, quiet, complaints):
    complaints.expect("status of 422")
    page = visit("/alerts/channels/new/", who="admin")
    page.get_by_label("Name").fill("Nowhere")
    page.get_by_label("Address", exact=True).fill("nosuch://somewhere")
    page.get_by_role("button", name="Keep it").click()

    expect(page.locator(".err")).to_contain_text("Apprise does not know such an address.")


def test_a_rule_gets_another_threshold_is_muted_and_switched_off(visit, quiet, look):
    look()
    page = visit("/alerts/", who="admin")
    row = page.get_by_role("region", name="Rules").get_by_role("row", name=re.compile("^Numbers are old"))
    row.get_by_role("spinbutton").fill("180")
    row.get_by_role("combobox").select_option("24h")
    row.get_by_role("button").click()

    expect(row).to_contain_text("older than 180 minutes")
    expect(row).to_contain_text("Tells nobody until 24 Nov")
    row.get_by_role("switch").uncheck()
    row.get_by_role("button").click()
    expect(row).to_contain_text("Off")
    expect(page.locator("#verdict")).to_contain_text("14 of 15 rules are on.")


def test_a_marketer_sees_what_concerns_their_own_ad_accounts(site, visit, full):
    page = visit("/", who="marketer")

    expect(page.locator("#verdict")).not_to_contain_text("token")
    expect(page.get_by_role("region", name="Ad accounts").locator("tbody tr")).to_have_count(3)
    text = page.locator("main").inner_text()
    assert "is dead" not in text
    assert "€" in page.locator("#verdict").inner_text()


def test_who_has_no_ad_account_is_told_whom_to_ask(visit, quiet):
    page = visit("/", who="newcomer")

    expect(page.get_by_text("No ad account has been granted to you yet")).to_be_visible()
    expect(page.locator("#verdict")).to_contain_text("There is no ad account yet.")


@pytest.mark.parametrize(
    ("path", "who"),
    [("/", "admin"), ("/", "marketer"), ("/alerts/", "admin"), ("/alerts/channels/new/", "admin")],
)
def test_axe_finds_nothing_and_a_phone_is_wide_enough(visit, full, path, who):
    page = visit(path, who=who, reduced_motion="reduce")

    assert violations(page) == {}
    page.set_viewport_size({"width": 390, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("path", ["/", "/alerts/"])
def test_axe_finds_nothing_where_nothing_is(visit, quiet, path):
    page = visit(path, who="admin", reduced_motion="reduce")

    assert violations(page) == {}
