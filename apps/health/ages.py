"""How old the numbers of the ad accounts are, oldest first. Reads only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Max

from apps.connections.models import AdAccount
from apps.reporting import freshness
from apps.reporting.freshness import Freshness
from apps.reporting.models import Campaign, SyncRun
from apps.ui.pulse import LOUDNESS

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Age:
    """Of one ad account: today's numbers, the nightly reading of 28 days, and the list of its campaigns."""

    state: Freshness
    restated_at: datetime | None
    described_at: datetime | None


def states() -> list[Freshness]:
    """Of every ad account, the worst first."""
    accounts = AdAccount.objects.in_order().only("meta_id", "name")
    return sorted(freshness.of(accounts).values(), key=_gravity)


def _gravity(state: Freshness) -> tuple[int, datetime]:
    return -LOUDNESS[state.kind], state.at or NEVER


def by_kind(states: Sequence[Freshness]) -> Counter[str]:
    return Counter(state.kind for state in states)


def of(states: Sequence[Freshness]) -> list[Age]:
    """With what else is known of these. Two queries."""
    ids = [state.account.pk for state in states]
    nightly = SyncRun.objects.filter(account__in=ids, reason=SyncRun.Reason.NIGHTLY, state=SyncRun.State.DONE)
    restated = dict(nightly.values_list("account").annotate(Max("finished_at")))
    described = dict(
        Campaign.objects.filter(account__in=ids).values_list("account").annotate(Max("listed_at"))
    )
    return [Age(state, restated.get(state.account.pk), described.get(state.account.pk)) for state in states]
