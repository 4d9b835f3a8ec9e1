"""Catalogue rows for hiccups, spent allowances and questions that were too big.

Sources: the Marketing API pages "Rate Limiting", "Insights error codes", "Insights limits and best practices"
and "Error reference"; the Graph API pages "Rate Limits" and "Handle Errors".
"""

from apps.graphapi.entries import Category, Entry, Mark, Retry, Scope, Who
from apps.graphapi.limits import BLOCK_SECONDS_UNUSUAL

HOUR, DAY = 3600.0, 86_400.0


def _hiccup(
    code: int | None, subcode: int | None, meaning: str, action: str = "Ask again in a moment.", *,
    wait: float = 0.0, lighter_page: bool = False, mark: Mark = Mark.DOCUMENTED,
) -> Entry:  # fmt: skip
    return Entry(
        code=code, subcode=subcode, category=Category.TRANSIENT, meaning=meaning, action=action,
        retry=Retry.SOON, wait=wait, lighter_page=lighter_page, mark=mark,
    )  # fmt: skip


def _limit(
    code: int | None, subcode: int | None, scope: Scope, meaning: str, action: str, *,
    use_case: str = "", wait: float = 0.0, who: Who = Who.NOBODY, mark: Mark = Mark.DOCUMENTED,
) -> Entry:  # fmt: skip
    return Entry(
        code=code, subcode=subcode, category=Category.RATE_LIMIT, meaning=meaning, action=action, who=who,
        retry=Retry.LATER, wait=wait, scope=scope, use_case=use_case, mark=mark,
    )  # fmt: skip


def _too_much(
    code: int | None, subcode: int | None, meaning: str, action: str, *, lighter_page: bool = False
) -> Entry:
    return Entry(
        code=code, subcode=subcode, category=Category.TOO_MUCH_DATA, meaning=meaning, action=action,
        who=Who.ENGINEER, retry=Retry.SMALLER, lighter_page=lighter_page,
    )  # fmt: skip


HICCUPS = (
    _hiccup(-1, None, "Something failed inside Meta; the subcode says what."),
    _hiccup(-2, 2490547, "Meta could not produce the report.", "Order the report again later."),
    _hiccup(1, None, "Meta does not know what went wrong.", lighter_page=True),
    _hiccup(
        1, 99, "Meta is overloaded, or the report level is wrong.",
        "Ask again with a smaller limit; if it stays, check the level.", lighter_page=True,
    ),
    _hiccup(2, None, "Meta's service is unavailable for the moment.", "Ask again after a minute.", wait=60.0),
    _hiccup(2, 1504043, "Meta's insights failed for the moment."),
    _hiccup(2, 1504044, "Meta's insights failed unexpectedly."),
    _hiccup(
        960, None, "The batch took too long.", "Ask again with fewer requests in the batch.",
        mark=Mark.REPORTED,
    ),
    _hiccup(2601, 1815107, "The report was read before it was complete.", "Wait for Job Completed at 100 %."),
)  # fmt: skip

_ORDER = "Ask for a shorter period, or order a report run."

TOO_BIG = (
    _too_much(-3, 1504045, "The report is too large.", "Split the report into shorter periods."),
    _too_much(2, 1504038, "The report took too long to compute.", _ORDER),
    _too_much(
        100, 1487534, "The report has too many rows.",
        "Ask for fewer days, objects or breakdowns; a smaller limit does not help.",
    ),
    _too_much(100, 1504018, "The report took too long to compute.", _ORDER),
)  # fmt: skip

_SLOWER = "Wait and ask less often."
_SLOW_CASE = "Wait for the time the header names and ask less often."
_TIER = "Wait for the time the header names; if it keeps happening, apply for full Marketing API access."

LIMITS = (
    _limit(4, None, Scope.APP, "The app has made too many calls.", "Slow the whole app down."),
    _limit(
        4, 1504022, Scope.INSIGHTS_APP, "Meta's insights have no room for this app right now.",
        "Pause insights of every account of the app.",
    ),
    _limit(
        4, 1504039, Scope.INSIGHTS_APP, "Meta's insights have no room for this app right now.",
        "Pause insights of every account of the app.",
    ),
    _limit(17, None, Scope.USER, "The person behind the token has made too many calls.", _SLOWER),
    _limit(17, 2446079, Scope.ACCOUNT, "The ad account has had too many calls.", _TIER),
    _limit(
        17, 1885172, Scope.ACCOUNT, "The spend cap was changed more than ten times today.",
        "Change it tomorrow.", wait=DAY, who=Who.ACCOUNT_OWNER,
    ),
    _limit(32, None, Scope.PAGE, "The page has had too many calls.", _SLOWER),
    _limit(341, None, Scope.APP, "The app has reached a limit.", "Slow the whole app down."),
    _limit(
        613, None, Scope.ACCOUNT, "Meta has lowered the rate of this account, or a custom limit is reached.",
        "Wait a quarter of an hour or more; ask Meta support if it stays.",
        wait=BLOCK_SECONDS_UNUSUAL, who=Who.META,
    ),
    _limit(
        613, 1487225, Scope.ACCOUNT, "The account has created as many ads as its daily spend allows.",
        "Create ads later, or raise the spend limit.", wait=HOUR, who=Who.ACCOUNT_OWNER,
    ),
    _limit(
        613, 1487632, Scope.OBJECT, "The ad set's budget was changed more than four times this hour.",
        "Change it in an hour.", wait=HOUR,
    ),
    _limit(613, 1487742, Scope.ACCOUNT, "The ad account has had too many calls.", _TIER),
    _limit(
        613, 1996, Scope.APP, "Meta finds the shape of this traffic unusual.",
        "Wait a quarter of an hour or more and spread the calls.",
        wait=BLOCK_SECONDS_UNUSUAL, who=Who.ENGINEER,
    ),
    _limit(613, 5044001, Scope.ACCOUNT, "The account had over 100 changes in a second.", "Spread them."),
    _limit(None, 2446079, Scope.ACCOUNT, "The ad account has had too many calls.", _TIER),
)  # fmt: skip


def _use_case(code: int, use_case: str, name: str, *, subcode: int | None = None, action: str = "") -> Entry:
    return _limit(
        code, subcode, Scope.BUSINESS_USE_CASE, f"The hourly allowance for {name} is spent.",
        action or _SLOW_CASE, use_case=use_case,
    )  # fmt: skip


USE_CASES = (
    _use_case(80000, "ads_insights", "ads insights", subcode=2446079, action=_TIER),
    _use_case(80000, "ads_insights", "ads insights", action=_TIER),
    _use_case(80001, "pages", "pages"),
    _use_case(80002, "instagram", "Instagram"),
    _use_case(80003, "custom_audience", "custom audiences", subcode=2446079),
    _use_case(80003, "custom_audience", "custom audiences"),
    _use_case(80004, "ads_management", "ads management", subcode=2446079, action=_TIER),
    _use_case(80004, "ads_management", "ads management", action=_TIER),
    _use_case(80005, "leadgen", "lead ads"),
    _use_case(80006, "messenger", "Messenger"),
    _use_case(80008, "whatsapp", "WhatsApp"),
    _use_case(80009, "catalog_management", "catalogue management"),
    _use_case(80014, "catalog_batch", "catalogue batches"),
)

ROWS = HICCUPS + TOO_BIG + LIMITS + USE_CASES

# The ones below are found by something other than their code.

REDUCE_THE_DATA = _too_much(
    1, None, "The page of answers is too heavy for Meta.", "Ask for a smaller limit or fewer fields.",
    lighter_page=True,
)  # fmt: skip
SUMMARY_PARAM = _hiccup(
    100, None, "Meta forgot the fields the report was ordered with; it does so at random.",
    mark=Mark.REPORTED,
)  # fmt: skip
BATCH_REFUSED = _too_much(
    None, None, "Meta refused the batch as a whole.", "Send fewer requests in one batch."
)
OVERSIZE = _too_much(
    None, None, "The answer is larger than this program accepts.", "Ask for a smaller limit or fewer fields.",
    lighter_page=True,
)  # fmt: skip
USE_CASE_RANGE = _limit(
    None, None, Scope.BUSINESS_USE_CASE, "An hourly allowance is spent.", _SLOW_CASE, mark=Mark.UNCONFIRMED
)
IS_TRANSIENT = _hiccup(None, None, "Meta says this trouble passes.")
SERVER_FAULT = _hiccup(None, None, "Something failed inside Meta.")
NO_ANSWER = _hiccup(
    None, None, "No answer came from Meta.", "Check the network and Meta's status page if it stays."
)
ODD_ANSWER = _hiccup(None, None, "The answer was not one of Meta's.", "Ask again; check proxies if it stays.")
PUT_OFF = _limit(
    None,
    None,
    Scope.BUSINESS_USE_CASE,
    "Not sent, because an allowance is nearly spent.",
    "It goes out by itself later.",
)
