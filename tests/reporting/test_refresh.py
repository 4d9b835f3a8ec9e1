"""Pressing Sync on a page: nothing is queued that is to come already, and not without end."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection

from apps.reporting import refresh, sync
from apps.reporting.models import SyncRun
from apps.reporting.periods import Period

from .factories import LAST_28, NOW, TODAY, ad_account, day, span

pytestmark = [pytest.mark.django_db, pytest.mark.services]

WEEK = span("11-09", "11-15")


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def shop():
    return ad_account("Fjord Outdoor")


def to_come(account, since="11-01", until="11-23", *, reason="nightly", state="queued", **more) -> SyncRun:
    (run,) = sync.request([account], reason, since=day(since), until=day(until), **more)
    SyncRun.objects.filter(pk=run.pk).update(state=state)
    return run


def ask(*accounts, windows=(WEEK,), by=None):
    return refresh.ask(list(accounts), list(windows), by=by)


def asked_for():
    return SyncRun.objects.filter(reason="page")


@pytest.mark.parametrize("state", ["queued", "waiting", "running"])
def test_what_a_run_to_come_brings_is_not_queued_again(shop, state):
    to_come(shop, state=state)

    asked = ask(shop)

    assert (asked.queued, asked.under_way) == ([], [shop])
    assert asked.sentence("9 – 15 Nov 2026") == (
        "1 ad account is being synced for these days already. The numbers change here as they arrive."
    )
    assert not asked_for().exists()


def test_a_run_with_more_sets_than_a_page_shows_will_do(shop):
    to_come(shop, levels=["account", "campaign", "ad"], breakdowns=["country"])

    assert ask(shop).under_way == [shop]


@pytest.mark.parametrize(
    "other",
    [
        {"state": "done"},
        {"state": "failed"},
        {"since": "11-10"},
        {"until": "11-14"},
        {"levels": ["campaign", "adset", "ad"]},
        {"breakdowns": ["country"], "whole": False},
    ],
)
def test_a_run_that_has_ended_or_brings_less_will_not_do(shop, other):
    to_come(shop, **other)

    asked = ask(shop)

    assert (asked.queued, asked.under_way) == ([shop], [])
    assert [(run.since, run.until) for run in asked_for()] == [(WEEK.since, WEEK.until)]


def test_of_several_windows_only_those_that_are_missing_are_queued(shop):
    to_come(shop)
    year_before = span("2025-11-10", "2025-11-16")

    asked = ask(shop, windows=[WEEK, year_before])

    assert asked.queued == [shop]
    assert [run.since for run in asked_for()] == [year_before.since]


def test_each_ad_account_is_looked_at_for_itself(shop):
    other = ad_account("Harbor")
    to_come(other)

    asked = ask(shop, other)

    assert (asked.queued, asked.under_way) == ([shop], [other])
    assert asked.sentence("these days").startswith(
        "1 ad account is queued for these days. 1 ad account is being synced for these days already."
    )


def test_only_so_many_may_be_to_come_and_who_asks_for_more_is_told(shop):
    other = ad_account("Harbor")
    windows = [Period.ending(TODAY - timedelta(days=n), 2) for n in range(refresh.MOST_OPEN + 1)]
    for window in windows[:-1]:
        assert ask(shop, windows=[window]).queued == [shop]

    asked = ask(shop, other, windows=[windows[-1]])

    assert (asked.queued, asked.full) == ([other], [shop])
    assert "1 ad account is left out: 5 syncs that were asked for here are still to come." in asked.sentence(
        "x"
    )
    asked_for().filter(account=shop, since=windows[0].since).update(state="done")
    assert ask(shop, windows=[windows[-1]]).queued == [shop]


def test_days_before_metas_memory_queue_nothing_and_say_so(shop):
    asked = ask(shop, windows=[span("2020-01-01", "2020-01-07")])

    assert asked.sentence("1 – 7 Jan 2020") == "Meta has no numbers of 1 – 7 Jan 2020. Nothing was queued."


def test_the_button_pressed_twice_says_that_it_is_under_way(shop, signed_in, admin):
    browser = signed_in(admin)
    browser.post("/performance/sync/")

    page = browser.post("/performance/sync/", follow=True).content.decode()

    assert "is being synced for these days already" in page
    assert asked_for().count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_who_press_at_once_get_one_run(shop):
    at_once, outcomes = threading.Barrier(2), []

    def press(window):
        at_once.wait(10)
        outcomes.append(ask(shop, windows=[window]))
        connection.close()

    threads = [threading.Thread(target=press, args=(LAST_28,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(len(asked.queued) for asked in outcomes) == [0, 1]
    assert asked_for().count() == 1
