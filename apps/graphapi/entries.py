"""The words in which this library speaks about trouble.

An `Entry` is one row of the catalogue: what a code of Meta's means, who has to act, and whether asking again
can help. `Category` cuts by what the caller should do; `errors` has one class for each.
"""

from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """What kind of answer an error needs."""

    TRANSIENT = "transient"  # a hiccup at Meta's end
    RATE_LIMIT = "rate_limit"  # an allowance is spent
    TOO_MUCH_DATA = "too_much_data"  # the question was too big
    AUTH = "auth"  # the token itself
    PERMISSION = "permission"  # a scope, a role or an asset is missing
    ACCOUNT = "account"  # billing, status or terms of the account
    POLICY = "policy"  # Meta's rules were broken, or Meta thinks so
    INVALID = "invalid"  # a wrong request: bug or configuration
    VERSION = "version"  # the API version is over
    UNKNOWN = "unknown"  # not in the catalogue


class Who(StrEnum):
    """Who has to do something."""

    NOBODY = "nobody"
    ENGINEER = "engineer"  # whoever looks after this program
    ADMIN = "admin"  # whoever looks after app, connections and assets
    ACCOUNT_OWNER = "account owner"  # whoever pays for, or publishes on, the ad account
    META = "Meta support"


class Retry(StrEnum):
    """Whether the same call can succeed later."""

    SOON = "in a moment"
    ONCE = "once"
    LATER = "after the wait"
    SMALLER = "with a smaller question"
    NEVER = "never"


class Mark(StrEnum):
    """How sure we are of a row."""

    DOCUMENTED = "documented"  # in a page of Meta's, or in a recorded answer
    REPORTED = "reported"  # from other people's programs or a paraphrase
    UNCONFIRMED = "unconfirmed"  # common knowledge, not seen in a source
    GUIDE = "guide"  # only in third-party guides; read Meta's own message


class Scope(StrEnum):
    """Which allowance a usage figure, or a block, is about."""

    APP = "app"
    USER = "user"
    PAGE = "page"
    ACCOUNT = "account"  # the point score of one ad account
    BUSINESS_USE_CASE = "business_use_case"  # one account (or page, or catalogue) and one type of work
    INSIGHTS_APP = "insights_app"  # insights of every account of the app
    INSIGHTS_ACCOUNT = "insights_account"
    INSIGHTS_REACH_APP = "insights_reach_app"  # reach with breakdowns on old dates
    INSIGHTS_REACH_ACCOUNT = "insights_reach_account"
    OBJECT = "object"  # one ad set


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one code, or one (code, subcode) pair, means and what to do about it.

    `code` None: the row is found by `subcode` alone, or it is one of our own (no answer, unreadable answer).
    `wait`: least number of seconds before asking again; 0 when only the headers can tell.
    `scope` and `use_case`: for limits, what is blocked.
    `lighter_page`: a smaller `limit` on a list edge can help.
    """

    code: int | None = None
    subcode: int | None = None
    category: Category
    meaning: str
    action: str
    who: Who = Who.NOBODY
    retry: Retry = Retry.NEVER
    mark: Mark = Mark.DOCUMENTED
    wait: float = 0.0
    scope: Scope | None = None
    use_case: str = ""
    lighter_page: bool = False

    @property
    def retryable(self) -> bool:
        """Whether the same call, or a smaller one, can succeed without a person acting."""
        return self.retry is not Retry.NEVER
