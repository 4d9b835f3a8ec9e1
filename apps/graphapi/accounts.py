"""Ad account ids, and what `account_status` and `disable_reason` mean.

Source: the Marketing API reference page "Ad Account".
"""

from dataclasses import dataclass


def bare_id(account: str) -> str:
    """`act_42` or `42` → `42`, the form of headers, insights rows and webhooks."""
    return account.removeprefix("act_")


def node_id(account: str) -> str:
    """`42` or `act_42` → `act_42`, the form of paths."""
    return f"act_{bare_id(account)}"


@dataclass(frozen=True)
class AccountStatus:
    """One value of `account_status`. `level` is `ok`, `warn` or `error`; `delivers`: ads can still run."""

    code: int
    name: str
    level: str
    meaning: str
    delivers: bool = False


ACCOUNT_STATUSES = {
    status.code: status
    for status in (
        AccountStatus(1, "ACTIVE", "ok", "Ads can run.", delivers=True),
        AccountStatus(2, "DISABLED", "error", "Meta has switched the account off; see the disable reason."),
        AccountStatus(3, "UNSETTLED", "error", "An amount is unpaid. Nothing runs until it is settled."),
        AccountStatus(7, "PENDING_RISK_REVIEW", "warn", "Meta is reviewing the account."),
        AccountStatus(8, "PENDING_SETTLEMENT", "warn", "A payment is on its way."),
        AccountStatus(
            9, "IN_GRACE_PERIOD", "warn", "A payment failed; ads still run for a while.", delivers=True
        ),
        AccountStatus(100, "PENDING_CLOSURE", "error", "The account is being closed."),
        AccountStatus(101, "CLOSED", "error", "The account is closed."),
        AccountStatus(201, "ANY_ACTIVE", "ok", "A filter value: any active account."),
        AccountStatus(202, "ANY_CLOSED", "error", "A filter value: any closed account."),
    )
}


def account_status(code: int) -> AccountStatus:
    """The status behind Meta's number. A number we do not know counts as not active and shows itself."""
    unknown = AccountStatus(code, str(code), "error", f"Status {code} is new to us; treated as not active.")
    return ACCOUNT_STATUSES.get(code, unknown)


DISABLE_REASONS = {
    0: ("NONE", "No reason given."),
    1: ("ADS_INTEGRITY_POLICY", "Ads broke Meta's advertising policies."),
    2: ("ADS_IP_REVIEW", "Under review for intellectual property."),
    3: ("RISK_PAYMENT", "A payment looked risky to Meta."),
    4: ("GRAY_ACCOUNT_SHUT_DOWN", "The kind of account it was no longer exists."),
    5: ("ADS_AFC_REVIEW", "Under review by Meta's ads team."),
    6: ("BUSINESS_INTEGRITY_RAR", "The business is under integrity review."),
    7: ("PERMANENT_CLOSE", "Closed for good."),
    8: ("UNUSED_RESELLER_ACCOUNT", "A reseller's account that was not used."),
    9: ("UNUSED_ACCOUNT", "Not used for a long time."),
    10: ("UMBRELLA_AD_ACCOUNT", "An umbrella account."),
    11: ("BUSINESS_MANAGER_INTEGRITY_POLICY", "The business portfolio broke Meta's policies."),
    12: ("MISREPRESENTED_AD_ACCOUNT", "The account presents itself as something it is not."),
    13: ("AOAB_DESHARE_LEGAL_ENTITY", "Sharing between legal entities was withdrawn."),
    14: ("CTX_THREAD_REVIEW", "Message threads of its ads are under review."),
    15: ("COMPROMISED_AD_ACCOUNT", "Somebody else may have taken the account over."),
}
"""`disable_reason` → (name, meaning). Names are Meta's; the sentences are our reading of them."""


def disable_reason(code: int) -> tuple[str, str]:
    """(name, meaning) of a disable reason; an unknown number shows itself."""
    return DISABLE_REASONS.get(code, (str(code), f"Reason {code} is new to us."))
