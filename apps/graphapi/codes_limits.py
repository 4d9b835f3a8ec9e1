"""Catalogue rows for hiccups, spent allowances and questions that were too big.

Sources: the Marketing API pages "Rate Limiting", "Insights error codes", "Insights limits and best practices"
and "Error reference"; the Graph API pages "Rate Limits" and "Handle Errors".
"""

from apps.graphapi.entries import Category, Entry, Mark, Retry, Scope, Who
from apps.graphapi.limits import BLOCK_SECONDS_UNUSUAL

HOUR, DAY = 3600.0, 86_400.0
_AGAIN = "The call is made again by itself in a moment."


def _hiccup(
    code: int | None, subcode: int | None, meaning: str, action: str = _AGAIN, *,
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
        retry=Retry.SMALLER, lighter_page=lighter_page,
    )  # fmt: skip


HICCUPS = (
    _hiccup(-1, None, "Something failed inside Meta."),
    _hiccup(-2, 2490547, "Meta could not produce the report.", "The report is ordered again by itself."),
    _hiccup(1, None, "Meta does not know what went wrong.", lighter_page=True),
    _hiccup(
        1, 99, "Meta is overloaded, or the report level is wrong.",
        "The call is made again by itself with smaller pages. If it stays, the level of the "
        "report may be wrong.", lighter_page=True,
    ),
    _hiccup(2, None, "Meta's service is unavailable for the moment.",
        "The call is made again by itself after a minute.", wait=60.0),
    _hiccup(2, 1504043, "Meta's insights failed for the moment."),
    _hiccup(2, 1504044, "Meta's insights failed unexpectedly."),
    _hiccup(
        960, None, "The package of calls (a batch) took Meta too long.",
        "The calls are made again by themselves, fewer at a time.",
        mark=Mark.REPORTED,
    ),
    _hiccup(2601, 1815107, "The report was read before it was complete.",
        "It is read again by itself when Meta has finished it."),
)  # fmt: skip

_ORDER = "It is asked for again by itself as shorter periods, or as a report that Meta prepares."

TOO_BIG = (
    _too_much(-3, 1504045, "The report is too large.", "The report is split by itself into shorter periods."),
    _too_much(2, 1504038, "The report took too long to compute.", _ORDER),
    _too_much(
        100, 1487534, "The report has too many rows.",
        "It is split by itself into fewer days, objects or breakdowns; smaller pages do not help.",
    ),
    _too_much(100, 1504018, "The report took too long to compute.", _ORDER),
)  # fmt: skip

_SLOWER = "Wait: calls go on by themselves, more slowly, when Meta allows them again."
_SLOW_CASE = "Wait until the time that Meta names: calls go on by themselves then, more slowly."
_TIER = (
    "Wait until the time that Meta names: calls go on by themselves then. If it happens every day, "
    "apply for full Marketing API access."
)

LIMITS = (
    _limit(4, None, Scope.APP, "Our app has made too many calls to Meta.", _SLOWER),
    _limit(
        4, 1504022, Scope.INSIGHTS_APP,
        "Meta has no room for reading numbers (insights) right now, for any ad account of our "
        "app.",
        "Wait: reading numbers of all ad accounts pauses and goes on by itself.",
    ),
    _limit(
        4, 1504039, Scope.INSIGHTS_APP,
        "Meta has no room for reading numbers (insights) right now, for any ad account of our "
        "app.",
        "Wait: reading numbers of all ad accounts pauses and goes on by itself.",
    ),
    _limit(17, None, Scope.USER, "Too many calls were made in the name of the connection's owner.", _SLOWER),
    _limit(17, 2446079, Scope.ACCOUNT, "The ad account has had too many calls.", _TIER),
    _limit(
        17, 1885172, Scope.ACCOUNT, "The spend cap was changed more than ten times today.",
        "Change it tomorrow: Meta allows ten changes a day.", wait=DAY, who=Who.ACCOUNT_OWNER,
    ),
    _limit(32, None, Scope.PAGE, "Too many calls were made to the Facebook page.", _SLOWER),
    _limit(341, None, Scope.APP, "Our app has reached a limit at Meta.", _SLOWER),
    _limit(
        613, None, Scope.ACCOUNT,
        "Meta allows this ad account fewer calls than usual, or a limit of its own is reached.",
        "Wait a quarter of an hour or more. If it stays for a day, ask Meta support.",
        wait=BLOCK_SECONDS_UNUSUAL, who=Who.META,
    ),
    _limit(
        613, 1487225, Scope.ACCOUNT, "The account has created as many ads as its daily spend allows.",
        "Make new ads later, or raise the daily spend limit at Meta.", wait=HOUR, who=Who.ACCOUNT_OWNER,
    ),
    _limit(
        613, 1487632, Scope.OBJECT, "The ad set's budget was changed more than four times this hour.",
        "Change it again in an hour: Meta allows four changes an hour.", wait=HOUR,
    ),
    _limit(613, 1487742, Scope.ACCOUNT, "The ad account has had too many calls.", _TIER),
    _limit(
        613, 1996, Scope.APP, "Meta finds the way our calls come in unusual.",
        "Wait a quarter of an hour or more. If it comes back, calls have to be spread over more time.",
        wait=BLOCK_SECONDS_UNUSUAL, who=Who.ENGINEER,
    ),
    _limit(613, 5044001, Scope.ACCOUNT, "The ad account had over 100 changes in one second.",
        "Wait: changes go on by themselves, spread over more time."),
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
    1, None, "The page of answers is too heavy for Meta.", "It is asked for again by itself in smaller pages.",
    lighter_page=True,
)  # fmt: skip
SUMMARY_PARAM = _hiccup(
    100, None, "Meta forgot the fields the report was ordered with; it does so at random.",
    mark=Mark.REPORTED,
)  # fmt: skip
BATCH_REFUSED = _too_much(
    None,
    None,
    "Meta refused a whole package of calls (a batch).",
    "The calls are made again by themselves, fewer at a time.",
)
OVERSIZE = _too_much(
    None, None, "The answer is larger than this program accepts.", "It is asked for again by itself in smaller pages.",
    lighter_page=True,
)  # fmt: skip
USE_CASE_RANGE = _limit(
    None, None, Scope.BUSINESS_USE_CASE, "An hourly allowance is spent.", _SLOW_CASE, mark=Mark.UNCONFIRMED
)
IS_TRANSIENT = _hiccup(None, None, "Meta says this trouble passes.")
SERVER_FAULT = _hiccup(None, None, "Something failed inside Meta.")
NO_ANSWER = _hiccup(
    None,
    None,
    "No answer came from Meta.",
    "It is tried again by itself. If it stays, look at Meta's status page and at our own network.",
)
ODD_ANSWER = _hiccup(
    None,
    None,
    "The answer was not one of Meta's: a page of something on the way, or half an answer.",
    "It is tried again by itself. If it stays, look at Meta's status page and at proxies on the way.",
)
PUT_OFF = _limit(
    None,
    None,
    Scope.BUSINESS_USE_CASE,
    "Not sent, because an allowance is nearly spent.",
    "It goes out by itself later.",
)
