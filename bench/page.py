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
from dataclasses import replace
from datetime import timedelta

from bench import scratch

CURRENCIES = ["EUR", "USD", "GBP", "JPY"]
TRIES = 7
HOURS = 30 * 24

# One day after the other, as a sync brings them.
_ROWS = """
INSERT INTO reporting_insight
  (account_id, day, level, object_id, breakdown, segment, campaign_id, adset_id, ad_id, name, currency, impressions,
   clicks, inline_link_clicks, spend, reach, frequency, actions, action_values, action_windows, action_value_windows,
   attribution_setting, changed_at)
SELECT account.id, %(today)s::date - n, {level}, {object}, {breakdown}, {segment}, {campaign}, '', '', 'Herbst',
  account.currency, 1000 + seed %% 9000, seed %% 120, seed %% 80, round(seed %% 9000 / 137.0, 2), 900, 1.1,
  jsonb_build_object('link_click', seed %% 80, 'post_engagement', seed %% 300, 'landing_page_view', seed %% 50,
    'omni_purchase', seed %% 4),
  jsonb_build_object('omni_purchase', round(seed %% 4 * 89.9, 2)),
  jsonb_build_object('link_click', {clicks}, 'post_engagement', {clicks}, 'landing_page_view', {clicks})
    || CASE WHEN seed %% 4 > 0 THEN jsonb_build_object('omni_purchase', {purchases}) ELSE '{{}}' END,
  CASE WHEN seed %% 4 > 0 THEN jsonb_build_object('omni_purchase', {values}) ELSE '{{}}' END,
  '7d_click_1d_view', now()
FROM generate_series(%(days)s - 1, 0, -1) AS n, connections_adaccount AS account {from_},
  LATERAL (SELECT abs(hashtext(account.id || ':' || n || {seed}))::bigint) AS given (seed)
{where}
"""
_WINDOWS = {
    "clicks": "jsonb_build_object('1d_click', seed %% 80, '7d_click', seed %% 80, '28d_click', seed %% 80)",
    "purchases": "jsonb_build_object('1d_click', seed %% 4, '7d_click', seed %% 4, '28d_click', seed %% 4)",
    "values": "jsonb_build_object('1d_click', round(seed %% 4 * 89.9, 2), '7d_click', round(seed %% 4 * 89.9, 2))",
}
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

    today = timezone.now().date()
    _describe(accounts, campaigns, days)
    values = {"days": days, "today": today}
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
        for chosen in (account | plain, _CAMPAIGNS | plain, _CAMPAIGNS | parts):
            cursor.execute(_ROWS.format(**chosen, **_WINDOWS), values)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT count(*) FROM reporting_insight")
        (rows,) = cursor.fetchone()
    return int(rows)


def _describe(number: int, campaigns: int, days: int) -> None:
    """Everything but the insights: there are few enough of it."""
    from django.utils import timezone

    from apps.connections.models import AdAccount, Connection, Reach
    from apps.reporting import ledger
    from apps.reporting.models import Campaign, SyncRun
    from apps.reporting.store import Window

    now, levels = timezone.now(), ["account", "campaign"]
    reader = Connection.objects.create(name="Bench", kind="system_user", app_id="1", subject_id="1")
    accounts = AdAccount.objects.bulk_create(
        AdAccount(meta_id=str(1000 + n), name=f"Shop {n}", currency=CURRENCIES[n % 4], timezone_name="UTC")
        for n in range(number)
    )
    Reach.objects.bulk_create(Reach(connection=reader, account=account, since=now) for account in accounts)
    for account in accounts:
        Campaign.objects.bulk_create(
            Campaign(
                account=account,
                meta_id=f"{account.meta_id}{n:08}",
                name=f"Herbst {n}",
                effective_status="ACTIVE",
                objective="OUTCOME_SALES",
            )
            for n in range(campaigns)
        )
        for level in levels:
            ledger.complete(account, Window(level, now.date() - timedelta(days=days - 1), now.date()))
        SyncRun.objects.bulk_create(
            SyncRun(
                account=account,
                reason=SyncRun.Reason.HOURLY,
                since=(at - timedelta(days=1)).date(),
                until=at.date(),
                levels=levels,
                state=SyncRun.State.DONE,
                queued_at=at,
                finished_at=at,
            )
            for at in (now - timedelta(hours=n) for n in range(HOURS))
        )


def measure() -> None:
    """With the indexes, by an attribution window, and without the indexes, all on the same rows."""
    from django.db import connection

    from apps.connections.models import AdAccount
    from apps.reporting.answers import answer
    from apps.reporting.attribution import Attribution
    from apps.reporting.forms import Question
    from apps.reporting.models import Insight
    from apps.reporting.periods import Period

    accounts = list(AdAccount.objects.in_order())
    question = Question(accounts, True, Period.ending(max(account.today() for account in accounts), 28))
    by_window = replace(question, attribution=Attribution(("7d_click",)))
    print(f"{'':28}{'seconds':>9}{'worked':>9}    (medians of {TRIES} answers)")
    usual = _medians("with the covering indexes", lambda: answer(question))
    windowed = _medians("by 7-day click", lambda: answer(by_window))
    with connection.schema_editor() as editor:
        for index in Insight._meta.indexes:
            editor.remove_index(Insight, index)
    without = _medians("without the indexes", lambda: answer(question))
    for name, ours, theirs in (("indexes", usual, without), ("7-day click", windowed, usual)):
        clock, worked = (one / other for one, other in zip(ours, theirs, strict=True))
        print(f"{'ratio: ' + name:28}{clock:9.2f}{worked:9.2f}")


def _medians(name: str, ask: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock, and those that our processor and the database's worked."""
    ask()
    clocks, works = [], []
    for _ in range(TRIES):
        clock, worked = time.perf_counter(), scratch.worked()
        ask()
        clocks.append(time.perf_counter() - clock)
        works.append(scratch.worked() - worked)
    medians = statistics.median(clocks), statistics.median(works)
    print(f"{name:28}{medians[0]:9.2f}{medians[1]:9.2f}")
    return medians


if __name__ == "__main__":
    main()
