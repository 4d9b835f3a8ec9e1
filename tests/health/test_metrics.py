"""`/metrics`: what outside checks read, right over processes and restarts, and who may read it."""

import json
import os
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from apps.connections import clients
from apps.connections.models import Connection
from apps.graphapi import GraphError, Request
from apps.graphapi.pace import NoPace
from apps.health import metrics
from apps.health.models import CallTotal
from apps.reporting.models import SyncRun

MONITORING = Path(__file__).parents[2] / "docs" / "monitoring"

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def samples():
    """(name, sorted labels) to value, of everything told."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        (one.name, *sorted(one.labels.items())): one.value for family in families for one in family.samples
    }


@pytest.fixture
def called(make_connection, make_account, sandbox, recorded, no_pauses):
    """Calls of every kind: one that fails, a batch, one that tells how much of an allowance is spent."""
    account = make_account()
    client = clients.for_connection(Connection.objects.get(), purpose="sync", pace=NoPace())
    sandbox.set_allowance("ads_insights", 60, account=account.act_id)
    client.get(f"{account.act_id}/insights", level="account", date_preset="today")
    client.batch([Request("GET", f"{account.act_id}/campaigns")] * 3)
    sandbox.fail("error", code=100, status=400, times=1)
    with pytest.raises(GraphError):
        client.get(f"{account.act_id}/adsets")
    recorded()
    return account


def test_it_counts_calls_by_endpoint_and_status(called):
    told = samples()

    def count(endpoint, status):
        return told["api_requests_total", ("endpoint", endpoint), ("status", status)]

    assert count("act_{id}/campaigns", "200") == 3
    assert count("act_{id}/adsets", "400") == 1
    assert count("batch", "200") == 1
    assert told[("api_batches_total",)] == 1
    assert told[("api_batch_members_total",)] == told[("api_batch_fill_rate",)] == 3


def test_latency_is_a_histogram_of_round_trips(called):
    told = samples()

    buckets = [value for name, value in told.items() if name[0] == "api_latency_seconds_bucket"]
    trips = sum(CallTotal.objects.values_list("trips", flat=True))
    assert buckets == sorted(buckets)
    assert buckets[-1] == told[("api_latency_seconds_count",)] == trips
    assert told[("api_latency_seconds_sum",)] >= 0


def test_the_score_has_a_series_for_each_dimension(called):
    told = samples()

    labels = ("account", called.meta_id), ("type", "ads_insights")
    score = told["api_rate_limit_bu_score", labels[0], ("dimension", "call_count"), labels[1]]
    assert 59 <= score <= 63
    assert told["api_rate_limit_used", *labels] == pytest.approx(score, abs=3)
    assert ("api_rate_limit_regain_seconds", *labels) not in told


def test_a_score_that_was_told_over_an_hour_ago_is_told_no_more(called, clock):
    clock.advance(3700)

    assert not [name for name in samples() if name[0] == "api_rate_limit_bu_score"]


def test_a_block_tells_when_it_opens(called, sandbox, recorded):
    sandbox.block("ads_insights", minutes=5, account=called.act_id)
    client = clients.for_connection(Connection.objects.get(), purpose="sync", pace=NoPace())
    with pytest.raises(GraphError):
        client.get(f"{called.act_id}/insights", level="account", date_preset="today")
    recorded()

    told = samples()

    left = told["api_rate_limit_regain_seconds", ("account", called.meta_id), ("type", "ads_insights")]
    assert 200 < left <= 360
    assert told[("api_rate_limits_blocked",)] >= 1


def test_tokens_tell_their_days_and_whether_they_work(make_connection):
    connection = make_connection()
    Connection.objects.update(never_expires=False, expires_at=timezone.now() + timedelta(days=12, hours=12))

    told = samples()

    name = ("connection", connection.name)
    assert told["api_token_days_until_expiry", name] == pytest.approx(12.5, abs=0.01)
    assert told["api_token_valid", name] == 1
    Connection.objects.update(
        state="refused", never_expires=True, expires_at=None, data_access_expires_at=None
    )
    assert samples()["api_token_days_until_expiry", name] == float("inf")
    assert samples()["api_token_valid", name] == 0


def test_the_queue_tells_how_deep_it_is_and_how_old(make_account):
    account, now = make_account(), timezone.now()
    for minutes, state in ((5, "queued"), (60, "running"), (1, "waiting")):
        SyncRun.objects.create(
            account=account, reason="page", since=now.date(), until=now.date(), levels=["account"], state=state,
            nudged_at=now - timedelta(minutes=minutes), not_before=now + timedelta(hours=1),
        )  # fmt: skip

    told = samples()

    assert [told["sync_queue_depth", ("state", state)] for state in ("queued", "running", "waiting")] == [
        1,
        1,
        1,
    ]
    assert told[("sync_queue_age_seconds",)] == pytest.approx(300, abs=5)
    assert told["sync_accounts", ("state", "info")] > 0


def test_endpoints_are_bounded_and_the_first_keep_their_names(monkeypatch):
    monkeypatch.setattr(metrics, "MOST_ENDPOINTS", 2)
    for n, path in enumerate(("first", "second", "third", "fourth")):
        CallTotal.objects.create(path=path, status=200, calls=10**n, trips=10**n, latency=[0] * 11)

    told = {name: value for name, value in samples().items() if name[0] == "api_requests_total"}

    assert {dict(name[1:])["endpoint"]: value for name, value in told.items()} == {
        "first": 1, "second": 10, "other": 1100,
    }  # fmt: skip


def test_a_scrape_asks_a_fixed_number_of_questions(called, add_accounts, count_queries):
    few = count_queries(metrics.text)
    add_accounts(40)

    assert count_queries(metrics.text) == few <= 12


# --- who may read it -------------------------------------------------------------------------------


def scrape(**more):
    return Client().get("/metrics", **more)


def test_it_has_no_slash_and_no_redirect(db):
    page = scrape()

    assert (page.status_code, page["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert Client().get("/metrics/").status_code == 404


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_without_a_token_this_machine_may_read_it(db, address):
    assert scrape(REMOTE_ADDR=address).status_code == 200


@pytest.mark.parametrize("address", ["10.0.0.7", "203.0.113.9", "::2", "", "unix:"])
def test_without_a_token_nobody_else_may(db, address):
    page = scrape(REMOTE_ADDR=address)

    assert page.status_code == 403
    assert "Set METRICS_TOKEN" in page.content.decode()
    assert "api_requests" not in page.content.decode()


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via", "X-Forwarded-Proto"])
def test_who_comes_past_a_proxy_is_not_this_machine(db, header):
    assert scrape(headers={header: "127.0.0.1"}, REMOTE_ADDR="127.0.0.1").status_code == 403


def test_with_a_token_everybody_needs_it_this_machine_too(db, settings):
    settings.METRICS_TOKEN = "open sesame ü"

    for given in ("", "Bearer", "Bearer ", "Bearer open", "Basic open sesame", "open sesame"):
        page = scrape(headers={"Authorization": given})
        assert (page.status_code, page["WWW-Authenticate"]) == (401, "Bearer")
        assert "sesame" not in page.content.decode()
    settings.METRICS_TOKEN = "open-sesame"
    assert (
        scrape(headers={"Authorization": "Bearer open-sesame"}, REMOTE_ADDR="203.0.113.9").status_code == 200
    )
    assert scrape(headers={"Authorization": "bearer open-sesame", "Via": "1.1 proxy"}).status_code == 200


# --- as Prometheus reads it ------------------------------------------------------------------------


@pytest.fixture
def promtool():
    """Prometheus' own checker. FBADMIN_REQUIRE_PROMTOOL=1: failing, not skipping."""
    found = shutil.which("promtool")
    if found is None:
        missing = pytest.fail if os.environ.get("FBADMIN_REQUIRE_PROMTOOL") == "1" else pytest.skip
        missing("No promtool on this machine: it is in Debian's package prometheus.")

    def run(*words, **options):
        return subprocess.run(
            [found, *words], capture_output=True, text=True, timeout=60, check=False, **options
        )

    return run


def test_promtool_finds_nothing_in_the_metrics(promtool, called):
    done = promtool("check", "metrics", input=metrics.text().decode())

    # The name is agreed with whoever reads it from outside; promtool would rather have seconds.
    agreed = 'api_token_days_until_expiry use base unit "seconds" instead of "days"'
    assert (done.stdout + done.stderr).splitlines() == [agreed]


def test_promtool_finds_nothing_in_the_alert_rules(promtool):
    done = promtool("check", "rules", MONITORING / "alerts.yml")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


def test_the_alert_rules_fire_and_rest_when_they_should(promtool):
    done = promtool("test", "rules", "alerts.test.yml", cwd=Path(__file__).parent / "monitoring")

    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_dashboard_name_only_metrics_that_there_are(called):
    families = text_string_to_metric_families(metrics.text().decode())
    there = {
        name for family in families for name in (family.name, f"{family.name}_total", f"{family.name}_bucket")
    }
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    asked.append((MONITORING / "alerts.yml").read_text())

    named = {name for text in asked for name in re.findall(r"\b(?:api|sync)_[a-z_]+", text)}

    assert len(named) > 10
    assert named <= there
