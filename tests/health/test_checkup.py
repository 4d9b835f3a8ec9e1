"""The daily check: a report of everything, and what needs a person of it."""

import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from apps.connections.models import AdAccount
from apps.graphapi.versions import LATEST, support
from apps.health import checkup
from apps.health.models import HealthCheck, UsageNow

pytestmark = [pytest.mark.django_db, pytest.mark.services, pytest.mark.usefixtures("no_pauses")]


def texts(check):
    return [finding["text"] for finding in check.report["needs_a_person"]]


@pytest.fixture
def well(make_connection, sandbox):
    """A connection, and ad accounts in which ads run."""
    for account in sandbox.accounts:
        sandbox.set_account(account["id"], account_status=1)
    return make_connection()


def test_a_report_says_of_each_connection_what_was_looked_at_and_how_long_it_took(well):
    report = checkup.check().report

    (one,) = report["connections"]
    assert (one["name"], one["state"], one["outcome"]) == ("reporting", "active", "same")
    assert one["call_ms"] >= 0
    assert one["accounts"] == AdAccount.objects.count()
    assert report["version"]["version"] == LATEST
    assert report["needs_a_person"] == []
    json.dumps(report)


def test_a_dead_token_needs_a_person(well, sandbox):
    sandbox.revoke("system", subcode=460)

    (text,) = texts(checkup.check())

    assert text.startswith("reporting is refused by Meta:")


def test_meta_away_is_told_as_not_checked_and_never_as_a_dead_token(well, sandbox):
    sandbox.fail("html_502", times=99)

    (text,) = texts(checkup.check())

    assert text.startswith("reporting could not be checked:")
    well.refresh_from_db()
    assert well.works


def test_an_allowance_above_seventy_needs_a_person_and_one_that_is_old_does_not(well, clock):
    from django.utils import timezone

    now = timezone.now()
    for peak, told, act in ((69.0, now, "1"), (71.0, now, "2"), (99.0, now - checkup.FRESH * 2, "3")):
        UsageNow.objects.create(
            scope="business_use_case",
            object_id=act,
            type="ads_insights",
            peak=peak,
            told_at=told,
            climb_at=told,
        )

    (text,) = texts(checkup.check())

    assert text == "ads_insights of 2 is 71 % used. Background work slows down from 80 % on."


def test_an_account_that_was_disabled_since_is_told_with_its_status_before(well, sandbox):
    checkup.check()
    act = sandbox.accounts[0]["id"]
    sandbox.set_account(act, account_status=2)

    check = checkup.check()

    (one,) = check.report["accounts"]
    assert (one["account"], one["status"], one["status_before"]) == (act, 2, 1)
    assert act in texts(check)[0]


@pytest.mark.parametrize(
    ("day", "piece"),
    [
        (date(2028, 2, 1), "v25.0 ends on 2028-07-29"),
        (date(2028, 6, 15), "in 44 days"),
        (date(2028, 8, 1), "ended on"),
    ],
)
def test_a_version_that_ends_is_told_in_time(well, settings, clock, day, piece):
    from datetime import UTC, datetime

    settings.META_API_VERSION = "v25.0"
    clock.traveller.move_to(datetime(day.year, day.month, day.day, tzinfo=UTC))
    report = {"connections": [1], "allowances": [], "accounts": [], "version": checkup._version()}
    found = [one.text for one in checkup._about_version(report["version"])]

    assert found == [] if day.month == 2 else piece in found[0]


def test_every_version_of_the_table_ends_for_ads_before_it_ends_altogether():
    for version in ("v20.0", "v21.0", "v22.0", "v23.0", "v24.0"):
        assert support(version).ends == support(version).ads_end <= support(version).graph_ends
    assert support(LATEST).ends is None
    assert not support("v99.0").known


def test_the_command_says_that_all_is_well(well, capsys):
    call_command("check_health")

    assert capsys.readouterr().out.startswith("All is well: 1 connection reaching 12 ad accounts")


def test_the_command_fails_with_what_needs_a_person_and_prints_the_whole_report(well, sandbox, capsys):
    sandbox.revoke("system")

    with pytest.raises(CommandError, match="refused by Meta"):
        call_command("check_health", json=True)

    assert json.loads(capsys.readouterr().out)["connections"][0]["state"] == "refused"


def test_nothing_connected_needs_a_person(db, sandbox):
    assert texts(checkup.check()) == ["Nothing is connected. Connect a token on the page of connections."]


def test_the_latest_hundred_reports_are_kept(db, sandbox):
    for _ in range(103):
        checkup.check()

    assert HealthCheck.objects.count() == 100
