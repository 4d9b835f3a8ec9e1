"""Ad accounts: switched off at Meta, read by nobody, or with old numbers.

The three take the ad accounts that they look at, so that a page can ask them of those that one person sees.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

from apps.connections import paths
from apps.connections.models import AdAccount
from apps.graphapi.accounts import disable_reason
from apps.health.findings import Asked, Finding, Rule, named, of_accounts, place_of
from apps.reporting import freshness
from apps.reporting.freshness import Freshness

# What can not be mended, and says nothing new every day.
CLOSED = {101, 202}
LONG = timedelta(hours=12)
_HELP = {
    2: "Its owner can ask Meta for a review under Account quality.",
    3: "Whoever pays has to settle the balance at Meta.",
    7: "Meta decides; nothing can be done meanwhile.",
    8: "Meta waits for a payment that is on its way.",
    9: "Whoever pays has to mend the payment method, or ads will stop.",
    100: "It is being closed. Nothing has to be done unless that is a mistake.",
}


def _all() -> list[AdAccount]:
    return list(AdAccount.objects.in_order())


# --- at Meta -------------------------------------------------------------------------------------


def off(asked: Asked) -> Iterator[Finding]:
    yield from off_among(_all())


def off_among(accounts: Sequence[AdAccount]) -> Iterator[Finding]:
    """One for each status: disabled, unsettled, in a grace period …"""
    by_status: dict[int, list[AdAccount]] = defaultdict(list)
    for account in accounts:
        if account.status.level != "ok" and account.account_status not in CLOSED:
            by_status[account.account_status].append(account)
    for code, those in sorted(by_status.items()):
        status = those[0].status
        word = those[0].status_word.lower()
        reasons = {account.disable_reason for account in those if account.disable_reason}
        why = disable_reason(reasons.pop())[1] if len(reasons) == 1 else ""
        action, url = place_of(those)
        who = "" if len(those) == 1 else f"{named(map(str, those))}."
        yield Finding(
            f"status:{code}",
            "crit" if not status.delivers and status.level == "error" else "warn",
            of_accounts(those, f"is {word}", f"are {word}"),
            " ".join(filter(None, [status.meaning, why, _HELP.get(code, ""), who])),
            parts=[account.meta_id for account in those],
            accounts=[account.pk for account in those],
            action=action,
            url=url,
        )


# --- read by nobody ------------------------------------------------------------------------------


def unread(asked: Asked) -> Iterator[Finding]:
    yield from unread_among(_all(), asked)


def unread_among(accounts: Sequence[AdAccount], asked: Asked) -> Iterator[Finding]:
    """No connection reaches them, for another reason than a dead token."""
    ways = paths.to(accounts)
    those = [
        account
        for account in accounts
        if ways[account.pk].reader is None and account.pk not in asked.explained.accounts
    ]
    if not those:
        return
    asked.explained.accounts.update(account.pk for account in those)
    action, url = place_of(those)
    why = ways[those[0].pk].sentence if len(those) == 1 else f"{named(map(str, those))}."
    yield Finding(
        "unread",
        "warn",
        of_accounts(those, "is read by no connection", "are read by no connection"),
        f"{why} Assign it to a connection at Meta, or connect somebody who reaches it."
        if len(those) == 1
        else f"{why} Assign them to a connection at Meta, or connect somebody who reaches them.",
        parts=[account.meta_id for account in those],
        accounts=[account.pk for account in those],
        action=action,
        url=url,
    )


# --- old numbers ---------------------------------------------------------------------------------


def stale(asked: Asked) -> Iterator[Finding]:
    yield from stale_among(_all(), asked)


def stale_among(accounts: Sequence[AdAccount], asked: Asked) -> Iterator[Finding]:
    """Their numbers are old, or the last sync was given up."""
    if asked.explained.everything:
        return
    states = freshness.of([account for account in accounts if account.pk not in asked.explained.accounts])
    those = [one for one in states.values() if _is_stale(one, asked)]
    if not those:
        return
    late = [account.account for account in those]
    oldest = min((one.at for one in those if one.at), default=None)
    long = oldest is not None and asked.now - oldest > LONG
    word = "was never synced" if those[0].at is None else "is behind"
    action, url = place_of(late)
    since = f"The oldest numbers are of {oldest:%-d %b, %H:%M} UTC." if oldest else "They were never fetched."
    yield Finding(
        "stale",
        "crit" if long else "warn",
        of_accounts(late, "failed to sync" if "failed" in those[0].words else word, "are behind"),
        f"{since} {named(map(str, late))}: what the pages show of today is not complete."
        if len(late) > 1
        else f"{since} What the pages show of today is not complete.",
        parts=[account.meta_id for account in late],
        accounts=[account.pk for account in late],
        action=action,
        url=url,
    )


def _is_stale(one: Freshness, asked: Asked) -> bool:
    if "failed" in one.words:
        return True
    # A first sync brings many days, and has its time.
    first = one.at is None and "first time" in one.words
    since = one.at or (one.account.found_at if one.earliest is None else None)
    return since is not None and asked.now - since > (LONG if first else timedelta(minutes=asked.threshold))


OFF = Rule(
    "status", "An ad account is off at Meta", "Disabled, unsettled, in review or in a grace period", off
)
UNREAD = Rule(
    "unread",
    "An ad account is read by nobody",
    "No working connection reaches it",
    unread,
)
STALE = Rule(
    "stale",
    "Numbers are old",
    "Today's numbers are older than {threshold} minutes, or a sync was given up",
    stale,
    threshold=int(freshness.LATE_AFTER.total_seconds() // 60),
    least=30,
    most=1440,
    unit="min",
)
