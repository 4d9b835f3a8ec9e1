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
        action="Read Meta's own message; report the trace id to Meta support if it stays.",
        who=Who.ENGINEER, retry=Retry.ONCE, mark=mark,
    )  # fmt: skip


REQUESTS = (
    _invalid(2, 1504041, "These breakdowns cannot be combined.", "Choose another combination of breakdowns."),
    _invalid(2, 1504042, "A custom metric is not valid.", "Correct the list of metrics."),
    _invalid(100, None, "A parameter or a field is not valid.", "Correct what Meta's message names."),
    # Says nothing about the token: this installation signs with another secret than the app has.
    _invalid(104, None, "The signature of the call is wrong.", "Check the app secret in the settings.",
             who=Who.ADMIN, retry=Retry.ONCE),
    _invalid(506, None, "The same post was just made.", "Change the content."),
    _invalid(2200, None, "Meta could not verify the callback.", "Check callback address and verify token.",
             who=Who.ADMIN, mark=_UNSURE),
    _invalid(2335, None, "The Ad Library does not accept this search.", "Correct the search.", mark=_UNSURE),
    _invalid(2500, None, "The path does not exist.", "Correct the path."),
    _invalid(2606, None, "The preview cannot be made.", "Correct the preview request."),
    _invalid(2607, None, "The currency is not valid.", "Correct the currency."),
    _invalid(2615, None, "The account update is not valid.", "Correct the account update."),
    _invalid(2642, None, "The paging cursor is no longer valid.", "Start the list again from its first page.",
             mark=Mark.REPORTED),
    _invalid(2695, None, "The campaign has reached its number of ad sets.", "Use another campaign.",
             who=_OWNER),
    _invalid(3018, None, "The report starts more than 37 months back.", "Start it later."),
)  # fmt: skip

OBJECTS = (
    _invalid(100, 1487694, "A targeting category no longer exists.", "Choose another.", who=_OWNER),
    _invalid(100, 1752129, "These tasks cannot be given together.", "Add the tasks that the others imply."),
    _invalid(100, 3858258, "Meta could not download the image.", "Use an image Meta can reach."),
    _invalid(100, 2446289, "The promoted post is not available.", "Choose another post.", who=_OWNER),
    _invalid(200, 1870047, "The audience is too small.", "Widen the audience.", who=_OWNER),
    _invalid(None, 1487007, "The ad set has ended.", "Give it a later end.", who=_OWNER),
    _invalid(None, 1487033, "The end must be in the future.", "Give it a later end.", who=_OWNER),
    _invalid(None, 1487056, "The ad set is deleted; only its name can change.", "Leave it.", who=_OWNER),
    _invalid(None, 1487566, "The campaign is deleted; only its name can change.", "Leave it.", who=_OWNER),
    _invalid(None, 1487901, "The ad set's budget is too low.", "Raise the budget.", who=_OWNER),
    _invalid(None, 1487990, "There are too many archived ads.", "Delete archived ads.", who=_OWNER),
    _invalid(None, 1885183, "The post comes from an app in development mode.", "Publish it.", who=Who.ADMIN),
    _invalid(None, 1885272, "The budget is too low.", "Raise the budget.", who=_OWNER),
    _invalid(None, 1885650, "The budget is too low.", "Raise the budget.", who=_OWNER),
    _invalid(None, 1885621, "Both the campaign and the ad set have a budget.", "Keep one.", who=_OWNER),
    _invalid(None, 2446307, "The campaign's spend cap is below the minimum.", "Raise the cap.", who=_OWNER),
)  # fmt: skip

CONVERSIONS = (
    _invalid(100, 2804003, "A conversion event is too old.", "Correct its event_time or leave it out."),
    _invalid(100, 2804008, "A value of a conversion event is wrong.", "Correct the value.", mark=_UNSURE),
    _invalid(100, 2804009, "The name of a conversion event is not valid.", "Correct the name.", mark=_UNSURE),
    _invalid(100, 2804016, "A parameter of a conversion event is not valid.", "Check user_data.",
             mark=Mark.REPORTED),
    _invalid(100, 2804019, "The currency of a conversion event is not valid.", "Correct the currency.",
             mark=_UNSURE),
    _invalid(100, 2804050, "A conversion event says too little about the customer.", "Add identifiers.",
             mark=Mark.REPORTED),
)  # fmt: skip

VERSION_OVER = Entry(
    code=2635, category=Category.VERSION, meaning="This version of the API is over.",
    action="Raise the version in the settings.", who=Who.ENGINEER,
)  # fmt: skip

UNSURE = (
    _unknown(5000, None, "Meta has no code for what went wrong.", Mark.DOCUMENTED),
    _unknown(None, 1487390, "People disagree about what this means.", Mark.GUIDE),
)

ROWS = (*REQUESTS, *OBJECTS, *CONVERSIONS, VERSION_OVER, *UNSURE)

# The ones below are found by something other than their code.

CONVERSION_EVENT = _invalid(
    None, None, "A conversion event is not valid.", "Correct the event; Meta's message names the part."
)
APP_SECRET = _invalid(
    None, None, "The app secret is wrong.", "Check the app secret in the settings.",
    who=Who.ADMIN, mark=_UNSURE,
)  # fmt: skip
UNKNOWN = _unknown(None, None, "This code is not in the catalogue yet.", Mark.UNCONFIRMED)
REFUSED_ANSWER = _invalid(
    None, None, "The answer was not one of Meta's.", "Check the address of the API and proxies on the way."
)
BROKEN_PAGING = _invalid(
    None, None, "The list cannot be followed to its end.", "Start the list again from its first page."
)
