"""Two rules about Meta's answers as such: none that can be read, and far later than usual."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.graphapi import BadAnswer, Call, Unreachable
from apps.graphapi.envelope import meta_error
from apps.health import recording
from apps.health.findings import Asked
from apps.health.heard import Heard
from apps.health.models import Alert
from apps.health.rules import accounts, answers, errors

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def ask(clock):
    """What a rule finds; `fires`: it did so at the look before."""

    def find(rule, fires=False):
        key = {answers.BROKEN: answers.BROKEN_KEY, answers.SLOW: answers.SLOW_KEY}[rule]
        asked = Asked(timezone.now(), rule.threshold, {key: []} if fires else {})
        return list(rule.find(asked)), asked.explained

    return find


@pytest.fixture
def calls(db, clock):
    """Write so many attempts that were made just now, or at `at`."""

    def write(number, error=None, *, milliseconds=80, at=None, status=200, path="act_{id}/insights", **more):
        at = at or datetime.now(UTC)
        one = Call(
            method="GET", path=path, account_id=None, status=status, milliseconds=milliseconds,
            started_at=at.timestamp(), error=error, **more,
        )  # fmt: skip
        recording.write([Heard(one, "", "sync")] * number)

    return write


def html():
    return BadAnswer("It is no JSON", status=502, content_type="text/html", length=100)


# --- broken --------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [html, lambda: Unreachable("ConnectTimeout")])
def test_when_nothing_gets_through_it_is_critical_and_explains_what_comes_of_it(
    calls, ask, error, make_account
):
    account = make_account()
    calls(5, error(), status=502)

    (one,), explained = ask(answers.BROKEN)

    assert (one.key, one.severity, one.title) == ("answers:broken", "crit", "Nothing gets through to Meta")
    assert "None of the last 5 calls got an answer of Meta's." in one.text
    assert one.url == "/errors/"
    assert account.pk in explained.accounts
    assert explained.covers(answers.SLOW_KEY, [])
    asked = Asked(timezone.now(), errors.BURST.threshold, explained=explained)
    calls(30, error(), status=502)
    assert list(errors.burst(asked)) == []
    assert list(accounts.stale(asked)) == []


def test_a_fifth_of_the_answers_warns_and_fewer_or_a_handful_do_not(calls, ask):
    calls(4, html(), status=502)
    assert ask(answers.BROKEN)[0] == []

    calls(1, html(), status=502)
    calls(16)
    assert len(ask(answers.BROKEN)[0]) == 1
    calls(4)
    (one,), explained = ask(answers.BROKEN)
    assert (one.severity, one.title) == ("warn", "Many of Meta's answers are broken")
    assert "80 % of the last 25 calls" in one.text
    assert explained.accounts == set()
    calls(1)
    assert ask(answers.BROKEN)[0] == []
    assert len(ask(answers.BROKEN, fires=True)[0]) == 1
    calls(25)
    assert ask(answers.BROKEN, fires=True)[0] == []


def test_an_error_with_a_code_is_an_answer(calls, ask):
    calls(
        50, meta_error({"code": 2, "message": "Service temporarily unavailable"}, {"status": 503}), status=503
    )

    assert ask(answers.BROKEN)[0] == []


def test_a_batch_counts_by_its_members_or_by_the_envelope_that_failed(calls, ask):
    calls(1, path="batch", batch_size=20, envelope=True)
    calls(20, path="{id}", batch_size=20)
    calls(5, html(), path="batch", batch_size=20, envelope=True, status=502)

    (one,), _ = ask(answers.BROKEN)

    assert "80 % of the last 25 calls" in one.text


def test_while_nobody_asks_a_firing_alert_goes_on_until_something_gets_through(calls, ask, clock):
    calls(10, html(), status=502)
    clock.advance(12 * 60)
    assert ask(answers.BROKEN)[0] == []

    assert ask(answers.BROKEN, fires=True)[0][0].severity == "crit"
    clock.advance(45 * 60)
    assert len(ask(answers.BROKEN, fires=True)[0]) == 1
    calls(1)
    assert ask(answers.BROKEN, fires=True)[0] == []


def test_it_ends_by_itself_when_nobody_has_asked_for_long(calls, ask, clock):
    calls(10, html(), status=502)
    clock.advance(91 * 60 + 60)

    assert ask(answers.BROKEN, fires=True)[0] == []


# --- slow ----------------------------------------------------------------------------------------


@pytest.fixture
def usual(calls, clock):
    """The last week at ten: calls of so many milliseconds."""

    def was(milliseconds, number=20, days=7):
        now = datetime.now(UTC)
        for day in range(1, days + 1):
            calls(number, milliseconds=milliseconds, at=now - timedelta(days=day))

    return was


def test_three_times_the_usual_warns_with_both_numbers(calls, usual, ask):
    usual(400)
    calls(20, milliseconds=3000)

    (one,), _ = ask(answers.SLOW)

    assert (one.key, one.severity, one.title) == ("answers:slow", "warn", "Meta is slow")
    assert "took up to 4.9 s" in one.text
    assert "it was 488 ms" in one.text
    assert one.url == "/health/"


def test_fewer_calls_quick_ones_or_a_week_that_nobody_knows_say_nothing(calls, usual, ask):
    calls(30, milliseconds=3000)
    assert ask(answers.SLOW)[0] == []  # nothing to compare with

    usual(400, number=7, days=7)
    assert ask(answers.SLOW)[0] == []  # too little of it

    usual(400, number=1, days=1)
    assert len(ask(answers.SLOW)[0]) == 1


def test_nineteen_calls_are_too_few_and_errors_do_not_count(calls, usual, ask):
    usual(400)
    calls(19, milliseconds=3000)
    calls(9, html(), milliseconds=3000, status=502)

    assert ask(answers.SLOW)[0] == []


def test_who_answers_within_a_second_is_not_slow(calls, usual, ask):
    usual(40)
    calls(50, milliseconds=900)

    assert ask(answers.SLOW)[0] == []


def test_other_hours_are_not_compared_with(calls, ask):
    calls(100, milliseconds=90, at=datetime.now(UTC) - timedelta(days=1, hours=3))
    calls(100, milliseconds=90, at=datetime.now(UTC) - timedelta(days=8))
    calls(30, milliseconds=3000)

    assert ask(answers.SLOW)[0] == []


def test_what_fires_ends_when_enough_calls_are_clearly_quicker(calls, usual, ask, clock):
    usual(400)
    calls(20, milliseconds=3000)
    clock.advance(16 * 60)
    assert ask(answers.SLOW)[0] == []
    assert len(ask(answers.SLOW, fires=True)[0]) == 1  # nobody asks

    calls(19, milliseconds=80)
    assert len(ask(answers.SLOW, fires=True)[0]) == 1
    calls(1, milliseconds=80)
    assert ask(answers.SLOW, fires=True)[0] == []


def test_twice_the_usual_keeps_it_firing_and_opens_nothing(calls, usual, ask):
    usual(1600)
    calls(20, milliseconds=4000)

    assert ask(answers.SLOW)[0] == []
    assert len(ask(answers.SLOW, fires=True)[0]) == 1


# --- together ------------------------------------------------------------------------------------


def test_it_opens_once_stays_while_it_wavers_and_closes_once(calls, look, only, channel, receiver, clock):
    only("answers.BROKEN", "answers.SLOW")
    calls(10, html(), status=502)
    for _ in range(4):
        look()
        clock.advance(60)
        calls(1, html(), status=502)
    calls(60)
    look()  # 14 of 74: below the threshold, above its half
    assert Alert.objects.open().count() == Alert.objects.count() == 1

    clock.advance(11 * 60)
    calls(20)
    look()
    clock.advance(121)
    look()

    assert Alert.objects.get().ending == "gone"
    assert receiver.titles == ["Nothing gets through to Meta", "Over: Many of Meta's answers are broken"]
