"""The health page: how close every allowance is to its end, whether tokens and data are well, how calls went."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from apps.connections import clients
from apps.connections.models import AccountGrant, AdAccount, Allowance
from apps.graphapi import GraphError, Request
from apps.health import budgets, panels, pulse, spending, traffic
from apps.health.models import AccountHour, Alert, CallSlot, UsageNow, UsageSlot
from apps.health.spans import SPANS
from apps.reporting.models import SyncRun

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture
def visitor(support, signed_in):
    return signed_in(support)


@pytest.fixture
def client(make_connection, recorded, no_pauses):
    """Speaks to Meta as syncs do: through the pace book."""
    return clients.for_connection(make_connection(), purpose="sync", background=False)


@pytest.fixture
def act(client):
    return AdAccount.objects.get(name__contains="Fjäll").act_id


def read_insights(client, act):
    return client.get(f"{act}/insights", level="account", date_preset="today")


def shown(visitor, address="/health/", **more):
    page = visitor.get(address, **more)
    assert page.status_code == 200
    text = page.content.decode()
    assert "could not be worked out" not in text
    return text


def row_of(text, use="ads_insights", account="Fjäll"):
    """The words of one budget."""
    rows = re.findall(r"<tr>\s*<th scope=\"row\">.*?</tr>", text, re.DOTALL)
    row = next(row for row in rows if account in row and use in row)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row))


def told(peak=0.0, *, object_id="1", scope="business_use_case", use="ads_insights", at=NOW, **more):
    """As if Meta had said so."""
    more = {"call_count": peak, "climb_at": at, "climb_from": peak, "told_at": at} | more
    return UsageNow.objects.create(scope=scope, object_id=object_id, type=use, peak=peak, **more)


def test_what_all_stands_on_is_said_first(visitor, db):
    now = datetime.now(UTC)
    common = {"rule": "x", "severity": "crit", "opened_at": now, "found_at": now}
    Alert.objects.create(key="answers:broken", title="Nothing gets through to Meta", **common)
    Alert.objects.create(key="answers:slow", title="Meta is slow", closed_at=now, **common)

    text = shown(visitor)

    assert "Nothing gets through to Meta." in text
    assert "Meta is slow." not in text
    assert "All quiet" not in text


# --- the page --------------------------------------------------------------------------------------


def test_it_opens_before_anything_was_recorded(visitor):
    text = shown(visitor)

    assert "It appears with the first call" in text
    assert "Rate limits are known from the first call to Meta on." in text
    assert "No token is connected" in text


def test_calls_of_a_span_are_added_up(client, act, sandbox, recorded, visitor):
    client.batch([Request("GET", f"{act}/campaigns")] * 3)
    sandbox.fail("error", code=100, status=400, times=1)
    with pytest.raises(GraphError):
        client.get(f"{act}/adsets")
    recorded()

    total = traffic.of(SPANS["24h"], datetime.now(UTC)).total

    assert (total.calls, total.failed, total.members / total.envelopes) == (
        total.trips - total.envelopes + total.members, 1, 3,
    )  # fmt: skip
    assert total.errors["Request"] == 1
    text = shown(visitor)
    assert "of 50, target 20" in text
    assert "1 error<" in text


def test_a_batch_that_fails_as_a_whole_is_one_error(client, act, sandbox, recorded):
    sandbox.fail("html_502", times=9)
    client.batch([Request("GET", f"{act}/campaigns")] * 3)
    recorded()

    total = traffic.of(SPANS["1h"], datetime.now(UTC)).total

    assert total.failed == total.envelopes > 0


@pytest.mark.parametrize(("period", "steps"), [("1h", 60), ("24h", 24), ("7d", 56)])
def test_each_period_has_its_steps_and_keeps_what_is_older_out(period, steps):
    span = SPANS[period]
    starts = span.starts(NOW + timedelta(minutes=17))
    for at in (starts[0] - span.length, starts[0], starts[-1]):
        CallSlot.objects.create(
            grain=span.grain,
            at=at,
            path="me",
            status=200,
            outcome="ok",
            calls=5,
            trips=5,
            latency=[5] + [0] * 10,
        )

    found = traffic.of(span, NOW + timedelta(minutes=17))

    assert (len(found.steps), found.total.calls) == (steps, 10)
    assert found.starts[-1] <= NOW + timedelta(minutes=17) < found.starts[-1] + span.length


def test_the_address_says_what_is_shown_and_nonsense_is_the_usual(visitor):
    told(30)

    assert 'aria-current="true">7 days' in shown(visitor, "/health/?period=7d")
    for nonsense in ("period=9y&page=x&state=?&use=" + "u" * 99, "page=-1", "page=99999999", "q=" + "%00x"):
        shown(visitor, f"/health/?{nonsense}")


# --- allowances ------------------------------------------------------------------------------------


def test_a_budget_shows_what_meta_told_and_who_spends_it(client, act, sandbox, recorded, visitor):
    sandbox.set_allowance("ads_insights", 84, account=act)
    read_insights(client, act)
    recorded()

    row = row_of(shown(visitor))

    assert "Backing off" in row
    assert re.search(r"8[4-6]%", row)
    assert "Sync insights, 100% of calls" in row
    assert "just now" in row


def test_a_block_says_until_when_and_what_is_put_off(client, act, sandbox, recorded, visitor, clock):
    sandbox.block("ads_insights", minutes=14, account=act)
    with pytest.raises(GraphError):
        read_insights(client, act)
    recorded()
    account = AdAccount.objects.get(meta_id=act.removeprefix("act_"))
    SyncRun.objects.create(
        account=account, reason="hourly", since=NOW.date(), until=NOW.date(), levels=["account"],
        state="waiting", not_before=NOW + timedelta(minutes=15),
    )  # fmt: skip

    text = shown(visitor)

    row = row_of(text)
    assert "Blocked" in row
    assert re.search(r"10:1[45] in 1[45] min", row)
    assert re.search(r'data-countdown="8[0-9]{2}"', text)
    assert "Hourly put off until 10:15" in row
    assert re.search(r"1 account is blocked until 10:1[45]\.", text)
    clock.advance(16 * 60)
    assert "Blocked" not in row_of(shown(visitor))


def test_a_refusal_without_a_figure_is_a_block_too(visitor, clock, make_account):
    account = make_account()
    closes = datetime.now(UTC).timestamp() + 300
    Allowance.objects.create(
        key=f"business_use_case:{account.meta_id}:ads_management", gauge={"closed_until": closes}
    )

    row = row_of(shown(visitor), "ads_management")

    assert "Blocked" in row
    assert "by a refusal" in row


def test_what_was_told_falls_in_time(clock):
    told(80)

    def level():
        return budgets.read().of_accounts[0].level

    assert level() == pytest.approx(80, abs=0.1)
    clock.advance(1800)
    assert level() == pytest.approx(40, abs=0.5)
    clock.advance(1900)
    assert level() == 0


def test_a_point_score_sinks_as_the_pace_book_knows(client, act, sandbox, recorded, clock):
    """It is back to nothing after minutes, where a quota takes its hour."""
    sandbox.set_allowance("score", 90, account=act)
    client.get(f"{act}/campaigns")
    recorded()

    def level():
        return next(one for one in budgets.read().of_accounts if one.scope == "account").level

    assert level() > 70
    clock.advance(240)
    assert level() < 40


def test_values_above_100_are_shown_as_they_are_and_the_bar_stops(visitor, clock):
    told(131, regain_at=NOW + timedelta(minutes=10))

    text = shown(visitor)

    assert "<b>131%</b>" in text
    assert 'class="f" width="100.0%"' in text


def test_the_forecast_says_when_it_is_used_up(visitor, clock):
    told(76, climb_at=NOW - timedelta(minutes=20), climb_from=40)

    # 24 left at 1.8 a minute.
    assert "100% at 10:13" in shown(visitor)


@pytest.mark.parametrize(
    ("peak", "word"),
    [(69.4, "Normal"), (70, "Watch"), (79.9, "Watch"), (80, "Backing off"), (100, "Blocked")],
)
def test_states_begin_where_they_are_said_to(clock, peak, word):
    clock.traveller.move_to(NOW, tick=False)
    told(peak)

    assert budgets.read().of_accounts[0].word == word


def test_the_worst_come_first_and_the_app_apart(clock):
    told(20, object_id="1")
    told(95, object_id="2")
    told(10, object_id="3", regain_at=NOW + timedelta(minutes=5))
    told(50, object_id="", scope="app", use="")

    known = budgets.read()

    assert [one.object_id for one in known.of_accounts] == ["3", "2", "1"]
    assert [one.use_label for one in known.of_app] == ["all calls"]


def test_budgets_are_narrowed_by_use_case_state_and_name(visitor, clock, make_account):
    account = make_account()
    told(85, object_id=account.meta_id)
    told(20, object_id=account.meta_id, use="ads_management")
    told(30, object_id="77")

    def rows(query):
        return len(re.findall(r'<svg class="meter', shown(visitor, f"/health/?{query}")))

    assert rows("") == 3
    assert rows("use=ads_management") == 1
    assert rows("state=backing-off") == 1
    assert rows("q=fjäll") == rows(f"q={account.act_id}") == 2
    assert rows("q=nobody") == 0
    assert "No budget matches" in shown(visitor, "/health/?q=nobody")


def test_a_thousand_budgets_have_pages(visitor, clock):
    for n in range(60):
        told(n, object_id=str(100 + n))

    text = shown(visitor, "/health/?page=2")

    assert "21 to 40 of 60" in text
    assert 'href="?page=3"' in text
    assert "60 accounts by the fullest allowance of each" in text


def test_the_day_is_a_strip_of_half_hours(clock):
    one = told(50)
    for hours, peak in ((0, 50), (5, 90), (30, 99)):
        at = NOW - timedelta(hours=hours)
        UsageSlot.objects.create(at=at, scope=one.scope, object_id="1", type=one.type, peak=peak)
    budget = budgets.read().of_accounts[0]

    day = spending.days_of([budget], NOW + timedelta(minutes=10))[budget.key]

    assert (len(day), day[-1], day[-11]) == (48, 50, 90)
    assert sum(value is not None for value in day) == 2


def test_jobs_are_told_by_what_draws_on_the_allowance(clock):
    for path, calls in (("act_{id}/insights", 30), ("act_{id}/campaigns", 10)):
        AccountHour.objects.create(
            at=NOW, account_id="1", path=path, purpose="sync", outcome="ok", calls=calls
        )
    for use, scope in (
        ("ads_insights", "business_use_case"),
        ("ads_management", "business_use_case"),
        ("", "account"),
    ):
        told(10, use=use, scope=scope)
    known = budgets.read().of_accounts

    jobs = spending.jobs_of(known, NOW)

    assert {one.use: [job.calls for job in jobs[one.key]] for one in known} == {
        "ads_insights": [30], "ads_management": [10], "account": [30, 10],
    }  # fmt: skip


# --- parts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(panels.BY_ID))
def test_each_panel_looks_for_news_alone(visitor, name):
    text = shown(visitor, "/health/?period=1h", headers={"HX-Request": "true", "HX-Target": name})

    assert f'id="{name}"' in text
    assert text.count("data-poll") == 1
    assert 'hx-get="/health/?period=1h"' in text


def test_a_panel_that_fails_leaves_the_others(visitor, clock, monkeypatch, caplog):
    told(30)
    monkeypatch.setattr(spending, "since", lambda now: 1 / 0)

    page = visitor.get("/health/")

    text = page.content.decode()
    assert page.status_code == 200
    assert text.count("could not be worked out") == 2  # the jobs, and the budgets that name them
    assert "Latency of Graph calls" in text
    assert "ZeroDivisionError" in caplog.text


def test_the_number_of_queries_does_not_grow(visitor, clock, count_queries, add_accounts):
    def fill(accounts):
        for account in accounts:
            for use in ("ads_insights", "ads_management"):
                told(40, object_id=account.meta_id, use=use)
            UsageSlot.objects.create(
                at=NOW, scope="business_use_case", object_id=account.meta_id, type="ads_insights", peak=40
            )

    fill(add_accounts(2))
    few = count_queries(lambda: shown(visitor))
    fill(add_accounts(60))

    assert count_queries(lambda: shown(visitor)) == few <= 33


def test_support_reads_it_and_a_marketer_does_not(visitor, marketer, signed_in):
    assert "/health/" in shown(visitor)
    page = signed_in(marketer).get("/health/")
    assert page.status_code == 403


# --- the check ------------------------------------------------------------------------------------


def test_check_now_hands_the_check_to_a_worker_in_their_name(visitor, support, make_connection, empty_queue):
    from apps.health.models import HealthCheck
    from apps.health.tasks import check_health

    make_connection()
    page = visitor.post("/health/check/", follow=True)
    assert "Meta is asked now." in page.content.decode()
    check_health(support.pk)

    assert HealthCheck.objects.get().asked_by == support
    text = shown(visitor)
    assert f"asked for by {support}" in text
    assert "Everything was looked at within the last minute." in (
        visitor.post("/health/check/", follow=True).content.decode()
    )


def test_what_the_check_found_stands_on_the_page(visitor):
    from apps.health.models import HealthCheck

    finding = {"kind": "token", "subject": "reporting", "text": "Meta refuses it. Reconnect."}
    HealthCheck.objects.create(at=NOW, report={"needs_a_person": [finding]}, problems=1)

    assert "Meta refuses it. Reconnect." in shown(visitor)


# --- the line in the sidebar -----------------------------------------------------------------------


def test_the_pulse_tells_the_worst(support, clock):
    assert pulse.rate_limits(support) is None
    told(30)
    assert pulse.rate_limits(support).word == "30%"
    told(85, object_id="2")
    assert (pulse.rate_limits(support).kind, pulse.rate_limits(support).word) == ("warn", "85%")
    told(101, object_id="3", regain_at=NOW + timedelta(minutes=5))
    line = pulse.rate_limits(support)
    assert (line.kind, line.word, line.url) == ("crit", "1 blocked", "/health/")
    told(100, object_id="", scope="insights_app", use="", regain_at=NOW + timedelta(minutes=5))
    assert pulse.rate_limits(support).word == "app blocked"


def test_the_pulse_of_a_marketer_knows_only_what_is_theirs(marketer, clock, make_account):
    account, foreign = make_account("Fjäll"), make_account("Brauhaus")
    AccountGrant.objects.create(user=marketer, account=account)
    told(40, object_id=account.meta_id)
    told(99, object_id=foreign.meta_id, regain_at=NOW + timedelta(minutes=5))

    line = pulse.rate_limits(marketer)

    assert (line.word, line.url) == ("40%", "")


def test_the_pulse_asks_little(support, clock, count_queries):
    support.has_perm("team.view_health")
    for n in range(30):
        told(n, object_id=str(n + 1))

    assert count_queries(lambda: pulse.rate_limits(support)) <= 4
