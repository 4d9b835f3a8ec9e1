"""Asynchronous reports bring the same rows as reading at once, whatever becomes of them at Meta."""

import json
import subprocess
import sys
import threading
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
import requests
from django.db import connection, transaction

from apps.connections import clients
from apps.reporting import insights, reports, sync
from apps.reporting.models import Insight, KnownSplit, ReportRun, SyncRun
from apps.reporting.store import Window
from apps.reporting.streaming import METRICS, Incoming

pytestmark = [pytest.mark.django_db, pytest.mark.services]

# Long enough ago that Meta restates it no more: the numbers stand still while the clock moves.
SINCE, UNTIL = date(2026, 9, 10), date(2026, 9, 16)
COLUMNS = [
    "day", "object_id", "segment", "campaign_id", "adset_id", "ad_id", "name", "currency", "impressions", "clicks",
    "inline_link_clicks", "spend", "reach", "frequency", "attribution_setting",
]  # fmt: skip


def start(account, *windows, since=SINCE, until=UNTIL, levels=("ad",)):
    (run,) = sync.request([account], SyncRun.Reason.NIGHTLY, since=since, until=until, levels=list(levels))
    SyncRun.objects.filter(pk=run.pk).update(state="running")
    run.refresh_from_db()
    reports.plan(run, windows or [Window(level, since, until) for level in levels])
    return run


def step(run):
    own = clients.connection_for(run.account)
    return reports.advance(run, own, clients.for_connection(own, purpose="sync", background=True))


def work_off(run, clock, most=400, least=1):
    for _ in range(most):
        progress = step(run)
        if progress.done:
            return finish(run)
        clock.advance(max(progress.wait, least))
    raise AssertionError(list(run.reports.values_list("state", "error", "since", "until")))


def finish(run):
    with transaction.atomic():
        changes = reports.store_all(run)
    reports.forget(run)
    SyncRun.objects.filter(pk=run.pk).update(state="done")
    return changes


def same(account, level="ad", breakdown="", **days):
    """The rows that differ between store and Meta: none."""
    ours = {row[:3]: row for row in _ours(account, level, breakdown)}
    theirs = {row[:3]: row for row in _theirs(account, level, breakdown, **days)}
    assert theirs
    return {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}


def _ours(account, level, breakdown):
    for row in Insight.objects.filter(account=account).at(level, breakdown):
        arrays = (row.actions, row.action_windows, row.action_values, row.action_value_windows)
        yield (*_texts(row), *arrays)


def _theirs(account, level, breakdown, since=SINCE, until=UNTIL):
    client = clients.for_connection(clients.connection_for(account), purpose="sync")
    for row in insights.fetch(client, account, level=level, since=since, until=until, breakdown=breakdown):
        arrays = (row.actions, row.action_windows, row.action_values, row.action_value_windows)
        yield (*_texts(row), *map(json.loads, arrays))


def _texts(row):
    values = [getattr(row, name) for name in COLUMNS]
    return [value if value is None or isinstance(value, date) else str(value) for value in values]


def orders(run):
    return sum(run.reports.values_list("orders", flat=True))


@pytest.fixture
def account(make_account, sandbox, no_pauses):
    sandbox.configure(report_seconds=20)
    return make_account()


class FussyMeta:
    """The sandbox behind a door that scripts how each report ends, by what it asks for.

    `ends(form)` gives the outcome for a report, or None for the usual; `ads` are act → ad → (campaign, ad set).
    """

    def __init__(self, sandbox):
        self.sandbox, self.forms, self.ends = sandbox, [], lambda form: None
        guard = threading.Lock()
        fussy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                with guard:
                    forms = orders_in(self.path, body) if self.command == "POST" else []
                    fussy.forms += forms
                    ends = [fussy.ends(form) for form in forms]
                    if any(ends):
                        sandbox.script_reports(*(end or "complete" for end in ends))
                    headers = {
                        name: value
                        for name, value in self.headers.items()
                        if name.lower() not in {"host", "connection"}
                    }
                    answer = requests.request(
                        self.command, sandbox.url + self.path, data=body, headers=headers, timeout=30
                    )
                self.send_response(answer.status_code)
                for name, value in answer.headers.items():
                    if name.lower() not in {
                        "content-length",
                        "transfer-encoding",
                        "connection",
                        "content-encoding",
                    }:
                        self.send_header(name, value)
                self.send_header("content-length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def do_GET(self):
                self.forward()

            def do_POST(self):
                self.forward()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def orders_in(path, body):
    """The forms of the reports that a request orders, in a batch or alone."""
    form = read_form(body.decode())
    if path.endswith("/insights"):
        return [form]
    members = json.loads(form.get("batch", "[]"))
    return [
        read_form(member["body"])
        for member in members
        if member["method"] == "POST" and member["relative_url"].endswith("/insights")
    ]


def read_form(text):
    return {name: values[0] for name, values in parse_qs(text).items()}


@pytest.fixture
def fussy(sandbox, account, settings):
    with FussyMeta(sandbox) as fussy:
        settings.META_GRAPH_URL = fussy.url
        yield fussy


def asks_for(form, day, ad):
    """Whether a report is about this day (any, if None) and this ad of (id, ad set, campaign)."""
    span = json.loads(form["time_range"])
    if day and not span["since"] <= day.isoformat() <= span["until"]:
        return False
    for condition in json.loads(form.get("filtering", "[]")):
        level = condition["field"].removesuffix(".id")
        within = ad[level] in condition["value"]
        if within != (condition["operator"] == "IN"):
            return False
    return True


def fields_of(form):
    return set(form["fields"].split(",")) & set(METRICS)


def busiest_ad(account):
    row = next(
        row
        for row in sorted(_theirs(account, "ad", ""), key=lambda row: row[0])
        if row[COLUMNS.index("impressions")]
    )
    return {"campaign": row[3], "adset": row[4], "ad": row[5]}


# --- what usually happens --------------------------------------------------------------------------


@pytest.mark.parametrize("short_pages", [False, True])
def test_a_report_brings_the_same_rows_as_reading_at_once(account, sandbox, clock, short_pages):
    sandbox.configure(short_pages=short_pages)
    run = start(account)

    changes = work_off(run, clock)

    assert same(account) == set()
    assert changes.added == changes.rows == Insight.objects.count() > 50
    assert orders(run) == 1
    assert reports.gaps(run) == []


def test_a_breakdown_comes_as_a_report_too(account, clock):
    window = Window("campaign", SINCE, UNTIL, "age,gender")

    work_off(start(account, window), clock)

    assert same(account, "campaign", "age,gender") == set()


def test_a_second_time_changes_nothing(account, clock):
    work_off(start(account), clock)
    before = list(Insight.objects.order_by("pk").values_list("pk", "changed_at"))

    changes = work_off(start(account), clock)

    assert (changes.added, changes.changed, changes.removed) == (0, 0, 0)
    assert list(Insight.objects.order_by("pk").values_list("pk", "changed_at")) == before


def test_one_hundred_percent_but_running_is_waited_for(account, clock):
    run = start(account)
    step(run)
    clock.advance(17)  # all computed at Meta, not yet readable

    progress = step(run)

    report = run.reports.get()
    assert (report.state, report.percent, progress.done) == ("ordered", 100, False)
    assert 0 < progress.wait <= 30
    clock.advance(30)
    assert step(run).done
    assert orders(run) == 1


def test_a_fresh_report_that_meta_does_not_know_yet_is_looked_at_again(account, sandbox, clock):
    sandbox.script_reports("late")
    run = start(account)

    work_off(run, clock)

    assert same(account) == set()
    assert orders(run) == 1


def test_a_report_that_is_not_ready_after_all_is_looked_at_again(account, sandbox, clock):
    script = sandbox.fail(
        "error", path=r"/\d+/insights$", method="GET", code=2601, subcode=1815107, is_transient=True, times=6
    )
    run = start(account)

    work_off(run, clock)

    assert script.used >= 5
    assert same(account) == set()
    assert orders(run) == 1


@pytest.mark.parametrize("outcome", ["fail", "skip"])
def test_what_fails_once_is_ordered_again_and_not_split(account, sandbox, clock, outcome):
    sandbox.script_reports(outcome)
    run = start(account)

    work_off(run, clock)

    assert same(account) == set()
    assert run.reports.get().orders == 2


def test_a_number_as_report_run_id_is_accepted(account):
    assert reports._run_id({"report_run_id": 6023920149050}) == "6023920149050"


# --- never ending, too large, poisoned ---------------------------------------------------------------


def test_a_report_that_never_ends_is_ordered_again_after_its_deadline_and_then_split(account, sandbox, clock):
    sandbox.script_reports("stuck", "stuck")
    run = start(account)

    work_off(run, clock, least=300)

    assert same(account) == set()
    whole = run.reports.get(parent=None)
    assert (whole.state, whole.orders, whole.late) == ("split", 2, True)
    assert sorted(run.reports.exclude(parent=None).values_list("since", "until")) == [
        (SINCE, SINCE + timedelta(days=3)),
        (SINCE + timedelta(days=4), UNTIL),
    ]


def test_reports_of_which_none_ever_ends_come_to_an_end(account, fussy, clock):
    fussy.ends = lambda form: "stuck"
    run = start(account)
    began = clock.sandbox.now

    work_off(run, clock, least=300)

    gaps = reports.gaps(run)
    days = {gap.since + timedelta(days=n) for gap in gaps for n in range((gap.until - gap.since).days + 1)}
    assert len(days) == 7
    assert any("do not end, however small" in gap.reason for gap in gaps)
    assert clock.sandbox.now - began < timedelta(hours=8)
    assert len(fussy.forms) < 40
    assert Insight.objects.count() == 0


def test_what_is_too_large_is_split_until_it_fits_and_the_size_is_known_next_time(
    account, sandbox, clock, fussy
):
    ads = len({row[1] for row in _theirs(account, "ad", "")})
    sandbox.configure(async_row_cap=2 * max(ads, 60))
    first = start(account)
    work_off(first, clock)
    orders_before = len(fussy.forms)
    fussy.forms.clear()

    second = start(account)
    work_off(second, clock)

    assert same(account) == set()
    known = KnownSplit.objects.get(account=account, level="ad", breakdown="")
    assert known.days < 7
    assert orders_before > len(fussy.forms) == -(-7 // known.days)
    assert not second.reports.filter(state="split").exists()


def test_a_day_that_is_too_large_is_split_by_its_campaigns(account, fussy, clock):
    """The pretend limit: a report may name one campaign, or be of no more than one."""
    fussy.ends = lambda form: None if len(_named(form)) in {1, 2} else "fail"
    run = start(account, since=SINCE, until=SINCE)

    work_off(run, clock)

    assert same(account, since=SINCE, until=SINCE) == set()
    assert run.reports.filter(state="read").exclude(object_ids=[]).count() > 1


def _named(form):
    return [one for condition in json.loads(form.get("filtering", "[]")) for one in condition["value"]]


def test_a_poisoned_ad_is_named_and_every_other_row_is_there(account, fussy, clock):
    ad = busiest_ad(account)
    fussy.ends = lambda form: "fail" if asks_for(form, None, ad) else None
    run = start(account)

    work_off(run, clock, least=30)

    missing = same(account)
    assert {object_id for _, object_id, _ in missing} == {ad["ad"]}
    gaps = reports.gaps(run)
    assert all(ad["ad"] in gap.reason and not gap.is_everything for gap in gaps)
    assert {gap.since for gap in gaps} >= {day for day, _, _ in missing}
    assert {(gap.code, gap.subcode) for gap in gaps} == {(-2, 2490547)}
    assert len(fussy.forms) < 150


def test_a_poisoned_ad_is_named_although_no_list_of_numbers_can_be_read_and_no_ad_is_known(
    account, sandbox, clock
):
    ad = busiest_ad(account)["ad"]
    theirs = {row[:3] for row in _theirs(account, "ad", "")}
    sandbox.poison(ad)

    run = start(account)
    work_off(run, clock, least=30)

    assert not account.ads.exists()
    assert {gap.reason.split(" on ")[0] for gap in reports.gaps(run)} == {f"All fields of ad {ad}"}
    assert {row[:3] for row in _ours(account, "ad", "")} == {key for key in theirs if key[1] != ad}


def test_a_poisoned_field_of_one_ad_is_named_and_the_rest_of_its_row_is_there(account, fussy, clock):
    ad, day = busiest_ad(account), None
    day = min(row[0] for row in _theirs(account, "ad", "") if row[1] == ad["ad"])
    fussy.ends = lambda form: "fail" if asks_for(form, day, ad) and "clicks" in fields_of(form) else None
    run = start(account)

    work_off(run, clock, least=30)

    assert same(account) == {(day, ad["ad"], "")}
    row = Insight.objects.get(object_id=ad["ad"], day=day)
    (theirs,) = [one for one in _theirs(account, "ad", "") if one[:2] == (day, ad["ad"])]
    assert [str(row.impressions), str(row.spend), str(row.reach)] == [theirs[8], theirs[11], theirs[12]]
    (gap,) = reports.gaps(run)
    assert gap.reason.startswith(f"clicks of ad {ad['ad']} on {day} did not come.")


def test_what_does_not_come_leaves_what_is_stored(account, fussy, clock):
    work_off(start(account), clock)
    ad = busiest_ad(account)
    fussy.ends = lambda form: "fail" if asks_for(form, SINCE, ad) else None

    changes = work_off(start(account), clock, least=30)

    assert (changes.added, changes.changed, changes.removed) == (0, 0, 0)
    assert same(account) == set()


def test_a_field_that_fails_everywhere_comes_to_an_end_and_the_others_arrive(account, fussy, clock):
    fussy.ends = lambda form: "fail" if "action_values" in fields_of(form) else None
    run = start(account)

    work_off(run, clock, least=30)

    ours = {row[:3]: row[:-2] for row in _ours(account, "ad", "")}
    theirs = {row[:3]: row[:-2] for row in _theirs(account, "ad", "")}
    assert ours == theirs
    assert any(row[-1]["omni_purchase"]["7d_click"] for row in theirs.values() if "omni_purchase" in row[-1])
    assert {row.action_value_windows is None for row in Insight.objects.all()} == {True}
    asked = {"action_attribution_windows" in form for form in fussy.forms if fields_of(form) & {"actions"}}
    assert asked == {True}
    without = [form for form in fussy.forms if not fields_of(form) & {"actions", "action_values"}]
    assert without
    assert not any("action_attribution_windows" in form for form in without)
    assert all("action_values" in gap.reason for gap in reports.gaps(run))
    assert len(fussy.forms) < 200


# --- killed, together, held up ----------------------------------------------------------------------


def test_a_report_whose_id_is_stored_is_not_ordered_again_by_the_next_worker(account, fussy, clock):
    run = start(account)
    step(run)
    del run  # the worker dies; another takes the row up

    work_off(SyncRun.objects.get(), clock)

    assert len(fussy.forms) == 1
    assert same(account) == set()


def test_a_worker_killed_while_reading_leaves_nothing_double(account, sandbox, clock):
    sandbox.configure(short_pages=True)
    run = start(account)
    step(run)
    clock.advance(60)
    sandbox.fail("error", path=r"/\d+/insights$", method="GET", code=190, subcode=460, times=1)
    with pytest.raises(Exception, match="190"):
        step(run)
    report = run.reports.get()
    assert report.state == "ready"
    (ghost, *_) = insights.fetch(
        clients.for_connection(clients.connection_for(account), purpose="sync"),
        account,
        level="ad",
        since=SINCE,
        until=UNTIL,
    )
    left = Incoming.of_run(run.pk, "ad", "")
    left.write([ghost._replace(object_id="ghost")], part=report.pk)

    changes = work_off(SyncRun.objects.get(pk=run.pk), clock)

    assert same(account) == set()
    assert changes.rows == Insight.objects.count()
    assert orders(run) == 1


def test_rows_that_a_crashed_database_lost_are_read_again(account, clock):
    run = start(account)
    step(run)
    clock.advance(60)
    step(run)
    reports.forget(run)

    assert not step(run).done
    work_off(run, clock)

    assert same(account) == set()
    assert orders(run) == 1


def test_two_accounts_of_a_token_are_looked_at_in_one_batch(make_account, account, sandbox, clock):
    runs = [start(account), start(make_account("Harbor"))]
    for run in runs:
        step(run)
    clock.advance(60)
    before = sandbox.state()["call_counts"]

    step(runs[0])

    assert set(ReportRun.objects.values_list("state", flat=True)) == {"read", "ready"}
    assert sandbox.state()["calls"] - sum(before.values()) <= 6
    for run in runs:
        work_off(run, clock)
        assert same(run.account) == set()


def test_no_more_reports_of_an_account_run_at_once_than_allowed(account, fussy, clock):
    KnownSplit.objects.create(account=account, level="ad", days=1)
    run = start(account)
    most = 0
    for _ in range(100):
        progress = step(run)
        most = max(most, run.reports.filter(state="ordered").count())
        if progress.done:
            break
        clock.advance(max(1, progress.wait))

    assert most == reports.AT_ONCE
    assert len(fussy.forms) == 7


def test_nothing_is_ordered_into_a_block_and_the_wait_is_told(account, sandbox, clock):
    run = start(account)
    sandbox.block("ads_insights", minutes=10, account=account.act_id)

    progress = step(run)

    assert not progress.done
    assert progress.held_up_by is not None
    assert progress.wait > 300
    assert step(run).wait > 300
    assert sandbox.calls_while_blocked() == 0
    assert run.reports.get().state == "new"
    clock.advance(progress.wait + 1)
    work_off(run, clock)
    assert same(account) == set()


def test_a_larger_size_is_tried_again_when_it_went_well_for_days(account, clock):
    KnownSplit.objects.create(account=account, level="ad", days=2)
    clock.advance(4 * 86400)

    work_off(start(account), clock)

    assert KnownSplit.objects.get().days == 3


def test_what_waits_for_an_explanation_does_not_make_the_worker_spin(account, fussy, clock):
    ad = busiest_ad(account)
    fussy.ends = lambda form: "fail" if asks_for(form, None, ad) else None
    run = start(account)

    for _ in range(60):
        progress = step(run)
        assert progress.done or progress.wait > 0
        clock.advance(max(progress.wait, 25))


KILLED = """
import os, signal, sys
import django, time_machine
django.setup()
from datetime import datetime
from django.conf import settings
from django.db import connection

name, url, moment, run_id, last = sys.argv[1:]
settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
settings.META_GRAPH_URL = url
settings.GRAPH_RECORDER = "__main__.hear"
heard = 0

def hear(call, **about):
    global heard
    heard += 1
    if heard == int(last):
        os.kill(os.getpid(), signal.SIGKILL)

from apps.connections import clients
from apps.reporting import reports
from apps.reporting.models import SyncRun

run = SyncRun.objects.select_related("account").get(pk=run_id)
own = clients.connection_for(run.account)
with time_machine.travel(datetime.fromisoformat(moment)) as clock:
    for _ in range(10):
        if reports.advance(run, own, clients.for_connection(own, purpose="sync", background=True)).done:
            break
        clock.shift(60)
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("last_call", "ordered"),
    [(1, 2), (2, 1), (5, 1)],
    ids=["ordered, not yet written down", "looked at", "half read"],
)
def test_a_worker_killed_at_any_call_loses_nothing_and_doubles_nothing(
    account, sandbox, clock, last_call, ordered
):
    sandbox.configure(report_seconds=0, short_pages=True)
    run = start(account)
    given = [
        connection.settings_dict["NAME"],
        sandbox.url,
        clock.sandbox.now.isoformat(),
        str(run.pk),
        str(last_call),
    ]

    died = subprocess.run([sys.executable, "-c", KILLED, *given], capture_output=True, text=True, timeout=60)

    assert died.returncode == -9, died.stderr
    clock.advance(60)
    changes = work_off(SyncRun.objects.get(pk=run.pk), clock)
    assert changes.rows == Insight.objects.count()
    assert same(account) == set()
    assert len(sandbox.state()["reports"]) == ordered
