"""The world of a seed: every object by its id, who exists now, and who is in which state."""

from __future__ import annotations

from . import casting
from .objects import Account, Ad, AdSet, Campaign, Node

AdObject = Account | Campaign | AdSet | Ad
REVIEW_SECONDS = 4 * 3600
LEARNING_DAYS = 7


class World:
    """Made once for a seed. `revision` moves with every write, so that counted figures can be kept."""

    def __init__(self, seed: int, size: int = 12) -> None:
        self.seed = seed
        self.businesses = casting.businesses(seed)
        self.accounts = casting.accounts(seed, self.businesses, size)
        self.revision = 0
        self.by_id: dict[str, Campaign | AdSet | Ad] = {}
        for account in self.accounts:
            for campaign in account.campaigns:
                self.by_id[campaign.id] = campaign
                for adset in campaign.adsets:
                    self.by_id[adset.id] = adset
                    self.by_id.update((ad.id, ad) for ad in adset.ads)
        self.account_by_id = {account.id: account for account in self.accounts}
        self.creative_of = {ad.creative_id: ad for account in self.accounts for ad in account.ads}
        self.restated: dict[tuple[str, int | None], tuple[float, float]] = {}

    def reset(self) -> None:
        for node in self.by_id.values():
            node.forget()
        for account in self.accounts:
            account.changes.clear()
            account.gated_breakdowns = False
            account.sync_row_cap = account.async_row_cap = None
        self.restated.clear()
        self.revision += 1

    def find(self, node_id: str, now: float) -> AdObject | None:
        """The object of that id, if it has been made by now."""
        if node_id.startswith("act_"):
            return self.account_by_id.get(node_id[4:])
        node = self.by_id.get(node_id)
        if node is not None and node.created <= now:
            return node
        return self.account_by_id.get(node_id)

    def restate(
        self, account: Account, day: int | None, conversions_percent: float, spend_percent: float
    ) -> None:
        """From now on tell other figures for that day, or for every day."""
        self.restated[(account.id, day)] = (conversions_percent, spend_percent)
        self.revision += 1


def configured_status(node: Node, account: Account, now: float) -> str:
    if node.changes:
        return node.changes[-1][1]
    today = account.day(now)
    if node.deleted_from is not None and today >= node.deleted_from:
        return "DELETED"
    if node.archived_from is not None and today >= node.archived_from:
        return "ARCHIVED"
    # Made but not begun yet counts as switched on.
    return "ACTIVE" if today < node.schedule.start or node.schedule.runs(today) else "PAUSED"


def effective_status(node: Campaign | AdSet | Ad, now: float) -> str:
    account = node.account
    own = configured_status(node, account, now)
    above = [configured_status(parent, account, now) for parent in node.parents]
    for buried in ("DELETED", "ARCHIVED"):
        if own == buried or buried in above:
            return buried
    if isinstance(node, Ad) and node.flaw == "DISAPPROVED" and account.day(now) >= node.flaw_from:
        return "DISAPPROVED"
    if own == "PAUSED":
        return "PAUSED"
    if above and above[-1] == "PAUSED":
        return "CAMPAIGN_PAUSED"
    if len(above) == 2 and above[0] == "PAUSED":
        return "ADSET_PAUSED"
    return _live_status(node, now)


def _live_status(node: Campaign | AdSet | Ad, now: float) -> str:
    if has_issue(node, now):
        return "WITH_ISSUES"
    if isinstance(node, Ad) and now - node.created < REVIEW_SECONDS:
        return "PENDING_REVIEW"
    return "ACTIVE"


def has_issue(node: Campaign | AdSet | Ad, now: float) -> bool:
    today = node.account.day(now)
    if isinstance(node, Ad):
        return node.flaw == "WITH_ISSUES" and today >= node.flaw_from
    if isinstance(node, Campaign):
        return node.issue_from is not None and today >= node.issue_from
    return False


def updated(node: Campaign | AdSet | Ad, now: float) -> float:
    """When the object last changed: a write, a turn of its schedule, a verdict, or its making."""
    account, today = node.account, node.account.day(now)
    moments = [node.created, node.edited or 0.0]
    turn = node.schedule.changed(today)
    days = [turn, node.archived_from, node.deleted_from]
    if isinstance(node, Ad) and node.flaw:
        days.append(node.flaw_from)
    moments += [account.midnight(day) for day in days if day is not None and day <= today]
    return max(moments)


def learning_stage(adset: AdSet, now: float) -> tuple[str, float]:
    """LEARNING, SUCCESS or FAIL, and when the last significant edit was."""
    edited = updated(adset, now)
    if now - edited < LEARNING_DAYS * 86400:
        return "LEARNING", edited
    return ("FAIL" if adset.struggles else "SUCCESS"), edited


def hidden_by_default(status: str) -> bool:
    return status in ("ARCHIVED", "DELETED")
