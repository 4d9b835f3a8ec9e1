"""What reporting does for ad accounts, and so what stops when nothing reaches them any more."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from django.db.models import Sum

from apps.connections.models import AdAccount
from apps.connections.stakes import Loss
from apps.ui import formats

from . import sets
from .models import Insight, Level

# Whole days of which the usual spend of a day is made.
_DAYS = 7


def of(accounts: Sequence[AdAccount]) -> Loss:
    many = "1 ad account" if len(accounts) == 1 else f"{len(accounts)} ad accounts"
    nightly = sum(len(kept) for kept in sets.kept_by(list(accounts)).values())
    sentence = f"The hourly sync of {many} stops, and {nightly} nightly {'set' if nightly == 1 else 'sets'}."
    return Loss(
        [sentence], {pk: f"About {spend} a day goes unseen" for pk, spend in _usual(accounts).items()}
    )


def _usual(accounts: Sequence[AdAccount]) -> dict[int, str]:
    """What each of them spent a day, of late, in its own currency; without those that spent nothing."""
    by_id = {account.pk: account for account in accounts}
    latest = max((account.today() for account in accounts), default=None)
    if latest is None:
        return {}
    rows = Insight.objects.filter(
        account__in=by_id, level=Level.ACCOUNT, breakdown="", day__gte=latest - timedelta(days=_DAYS + 1)
    )
    spent: dict[int, Decimal] = {}
    for row in rows.values("account", "day").annotate(sum=Sum("spend")):
        account = by_id[row["account"]]
        if account.today() - timedelta(days=_DAYS) <= row["day"] < account.today():
            spent[account.pk] = spent.get(account.pk, Decimal(0)) + row["sum"]
    return {
        pk: formats.money_whole(total / _DAYS, by_id[pk].currency) for pk, total in spent.items() if total
    }
