"""Many small runs in few round trips."""

from datetime import date

import pytest

from apps.connections import tokens
from apps.connections.models import AdAccount
from apps.reporting import sync, together
from apps.reporting.models import Insight, SyncRun
from apps.sandbox import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.services]

WINDOW = {"since": date(2026, 11, 22), "until": date(2026, 11, 23)}


@pytest.fixture(scope="module")
def server():
    with Sandbox(seed=7, now="2026-11-23T20:00:00Z", frozen=True) as sandbox:
        yield sandbox


@pytest.fixture
def meta(server, settings):
    server.reset()
    server.configure(tier="full")
    settings.META_GRAPH_URL = server.url
    settings.META_APP_ID, settings.META_APP_SECRET = server.app_id, server.app_secret
    settings.GRAPH_CLIENT_OPTIONS = {"sleep": lambda seconds: None}
    tokens.connect("Agency", server.token("system"))
    return server


def due() -> list[SyncRun]:
    return sync.request(AdAccount.objects.in_order(), SyncRun.Reason.HOURLY, **WINDOW)


def stored() -> list[tuple]:
    return list(
        Insight.objects.order_by("account__meta_id", "level", "object_id", "day").values_list(
            "account__meta_id", "level", "object_id", "day", "spend", "impressions", "actions"
        )
    )


def test_all_accounts_of_a_token_take_one_round_trip_and_the_numbers_are_the_same(meta):
    for run in due():
        sync.perform(run.pk)
    alone = stored()
    Insight.objects.all().delete()
    fill = together.Fill()

    runs = together.perform([run.pk for run in due()], fill=fill).tried

    assert [run.state for run in runs] == ["done"] * 12
    assert stored() == alone
    assert alone
    assert fill.requests == 1
    assert fill.average == 36
    assert sum(run.calls for run in runs) == 36


def test_members_that_go_on_are_asked_for_their_next_page_together(meta):
    meta.configure(short_pages=True)
    fill = together.Fill()

    runs = together.perform([run.pk for run in due()], fill=fill).tried

    assert {run.state for run in runs} == {"done"}
    assert 1 < fill.requests < 36
    meta.configure(short_pages=False)
    before = stored()
    together.perform([run.pk for run in due()])
    assert stored() == before


def test_one_account_that_fails_leaves_the_others_alone(meta):
    unlucky = AdAccount.objects.in_order().first()
    meta.fail("error", path=f"{unlucky.act_id}/insights", code=100, subcode=33, times=9)

    runs = together.perform([run.pk for run in due()]).tried

    failed = [run for run in runs if run.state == "failed"]
    assert [run.account for run in failed] == [unlucky]
    assert (failed[0].error_code, failed[0].error_subcode) == (100, 33)
    assert sum(run.state == "done" for run in runs) == 11


def test_a_member_that_was_not_finished_is_asked_again(meta):
    meta.fail("null_item", times=3)

    runs = together.perform([run.pk for run in due()]).tried

    assert {run.state for run in runs} == {"done"}


def test_a_blocked_account_waits_and_nothing_is_sent_into_its_block(meta):
    blocked = AdAccount.objects.in_order().first()
    meta.block("ads_insights", minutes=20, account=blocked.meta_id)
    together.perform([run.pk for run in due()])

    runs = together.perform([run.pk for run in due()]).tried

    waiting = [run for run in runs if run.state == "waiting"]
    assert [run.account for run in waiting] == [blocked]
    assert waiting[0].not_before is not None
    assert meta.calls_while_blocked() in (0, {}, [])


def test_a_refused_token_fails_every_run_and_the_connection_says_so(meta):
    meta.revoke("system", 460)

    runs = together.perform([run.pk for run in due()]).tried

    assert {run.state for run in runs} == {"failed"}
    assert {run.error_code for run in runs} == {190}
    assert AdAccount.objects.reachable().count() == 0


def test_a_window_too_large_for_one_answer_is_left_to_be_read_alone(meta):
    meta.configure(sync_row_cap=9)
    together.perform([run.pk for run in due()])
    queued = SyncRun.objects.filter(state="queued")

    assert queued.exists()
    ended = [sync.perform(run.pk) for run in queued]

    meta.configure(sync_row_cap=100_000)
    assert {run.state for run in ended} == {"done"}


def test_runs_that_are_done_are_not_done_again(meta):
    runs = due()
    together.perform([run.pk for run in runs])

    assert together.perform([run.pk for run in runs]) == together.Worked()
