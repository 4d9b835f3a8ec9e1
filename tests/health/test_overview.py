"""Where everybody lands: what needs them, in order, and nothing that is not theirs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.connections.models import AccountGrant, AdAccount
from apps.health import alerts, heartbeat
from apps.health.models import Alert
from apps.reporting.models import Coverage, Insight, SyncRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def numbers():
    """As if today's numbers had just come, and yesterday's of an ad account were so."""

    def fetched(account, spend=None, before=None):
        yesterday = account.today() - timedelta(days=1)
        for day, amount in ((yesterday, spend), (yesterday - timedelta(days=7), before)):
            if amount is not None:
                Insight.objects.create(
                    account=account, day=day, level="account", object_id=account.meta_id,
                    currency=account.currency, spend=amount,
                )  # fmt: skip
        Coverage.objects.update_or_create(
            account=account, level="account", day=account.today(),
            defaults={"state": "complete", "fetched_at": timezone.now()},
        )  # fmt: skip

    return fetched


@pytest.fixture
def well(make_connection, numbers):
    """All ad accounts active and on time."""
    make_connection()
    AdAccount.objects.update(account_status=1)
    for account in AdAccount.objects.all():
        numbers(account)
    return list(AdAccount.objects.in_order())


def page(browser):
    answer = browser.get("/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_people_land_here_after_signing_in(client, marketer):
    answer = client.post(
        "/sign-in/", {"login": marketer.email, "password": "correct-horse-battery"}, follow=True
    )

    assert answer.redirect_chain[-1][0] == "/"
    assert "<h1>Overview</h1>" in answer.content.decode()


def test_all_quiet_is_said_with_numbers(well, signed_in, admin):
    alerts.look()

    text = page(signed_in(admin))

    assert "All quiet: 12 ad accounts on time, no open errors." in text


def test_what_nobody_looked_at_is_not_called_quiet(well, signed_in, admin):
    text = page(signed_in(admin))

    assert "All quiet" not in text
    assert "Whether something needs somebody is not known yet." in text


def test_alerts_stand_by_severity_then_by_time_left(well, signed_in, support):
    now = timezone.now()
    for key, severity, hours, due in (
        ("a", "warn", 9, None), ("b", "crit", 1, None), ("c", "warn", 1, 2), ("d", "crit", 1, 3), ("e", "crit", 1, 1),
    ):  # fmt: skip
        Alert.objects.create(
            rule="token", key=key, severity=severity, title=f"Alert {key}", found_at=now,
            opened_at=now - timedelta(hours=hours), due_at=due and now + timedelta(hours=due),
        )  # fmt: skip

    text = page(signed_in(support))

    places = [text.index(f"Alert {key}</b>") for key in "edbca"]
    assert places == sorted(places)
    assert "5 things need somebody today." in text


def test_acknowledged_and_snoozed_ones_are_in_hand_and_not_in_the_list(well, signed_in, admin):
    now = timezone.now()
    Alert.objects.create(
        rule="token",
        key="a",
        severity="crit",
        title="Known to all",
        opened_at=now,
        found_at=now,
        acknowledged_at=now,
    )
    heartbeat.mark(heartbeat.LOOK)

    text = page(signed_in(admin))

    assert "12 ad accounts on time, 1 thing in hand, no open errors." in text
    assert "Acknowledged or snoozed: 1" in text
    assert '<ol class="attention">' not in text


def test_a_marketer_sees_what_concerns_the_ad_accounts_granted_and_nothing_else(
    well, numbers, signed_in, marketer, clock
):
    mine, late, foreign = well[:3]
    for account in (mine, late):
        AccountGrant.objects.create(user=marketer, account=account)
    AdAccount.objects.filter(pk=mine.pk).update(account_status=3)
    AdAccount.objects.filter(pk=foreign.pk).update(account_status=2)
    clock.advance(3 * 3600)
    numbers(mine)
    alerts.look()

    text = page(signed_in(marketer))

    assert "2 things need somebody today." in text
    assert f"{mine.name} is unsettled" in text.replace("&#x27;", "'").replace("&amp;", "&")
    assert f"{late.name} is behind" in text.replace("&#x27;", "'").replace("&amp;", "&")
    assert foreign.name not in text
    assert "/alerts/" not in text
    assert "connections/" not in text


def test_a_marketer_is_told_of_the_cause_and_not_of_each_ad_account(
    make_connection, sandbox, signed_in, marketer, clock
):
    from apps.connections import checking

    connection = make_connection()
    for account in AdAccount.objects.filter(account_status=1)[:3]:
        AccountGrant.objects.create(user=marketer, account=account)
    sandbox.revoke("system", 460)
    checking.look(connection)
    clock.advance(3 * 3600)

    text = page(signed_in(marketer))

    assert "1 thing needs somebody today." in text
    assert "3 ad accounts are read by no connection" in text


def test_when_the_background_stands_still_everybody_sees_it(well, signed_in, admin, marketer, clock):
    AccountGrant.objects.create(user=marketer, account=well[0])
    heartbeat.mark(heartbeat.BACKGROUND)
    clock.advance(4 * 3600)

    for person in (admin, marketer):
        text = page(signed_in(person))
        assert "Background work has stopped" in text
        assert "are behind" not in text
    assert "Tell an admin." in text
    assert "Background" in page(signed_in(admin)).split('id="pulse"')[1]


def test_yesterday_is_each_ad_accounts_own_and_currencies_stay_apart(well, numbers, signed_in, admin):
    euro = [account for account in well if account.currency == "EUR"][:2]
    dollar = next(account for account in well if account.currency == "USD")
    numbers(euro[0], 1000, 500)
    numbers(euro[1], 200)
    numbers(dollar, 1500, 3000)
    alerts.look()

    text = page(signed_in(admin))

    assert "Yesterday’s spend was <b>€1,200</b> and <b>$1,500</b>, without 9 of 12 ad accounts." in text
    assert "+100.0%" in text
    assert "−50.0%" in text


def test_changes_are_syncs_that_people_asked_for_and_what_ended(well, signed_in, admin, marketer):
    AccountGrant.objects.create(user=marketer, account=well[0])
    now = timezone.now()
    for account, reason, state in (
        (well[0], "page", "done"), (well[0], "hourly", "done"), (well[1], "hourly", "failed"),
    ):  # fmt: skip
        SyncRun.objects.create(
            account=account, reason=reason, since=account.today(), until=account.today(), levels=["account"],
            state=state, finished_at=now, added=3,
        )  # fmt: skip
    Alert.objects.create(
        rule="token",
        key="a",
        severity="crit",
        title="A token",
        opened_at=now,
        found_at=now,
        closed_at=now,
        ending="gone",
    )

    theirs, all_ = page(signed_in(marketer)), page(signed_in(admin))

    assert theirs.count("synced, 3 rows new or changed") == 1
    assert "given up" not in theirs
    assert "A token" not in theirs
    assert "a sync of 23 Nov was given up" in all_
    assert "Over: A token" in all_


def test_without_ad_accounts_an_admin_is_led_to_setup_and_a_marketer_to_an_admin(
    db, signed_in, admin, marketer
):
    assert '<a class="btn primary" href="/setup/">Open setup</a>' in page(signed_in(admin))
    assert "No ad account has been granted to you yet" in page(signed_in(marketer))


@pytest.mark.parametrize("role", ["admin", "marketer"])
def test_the_number_of_queries_is_the_same_however_many_ad_accounts(
    well, add_accounts, signed_in, make_person, count_queries, role
):
    person = make_person(role)
    browser = signed_in(person)
    for account in well[:2]:
        AccountGrant.objects.create(user=person, account=account)
    alerts.look()
    page(browser)
    few = count_queries(lambda: page(browser))
    for account in add_accounts(60):
        AccountGrant.objects.create(user=person, account=account)
    alerts.look()

    assert count_queries(lambda: page(browser)) <= few
    assert page(browser).count("<tr>") <= 51
