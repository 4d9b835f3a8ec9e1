"""The daily run: every set of every ad account, in few round trips."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.connections.models import AdAccount
from apps.reporting import locks, sizes, streaming, sync, together
from apps.reporting.models import Insight, SyncRun

pytestmark = [pytest.mark.django_db, pytest.mark.services]

TODAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def connected(make_connection, sandbox, no_pauses):
    sandbox.configure(report_seconds=20)
    return make_connection()


@pytest.fixture
def small_and_large(monkeypatch):
    """An ad account that stopped long ago, and one of which every list takes many pages."""
    monkeypatch.setattr("apps.reporting.insights.PAGE", 40)
    large, small = AdAccount.objects.in_order()[:2]
    return small, large


def hourly(*accounts):
    return sync.request(accounts, SyncRun.Reason.HOURLY, since=TODAY - timedelta(days=1), until=TODAY)


def elsewhere(do):
    """In another database session."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(do).result()


def is_held(account):
    def ask():
        try:
            with locks.only_sync_of(account) as free:
                return not free
        finally:
            connection.close()

    return elsewhere(ask)


SEEN: list[tuple] = []
LOOKED_AT: list[AdAccount] = []


def look(call, **about):
    """Which accounts are held while each read is answered."""
    if not call.envelope:
        SEEN.append((call.account_id, *map(is_held, LOOKED_AT)))


@contextmanager
def held_elsewhere(account):
    """Another worker has the account."""
    taken, done = threading.Event(), threading.Event()

    def hold():
        try:
            with locks.only_sync_of(account):
                taken.set()
                done.wait(30)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join()


def nightly() -> list[SyncRun]:
    return sync.request_restated(AdAccount.objects.in_order()[:2])


def work_off(runs, fill, clock):
    """What workers do with the nudges, until every run has ended."""
    for _ in range(200):
        left = [run.pk for run in SyncRun.objects.filter(pk__in=[run.pk for run in runs]).open()]
        if not left:
            return
        worked = together.perform(left, fill=fill)
        for pk in worked.alone:
            sync.perform(pk)
        clock.advance(5)
    raise AssertionError(list(SyncRun.objects.open().values_list("state", "error")))


def everything() -> list[tuple]:
    return list(
        Insight.objects.order_by(
            "account__meta_id", "level", "breakdown", "object_id", "segment", "day"
        ).values_list(
            "account__meta_id",
            "level",
            "breakdown",
            "object_id",
            "segment",
            "day",
            "spend",
            "impressions",
            "actions",
        )
    )


def test_every_set_of_many_accounts_comes_together_and_the_numbers_are_the_same(clock):
    for run in nightly():
        while not sync.perform(run.pk).has_ended:
            clock.advance(5)
    alone = everything()
    Insight.objects.all().delete()
    fill = together.Fill()
    runs = nightly()

    work_off(runs, fill, clock)

    ended = SyncRun.objects.filter(pk__in=[run.pk for run in runs])
    assert {run.state for run in ended} == {"done"}
    assert everything() == alone
    assert {row[2] for row in alone} > {"", "age,gender", "country"}
    assert fill.requests * 5 < sum(run.calls for run in ended)


def test_what_was_large_last_time_comes_as_reports_side_by_side(clock):
    runs = nightly()
    work_off(runs, together.Fill(), clock)
    before = everything()
    SyncRun.objects.filter(levels=["ad"]).update(rows=50 * sizes.DIRECT_ROWS)
    fill, runs = together.Fill(), nightly()

    work_off(runs, fill, clock)

    by_report = [
        run for run in SyncRun.objects.filter(pk__in=[run.pk for run in runs]) if run.reports.exists()
    ]
    assert {(run.state, *run.levels) for run in by_report} == {("done", "ad")}
    assert len(by_report) == 2
    assert everything() == before
    assert not [name for name, _ in streaming._tables()]


def test_what_goes_on_beyond_what_was_expected_becomes_a_report(sandbox, clock, monkeypatch):
    monkeypatch.setattr(together, "MOST_ROWS", 40)
    runs = nightly()

    worked = together.perform([run.pk for run in runs])

    assert worked.alone
    left = SyncRun.objects.filter(pk__in=worked.alone)
    assert {run.state for run in left} == {"queued"}
    assert all(run.reports.exists() for run in left)
    work_off(runs, together.Fill(), clock)
    assert {run.state for run in SyncRun.objects.filter(pk__in=[run.pk for run in runs])} == {"done"}


def test_an_account_is_let_go_when_its_last_run_is_through(small_and_large, settings):
    small, large = small_and_large
    settings.GRAPH_RECORDER = f"{__name__}.look"
    SEEN.clear()
    LOOKED_AT[:] = small_and_large
    runs = [*hourly(small), *sync.request_restated([large])]

    together.perform([run.pk for run in runs])

    assert SEEN[0][1:] == (True, True)
    assert SEEN[-1] == (large.meta_id, False, True)
    assert not is_held(large)


def test_an_account_that_is_busy_is_told_and_left_alone():
    busy = AdAccount.objects.in_order().first()
    runs = hourly(*AdAccount.objects.in_order())

    with held_elsewhere(busy):
        worked = together.perform([run.pk for run in runs])

    assert worked.busy == [run.pk for run in runs if run.account == busy]
    assert SyncRun.objects.get(pk=worked.busy[0]).state == "queued"
    assert {run.state for run in worked.tried} == {"done"}


def test_round_trips_are_written_down_by_the_hour():
    together.perform([run.pk for run in hourly(*AdAccount.objects.in_order())])
    together.perform([run.pk for run in hourly(*AdAccount.objects.in_order())])

    now = timezone.now()
    noted = together.Fill.since(now - timedelta(hours=1))
    assert (noted.requests, noted.reads) == (2, 72)
    assert together.Fill.since(now + timedelta(hours=1)).average == 0
