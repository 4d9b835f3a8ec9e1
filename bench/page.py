"""How long the performance page's answer takes, with the covering indexes on insights and without.

200 ad accounts in four currencies, 60 campaigns each, 60 days, a month of hourly runs; 28 days compared with the 28
before. Every row is there at account and campaign level, and once more by age and gender for a tenth of the days.

    python -m bench.page [--accounts 200] [--campaigns 60] [--days 60]
"""

import argparse
import logging
import statistics
import time
from collections.abc import Callable

from bench import scratch

CURRENCIES = ["EUR", "USD", "GBP", "JPY"]
TRIES = 7

_SET_UP = """
INSERT INTO connections_connection
  (id, name, kind, state, state_reason, app_id, subject_id, subject_name, sealed_token, fingerprint, scopes,
   granular_scopes, never_expires, created_at)
VALUES ('00000000-0000-4000-8000-000000000001', 'Bench', 'system_user', 'active', '', '1', '1', '', 'x', 'x', '[]',
  '[]', true, now());

INSERT INTO connections_adaccount
  (meta_id, name, currency, timezone_name, account_status, disable_reason, business_id, business_name, found_at,
   described_at)
SELECT 1000 + n, 'Shop ' || n, (%(currencies)s::text[])[1 + n %% 4], 'UTC', 1, 0, '', '', now(), now()
FROM generate_series(1, %(accounts)s) AS n;

INSERT INTO connections_reach (connection_id, account_id, tasks, since)
SELECT '00000000-0000-4000-8000-000000000001', id, '[]', now() FROM connections_adaccount;

INSERT INTO reporting_campaign
  (account_id, meta_id, name, status, effective_status, listed_at, objective, bid_strategy, buying_type)
SELECT account.id, account.meta_id || lpad(n::text, 8, '0'), 'Herbst ' || n, 'ACTIVE', 'ACTIVE', now(),
  'OUTCOME_SALES', '', 'AUCTION'
FROM connections_adaccount AS account, generate_series(1, %(campaigns)s) AS n;

INSERT INTO reporting_coverage
  (account_id, level, breakdown, day, state, reason, note, fetched_at)
SELECT account.id, level, '', %(today)s::date - n, 'complete', '', '', now()
FROM connections_adaccount AS account, generate_series(0, %(days)s - 1) AS n,
  unnest(ARRAY['account', 'campaign']) AS level;

INSERT INTO reporting_syncrun
  (account_id, reason, since, until, levels, breakdowns, state, attempt, failures, queued_at, nudged_at, started_at,
   finished_at, calls, rows, added, changed, removed, error, fbtrace_id)
SELECT account.id, 'hourly', %(today)s::date - n / 24 - 1, %(today)s::date - n / 24, '["account", "campaign"]', '[]',
  'done', 1, 0, at, at, at, at, 3, 122, 0, 0, 0, '', ''
FROM generate_series(0, 30 * 24) AS n, connections_adaccount AS account,
  LATERAL (SELECT now() - n * interval '1 hour') AS moment (at);
"""
# One day after the other, as a sync brings them.
_ROWS = """
INSERT INTO reporting_insight
  (account_id, day, level, object_id, breakdown, segment, campaign_id, adset_id, ad_id, name, currency, impressions,
   clicks, inline_link_clicks, spend, reach, frequency, actions, action_values, changed_at)
SELECT account.id, %(today)s::date - n, {level}, {object}, {breakdown}, {segment}, {campaign}, '', '', 'Herbst',
  account.currency, 1000 + seed %% 9000, seed %% 120, seed %% 80, round(seed %% 9000 / 137.0, 2), 900, 1.1,
  jsonb_build_object('link_click', seed %% 80, 'post_engagement', seed %% 300, 'landing_page_view', seed %% 50,
    'omni_purchase', seed %% 4),
  jsonb_build_object('omni_purchase', round(seed %% 4 * 89.9, 2)), now()
FROM generate_series(%(days)s - 1, 0, -1) AS n, connections_adaccount AS account {from_},
  LATERAL (SELECT abs(hashtext(account.id || ':' || n || {seed}))::bigint) AS given (seed)
{where}
"""
_CAMPAIGNS = {
    "level": "'campaign'",
    "object": "campaign.meta_id",
    "campaign": "campaign.meta_id",
    "from_": "JOIN reporting_campaign AS campaign ON campaign.account_id = account.id",
    "seed": "campaign.meta_id",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--campaigns", type=int, default=60)
    parser.add_argument("--days", type=int, default=60)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    with scratch.installation(durable=False):
        rows = build(given.accounts, given.campaigns, given.days)
        print(
            f"{given.accounts} ad accounts x {given.campaigns} campaigns x {given.days} days: {rows:,} rows"
        )
        measure()


def build(accounts: int, campaigns: int, days: int) -> int:
    from django.db import connection
    from django.utils import timezone

    values = {
        "accounts": accounts,
        "campaigns": campaigns,
        "days": days,
        "currencies": CURRENCIES,
        "today": timezone.now().date(),
    }
    plain = {"breakdown": "''", "segment": "''", "where": ""}
    account = {"level": "'account'", "object": "account.meta_id", "campaign": "''", "from_": "", "seed": "''"}
    parts = {
        "breakdown": "'age,gender'",
        "segment": "age || ',female'",
        "from_": f"{_CAMPAIGNS['from_']}, unnest(ARRAY['18-24', '25-34', '35-44', '45-54', '55-64']) AS age",
        "where": "WHERE n %% 10 = 0",
        "seed": "campaign.meta_id || age",
    }
    with connection.cursor() as cursor:
        cursor.execute(_SET_UP, values)
        for chosen in (account | plain, _CAMPAIGNS | plain, _CAMPAIGNS | parts):
            cursor.execute(_ROWS.format(**chosen), values)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT count(*) FROM reporting_insight")
        (rows,) = cursor.fetchone()
    return int(rows)


def measure() -> None:
    """First with the indexes, then on the same rows without."""
    from django.db import connection

    from apps.connections.models import AdAccount
    from apps.reporting.answers import answer
    from apps.reporting.forms import Question
    from apps.reporting.models import Insight
    from apps.reporting.periods import Period

    accounts = list(AdAccount.objects.in_order())
    question = Question(accounts, True, Period.ending(max(account.today() for account in accounts), 28))
    outcomes = []
    print(f"{'':28}{'seconds':>9}{'worked':>9}")
    for name in ("with the covering indexes", "without"):
        if outcomes:
            with connection.schema_editor() as editor:
                for index in Insight._meta.indexes:
                    editor.remove_index(Insight, index)
        outcomes.append(_medians(lambda: answer(question)))
        print(f"{name:28}{outcomes[-1][0]:9.2f}{outcomes[-1][1]:9.2f}")
    clock, worked = (ours / theirs for ours, theirs in zip(*outcomes, strict=True))
    print(f"{'ratio':28}{clock:9.2f}{worked:9.2f}    (medians of {TRIES} answers)")


def _medians(ask: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock, and those that our processor and the database's worked."""
    ask()
    clocks, works = [], []
    for _ in range(TRIES):
        clock, worked = time.perf_counter(), scratch.worked()
        ask()
        clocks.append(time.perf_counter() - clock)
        works.append(scratch.worked() - worked)
    return statistics.median(clocks), statistics.median(works)


if __name__ == "__main__":
    main()
