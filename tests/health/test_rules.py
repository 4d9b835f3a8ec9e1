"""Each rule, over rows as the product stores them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.connections import checking, clients
from apps.connections.models import AdAccount, Connection
from apps.graphapi import GraphError, Pauses
from apps.graphapi.pace import NoPace
from apps.health import heartbeat
from apps.health.findings import Asked, rules
from apps.health.models import Channel, ErrorGroup, ErrorHour, Heartbeat, UsageNow
from apps.health.rules import accounts, allowances, background, channels, errors, tokens, version
from tests.conftest import MONDAY

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def ask(clock):
    """What one rule finds, as it comes out of the box; `before`: the parts that fire already."""

    def find(rule, before=None, explained=None):
        asked = Asked(timezone.now(), rule.threshold, before or {})
        if explained:
            asked.explained.accounts.update(explained)
        return list(rule.find(asked)), asked.explained

    return find


def test_the_settings_name_rules_that_exist_and_each_has_its_own_name():
    names = [rule.name for rule in rules()]

    assert len(names) == len(set(names)) >= 12
    for rule in rules():
        assert rule.words(7)
        assert not rule.most or rule.least <= rule.threshold <= rule.most


# --- tokens --------------------------------------------------------------------------------------


def test_a_refused_token_is_one_finding_with_its_reason_and_all_that_stops(make_connection, sandbox, ask):
    connection = make_connection()
    sandbox.revoke("system", 460)
    checking.look(connection)

    found, explained = ask(tokens.DEAD)

    assert [one.key for one in found] == [f"token:{connection.pk}"]
    one = found[0]
    assert (one.severity, one.title) == ("crit", "The token of reporting is dead")
    assert "password" in one.text
    assert "Nothing new comes for 12 ad accounts" in one.text
    assert len(one.accounts) == 12
    assert explained.accounts == set(one.accounts)
    assert one.url == f"/connections/{connection.pk}/"


def test_where_another_connection_reads_on_a_dead_token_only_warns(make_connection, sandbox, ask):
    make_connection()
    clerk = make_connection("clerk", "reporting")
    sandbox.revoke("reporting", 460)
    checking.look(clerk)

    (one,), explained = ask(tokens.DEAD)

    assert one.severity == "warn"
    assert "other connections read its ad accounts" in one.text
    assert explained.accounts == set()


def test_a_token_whose_time_is_over_is_dead_before_anybody_asked_meta(make_connection, ask):
    connection = make_connection()
    Connection.objects.update(never_expires=False, expires_at=timezone.now() - timedelta(minutes=1))

    (one,), _ = ask(tokens.DEAD)

    assert one.key == f"token:{connection.pk}"
    assert "Its token has ended." in one.text
    assert ask(tokens.DYING)[0] == []


@pytest.mark.parametrize(("days", "severity"), [(16, None), (14, "warn"), (2, "crit")])
def test_a_token_that_only_its_owner_keeps_alive_is_warned_of_in_time(make_connection, ask, days, severity):
    connection = make_connection("ines", "user")
    Connection.objects.update(
        state=Connection.State.NEEDS_OWNER,
        expires_at=timezone.now() + timedelta(days=days, hours=1),
        data_access_expires_at=None,
    )

    found, _ = ask(tokens.DYING)

    assert [one.severity for one in found] == ([severity] if severity else [])
    if found:
        assert found[0].title == f"ines ends in {days} days"
        assert "by logging in at Meta" in found[0].text
        assert found[0].due_at == Connection.objects.get(pk=connection.pk).expires_at


def test_a_token_that_renews_itself_is_not_warned_of(make_connection, ask):
    make_connection()
    Connection.objects.update(never_expires=False, expires_at=timezone.now() + timedelta(days=5))

    assert ask(tokens.DYING)[0] == []

    Connection.objects.update(renewal_error="Meta did not answer.")
    (one,), _ = ask(tokens.DYING)
    assert "Its last renewal failed: Meta did not answer." in one.text


def test_a_scope_that_was_taken_away_is_named_with_what_it_costs(make_connection, sandbox, ask):
    connection = make_connection()
    scopes = [scope for scope in connection.scopes if scope != "ads_management"]
    sandbox.set_reach("system", scopes=scopes)
    checking.look(connection)

    (one,), explained = ask(tokens.SCOPES)

    assert (one.severity, one.title) == ("warn", "reporting lacks ads_management")
    assert "Campaigns can be read, not changed." in one.text
    assert explained.accounts == set()
    sandbox.set_reach("system", scopes=[*scopes, "ads_management"])
    checking.look(connection)
    assert ask(tokens.SCOPES)[0] == []


# --- ad accounts ---------------------------------------------------------------------------------


def test_ad_accounts_that_are_off_are_one_finding_for_each_status(make_connection, ask):
    make_connection()

    found, _ = ask(accounts.OFF)

    names = {code: str(AdAccount.objects.get(account_status=code)) for code in (2, 3)}
    assert {one.key: one.title for one in found} == {
        "status:2": f"{names[2]} is disabled",
        "status:3": f"{names[3]} is unsettled",
    }
    assert [one.severity for one in found] == ["crit", "crit"]
    assert "settle the balance" in found[1].text
    assert found[1].url.startswith("/accounts/act_")
    AdAccount.objects.filter(account_status=1).update(account_status=3)
    many = ask(accounts.OFF)[0][1]
    assert many.title == "11 ad accounts are unsettled"
    assert len(many.parts) == len(many.accounts) == 11
    assert many.url == "/accounts/"


def test_closed_ad_accounts_need_nobody_and_unknown_states_do(make_connection, ask):
    make_connection()
    AdAccount.objects.update(account_status=101)
    assert ask(accounts.OFF)[0] == []

    AdAccount.objects.update(account_status=77)
    (one,), _ = ask(accounts.OFF)
    assert "Status 77 is new to us" in one.text


def test_an_ad_account_that_meta_lists_no_more_is_read_by_nobody(make_account, ask):
    account = make_account()
    account.reach.update(lost_at=timezone.now(), lost_reason="Meta lists it no more.")

    (one,), explained = ask(accounts.UNREAD)

    assert one.title == f"{account} is read by no connection"
    assert "Meta lists it no more." in one.text
    assert explained.accounts == {account.pk}
    assert ask(accounts.UNREAD, explained=[account.pk])[0] == []


def test_numbers_grow_old_after_the_threshold_and_critical_after_half_a_day(
    make_account, fetched_now, ask, clock
):
    account = make_account()
    AdAccount.objects.exclude(pk=account.pk).delete()
    fetched_now(account)
    assert ask(accounts.STALE)[0] == []

    clock.advance(91 * 60)
    (one,), _ = ask(accounts.STALE)
    assert (one.severity, one.title) == ("warn", f"{account} is behind")
    clock.advance(12 * 3600)
    assert ask(accounts.STALE)[0][0].severity == "crit"


def test_a_sync_that_was_given_up_is_told_at_once(make_account, fetched_now, ask):
    from apps.reporting.models import SyncRun

    account = make_account()
    AdAccount.objects.exclude(pk=account.pk).delete()
    fetched_now(account)
    day = account.today()
    SyncRun.objects.create(
        account=account, reason="hourly", since=day, until=day, levels=["account"], state="failed"
    )

    (one,), _ = ask(accounts.STALE)

    assert one.title == f"{account} failed to sync"


def test_a_first_sync_has_its_time(make_account, ask, clock):
    from apps.reporting.models import SyncRun

    account = make_account()
    AdAccount.objects.exclude(pk=account.pk).delete()
    day = account.today()
    SyncRun.objects.create(
        account=account, reason="first", since=day, until=day, levels=["account"], state="running"
    )
    clock.advance(3 * 3600)
    assert ask(accounts.STALE)[0] == []

    SyncRun.objects.all().delete()
    assert ask(accounts.STALE)[0][0].title == f"{account} was never synced"


def test_what_a_dead_token_explains_is_not_behind_besides(make_connection, sandbox, clock, ask):
    connection = make_connection()
    clock.advance(3 * 3600)
    assert len(ask(accounts.STALE)[0]) == 1
    sandbox.revoke("system", 460)
    checking.look(connection)
    asked = Asked(timezone.now(), 90)

    list(tokens.dead(asked))

    assert list(accounts.unread(asked)) == []
    assert list(accounts.stale(asked)) == []


@pytest.fixture
def fetched_now():
    """As if today's numbers had just come."""
    from apps.reporting.models import Coverage

    def fetched(account):
        Coverage.objects.update_or_create(
            account=account, level="account", day=account.today(),
            defaults={"state": "complete", "fetched_at": timezone.now()},
        )  # fmt: skip

    return fetched


# --- allowances ----------------------------------------------------------------------------------


@pytest.fixture
def told(make_account):
    """What Meta's headers say of an ad account's insights: percent, and minutes until access comes back."""
    account = make_account()

    def tell(percent, regain=0, scope="business_use_case", type_="ads_insights"):
        now = timezone.now()
        row = {"call_count": percent, "peak": percent, "told_at": now, "climb_at": now}
        row["regain_at"] = now + timedelta(minutes=regain) if regain else None
        UsageNow.objects.update_or_create(scope=scope, object_id=account.meta_id, type=type_, defaults=row)
        return account

    return tell


def test_an_allowance_is_high_above_seventy_and_calm_again_clearly_below(told, ask):
    told(70)
    assert ask(allowances.HIGH)[0] == []

    account = told(71)
    (one,), _ = ask(allowances.HIGH)
    assert (one.severity, one.title) == ("warn", f"The allowance ads_insights of {account} is at 71 %")
    fires = {"quota:high": list(one.parts)}
    told(66)
    assert ask(allowances.HIGH, before=fires)[0] != []
    assert ask(allowances.HIGH)[0] == []
    told(65)
    assert ask(allowances.HIGH, before=fires)[0] == []


def test_what_was_told_an_hour_ago_has_run_down(told, ask, clock):
    told(90)
    clock.advance(3601)
    assert ask(allowances.HIGH)[0] == []

    told(90, scope="account", type_="")
    clock.advance(301)
    assert ask(allowances.HIGH)[0] == []


def test_a_closed_allowance_says_until_when_and_explains_what_waits(told, ask, clock):
    account = told(104, regain=14)

    (one,), explained = ask(allowances.CLOSED)

    assert one.severity == "crit"
    assert one.title == f"The allowance ads_insights of {account} is closed until 10:14 UTC"
    assert abs(one.due_at - MONDAY - timedelta(minutes=14)) < timedelta(seconds=30)
    assert explained.accounts == {account.pk}
    assert ask(allowances.HIGH)[0] == []
    clock.advance(15 * 60)
    assert ask(allowances.CLOSED)[0] == []


# --- errors --------------------------------------------------------------------------------------


@pytest.fixture
def client(make_connection, recorded, no_pauses):
    once = Pauses(tries=1, first=0, longest=0)
    return clients.for_connection(make_connection(), purpose="sync", pace=NoPace(), retries=once)


@pytest.fixture
def fail(sandbox, client, recorded):
    """So many calls that meet the same trouble, recorded."""

    def act(times, code=1, subcode=None, status=500):
        sandbox.fail("error", code=code, subcode=subcode, status=status, message=f"(#{code}) No.", times=99)
        for _ in range(times):
            with pytest.raises(GraphError):
                client.get("me")
        sandbox.clear_faults()
        recorded()

    return act


def test_a_burst_is_measured_against_the_groups_own_week(fail, ask):
    fail(25, code=100, status=400)
    (one,), _ = ask(errors.BURST)
    assert "100" in one.title
    assert "25 of 100 at me, usually 0" in one.text

    group = ErrorGroup.objects.get()
    for hours in range(3, 60):
        ErrorHour.objects.create(group=group, at=MONDAY - timedelta(hours=hours), count=20)
    assert ask(errors.BURST)[0] == []


def test_fewer_than_the_threshold_are_no_burst(fail, ask):
    fail(19, code=100, status=400)

    assert ask(errors.BURST)[0] == []


def test_errors_that_a_dead_token_explains_are_no_burst(fail, ask):
    fail(25, code=100, status=400)
    asked = Asked(timezone.now(), 20)
    asked.explained.connections.update(ErrorHour.objects.values_list("connection_id", flat=True))

    assert list(errors.burst(asked)) == []
    assert asked.explained.covers("errors:burst", [])


def test_a_code_that_nobody_knows_is_told_until_somebody_took_care_of_it(fail, ask, clock):
    fail(1, code=987654, subcode=12, status=400)

    (one,), _ = ask(errors.UNKNOWN)

    assert one.title == "Meta answers with an error that nobody knows: 987654/12"
    assert "(#987654) No." in one.text
    ErrorGroup.objects.update(state="resolved")
    assert ask(errors.UNKNOWN)[0] == []
    ErrorGroup.objects.update(state="open")
    clock.advance(24 * 3600 + 60)
    assert ask(errors.UNKNOWN)[0] == []


def test_a_new_subcode_of_a_known_code_is_told_too_and_not_what_a_closed_allowance_explains(fail, ask):
    fail(1, code=100, subcode=717171, status=400)
    fail(1, code=100, subcode=33, status=400)
    fail(1, code=100, status=400)

    (one,), _ = ask(errors.UNKNOWN)

    assert one.title == "Meta answers with an error that nobody knows: 100/717171"
    asked = Asked(timezone.now())
    asked.explained.categories.add("invalid")
    assert list(errors.unknown(asked)) == []


# --- the machinery -------------------------------------------------------------------------------


def test_silence_of_the_background_is_found_only_where_it_once_spoke(db, ask, clock):
    assert ask(background.STOPPED)[0] == []
    heartbeat.mark(heartbeat.BACKGROUND)
    clock.advance(9 * 60)
    assert ask(background.STOPPED)[0] == []

    clock.advance(2 * 60)
    (one,), explained = ask(background.STOPPED)
    assert (one.severity, one.title) == ("crit", "Background work has stopped")
    assert "since 23 Nov, 10:00 UTC" in one.text
    assert explained.everything


def test_a_worker_writes_the_heartbeat(db, clock):
    from apps.health import tasks

    tasks.beat()
    clock.advance(60)
    tasks.beat()

    assert Heartbeat.objects.get().at >= MONDAY + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("pinned", "severity", "words"),
    [
        ("v26.0", None, ""),
        ("v25.0", None, ""),
        ("v24.0", "crit", "Version v24.0 of Meta's API has ended"),
        ("v19.0", "crit", "Version v19.0 of Meta's API has ended"),
    ],
)
def test_the_version_is_held_against_metas_calendar(settings, ask, pinned, severity, words):
    settings.META_API_VERSION = pinned

    found, _ = ask(version.ENDING)

    assert [(one.severity, one.title) for one in found] == ([(severity, words)] if severity else [])


def test_a_version_is_warned_of_two_months_before_its_end(settings, ask, clock):
    settings.META_API_VERSION = "v24.0"
    clock.set(datetime(2026, 8, 10, tzinfo=UTC))

    (one,), _ = ask(version.ENDING)

    assert (one.severity, one.title) == ("warn", "Version v24.0 of Meta's API ends soon")
    assert "on 6 Oct 2026" in one.text
    assert "META_API_VERSION to v26.0" in one.text


def test_a_channel_that_failed_twice_is_told_through_the_others(db, ask):
    broken = Channel.objects.create(name="ops", failures=1)
    assert ask(channels.FAILING)[0] == []
    Channel.objects.update(failures=2, error="The service did not take it.")

    (one,), _ = ask(channels.FAILING)

    assert one.title == "Messages do not arrive through ops"
    assert one.without == str(broken.pk)
    Channel.objects.update(on=False)
    assert ask(channels.FAILING)[0] == []
