"""Whether something runs, in a word and a kind: ok, info, warn, crit, paused or none."""

from dataclasses import dataclass

from apps.connections.models import AdAccount


@dataclass(frozen=True)
class Delivery:
    key: str  # as it stands in an address
    word: str
    kind: str


_STATES = {
    "ACTIVE": Delivery("active", "Active", "ok"),
    "PAUSED": Delivery("paused", "Paused", "paused"),
    "CAMPAIGN_PAUSED": Delivery("paused", "Campaign paused", "paused"),
    "ADSET_PAUSED": Delivery("paused", "Ad set paused", "paused"),
    "IN_PROCESS": Delivery("in-process", "In process", "info"),
    "PENDING_REVIEW": Delivery("in-review", "In review", "info"),
    "WITH_ISSUES": Delivery("with-issues", "With issues", "warn"),
    "DISAPPROVED": Delivery("disapproved", "Disapproved", "crit"),
    "PENDING_BILLING_INFO": Delivery("billing", "Billing needed", "crit"),
    "ARCHIVED": Delivery("archived", "Archived", "none"),
    "DELETED": Delivery("deleted", "Deleted", "none"),
}
# Meta leaves deleted objects out of its lists; their numbers stay.
_UNLISTED = Delivery("not-listed", "Not listed", "none")


def of(account: AdAccount, effective_status: str) -> Delivery:
    """Meta's effective status, unless the ad account itself stops everything. Unknown words are shown as they are."""
    state = _STATES.get(effective_status) or _unknown(effective_status)
    if state.kind == "ok" and not account.status.delivers:
        return _named(account.status_word, "crit")
    return state


def _unknown(effective_status: str) -> Delivery:
    return _named(effective_status.replace("_", " ").capitalize(), "info") if effective_status else _UNLISTED


def _named(word: str, kind: str) -> Delivery:
    return Delivery(word.lower().replace(" ", "-"), word, kind)
