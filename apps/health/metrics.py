"""What Prometheus is told, read from our own tables at each scrape: right over any number of processes and restarts.

Counters come from rows that only grow. Labels are bounded: endpoints are patterns, and the first so many keep their
names; allowances are those of the last hour, the fullest first.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, F, Min
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from apps.connections.models import Connection
from apps.reporting.models import SyncRun
from apps.ui.pulse import LOUDNESS

from . import ages, budgets, traffic
from .budgets import Budget, Details
from .latency import together
from .models import CallTotal
from .models.calls import LATENCY_ENDS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_ENDPOINTS = 200
MOST_ALLOWANCES = 5000
# What stands in place of the ad account for an allowance of the app.
APP = "app"
_SPENT_FOR = timedelta(hours=1)
_DIMENSIONS = ("call_count", "total_cputime", "total_time", "percent")


def text() -> bytes:
    """The whole answer to a scrape. Raises DatabaseError."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(OurTables())
    return generate_latest(registry)


class OurTables(Collector):
    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        yield from _calls()
        yield from _batches(now)
        yield from _allowances(now)
        yield from _tokens(now)
        yield from _data(now)
        yield from _queue(now)


# --- calls -----------------------------------------------------------------------------------------


def _calls() -> Iterator[Metric]:
    totals = list(CallTotal.objects.order_by("pk"))
    # The first keep their names for good: a counter that changed its name would seem to fall.
    paths = list(dict.fromkeys(total.path for total in totals))
    named = set(paths[:MOST_ENDPOINTS])
    counts: Counter[tuple[str, str]] = Counter()
    for total in totals:
        endpoint = total.path if total.path in named else "other"
        # An envelope is no call of its own; under `batch` the round trips are counted.
        counts[endpoint, str(total.status or "none")] += total.trips if total.path == "batch" else total.calls
    requests = CounterMetricFamily(
        "api_requests",
        "Calls to Meta as it counts them, by path pattern and HTTP status (none: no answer). Members of batches count "
        "under their own path; the endpoint batch counts the round trips that carried them.",
        labels=["endpoint", "status"],
    )
    for labels, count in sorted(counts.items()):
        requests.add_metric(labels, count)
    yield requests

    columns = together(total.latency for total in totals)
    below, buckets = 0, []
    for end, count in zip([*(end / 1000 for end in LATENCY_ENDS), float("inf")], columns, strict=True):
        below += count
        buckets.append((_end(end), below))
    latency = HistogramMetricFamily(
        "api_latency_seconds", "Time of HTTP requests to Meta; a batch is one request."
    )
    latency.add_metric([], buckets, sum_value=sum(total.milliseconds for total in totals) / 1000)
    yield latency

    yield _counter("api_batches", "HTTP requests that carried a batch.", sum(
        total.trips for total in totals if total.path == "batch"
    ))  # fmt: skip
    yield _counter("api_batch_members", "Calls inside of batches.", sum(total.members for total in totals))


def _end(seconds: float) -> str:
    return "+Inf" if seconds == float("inf") else str(seconds)


def _batches(now: datetime) -> Iterator[Metric]:
    fill = traffic.fill_since(now - timedelta(hours=24))
    rate = GaugeMetricFamily(
        "api_batch_fill_rate",
        "Calls in each batch, of 50 at most, over the last 24 hours; absent without batches.",
    )
    if fill is not None:
        rate.add_metric([], fill)
    yield rate


# --- allowances ------------------------------------------------------------------------------------


def _allowances(now: datetime) -> Iterator[Metric]:
    score = GaugeMetricFamily(
        "api_rate_limit_bu_score",
        "Percent spent of each allowance as Meta last told it within the hour, by dimension; may pass 100.",
        labels=["account", "type", "dimension"],
    )
    used = GaugeMetricFamily(
        "api_rate_limit_used",
        "Percent spent of each allowance, estimated for now out of what Meta told and how that falls.",
        labels=["account", "type"],
    )
    regain = GaugeMetricFamily(
        "api_rate_limit_regain_seconds",
        "Seconds until a blocked allowance opens; absent where it is open.",
        labels=["account", "type"],
    )
    details = budgets.details()
    blocked = left_out = 0
    for n, budget in enumerate(_fresh(budgets.read(now).all, now)):
        blocked += budget.state == budgets.BLOCKED
        if n >= MOST_ALLOWANCES:
            left_out += 1
            continue
        labels = [budget.object_id or APP, budget.type or budget.scope]
        told = details.get(budget.key, Details(*budget.key))
        for dimension in _DIMENSIONS:
            value = getattr(told, dimension)
            if value is not None:
                score.add_metric([*labels, dimension], value)
        used.add_metric(labels, round(budget.level, 2))
        if budget.until:
            regain.add_metric(labels, round((budget.until - now).total_seconds()))
    yield from (score, used, regain)
    yield _gauge("api_rate_limits_blocked", "Allowances that are blocked.", blocked)
    yield _gauge(
        "api_rate_limits_left_out",
        f"Allowances without series of their own: more than {MOST_ALLOWANCES}.",
        left_out,
    )


def _fresh(all_of_them: Iterable[Budget], now: datetime) -> list[Budget]:
    """What was told over an hour ago has fallen to nothing, unless it is closed."""
    since = now - _SPENT_FOR / settings.META_CLOCK_SPEED
    fresh = [one for one in all_of_them if one.until or (one.told.told_at and one.told.told_at >= since)]
    return sorted(fresh, key=lambda one: -one.level)


# --- tokens ----------------------------------------------------------------------------------------


def _tokens(now: datetime) -> Iterator[Metric]:
    days = GaugeMetricFamily(
        "api_token_days_until_expiry",
        "Days until the token, or the access to its owner's data, ends: negative when over, +Inf if it never does.",
        labels=["connection"],
    )
    valid = GaugeMetricFamily(
        "api_token_valid", "Whether Meta takes the token, as far as is known.", labels=["connection"]
    )
    for connection in Connection.objects.exclude(state=Connection.State.DISCONNECTED).order_by("name"):
        valid.add_metric([connection.name], float(connection.works))
        ends = [end for end in (connection.expires_at, connection.data_access_expires_at) if end]
        if ends:
            days.add_metric([connection.name], round((min(ends) - now) / timedelta(days=1), 4))
        elif connection.never_expires:
            days.add_metric([connection.name], float("inf"))
    yield from (days, valid)


# --- data and the queue ----------------------------------------------------------------------------


def _data(now: datetime) -> Iterator[Metric]:
    states = ages.states()
    counts = ages.by_kind(states)
    accounts = GaugeMetricFamily(
        "sync_accounts",
        "Ad accounts by how well their numbers are: ok, info (none yet), warn (late or waiting), crit (failed).",
        labels=["state"],
    )
    for kind in LOUDNESS:
        if kind != "none":
            accounts.add_metric([kind], counts[kind])
    yield accounts
    oldest = GaugeMetricFamily(
        "sync_oldest_age_seconds",
        "Age of today's numbers where they are oldest; absent before the first.",
    )
    known = [state.at for state in states if state.at]
    if known:
        oldest.add_metric([], round((now - min(known)).total_seconds()))
    yield oldest


def _queue(now: datetime) -> Iterator[Metric]:
    runs = SyncRun.objects.open().values("state").annotate(number=Count("pk"))
    depths: dict[str, int] = defaultdict(int, {row["state"]: row["number"] for row in runs})
    depth = GaugeMetricFamily(
        "sync_queue_depth", "Syncs that are queued, running, or wait for Meta.", labels=["state"]
    )
    for state in (SyncRun.State.QUEUED, SyncRun.State.RUNNING, SyncRun.State.WAITING):
        depth.add_metric([state.value], depths[state.value])
    yield depth
    due = SyncRun.objects.due().order_by().aggregate(oldest=Min(F("nudged_at")))["oldest"]
    age = max(0.0, (now - due).total_seconds()) if due else 0.0
    yield _gauge(
        "sync_queue_age_seconds",
        "For how long the oldest sync that is due has been waiting for a worker.",
        age,
    )


def _counter(name: str, told: str, value: float) -> Metric:
    return CounterMetricFamily(name, told, value=value)


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)
