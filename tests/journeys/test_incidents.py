"""Incidents, played on the sandbox: the right page says it, one alert opens, one message leaves; a cure ends them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from playwright.sync_api import expect

from apps.graphapi import GraphError
from apps.graphapi.pace import NoPace
from tests.health.conftest import receiving
from tests.journeys.windows import ready

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


class Incident:
    """One connection, twelve ad accounts that are well, one channel, and time that is moved by hand."""

    def __init__(self, site, visit, receiver, traveller, flush) -> None:
        self.site, self.sandbox, self.receiver, self.flush = site, site.sandbox, receiver, flush
        self._visit, self._traveller = visit, traveller

    @property
    def connection(self):
        from apps.connections.models import Connection

        return Connection.objects.get()

    def open(self, path: str, who: str = "admin"):
        return ready(self._visit(path, who=who))

    def ask(self, times: int = 1, path: str = "me", **params) -> int:
        """So many calls as a sync makes them, recorded. How many failed."""
        from apps.connections import clients

        client = clients.for_connection(self.connection, purpose="sync", pace=NoPace())
        failed = 0
        for _ in range(times):
            try:
                client.get(path, **params)
            except GraphError:
                failed += 1
        self.flush()
        return failed

    def move_on(self, minutes: float) -> None:
        now = datetime.now(UTC) + timedelta(minutes=minutes)
        self._traveller.move_to(now)
        self.sandbox.set_clock(now)

    def check(self) -> None:
        """What runs once a day."""
        from apps.health import checkup

        checkup.check()
        self.flush()

    def look(self) -> None:
        """What beat does every 20 seconds."""
        from apps.health import alerts, delivery

        alerts.look()
        delivery.send_due()

    def is_told(self, title: str) -> None:
        """It is all that is told: by one alert, by one message, and where people land."""
        from apps.health.models import Alert

        for _ in range(3):
            self.look()
        assert [alert.title for alert in Alert.objects.all()] == [title]
        assert self.receiver.titles == [title]
        page = self.open("/")
        expect(page.locator("#verdict")).to_contain_text("1 thing needs somebody today.")
        expect(page.locator(".attention li")).to_have_count(1)
        expect(page.locator(".attention li")).to_contain_text(title)

    def is_over(self, title: str) -> None:
        """It closes when it stayed away for a while, and that is told once."""
        from apps.health.models import Alert

        self.look()
        self.move_on(3)
        for _ in range(2):
            self.look()
        assert [(alert.title, alert.ending) for alert in Alert.objects.all()] == [(title, "gone")]
        assert self.receiver.titles[1:] == [f"Over: {title}"]
        page = self.open("/alerts/")
        expect(page.get_by_role("region", name="Closed lately")).to_contain_text(title)
        expect(page.get_by_role("region", name="Firing").locator("li")).to_have_count(0)


@pytest.fixture
def incident(site, visit, recorded, no_pauses) -> Iterator[Incident]:
    """What it changes, here and at the sandbox, is put back."""
    from apps.connections.models import AdAccount, Connection, ConnectionCheck, Reach
    from apps.health import channels

    stood = [row for model in (Connection, AdAccount, Reach) for row in model.objects.all()]
    checks = list(ConnectionCheck.objects.values_list("pk", flat=True))
    _forget()
    for account in AdAccount.objects.all():
        site.sandbox.set_account(account.act_id, account_status=1)
    with receiving() as receiver, time_machine.travel(datetime.now(UTC)) as traveller:
        channels.keep(channels.prepare("#ads-ops", receiver.url))
        one = Incident(site, visit, receiver, traveller, recorded)
        one.move_on(0)
        one.check()
        one.look()
        assert receiver.titles == []
        yield one
    site.sandbox.reset()
    for row in stood:
        row.save()
    ConnectionCheck.objects.exclude(pk__in=checks).delete()
    _forget()


def _forget() -> None:
    from django.apps import apps

    from apps.connections.models import Allowance

    for model in (*apps.get_app_config("health").get_models(), Allowance):
        model.objects.all().delete()


def test_a_token_is_revoked(incident):
    incident.sandbox.revoke("system", 460)
    incident.check()

    title = "The token of reporting is dead"
    incident.is_told(title)
    page = incident.open("/")
    expect(page.locator(".attention li")).to_contain_text("Nothing new comes for 12 ad accounts")
    page.locator(".attention li").get_by_role("link", name=re.compile("Reconnect")).click()
    expect(page).to_have_url(re.compile(f"/connections/{incident.connection.pk}/$"))
    expect(page.locator("#verdict")).to_contain_text("changed the password")
    expect(page.get_by_role("link", name="Reconnect")).to_be_visible()
    expect(incident.open("/health/").locator("#verdict")).to_contain_text("1 token is dead.")

    from apps.connections import tokens

    tokens.connect("reporting", incident.sandbox.token("sixty_day"))
    incident.is_over(title)
    expect(incident.open("/health/").locator("#verdict")).to_contain_text("The token is valid.")


def test_a_scope_is_taken_away(incident):
    scopes = list(incident.connection.scopes)
    incident.sandbox.set_reach("system", scopes=[scope for scope in scopes if scope != "ads_management"])
    incident.check()

    title = "reporting lacks ads_management"
    incident.is_told(title)
    page = incident.open(f"/connections/{incident.connection.pk}/")
    row = page.get_by_role("row", name=re.compile("^ads_management"))
    expect(row).to_contain_text("Taken back")
    expect(row).to_contain_text("Campaigns can be read, not changed")

    incident.sandbox.set_reach("system", scopes=scopes)
    incident.check()
    incident.is_over(title)


def test_an_ad_account_is_throttled(incident):
    account = incident.site.account("Brauhaus")
    incident.sandbox.block("ads_insights", minutes=14, account=account.act_id)
    insights = {"path": f"{account.act_id}/insights", "level": "account", "date_preset": "today"}
    assert incident.ask(**insights) == 1

    incident.look()
    title = incident.receiver.titles[0]
    assert re.fullmatch(rf"The allowance ads_insights of {account} is closed until \d\d:\d\d UTC", title)
    incident.is_told(title)
    page = incident.open("/health/")
    expect(page.locator("#verdict")).to_contain_text("1 account is blocked until")
    row = page.locator("#p-budgets tbody tr", has_text="ads_insights").filter(has_text=str(account))
    expect(row).to_contain_text("Blocked")

    incident.move_on(15)
    assert incident.ask(**insights) == 0
    incident.is_over(title)
    expect(incident.open("/health/").locator("#verdict")).to_contain_text("Every rate limit has room.")


def test_an_ad_account_is_disabled(incident):
    account = incident.site.account("Fjäll")
    incident.sandbox.set_account(account.act_id, account_status=2)
    incident.check()

    title = f"{account} is disabled"
    incident.is_told(title)
    page = incident.open("/accounts/")
    expect(page.get_by_role("row", name=re.compile(str(account)))).to_contain_text("Disabled")
    mine = incident.open("/", who="marketer")
    expect(mine.locator(".attention li")).to_contain_text(title)
    expect(mine.locator(".attention li")).to_contain_text("Account quality")

    incident.sandbox.set_account(account.act_id, account_status=1)
    incident.check()
    incident.is_over(title)
    expect(incident.open("/", who="marketer").locator(".attention li")).to_have_count(0)


@pytest.mark.parametrize(
    ("code", "subcode", "name"), [(909090, 717171, "Unknown code 909090/717171"), (100, 717171, "100/717171")]
)
def test_a_subcode_is_new(incident, code, subcode, name):
    account = incident.site.account("Fjäll")
    words = "The frobnicator is not aligned"
    incident.sandbox.fail("error", code=code, subcode=subcode, message=words, times=2)
    assert incident.ask(path=f"{account.act_id}/campaigns", fields=["id"]) == 1
    incident.sandbox.clear_faults()

    title = f"Meta answers with an error that nobody knows: {code}/{subcode}"
    incident.is_told(title)
    row = incident.open("/errors/?state=unknown", who="support").locator(".egroups tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(name)
    expect(row).to_contain_text(words)
    page = incident.open("/", who="support")
    page.locator(".attention li").get_by_role("link", name=re.compile("Open errors")).click()
    expect(page.locator("main")).to_contain_text(words)
    expect(page.locator("#support-text")).to_contain_text(f"code {code}, subcode {subcode}")

    page.get_by_role("button", name="Resolve").first.click()
    expect(page.locator("#verdict")).to_contain_text("Resolved by Sam Support")
    incident.is_over(title)


def test_the_api_is_slow(incident):
    with time_machine.travel(datetime.now(UTC) - timedelta(days=1)):
        incident.ask(60)
    incident.sandbox.fail("delay", seconds=1.3, times=3)
    incident.ask(25)

    title = "Meta is slow"
    incident.is_told(title)
    page = incident.open("/")
    expect(page.locator(".attention li")).to_contain_text("95 of 100 calls took up to 1.")
    page.locator(".attention li").get_by_role("link", name=re.compile("Open health")).click()
    expect(page.locator("#verdict")).to_contain_text("Meta is slow.")
    expect(page.locator(".kpis", has_text="Latency p95")).to_be_visible()

    incident.move_on(16)
    incident.ask(25)
    incident.is_over(title)
    expect(incident.open("/health/").locator("#verdict")).to_contain_text("All quiet.")


def test_answers_are_html(incident):
    incident.move_on(11)
    incident.sandbox.fail("html_502", rate=1.0)
    assert incident.ask(3) == 3
    incident.check()

    title = "Nothing gets through to Meta"
    incident.is_told(title)
    expect(incident.open("/health/").locator("#verdict")).to_contain_text("Nothing gets through to Meta.")
    page = incident.open("/errors/", who="support")
    expect(page.locator(".egroups tbody tr").first).to_contain_text("The answer was not one of Meta's")
    page = incident.open(f"/connections/{incident.connection.pk}/")
    expect(page.locator("main")).to_contain_text("could not be")

    incident.sandbox.clear_faults()
    incident.move_on(11)
    incident.ask(3)
    incident.is_over(title)
    expect(incident.open("/health/").locator("#verdict")).to_contain_text("All quiet.")


def test_beat_is_killed(incident):
    from apps.health import delivery, tasks, watch

    tasks.beat()
    assert not watch.step()
    incident.move_on(11)
    assert watch.step()  # a thread of whoever still lives

    title = "Background work has stopped"
    incident.is_told(title)
    page = incident.open("/health/")
    expect(page.locator("#verdict")).to_contain_text("Background work has stopped.")
    assert page.request.get("/readyz").status == 200
    incident.move_on(5)
    assert page.request.get("/readyz").status == 503

    tasks.beat()
    incident.look()
    delivery.send_due()
    incident.is_over(title)
    assert page.request.get("/readyz").status == 200
