"""How much a day usually still grows after it was first fetched: what restatement means in numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.connections.models import AdAccount
from apps.graphapi.limits import INSIGHTS_RESTATEMENT_DAYS
from apps.ui import formats

# The days looked at: over for good, and not so old that they tell of another time.
_LOOKS_BACK = 180
# Fewer say nothing of what is usual.
LEAST_DAYS = 5


@dataclass(frozen=True)
class Growth:
    """What became of days that were first fetched at this age; shares of one, None where there is nothing to tell."""

    age: str
    days: int
    spend: Decimal | None
    purchases: Decimal | None

    @property
    def words(self) -> str:
        """`fetched on the day itself by 2.1% in spend and 18.0% in purchases`."""
        told = [
            f"{formats.percent(share)} in {name}"
            for name, share in (("spend", self.spend), ("purchases", self.purchases))
            if share is not None
        ]
        return f"fetched {self.age} by {' and '.join(told)}"


_AGES = ["on the day itself", "a day later", "2 to 3 days later", "4 to 7 days later", "later"]
# The age is counted by the account's own calendar, of which the query is told the distance to UTC.
_QUERY = """
    WITH grown AS (
      SELECT (insight.first_at AT TIME ZONE 'UTC' + zone.ahead * interval '1 second')::date - insight.day AS age,
        insight.spend / NULLIF(insight.first_spend, 0) - 1 AS spend,
        insight.purchases / NULLIF(insight.first_purchases, 0) - 1 AS purchases
      FROM reporting_insight AS insight
      JOIN unnest(%(accounts)s::bigint[], %(ahead)s::int[], %(today)s::date[]) AS zone (account_id, ahead, today)
        USING (account_id)
      WHERE insight.level = 'account' AND insight.breakdown = '' AND insight.first_at IS NOT NULL
        AND insight.day BETWEEN zone.today - %(oldest)s AND zone.today - %(settled)s
    )
    SELECT CASE WHEN age <= 1 THEN greatest(age, 0) WHEN age <= 3 THEN 2 WHEN age <= 7 THEN 3 ELSE 4 END AS bucket,
      count(*),
      CASE WHEN count(spend) >= %(least)s THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY spend) END,
      CASE WHEN count(purchases) >= %(least)s THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY purchases) END
    FROM grown WHERE age < %(settled)s GROUP BY bucket ORDER BY bucket
"""


def usual(accounts: Iterable[AdAccount]) -> list[Growth]:
    """The median over the settled days of these accounts, by the age at which a day was first fetched. One query."""
    now = timezone.now()
    accounts = list(accounts)
    offsets = [now.astimezone(account.zone).utcoffset() or timedelta() for account in accounts]
    values: dict[str, Any] = {
        "accounts": [account.pk for account in accounts],
        "ahead": [int(offset.total_seconds()) for offset in offsets],
        "today": [account.today(now) for account in accounts],
        "oldest": _LOOKS_BACK,
        "settled": INSIGHTS_RESTATEMENT_DAYS,
        "least": LEAST_DAYS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, values)
        rows = cursor.fetchall()
    return [
        Growth(_AGES[bucket], days, _share(spend), _share(purchases))
        for bucket, days, spend, purchases in rows
        if spend is not None or purchases is not None
    ]


def _share(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
