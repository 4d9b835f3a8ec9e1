"""Catalogue rows for wrong requests, ended versions and codes whose meaning nobody is sure of.

Sources: the Marketing API pages "Error reference", "Insights error codes" and "Versioning"; the Conversions
API page "Using the API".
"""

from apps.graphapi.entries import Category, Entry, Mark, Retry, Who

_OWNER, _UNSURE = Who.ACCOUNT_OWNER, Mark.UNCONFIRMED


def _invalid(
    code: int | None, subcode: int | None, meaning: str, action: str, *,
    who: Who = Who.ENGINEER, retry: Retry = Retry.NEVER, mark: Mark = Mark.DOCUMENTED,
) -> Entry:  # fmt: skip
    return Entry(
        code=code, subcode=subcode, category=Category.INVALID, meaning=meaning, action=action, who=who,
        retry=retry, mark=mark,
    )  # fmt: skip


def _unknown(code: int | None, subcode: int | None, meaning: str, mark: Mark) -> Entry:
    return Entry(
        code=code, subcode=subcode, category=Category.UNKNOWN, meaning=meaning,
        action="Read Meta's own message. If it stays, report it to Meta support with the trace id.",
        who=Who.ENGINEER, retry=Retry.ONCE, mark=mark,
    )  # fmt: skip


REQUESTS = (
    _invalid(2, 1504041, "These breakdowns cannot be combined.",
        "Choose another combination of breakdowns for the ad account."),
    _invalid(2, 1504042, "A custom metric is not valid.",
        "Take the metric that Meta's message names out of the list."),
    _invalid(100, None, "Meta does not accept a part of the call.",
             "Correct the part that Meta's message names; this is a fault of the program or of its settings."),
    # Says nothing about the token: this installation signs with another secret than the app has.
    _invalid(104, None, "The signature of the call is wrong.",
             "Check the app secret in the settings. It differs from the one at Meta.", who=Who.ADMIN, retry=Retry.ONCE),
    _invalid(506, None, "The same post was just made.", "Change the content, then publish again."),
    _invalid(2200, None, "Meta could not reach our address for events (the callback).",
        "Compare callback address and verify token at Meta with those in the settings.",
             who=Who.ADMIN, mark=_UNSURE),
    _invalid(2335, None, "The Ad Library does not accept this search.",
        "Correct the terms of the search.", mark=_UNSURE),
    _invalid(2500, None, "The call goes to an address that Meta does not have.",
        "Correct the address in the program."),
    _invalid(2606, None, "The preview cannot be made.", "Correct what the preview is asked with."),
    _invalid(2607, None, "The currency is not valid.", "Correct the currency in the call."),
    _invalid(2615, None, "The change of the ad account is not valid.",
        "Correct what Meta's message names in the change."),
    _invalid(2642, None, "Meta no longer knows the place in the list at which we went on.",
        "Start the list again from its first page: the next sync does so by itself.",
             mark=Mark.REPORTED),
    _invalid(2695, None, "The campaign has reached its number of ad sets.",
        "Put the ad set into another campaign.",
             who=_OWNER),
    _invalid(3018, None, "The report starts more than 37 months back.",
        "Choose a first day within the last 37 months."),
)  # fmt: skip

OBJECTS = (
    _invalid(100, 1487694, "A targeting category no longer exists at Meta.",
        "Choose another category in Ads Manager.", who=_OWNER),
    _invalid(100, 1752129, "These tasks cannot be given together.", "Add the tasks that the chosen ones need."),
    _invalid(100, 3858258, "Meta could not download the image.",
        "Put the image where Meta can download it without a login."),
    _invalid(100, 2446289, "The promoted post is not available.",
        "Choose another post for the ad in Ads Manager.", who=_OWNER),
    _invalid(200, 1870047, "The audience is too small.", "Widen the audience in Ads Manager.", who=_OWNER),
    _invalid(None, 1487007, "The ad set has ended.", "Give the ad set a later end in Ads Manager.", who=_OWNER),
    _invalid(None, 1487033, "The end of the ad set must be in the future.",
        "Give the ad set a later end in Ads Manager.", who=_OWNER),
    _invalid(None, 1487056, "The ad set is deleted; only its name can change.",
             "Leave the ad set as it is, or make a new one.", who=_OWNER),
    _invalid(None, 1487566, "The campaign is deleted; only its name can change.",
             "Leave the campaign as it is, or make a new one.", who=_OWNER),
    _invalid(None, 1487901, "The ad set's budget is too low.", "Raise the budget in Ads Manager.", who=_OWNER),
    _invalid(None, 1487990, "There are too many archived ads.",
        "Delete archived ads in Ads Manager.", who=_OWNER),
    _invalid(None, 1885183, "The post was made by an app that is in development mode.",
             "Switch the app to live in its settings at Meta.", who=Who.ADMIN),
    _invalid(None, 1885272, "The budget is too low.", "Raise the budget in Ads Manager.", who=_OWNER),
    _invalid(None, 1885650, "The budget is too low.", "Raise the budget in Ads Manager.", who=_OWNER),
    _invalid(None, 1885621, "Both the campaign and the ad set have a budget.",
        "Remove one of the two budgets in Ads Manager.", who=_OWNER),
    _invalid(None, 2446307, "The campaign's spend cap is below the minimum.",
        "Raise the spend cap in Ads Manager.", who=_OWNER),
)  # fmt: skip

CONVERSIONS = (
    _invalid(100, 2804003, "A conversion event is too old.",
        "Whoever sends the events corrects the time, or leaves events older than seven days out."),
    _invalid(100, 2804008, "A value of a conversion event is wrong.",
        "Whoever sends the events corrects the value that Meta's message names.", mark=_UNSURE),
    _invalid(100, 2804009, "The name of a conversion event is not valid.",
        "Whoever sends the events corrects the name.", mark=_UNSURE),
    _invalid(100, 2804016, "A parameter of a conversion event is not valid.",
        "Whoever sends the events corrects the part that Meta's message names, often the customer "
        "data.",
             mark=Mark.REPORTED),
    _invalid(100, 2804019, "The currency of a conversion event is not valid.",
             "Whoever sends the events corrects the currency.",
             mark=_UNSURE),
    _invalid(100, 2804050, "A conversion event says too little about the customer.",
        "Whoever sends the events adds what identifies the customer, such as a hashed e-mail "
        "address.",
             mark=Mark.REPORTED),
)  # fmt: skip

VERSION_OVER = Entry(
    code=2635, category=Category.VERSION, meaning="Meta has switched off the version of its API that we use.",
    action="Set META_API_VERSION to a version that Meta still serves, and restart.", who=Who.ENGINEER,
)  # fmt: skip

UNSURE = (
    _unknown(5000, None, "Meta has no code for what went wrong.", Mark.DOCUMENTED),
    _unknown(None, 1487390, "It is not certain what Meta means with this code.", Mark.GUIDE),
)

ROWS = (*REQUESTS, *OBJECTS, *CONVERSIONS, VERSION_OVER, *UNSURE)

# The ones below are found by something other than their code.

CONVERSION_EVENT = _invalid(
    None,
    None,
    "A conversion event is not valid.",
    "Whoever sends the events corrects the part that Meta's message names.",
)
APP_SECRET = _invalid(
    None, None, "The app secret is wrong.", "Check the app secret in the settings. It differs from the one at Meta.",
    who=Who.ADMIN, mark=_UNSURE,
)  # fmt: skip
UNKNOWN = _unknown(None, None, "This code is not in the catalogue yet.", Mark.UNCONFIRMED)
REFUSED_ANSWER = _invalid(
    None,
    None,
    "The answer was not one of Meta's.",
    "Look at META_GRAPH_URL in the settings and at proxies on the way.",
)
BROKEN_PAGING = _invalid(
    None,
    None,
    "The list cannot be followed to its end.",
    "Start the list again from its first page: the next sync does so by itself.",
)
