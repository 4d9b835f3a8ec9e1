"""A sync against a pretend Meta: exact, repeatable, patient where Meta asks for it, and safe when a worker dies."""

import hashlib
import hmac
import json
import logging
import signal
import time
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
import requests
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from apps.connections.models import AdAccount, Connection
from apps.graphapi import ServerFault, Throttled
from apps.reporting import foreground, locks, store, sync
from apps.reporting.models import Campaign, Insight, SyncRun
from apps.sandbox import Sandbox

from .factories import incoming_row

pytestmark = [pytest.mark.django_db, pytest.mark.services, pytest.mark.usefixtures("no_pauses")]

COMMAND, PAGE = SyncRun.Reason.COMMAND, SyncRun.Reason.PAGE
SINCE, UNTIL = date(2026, 11, 16), date(2026, 11, 22)  # the week before the sandbox's Monday


def ask(*accounts, since=SINCE, until=UNTIL, reason=COMMAND, **more):
    return sync.request(accounts, reason, since=since, until=until, **more)


def perform(account, **more):
    (run,) = ask(account, **more)
    return sync.perform(run.pk)


def stored(**filters):
    """All that a sync writes, with the time of the last change."""
    insights = Insight.objects.filter(**filters).order_by(
        "account_id", "level", "breakdown", "day", "object_id", "segment"
    )
    campaigns = Campaign.objects.order_by("meta_id").values_list("meta_id", "name", "status", "daily_budget")
    return list(insights.values()), list(campaigns)


def numbers(**filters):
    """What Meta says of each cell, without our own ids and times."""
    names = (
        "day",
        "level",
        "object_id",
        "breakdown",
        "segment",
        "impressions",
        "clicks",
        "spend",
        "reach",
        "actions",
        "name",
    )
    return sorted(map(repr, Insight.objects.filter(**filters).values_list(*names)))


def told_by(sandbox, account, level, since=SINCE, until=UNTIL, fields="", **more):
    """The same rows in a few lines that know nothing of our client."""
    token, secret = sandbox.token("system"), sandbox.app_secret.encode()
    fields = f"account_id,campaign_id,impressions,clicks,spend,reach,actions{fields}"
    answer = requests.get(
        f"{sandbox.url}/v26.0/{account.act_id}/insights",
        params={"level": level, "fields": fields, "time_increment": "1", "limit": "5000", "access_token": token,
                "time_range": json.dumps({"since": str(since), "until": str(until)}),
                "appsecret_proof": hmac.new(secret, token.encode(), hashlib.sha256).hexdigest(), **more},
        timeout=10,
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


# --- exact ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", ["Fjäll", "Harbor", "青空", "Praia"])
def test_what_is_stored_is_what_meta_says(make_account, sandbox, piece):
    account = make_account(piece)

    run = perform(account)

    assert run.state == "done"
    for level in ("account", "campaign"):
        theirs = told_by(sandbox, account, level)
        ours = {(row.day.isoformat(), row.object_id): row for row in Insight.objects.filter(level=level)}
        assert len(theirs) == len(ours) > 0
        for row in theirs:
            mine = ours[row["date_start"], row.get("campaign_id", account.meta_id)]
            assert (mine.impressions, mine.clicks) == (int(row["impressions"]), int(row["clicks"]))
            assert f"{mine.spend:f}" == row["spend"]
            assert mine.reach == int(row["reach"])
            actions = {one["action_type"]: Decimal(one["value"]) for one in row.get("actions", [])}
            assert {kind: Decimal(str(value)) for kind, value in mine.actions.items()} == actions
    assert run.rows == Insight.objects.count()
    assert run.calls == 3


@pytest.mark.parametrize("piece", ["Fjäll", "Praia"])
def test_windows_are_what_meta_says_and_the_rest_is_as_if_nobody_had_asked_for_them(
    make_account, sandbox, piece
):
    account = make_account(piece)
    names = ["1d_click", "7d_click", "28d_click", "1d_view", "1d_ev"]

    perform(account)

    theirs = told_by(
        sandbox, account, "campaign", fields=",action_values,attribution_setting",
        action_attribution_windows=json.dumps(names),
    )  # fmt: skip
    ours = {(row.day.isoformat(), row.object_id): row for row in Insight.objects.filter(level="campaign")}
    found = set()
    for row in theirs:
        mine = ours[row["date_start"], row["campaign_id"]]
        assert mine.attribution_setting == row["attribution_setting"]
        for field, stored in (
            ("actions", mine.action_windows), ("action_values", mine.action_value_windows)
        ):  # fmt: skip
            told = {
                one["action_type"]: {name: Decimal(one[name]) for name in names if name in one}
                for one in row.get(field, [])
            }
            exact = {
                kind: {name: Decimal(str(number)) for name, number in numbers.items()}
                for kind, numbers in stored.items()
            }
            assert exact == {kind: numbers for kind, numbers in told.items() if numbers}
            found |= {(field, name) for numbers in told.values() for name in numbers}
    assert found == {(field, name) for field in ("actions", "action_values") for name in names}


def test_campaigns_add_up_to_their_account_on_every_day(make_account):
    for account in AdAccount.objects.filter(pk=make_account().pk) | AdAccount.objects.filter(currency="BRL"):
        perform(account, since=UNTIL - timedelta(days=27))

        sums = defaultdict(lambda: defaultdict(Decimal))
        for row in account.insights.all():
            parts = {"impressions": row.impressions, "clicks": row.clicks, "spend": row.spend} | row.actions
            for name, value in parts.items():
                sums[row.level, row.day][name] += Decimal(str(value))

        days = {day for level, day in sums if level == "account"}
        assert len(days) > 20
        for day in days:
            assert sums["campaign", day] == sums["account", day]


def test_every_level_is_fetched_with_its_objects(make_account):
    account = make_account("Fjäll")

    run = perform(account, levels=["account", "campaign", "adset", "ad"])

    assert run.state == "done"
    for day in {row.day for row in account.insights.all()}:
        of_day = account.insights.filter(day=day)
        spend = [sum(row.spend for row in of_day.filter(level=level)) for level in run.levels]
        assert len(set(spend)) == 1, spend
    ad = account.insights.filter(level="ad").first()
    assert account.ads.get(meta_id=ad.ad_id).adset_id == ad.adset_id
    assert account.adsets.get(meta_id=ad.adset_id).campaign_id == ad.campaign_id
    assert account.campaigns.filter(meta_id=ad.campaign_id).exists()


def test_the_parts_of_a_breakdown_add_up_to_the_whole(make_account):
    account = make_account("Fjäll")

    perform(account, levels=["account"], breakdowns=["age,gender"])

    whole, parts = account.insights.filter(breakdown=""), account.insights.filter(breakdown="age,gender")
    assert parts.count() > whole.count() > 0
    assert sum(row.spend for row in parts) == sum(row.spend for row in whole)
    assert all(len(row.segment.split(",")) == 2 for row in parts)


def test_the_same_again_changes_nothing(make_account):
    account = make_account()
    perform(account)
    before = stored()

    run = perform(account)

    assert (run.added, run.changed, run.removed) == (0, 0, 0)
    assert run.rows == len(before[0])
    assert stored() == before


def test_a_restated_day_is_corrected_and_the_others_stay(make_account, sandbox):
    account = make_account()
    perform(account)
    before = {row["id"]: row for row in stored()[0]}
    sandbox.restate(account.act_id, "2026-11-19", conversions_percent=40, spend_percent=5)

    run = perform(account)

    after = {row["id"]: row for row in stored()[0]}
    changed = {row["day"] for pk, row in after.items() if before.get(pk) != row}
    assert changed == {date(2026, 11, 19)}
    assert run.changed > 0
    (theirs,) = [row for row in told_by(sandbox, account, "account") if row["date_start"] == "2026-11-19"]
    assert f"{account.insights.get(level='account', day='2026-11-19').spend:f}" == theirs["spend"]


def test_a_window_is_replaced_exactly(make_account):
    account = make_account()
    perform(account)
    before = numbers()
    ghost = incoming_row(
        day=SINCE, level="campaign", object_id="404", segment="", campaign_id="404", adset_id="", ad_id="",
        name="Ghost", currency="EUR", impressions=1, clicks=1, inline_link_clicks=0, spend=Decimal(1),
        reach=None, frequency=None, actions="{}", action_values="{}",
    )  # fmt: skip
    with transaction.atomic():
        store.replace(account, store.Window("campaign", SINCE, SINCE), [ghost])

    run = perform(account, since=SINCE, until=SINCE + timedelta(days=2))

    assert run.removed == 1
    assert run.added > 0
    assert numbers() == before


def test_a_campaign_that_has_no_rows_any_more_loses_them(other_graph, no_pauses):
    from apps.connections import tokens

    other_graph.add_campaign(
        "11", "c1", "One", {"2026-11-16": (10, 1, "1.00", []), "2026-11-17": (10, 1, "1.00", [])}
    )
    other_graph.add_campaign("11", "c2", "Two", {"2026-11-16": (10, 1, "1.00", [])})
    tokens.connect("X", "EAAothertoken1234567890")
    account = AdAccount.objects.get(meta_id="11")
    perform(account)
    other_graph.insights["11"] = [row for row in other_graph.insights["11"] if row["campaign_id"] != "c1"]

    run = perform(account)

    assert run.removed == 3  # c1 on both days, and the account on the second
    assert set(Insight.objects.filter(level="campaign").values_list("object_id", flat=True)) == {"c2"}
    assert Campaign.objects.filter(meta_id="c1").exists()  # its name is still wanted


def test_accounts_are_kept_apart(make_account):
    one, other = make_account("Fjäll"), make_account("Harbor")
    perform(one)
    before = numbers(account=one)

    perform(other)

    assert numbers(account=one) == before


# --- what can go wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "path"),
    [("html_502", "/campaigns$"), ("html_502", "/insights$"), ("empty", "/insights$"), ("text", "/insights$"),
     ("cut_off", "/insights$"), ("unavailable", "/insights$"), ("reset", "/insights$")],
)  # fmt: skip
def test_a_fetch_that_fails_changes_nothing_and_says_why(make_account, sandbox, kind, path):
    account = make_account()
    perform(account)
    before = stored()
    sandbox.restate(account.act_id, spend_percent=10)
    sandbox.fail(kind, path=path, times=50)

    run = perform(account)

    assert run.state == "failed"
    assert run.error.endswith((".", ")"))
    assert len(run.error) > 20
    assert run.finished_at
    assert stored() == before


def test_a_fetch_that_fails_on_its_last_page_changes_nothing(other_graph):
    from apps.connections import tokens

    other_graph.page_sizes = [1]
    for n in range(4):
        other_graph.add_campaign("11", f"c{n}", f"No {n}", {"2026-11-16": (10, 1, "1.00", [])})
    tokens.connect("X", "EAAothertoken1234567890")
    account = AdAccount.objects.get(meta_id="11")
    perform(account)
    before = stored()
    other_graph.insights["11"][0]["spend"] = "99.00"
    other_graph.insights["11"][-1]["reach"] = "many"

    run = perform(account)

    assert run.state == "failed"
    assert "reach as 'many', which is no number" in run.error
    assert stored() == before


@pytest.mark.parametrize(
    ("code", "subcode", "status"),
    [(100, None, 400), (200, None, 403), (3018, None, 400), (2635, None, 400), (99999, 7, 400)],
)
def test_metas_refusal_is_remembered_with_what_its_support_asks_for(
    make_account, sandbox, code, subcode, status
):
    account = make_account()
    sandbox.fail(path="/insights$", code=code, subcode=subcode, status=status, times=9)

    run = perform(account)

    run.refresh_from_db()
    assert (run.state, run.error_code, run.error_subcode) == ("failed", code, subcode)
    assert run.fbtrace_id
    assert str(code) in run.error


def test_one_hiccup_is_waited_out(make_account, sandbox):
    sandbox.fail("html_502", path="/insights$", times=2)

    assert perform(make_account()).state == "done"


def test_an_object_that_meta_lists_without_an_id_fails_the_run(other_graph):
    from apps.connections import tokens

    other_graph.campaigns["11"] = [{"name": "Nameless"}]
    tokens.connect("X", "EAAothertoken1234567890")

    run = perform(AdAccount.objects.get(meta_id="11"))

    assert (run.state, run.error) == (
        "failed",
        "Meta listed an object of level campaign without an id, or with one that is none.",
    )


def test_a_fault_of_our_own_ends_the_run_and_is_logged(make_account, sandbox, caplog):
    account = make_account()
    sandbox.fail(path="/insights$", code=9_876_543_210, times=9)  # no column holds such a number

    run = perform(account)

    run.refresh_from_db()
    assert run.state == "failed"
    assert run.error
    assert sync.sweep() == []


def test_a_refused_token_stops_the_sync_and_says_why(make_account, sandbox):
    one, other = make_account("Fjäll"), make_account("Harbor")
    sandbox.fail(path="/insights$", code=190, subcode=460, message="Error validating access token")

    run = perform(one)

    connection_ = Connection.objects.get()
    assert run.state == "failed"
    assert connection_.state == "refused"
    assert "has changed the Facebook password" in connection_.state_reason
    assert "190/460" in run.error
    assert not Insight.objects.exists()
    calls = sandbox.state()["calls"]
    assert "No working connection reaches Harbor" in perform(other).error
    assert sandbox.state()["calls"] == calls


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (104, "Incorrect signature"),
        (100, "Invalid appsecret_proof provided in the API argument"),
        (1, "Error validating client secret."),
    ],
)
def test_a_wrong_app_secret_refuses_no_connection_and_names_the_secret(make_account, sandbox, code, message):
    account = make_account("Fjäll")
    sandbox.fail(path="/insights$", code=code, message=message, times=9)

    run = perform(account)

    assert "Check the app secret in the settings." in run.error
    assert Connection.objects.get().state == "active"


def test_a_refusal_of_the_token_before_does_not_stop_the_new_one(
    make_account, make_connection, sandbox, at_once
):
    account = make_account()
    before = Connection.objects.get()
    make_connection(token="sixty_day")

    (run,) = ask(account)
    run.start()
    sync.conclude(run, _refused(), before)

    assert Connection.objects.get().state == "active"


def _refused():
    from apps.graphapi import TokenRefused

    return TokenRefused("gone", code=190)


def test_a_token_whose_key_is_gone_fails_the_run_and_names_the_key(make_account, settings):
    account = make_account()
    settings.TOKEN_KEYS = {"k2": bytes(32)}

    run = perform(account)

    assert run.state == "failed"
    assert "The key 'k1' is not in TOKEN_KEYS" in run.error


@pytest.mark.parametrize("cap", [40, 12])
def test_too_much_data_is_asked_for_in_halves_and_comes_out_the_same(make_account, sandbox, cap):
    account = make_account()
    perform(account)
    whole, calls = numbers(), SyncRun.objects.get().calls
    Insight.objects.all().delete()
    sandbox.configure(sync_row_cap=cap)

    run = perform(account)

    assert run.state == "done"
    assert run.calls > calls
    assert numbers() == whole


# --- patience ------------------------------------------------------------------------------------


def patiently(run, clock):
    """Comes back whenever the run says so, until it is done. Gives the seconds that this took."""
    waited = 0.0
    while (run := sync.perform(run.pk)).state == "waiting":
        pause = sync.seconds_until(run.not_before) + 0.1
        clock.advance(pause)
        waited += pause
        assert waited < 2 * 3600, run.error
    assert run.state == "done", run.error
    return waited


@pytest.mark.parametrize("kind", ["score", "ads_management", "ads_insights"])
def test_a_spent_allowance_makes_its_account_wait_and_no_other(make_account, sandbox, clock, kind):
    blocked, free = make_account("Fjäll"), make_account("Harbor")
    sandbox.block(kind, minutes=5, account=blocked.act_id)

    first, second = ask(blocked, free)
    waiting, done = sync.perform(first.pk), sync.perform(second.pk)

    assert (waiting.state, done.state) == ("waiting", "done")
    assert 55 < (waiting.not_before - timezone.now()).total_seconds() <= 305
    assert waiting.error
    assert waiting.error_code in {17, 80000, 80004, None}  # None: our own book saw it coming
    assert not blocked.insights.exists()
    patiently(first, clock)
    assert sandbox.calls_while_blocked() == 0
    assert SyncRun.objects.get(pk=first.pk).error == ""


@pytest.mark.parametrize("kind", ["insights_app", "app"])
def test_what_is_spent_for_the_whole_app_makes_every_account_wait(make_account, sandbox, clock, kind):
    accounts = [make_account(piece) for piece in ("Fjäll", "Harbor", "Praia")]
    sandbox.block(kind, minutes=5)
    runs = ask(*accounts)

    states = [sync.perform(run.pk).state for run in runs]

    assert states == ["waiting"] * 3
    for run in runs:
        patiently(run, clock)
    assert sandbox.calls_while_blocked() == 0


def test_nothing_is_sent_before_the_wait_is_over(make_account, sandbox, clock):
    account = make_account()
    sandbox.block("ads_insights", minutes=5, account=account.act_id)
    waiting = perform(account)
    calls = sandbox.state()["call_counts"]
    insights = {name: count for name, count in calls.items() if "insights" in name}

    for _ in range(3):
        clock.advance(60)
        assert sync.perform(waiting.pk).state == "waiting"
        perform(account, reason=PAGE)  # somebody else asks for the same

    calls = sandbox.state()["call_counts"]
    assert {name: count for name, count in calls.items() if "insights" in name} == insights
    assert sandbox.calls_while_blocked() == 0


@pytest.mark.parametrize(("reason", "levels"), [(PAGE, ["campaign"]), (SyncRun.Reason.NIGHTLY, ["ad"])])
def test_meta_may_ask_to_wait_as_often_as_it_likes(make_account, sandbox, clock, reason, levels):
    account = make_account()
    (run,) = ask(account, reason=reason, levels=levels)

    for _ in range(30):
        sandbox.block("ads_insights", minutes=20, account=account.act_id)
        waiting = sync.perform(run.pk)
        assert (waiting.state, waiting.failures) == ("waiting", 0)
        clock.advance(sync.seconds_until(waiting.not_before) + 1)

    assert patiently(run, clock) < 3600
    assert account.insights.filter(level=levels[0]).exists()
    assert sandbox.calls_while_blocked() == 0


def test_where_metas_clock_runs_faster_the_wait_is_shorter(make_account, sandbox, settings):
    settings.META_CLOCK_SPEED = 60
    account = make_account()
    sandbox.block("ads_insights", minutes=5, account=account.act_id)

    run = perform(account)

    assert 3 < (run.not_before - timezone.now()).total_seconds() <= 5.1


def test_the_wall_is_not_run_into(make_account, sandbox, clock):
    """From 90 percent on nothing is sent, although Meta would still answer."""
    account = make_account()
    perform(account)
    sandbox.set_allowance("score", 93, account=account.act_id)
    perform(account, reason=PAGE)  # hears of it
    calls = sandbox.state()["calls"]

    run = perform(account)

    assert run.state == "waiting"
    assert sandbox.state()["calls"] == calls
    patiently(run, clock)
    assert sandbox.state()["refused_calls"] == 0


def test_in_the_foreground_the_wait_is_waited(make_account, sandbox, clock):
    accounts = [make_account(piece) for piece in ("Fjäll", "Harbor", "Praia")]
    sandbox.block("ads_insights", minutes=5, account=accounts[0].act_id)
    slept, told = [], []

    def sleep(seconds):
        slept.append(seconds)
        clock.advance(seconds)

    ended = foreground.work_off(ask(*accounts), tell=told.append, sleep=sleep)

    assert [run.state for run in ended] == ["done"] * 3
    assert [run.account for run in ended] == accounts
    assert 55 < sum(slept) < 2 * 3600
    assert sandbox.calls_while_blocked() == 0
    assert [line.startswith("Waiting") for line in told].count(True) == len(slept)
    assert "Fjäll" in told[-1]


def test_in_the_foreground_an_account_without_room_is_not_asked_for_each_of_its_runs(
    make_account, sandbox, clock
):
    account = make_account()
    sandbox.block("ads_insights", minutes=5, account=account.act_id)
    days = [UNTIL - timedelta(days=n) for n in range(4)]
    runs = [ask(account, since=day, until=day)[0] for day in days]

    ended = foreground.work_off(runs, sleep=clock.advance)

    assert [run.state for run in ended] == ["done"] * 4
    # The first finds the wall, the second is kept back by the book, and the last is not begun before its turn.
    assert ended[0].attempt > 1
    assert ended[-1].attempt == 1


def test_in_the_foreground_a_failure_does_not_stop_the_others(make_account, sandbox):
    accounts = [make_account(piece) for piece in ("Fjäll", "Harbor", "Praia")]
    sandbox.fail(path=f"{accounts[0].act_id}/insights$", code=100, message="(#100) no", times=9)
    told = []

    ended = foreground.work_off(ask(*accounts), tell=told.append)

    assert [run.state for run in ended] == ["failed", "done", "done"]
    assert "failed. " in told[0]
    assert "rows in 3 calls" in told[1]


# --- at once -------------------------------------------------------------------------------------


def test_asking_twice_for_the_same_is_asking_once(make_account, admin, marketer):
    account = make_account()

    first = ask(account, reason=PAGE, by=admin)
    again = ask(account, reason=PAGE, by=marketer)
    other_days = ask(account, reason=PAGE, since=UNTIL)
    other_levels = ask(account, reason=PAGE, levels=["ad"])

    assert first == again
    assert SyncRun.objects.get(pk=first[0].pk).asked_by == admin
    assert len({*first, *other_days, *other_levels}) == 3


def test_what_is_being_done_can_be_asked_for_again(make_account):
    account = make_account()
    (first,) = ask(account)
    first.start()

    (second,) = ask(account)

    assert second != first
    assert second.state == "queued"


def test_days_are_the_accounts_own(make_account, clock):
    clock.set(timezone.now().replace(hour=23, minute=30))  # Tokyo has Tuesday already, São Paulo still Monday

    runs = sync.request([make_account("青空"), make_account("Fjäll"), make_account("Praia")], PAGE)

    days = [(run.since, run.until) for run in runs]
    assert [until for _, until in days] == [date(2026, 11, 24), date(2026, 11, 24), date(2026, 11, 23)]
    assert all((until - since).days == 27 for since, until in days)


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_get_one_run(make_account, at_once):
    account = make_account()

    results = at_once(*[lambda: ask(account)] * 4)

    assert SyncRun.objects.count() == 1
    assert results == [[SyncRun.objects.get()]] * 4


@pytest.mark.django_db(transaction=True)
def test_the_second_run_of_an_account_steps_aside(make_account, sandbox, at_once):
    account, other = make_account("Fjäll"), make_account("Harbor")
    (first,), (second,), (elsewhere,) = ask(account), ask(account, reason=PAGE), ask(other)
    sandbox.fail("delay", path=f"{account.act_id}/campaigns$", seconds=0.6)

    def later(run):
        time.sleep(0.25)
        return sync.perform(run.pk)

    done, aside, beside = at_once(
        lambda: sync.perform(first.pk), lambda: later(second), lambda: later(elsewhere)
    )

    assert (done.state, beside.state) == ("done", "done")
    assert isinstance(aside, sync.Busy)
    assert SyncRun.objects.get(pk=second.pk).state == "queued"
    assert sync.perform(second.pk).state == "done"


@pytest.mark.django_db(transaction=True)
def test_one_run_given_to_two_workers_is_done_once(make_account, sandbox, at_once):
    (run,) = ask(make_account())
    sandbox.fail("delay", path="/campaigns$", seconds=0.3)

    results = at_once(*[lambda: sync.perform(run.pk)] * 3)

    run.refresh_from_db()
    assert (run.state, run.attempt) == ("done", 1)
    assert sum(isinstance(result, sync.Busy) for result in results) == 2


def test_a_run_that_ended_is_left_alone(make_account, sandbox):
    account = make_account()
    run = perform(account)
    calls = sandbox.state()["calls"]

    assert sync.perform(run.pk).finished_at == run.finished_at
    assert sandbox.state()["calls"] == calls


# --- death ---------------------------------------------------------------------------------------


@pytest.fixture
def real_time_sandbox(settings):
    """A sandbox that lives by the clock of the machine, for programs beside the test."""
    with Sandbox(seed=7, port=0) as sandbox:
        settings.META_GRAPH_URL = sandbox.url
        yield sandbox


def eventually(what, seconds=90):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_is_found_and_its_run_done_by_another(real_time_sandbox, program):
    from apps.connections import tokens

    tokens.connect("reporting", real_time_sandbox.token())
    account = AdAccount.objects.get(name__contains="Fjäll")
    days = [str(account.today() - timedelta(days=n)) for n in (9, 3)]
    real_time_sandbox.fail("timeout", path="/insights$", seconds=60, times=5)
    worker = program("sync", "--account", account.act_id, "--since", days[0], "--until", days[1])
    eventually(lambda: any("timeout" in name for name in real_time_sandbox.state()["call_counts"]))
    run = SyncRun.objects.get()
    assert run.state == "running"
    assert sync.sweep() == []  # it is at work
    with locks.only_sync_of(account) as alone:
        assert not alone

    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    connection_closed = _free(account)
    eventually(connection_closed)
    due = [one.pk for one in sync.sweep()]
    real_time_sandbox.clear_faults()
    done = sync.perform(run.pk)

    assert due == [run.pk]
    assert (done.state, done.attempt) == ("done", 2)
    since, until = map(date.fromisoformat, days)
    theirs = told_by(real_time_sandbox, account, "campaign", since, until)
    assert {(row["date_start"], row["campaign_id"], row["spend"]) for row in theirs} == {
        (row.day.isoformat(), row.object_id, f"{row.spend:f}")
        for row in Insight.objects.filter(level="campaign")
    }
    assert len(theirs) > 0


def _free(account):
    def free():
        with locks.only_sync_of(account) as alone:
            return alone

    return free


@pytest.mark.django_db(transaction=True)
def test_a_worker_whose_database_session_is_cut_leaves_a_run_that_is_found(make_account, sandbox, at_once):
    account = make_account()
    (run,) = ask(account)
    sandbox.fail("delay", path="/insights$", seconds=0.6)

    def cut():
        time.sleep(0.3)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s",
                [locks._SYNC],
            )
            return cursor.rowcount

    broken, cut_off = at_once(lambda: sync.perform(run.pk), cut)

    assert cut_off == 1
    assert isinstance(broken, Exception)
    assert SyncRun.objects.get().state == "running"
    assert not Insight.objects.exists()
    assert [one.pk for one in sync.sweep()] == [run.pk]
    assert sync.perform(run.pk).state == "done"


def taken_over(account):
    """A run whose worker was given up for dead, and that another one has done since. Gives what the first one holds."""
    (run,) = ask(account)
    run.start()
    held = SyncRun.objects.select_related("account").get(pk=run.pk)
    assert [one.pk for one in sync.sweep()] == [run.pk]
    return held, sync.perform(run.pk)


@pytest.mark.parametrize(
    "outcome",
    [lambda: sync.Fetched(windows=[(store.Window("campaign", SINCE, UNTIL), [])]), lambda: ServerFault("down", code=2),
     lambda: Throttled("spent", code=17), lambda: ValueError("odd"), _refused],
    ids=["rows", "an error", "a wait", "a fault", "a dead token"],
)  # fmt: skip
def test_a_worker_that_was_overtaken_writes_nothing(make_account, outcome, caplog):
    held, done = taken_over(make_account())
    before, ended = stored(), SyncRun.objects.values().get()

    with caplog.at_level(logging.WARNING):
        sync.conclude(held, outcome(), Connection.objects.get())

    assert (done.state, done.attempt) == ("done", 2)
    assert stored() == before
    assert SyncRun.objects.values().get() == ended
    assert "taken" in caplog.text


def test_a_worker_that_was_given_up_writes_nothing_before_another_comes(make_account):
    (run,) = ask(make_account())
    run.start()
    sync.sweep()
    queued = SyncRun.objects.values().get()

    sync.conclude(run, ServerFault("down", code=2), Connection.objects.get())

    assert SyncRun.objects.values().get() == queued
    assert queued["state"] == "queued"


def test_a_run_that_kills_its_worker_each_time_is_given_up(make_account):
    (run,) = ask(make_account())
    for _ in range(20):
        run.start()
        sync.sweep()
        run.refresh_from_db()
        if run.has_ended:
            break

    assert run.state == "failed"
    assert "died" in run.error


def test_a_dead_run_whose_window_was_asked_for_again_gives_way(make_account):
    account = make_account()
    (dead,) = ask(account)
    dead.start()
    (again,) = ask(account)

    due = [one.pk for one in sync.sweep()]

    dead.refresh_from_db()
    assert dead.state == "failed"
    assert "queued again" in dead.error
    assert due == []
    assert sync.perform(again.pk).state == "done"


# --- the sweep -----------------------------------------------------------------------------------


def test_a_nudge_that_was_lost_is_sent_again(make_account, clock):
    (run,) = ask(make_account())
    assert sync.sweep() == []

    clock.advance(121)

    assert [one.pk for one in sync.sweep()] == [run.pk]
    assert sync.sweep() == []
    clock.advance(121)
    assert [one.pk for one in sync.sweep()] == [run.pk]


def test_a_wait_that_is_over_is_found_too(make_account, sandbox, clock):
    account = make_account()
    sandbox.block("ads_insights", minutes=5, account=account.act_id)
    run = perform(account)

    clock.advance(295)
    assert sync.sweep() == []
    clock.advance(130)

    assert [one.pk for one in sync.sweep()] == [run.pk]
    patiently(run, clock)


@pytest.mark.parametrize("state", ["done", "failed"])
def test_what_ended_is_not_swept(make_account, clock, state):
    (run,) = ask(make_account())
    run.start()
    run.done() if state == "done" else run.fail(ServerFault("down"))

    clock.advance(3600)

    assert sync.sweep() == []


# --- days that can not be ------------------------------------------------------------------------


def test_a_first_day_that_has_begun_elsewhere_only_is_asked_for_all_the_same(make_account, clock):
    clock.set(timezone.now().replace(hour=23, minute=30))  # in Tokyo it is the 24th, in São Paulo not yet
    tomorrow = date(2026, 11, 24)

    runs = ask(make_account("青空"), make_account("Praia"), since=tomorrow, until=None)

    assert [(run.since, run.until) for run in runs] == [(tomorrow, tomorrow)] * 2
    assert [sync.perform(run.pk).state for run in runs] == ["done", "done"]


def test_a_last_day_that_meta_has_forgotten_is_refused_before_it_is_asked(make_account, sandbox):
    make_account()
    calls = sandbox.state()["calls"]

    with pytest.raises(CommandError, match="--until 2001-01-01 is more than 37 months back"):
        call_command("sync", "--until", "2001-01-01")

    assert sandbox.state()["calls"] == calls
    assert not SyncRun.objects.exists()
