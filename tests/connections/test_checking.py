"""The daily look: what changed since the look before, with its likely cause; and what could not be looked at."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.connections import checking
from apps.connections.models import Connection, Reach

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def look(connection):
    done = checking.look(Connection.objects.get(pk=connection.pk))
    connection.refresh_from_db()
    return done


def test_a_look_at_what_is_as_before_says_so_and_how_long_it_took(make_connection, clock):
    connection = make_connection()
    clock.advance(3600)

    done = look(connection)

    assert (done.outcome, done.changes, done.asked_by) == ("same", [], None)
    assert done.milliseconds > 0
    assert connection.last_good_at >= connection.checked_at


def test_scopes_lost_and_gained_are_named(make_connection, sandbox):
    connection = make_connection()
    sandbox.set_reach("system", scopes=["ads_read"])

    assert look(connection).changes == ["Lost ads_management, business_management."]
    assert connection.lost_scopes == ["ads_management", "business_management"]

    sandbox.set_reach("system", scopes=["ads_read", "ads_management"])
    assert look(connection).changes == ["Gained ads_management."]
    assert connection.lost_scopes == ["business_management"]


def test_what_its_owner_has_declined_or_let_lapse_is_told_once(make_connection, sandbox):
    connection = make_connection("Zoë", "user")
    Connection.objects.update(wanted_scopes=["ads_read", "ads_management", "business_management"])
    sandbox.set_reach(
        "user", scopes=["ads_read"], declined=["ads_management"], expired=["business_management"]
    )

    assert look(connection).changes == [
        "Lost ads_management, business_management, public_profile.",
        "Its owner has declined ads_management.",
        "Expired: business_management.",
    ]
    assert connection.permissions["ads_management"] == "declined"
    assert look(connection).changes == []


def test_a_system_user_has_nobody_who_could_decline(make_connection, sandbox):
    connection = make_connection()

    look(connection)

    assert connection.permissions == {}
    assert "me/permissions" not in sandbox.state()["call_counts"]


def test_a_token_that_may_not_read_ads_any_more_is_refused(make_connection, sandbox):
    connection = make_connection()
    sandbox.set_reach("system", scopes=["business_management"])

    done = look(connection)

    assert (done.outcome, connection.state) == ("refused", "refused")
    assert done.changes[0] == "Lost ads_management, ads_read."
    assert connection.scopes == ["business_management"]


def test_ad_accounts_that_were_taken_away_are_named_with_the_likely_cause(make_connection, sandbox, clock):
    connection = make_connection()
    kept = [account["id"] for account in sandbox.accounts][:10]
    gone = {account["name"] for account in sandbox.accounts if account["id"] not in kept}
    clock.advance(86400)
    sandbox.set_reach("system", accounts=kept)

    (told,) = look(connection).changes

    assert told.startswith("Lost 2 ad accounts: ")
    assert all(name in told for name in gone)
    assert told.endswith("The permission of the token is limited to other ad accounts now.")
    lost = Reach.objects.filter(connection=connection, lost_at__isnull=False)
    assert {reach.account.name for reach in lost} == gone
    assert all(reach.lost_at.date().isoformat() == "2026-11-24" and reach.lost_reason for reach in lost)

    sandbox.set_reach("system", accounts=None)
    (told,) = look(connection).changes
    assert told.startswith("Reaches 2 ad accounts: ")
    assert not Reach.objects.exclude(lost_at=None, lost_reason="").exists()


@pytest.mark.parametrize(
    ("subcode", "cause"),
    [
        (458, "its owner has removed the app"),
        (459, "its owner's account is held at a security checkpoint; they must log in at facebook.com"),
        (460, "its owner has changed the password"),
        (463, "it has expired"),
        (467, "it was revoked"),
    ],
)
def test_a_dead_token_loses_all_its_ad_accounts_and_says_why(make_connection, sandbox, subcode, cause):
    connection = make_connection()
    sandbox.revoke("system", subcode)

    done = look(connection)

    assert (done.outcome, done.error_code, done.error_subcode) == ("refused", 190, subcode)
    assert done.changes[-1].endswith(f"The token was refused: {cause}.")
    assert set(connection.reach.values_list("lost_reason", flat=True)) == {f"The token was refused: {cause}."}
    assert not connection.reach.filter(lost_at=None).exists()


def test_a_checkpoint_that_was_passed_brings_everything_back(make_connection, sandbox):
    connection = make_connection()
    sandbox.revoke("system", 459)
    look(connection)
    sandbox._state.tokens.by_name["system"].subcode = None

    done = look(connection)

    assert connection.state == "active"
    assert done.changes[0] == "Works again."
    assert done.changes[1].startswith("Reaches 12 ad accounts: ")
    assert connection.reach.filter(lost_at=None).count() == 12


@pytest.mark.parametrize("path", ["/debug_token$", "/me$", "/me/adaccounts$"])
@pytest.mark.parametrize("kind", ["html_502", "reset", "empty", "cut_off", "text"])
def test_an_answer_that_is_none_leaves_all_as_it_was(make_connection, sandbox, no_pauses, path, kind):
    connection = make_connection()
    before = Connection.objects.filter(pk=connection.pk).values().get()
    sandbox.fail(kind, path=path, times=9)

    done = look(connection)

    assert done.outcome == "unchecked"
    assert done.reason
    assert Connection.objects.filter(pk=connection.pk).values().get() == before
    assert connection.reach.filter(lost_at=None).count() == 12


@pytest.mark.parametrize("path", ["/me$", "/me/adaccounts$", "/me/permissions$"])
def test_a_wrong_signature_is_the_apps_fault_and_not_the_tokens(make_connection, sandbox, no_pauses, path):
    connection = make_connection("Zoë", "user")
    sandbox.fail("error", path=path, code=104, message="Incorrect signature", times=9)

    done = look(connection)

    assert (done.outcome, connection.state) == ("unchecked", "active")
    assert "Check the app secret in the settings." in done.reason


def test_meta_that_calls_a_token_dead_in_passing_is_believed_only_when_it_says_so(make_connection, sandbox):
    """A call that answers 190 while `debug_token` says valid: the call is believed, for it is what we live on."""
    connection = make_connection()
    sandbox.fail("error", path="/me/adaccounts$", code=190, subcode=460)

    assert look(connection).outcome == "refused"

    assert look(connection).changes[0] == "Works again."


def test_clocks_that_moved_are_told(make_connection, sandbox):
    connection = make_connection("Zoë", "user")
    Connection.objects.update(
        expires_at=timezone.now() + timedelta(days=3),
        data_access_expires_at=timezone.now() + timedelta(days=5),
    )

    assert look(connection).changes == [
        "The token ends on 12 Jan 2027; it was 26 Nov 2026.",
        "Data access ends on 11 Feb 2027; it was 28 Nov 2026.",
    ]


def test_a_token_whose_owners_data_are_closed_reads_nothing_and_is_refused(make_connection, sandbox):
    connection = make_connection("Zoë", "user")
    sandbox._state.tokens.by_name["user"].data_access_expires_at = int(sandbox.now.timestamp()) - 1

    done = look(connection)

    assert (done.outcome, connection.state) == ("refused", "refused")
    assert "access to its owner's data ended on 23 Nov 2026. They must log in at Meta again." in done.reason


def test_a_connection_that_ended_is_not_looked_at(make_connection, sandbox):
    connection = make_connection()
    Connection.objects.update(state="disconnected", sealed_token="")
    calls = sandbox.state()["calls"]

    done = look(connection)

    assert (done.outcome, sandbox.state()["calls"]) == ("unchecked", calls)
