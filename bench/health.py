"""What the pages of health take with millions of recorded calls, and what recording a call costs.

Calls of 30 days at 1,000 ad accounts, one in a hundred failed, with all that is added up of them: minutes and hours,
ad accounts, allowances told every half hour for eight days (one in six near its end), kinds of errors. Pages are asked
for through the whole stack: address, session, permission, queries, template.

    python -m bench.health [--calls 10000000] [--accounts 1000] [--tries 60]
"""

import argparse
import logging
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from bench import scratch

CALLS_WRITTEN = 20_000
ENDS = "ARRAY[50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000]"
LATENCY = ", ".join(
    f"count(*) FILTER (WHERE trip AND width_bucket(milliseconds - 1, {ENDS}) = {n})::int" for n in range(11)
)

# One row in 25 is the envelope of a batch, of 20 members each; one in 25 went alone.
_CALLS = """
INSERT INTO health_call (at, method, path, account_id, connection_id, purpose, status, outcome, code, subcode,
  milliseconds, attempt, batch_size, envelope, usage_peak, fbtrace_id)
SELECT %(now)s - n * (interval '30 days' / %(calls)s), CASE WHEN n %% 25 = 0 THEN 'POST' ELSE 'GET' END,
  CASE WHEN n %% 25 = 0 THEN 'batch' ELSE paths[1 + seed %% 6] END,
  CASE WHEN n %% 25 = 0 THEN '' ELSE (100000 + seed %% %(accounts)s)::text END, %(connection)s, 'sync',
  CASE WHEN seed %% 100 = 0 THEN 400 ELSE 200 END,
  CASE WHEN seed %% 100 <> 0 THEN 'ok' ELSE (ARRAY['rate_limit', 'transient', 'invalid', 'permission'])[1 + n %% 4] END,
  CASE WHEN seed %% 100 = 0 THEN 80000 + n %% 20 END, NULL,
  (50 + seed %% 400 + CASE WHEN seed %% 50 = 0 THEN 3000 ELSE 0 END)::int,
  1, CASE WHEN n %% 25 = 1 THEN 0 ELSE 20 END, n %% 25 = 0, seed %% 100, 'A' || n
FROM generate_series(1, %(calls)s) AS n,
  LATERAL (SELECT abs(hashtext(n::text)::bigint)) AS given (seed),
  (SELECT ARRAY['act_{{id}}/insights', 'act_{{id}}/campaigns', 'act_{{id}}/adsets', 'act_{{id}}/ads', 'act_{{id}}',
    '{{id}}/insights']) AS named (paths)
""".replace("{{", "{").replace("}}", "}")

_OF_CALLS = """(SELECT *, coalesce(status, 0) AS known, envelope OR batch_size = 0 AS trip FROM health_call) AS call"""
_SUMS = f"""count(*) FILTER (WHERE NOT envelope), count(*) FILTER (WHERE trip),
  coalesce(sum(batch_size) FILTER (WHERE envelope), 0), coalesce(sum(milliseconds) FILTER (WHERE trip), 0),
  ARRAY[{LATENCY}]"""
_ADDED_UP = [
    f"""INSERT INTO health_callslot (grain, at, path, status, outcome, calls, trips, members, milliseconds, latency)
    SELECT 'h', date_trunc('hour', at), path, known, outcome, {_SUMS} FROM {_OF_CALLS} GROUP BY 2, 3, 4, 5""",
    f"""INSERT INTO health_callslot (grain, at, path, status, outcome, calls, trips, members, milliseconds, latency)
    SELECT 'm', date_trunc('minute', at), path, known, outcome, {_SUMS} FROM {_OF_CALLS}
    WHERE at > %(now)s - interval '2 days' GROUP BY 2, 3, 4, 5""",
    """INSERT INTO health_calltotal (path, status, calls, trips, members, milliseconds, latency)
    SELECT path, status, sum(calls), sum(trips), sum(members), sum(milliseconds),
      ARRAY[{}] FROM health_callslot WHERE grain = 'h' GROUP BY path, status""".format(
        ", ".join(f"sum(latency[{n}])::bigint" for n in range(1, 12))
    ),
    """INSERT INTO health_accounthour (account_id, at, path, purpose, outcome, calls)
    SELECT account_id, date_trunc('hour', at), path, purpose, outcome, count(*) FROM health_call
    WHERE account_id <> '' GROUP BY 1, 2, 3, 4, 5""",
]
_ALLOWANCES = (
    "(VALUES ('business_use_case', 'ads_insights'), ('business_use_case', 'ads_management'), ('account', ''))"
)
_USAGE = [
    f"""INSERT INTO health_usageslot (at, scope, object_id, type, peak)
    SELECT date_trunc('hour', %(now)s::timestamptz) - n * interval '30 minutes', scope, meta_id, type,
      round((abs(hashtext(meta_id || n)::bigint) %% 104) ^ 2 / 104)
    FROM generate_series(0, 8 * 48 - 1) AS n, connections_adaccount, {_ALLOWANCES} AS allowance (scope, type)""",
    f"""INSERT INTO health_usagenow (scope, object_id, type, call_count, total_cputime, total_time, peak, regain_at,
      tier, told_at, climb_at, climb_from)
    SELECT scope, meta_id, type, peak, peak / 2, peak / 3, peak,
      CASE WHEN peak >= 100 THEN %(now)s + interval '20 minutes' END, 'standard_access',
      %(now)s - seed %% 50 * interval '1 minute', %(now)s - interval '55 minutes', 1
    FROM connections_adaccount, {_ALLOWANCES} AS allowance (scope, type),
      LATERAL (SELECT abs(hashtext(meta_id || type)::bigint)) AS given (seed),
      LATERAL (SELECT round((seed %% 104) ^ 2 / 104)) AS square (peak)""",
    # As the pace book keeps them: a few minutes with what our calls cost.
    """INSERT INTO connections_allowance (key, gauge)
    SELECT concat_ws(':', scope, object_id, nullif(type, '')), jsonb_build_object(
      'told', peak, 'told_at', extract(epoch FROM told_at), 'sinks', 0, 'reserved', 0, 'reserved_at', 0,
      'spent', (SELECT jsonb_agg(jsonb_build_array(extract(epoch FROM date_trunc('minute', told_at)) - 60 * n, 1.5))
        FROM generate_series(0, 9) AS n),
      'next_at', 0, 'closed_until', coalesce(extract(epoch FROM regain_at), 0),
      'opens_at', coalesce(extract(epoch FROM regain_at), 0))
    FROM health_usagenow""",
]
_ERRORS = [
    """INSERT INTO health_errorgroup (key, code, path, use_case, kind, category, "unknown", count, first_seen,
      last_seen, message, state)
    SELECT code || '|' || path, code, path, 'ads_insights', '', min(outcome), false, count(*), min(at), max(at),
      '(#' || code || ') as Meta said', 'open'
    FROM health_call WHERE code IS NOT NULL GROUP BY code, path""",
    """INSERT INTO health_errorhour (group_id, at, account_id, connection_id, count)
    SELECT kind.id, date_trunc('hour', at), account_id, connection_id::text, count(*) FROM health_call
    JOIN health_errorgroup AS kind USING (code, path) GROUP BY 1, 2, 3, 4""",
    """INSERT INTO health_erroroccurrence (group_id, at, account_id, connection_id, purpose, method, status, attempt,
      milliseconds, batch_size, type, message, user_title, user_msg, is_transient, error_data, blame_fields, fbtrace_id,
      request_id, rev, api_version, retry_after, usage)
    SELECT kind.id, at, account_id, connection_id, purpose, method, status, attempt, milliseconds, batch_size,
      'OAuthException', kind.message, '', '', NULL, '', '[]', fbtrace_id, '', '', 'v26.0', 0, '[]' FROM health_call
    JOIN health_errorgroup AS kind USING (code, path)""",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=10_000_000)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--tries", type=int, default=60)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    with scratch.installation():
        began = time.perf_counter()
        build(given.calls, given.accounts)
        took = time.perf_counter() - began
        print(f"{given.calls:,} recorded calls, {given.accounts:,} ad accounts, made in {took:.0f} s")
        measure(given.tries)
        record(given.accounts)


def build(calls: int, accounts: int) -> None:
    from django.db import connection
    from django.utils import timezone

    now = timezone.now()
    values = {"now": now, "calls": calls, "accounts": accounts, "connection": str(_people(accounts, now))}
    with connection.cursor() as cursor:
        for statement in (_CALLS, *_ADDED_UP, *_USAGE, *_ERRORS):
            cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE")


def _people(number: int, now: Any) -> Any:
    """Ad accounts with their ledger and their latest runs, and the connection that reaches them."""
    from apps.connections.models import AdAccount, Connection, Reach
    from apps.reporting import ledger
    from apps.reporting.models import SyncRun
    from apps.reporting.store import Window

    reader = Connection.objects.create(
        name="Bench", kind="system_user", app_id="1", subject_id="1", never_expires=True, checked_at=now
    )
    accounts = AdAccount.objects.bulk_create(
        AdAccount(meta_id=str(100_000 + n), name=f"Shop {n}", currency="EUR", timezone_name="UTC")
        for n in range(number)
    )
    Reach.objects.bulk_create(Reach(connection=reader, account=account, since=now) for account in accounts)
    for account in accounts:
        ledger.complete(account, Window("account", now.date() - timedelta(days=28), now.date()))
    day = {"since": now.date(), "until": now.date(), "levels": ["account", "campaign"]}
    hours = [now - timedelta(hours=n) for n in range(48)]
    runs = (
        SyncRun(
            account=account, reason="hourly", state="done", queued_at=at, started_at=at, finished_at=at, **day
        )
        for account in accounts
        for at in hours
    )
    SyncRun.objects.bulk_create(runs, batch_size=5000)
    return reader.pk


def measure(tries: int) -> None:
    from django.test import Client

    from apps.team.models import User

    person = User.objects.with_password(
        "support@bench.example", "bench-bench-bench", role="support", name="Bench"
    )
    browser = Client(headers={"host": "localhost"})
    browser.force_login(person)
    print(f"{'':42}{'p50 ms':>9}{'p95 ms':>9}{'worked':>9}{'queries':>9}    ({tries} requests each)")
    for name, url, headers in _pages():
        took, worked, queries = _ask(
            lambda url=url, headers=headers: browser.get(url, headers=headers), tries
        )
        p95 = sorted(took)[max(0, round(0.95 * len(took)) - 1)]
        print(f"{name:42}{statistics.median(took):9.0f}{p95:9.0f}{worked:9.0f}{queries:9}")


def _pages() -> Iterator[tuple[str, str, dict[str, str]]]:
    """What is routed."""
    from django.urls import NoReverseMatch, reverse

    from apps.health.models import ErrorGroup

    group = ErrorGroup.objects.order_by("-count").values_list("pk", flat=True).first()
    pages = [
        ("health page, 24 hours", "health:index", {}, "", {}),
        ("health page, 7 days", "health:index", {}, "?period=7d", {}),
        ("health page, 1 hour", "health:index", {}, "?period=1h", {}),
        (
            "its panel of budgets alone",
            "health:index",
            {},
            "",
            {"HX-Request": "true", "HX-Target": "p-budgets"},
        ),
        ("error log", "health:errors", {}, "", {}),
        ("error group", "health:error", {"pk": group}, "", {}),
        ("metrics", "health:metrics", {}, "", {}),
    ]
    for name, route, parts, query, headers in pages:
        try:
            yield name, reverse(route, kwargs=parts) + query, headers
        except NoReverseMatch:
            continue


def _ask(get: Callable[[], Any], tries: int) -> tuple[list[float], float, int]:
    """Milliseconds of each request after the first, those that processors worked for one, and its queries.

    On a machine that does other things besides, only the second stays the same.
    """
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        answer = get()
    if answer.status_code != 200:
        raise SystemExit(f"{answer.status_code}: {answer.content[:300]!r}")
    queries, took, before = len(captured), [], scratch.worked()
    for _ in range(tries):
        began = time.perf_counter()
        get()
        took.append((time.perf_counter() - began) * 1000)
    return took, (scratch.worked() - before) * 1000 / tries, queries


def record(accounts: int) -> None:
    """What a call waits for, and what the recorder's thread does for it later: raw row, sums, allowances, errors."""
    from django.conf import settings
    from django.utils import timezone

    from apps.graphapi import Call, Reading
    from apps.graphapi.entries import Scope
    from apps.graphapi.envelope import meta_error
    from apps.graphapi.usage import Usage
    from apps.health.recorder import RECORDER, hear

    settings.RECORDER_SECONDS = 0
    started = timezone.now().timestamp()
    calls = []
    for n in range(CALLS_WRITTEN):
        account = str(100_000 + n % accounts)
        told = Reading(
            scope=Scope.BUSINESS_USE_CASE, object_id=account, type="ads_insights", call_count=n % 90.0
        )
        error = (
            meta_error({"message": f"{n}", "code": 100, "fbtrace_id": f"A{n}"}, {"status": 400})
            if n % 100 == 0
            else None
        )
        calls.append(
            Call(method="GET", path="act_{id}/insights", account_id=account, status=400 if error else 200,
                 milliseconds=n % 900, started_at=started, error=error, usage=Usage((told,)))
        )  # fmt: skip
    began = time.perf_counter()
    for call in calls:
        hear(call, connection_id="", purpose="sync")
    heard = time.perf_counter() - began
    began = time.perf_counter()
    written = RECORDER.flush()
    flushed = time.perf_counter() - began
    print(f"{'recording: what a call waits for':42}{heard / written * 1000:9.4f} ms")
    print(
        f"{'recording: written later, per call':42}{flushed / written * 1000:9.4f} ms    ({written:,} calls)"
    )


if __name__ == "__main__":
    main()
