"""A run that fails for a reason that may pass is tried again: a few times, with growing pauses."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.graphapi import (
    BadAnswer,
    GraphError,
    ServerFault,
    TokenRefused,
    UnknownFault,
    Unreachable,
    classify,
)
from apps.reporting import retries, sync
from apps.reporting.models import Coverage, Insight, SyncRun
from apps.reporting.rows import Unreadable

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture(autouse=True)
def quick(no_pauses):
    """Hiccups are not waited out."""


@pytest.fixture
def account(make_account):
    return make_account("Fjäll")


@pytest.fixture
def run(account):
    (run,) = sync.request([account], "hourly")
    return run


@pytest.mark.parametrize("error", [Unreachable("reset"), ServerFault("500"), BadAnswer("html")])
def test_trouble_that_may_pass_is_worth_another_try(run, error):
    assert retries.pause(run, error, draw=lambda: 1.0) == timedelta(minutes=1)


@pytest.mark.parametrize("code", [100, 190, 200, 10, 294, 2500, 2635, 3018, 999_999])
def test_what_meta_refuses_and_what_the_client_has_asked_twice_is_not(run, code):
    assert retries.pause(run, GraphError("no", entry=classify(code), code=code)) is None


@pytest.mark.parametrize(
    "error", [TokenRefused("no"), UnknownFault("?"), Unreadable("odd row"), ValueError("bug")]
)
def test_neither_is_what_no_second_try_can_heal(run, error):
    assert retries.pause(run, error) is None


def test_pauses_grow_up_to_half_an_hour_with_full_jitter(run):
    pauses = []
    for failures in range(retries.MOST_TRIES - 1):
        run.failures = failures
        pauses.append(retries.pause(run, ServerFault("500"), draw=lambda: 1.0))

    assert pauses == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert retries.pause(run, ServerFault("500"), draw=lambda: 0.0) == timedelta(0)


def test_the_number_of_tries_is_bounded(run):
    run.failures = retries.MOST_TRIES - 1

    assert retries.pause(run, ServerFault("500")) is None


def test_so_is_the_age_of_a_run(run):
    run.queued_at = timezone.now() - timedelta(hours=7)

    assert retries.pause(run, ServerFault("500")) is None


def test_somebody_who_waits_at_a_terminal_decides_for_themselves(run):
    run.reason = SyncRun.Reason.COMMAND

    assert retries.pause(run, ServerFault("500")) is None


def test_each_try_stands_in_the_run_and_the_last_one_is_a_failure(run, sandbox, clock):
    sandbox.fail("html_502", path="/insights$", times=1000)
    states = []
    for _ in range(retries.MOST_TRIES):
        run = sync.perform(run.pk)
        states.append((run.state, run.attempt, run.failures))
        clock.advance(1800)

    assert states == [
        ("waiting", 1, 1), ("waiting", 2, 2), ("waiting", 3, 3), ("waiting", 4, 4), ("failed", 5, 4),
    ]  # fmt: skip
    assert "502" in run.error


def test_a_run_that_recovers_is_done_and_forgets_its_trouble(run, sandbox, clock):
    sandbox.fail("html_502", path="/insights$", times=5)
    assert sync.perform(run.pk).state == "waiting"
    clock.advance(120)

    run = sync.perform(run.pk)

    assert (run.state, run.attempt, run.error) == ("done", 2, "")


def test_an_unknown_code_is_asked_for_twice_and_no_more(run, sandbox):
    sandbox.fail(
        "error", code=987_654, status=400, message="(#987654) never heard of", path="/campaigns$", times=9
    )
    before = sandbox.state()["calls"]

    run = sync.perform(run.pk)

    assert (run.state, run.failures) == ("failed", 0)
    assert sandbox.state()["calls"] - before == 2


def test_a_run_that_kills_its_worker_each_time_ends_in_a_failure_that_says_so(run):
    for _ in range(retries.MOST_DEATHS):
        SyncRun.objects.filter(pk=run.pk).update(state="running")
        sync.sweep()

    run.refresh_from_db()
    assert run.state == "failed"
    assert "worker died 12 times" in run.error


def test_a_run_whose_workers_were_killed_is_done_at_once_at_first_and_then_waits_longer_and_longer(
    run, clock
):
    waits = []
    for _ in range(retries.MOST_DEATHS - 1):
        SyncRun.objects.filter(pk=run.pk).update(state="running", not_before=None)
        sync.sweep()
        run.refresh_from_db()
        waits.append(round(sync.seconds_until(run.not_before)) if run.state == "waiting" else run.state)

    assert waits == ["queued"] * 3 + [10, 20, 40, 80, 160, 320, 640, 1280]
    clock.advance(1280)
    assert sync.perform(run.pk).state == "done"


def test_a_code_of_ten_digits_is_kept(run, sandbox):
    sandbox.fail("error", code=9_876_543_210, status=400, path="/campaigns$", times=9)

    run = sync.perform(run.pk)

    assert (run.state, run.error_code) == ("failed", 9_876_543_210)
    assert set(Coverage.objects.values_list("error_code", flat=True)) == {9_876_543_210}


def test_at_night_what_fails_at_once_is_asked_for_as_reports_and_only_one_object_is_lost(
    account, sandbox, clock
):
    sandbox.hold_figures()
    week = {"levels": ["ad"], "since": account.today() - timedelta(days=6)}
    (before,) = sync.request([account], "nightly", **week)
    sync.perform(before.pk)
    everything = set(Insight.objects.values_list("object_id", "day"))
    ad = min(everything)[0]
    Insight.objects.all().delete()
    sandbox.poison(ad)

    (run,) = sync.request([account], "nightly", **week)
    while not (run := sync.perform(run.pk)).has_ended:
        clock.advance(sync.seconds_until(run.not_before) + 1)

    assert (run.state, run.failures) == ("done", 2)
    lost = everything - set(Insight.objects.values_list("object_id", "day"))
    assert lost == {cell for cell in everything if cell[0] == ad}
    named = dict(Coverage.objects.exclude(state="complete").values_list("day", "reason"))
    assert named.keys() == {day for _, day in lost}
    assert all(reason.startswith(f"All fields of ad {ad} on {day}") for day, reason in named.items())
