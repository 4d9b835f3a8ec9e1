"""Graph-shaped refusals: one exception, and the bodies the reference holds us to."""

from __future__ import annotations

from typing import Any

UNSUPPORTED = (
    "Unsupported {verb} request. Object with ID '{node}' does not exist, cannot be loaded due to missing "
    "permissions, or does not support this operation. Please read the Graph API documentation at "
    "https://developers.facebook.com/docs/graph-api"
)
RATE_LIMITING = "https://developers.facebook.com/docs/graph-api/overview/rate-limiting"


class GraphFault(Exception):
    """An answer that is an error. `body` is the inner error object, still without its trace id."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body.get("message", ""))
        self.status = status
        self.body = body


def fault(
    message: str,
    code: int,
    subcode: int | None = None,
    *,
    status: int = 400,
    kind: str = "OAuthException",
    **extra: Any,
) -> GraphFault:
    """Build a fault; the keys come in the order Meta writes them."""
    body: dict[str, Any] = {"message": message, "type": kind}
    if "is_transient" in extra:
        body["is_transient"] = extra.pop("is_transient")
    body["code"] = code
    if subcode is not None:
        body["error_subcode"] = subcode
    body.update(extra)
    return GraphFault(status, body)


def invalid(message: str) -> GraphFault:
    return fault(f"(#100) {message}", 100)


def missing_object(node: str, verb: str = "get") -> GraphFault:
    """No such object, no access to it, or nothing it can do: Meta does not say which."""
    return fault(UNSUPPORTED.format(verb=verb, node=node), 100, 33, kind="GraphMethodException")


def data_access_over() -> GraphFault:
    """The token lives on, but its owner's data are closed. The wording is ours: Meta's is not published."""
    return fault("(#10) Access to this person's data has expired; they must log in again", 10, status=403)


def unknown_path(path: str) -> GraphFault:
    return fault(f"Unknown path components: /{path}", 2500)


def deprecated_version(latest: str) -> GraphFault:
    return fault(
        "(#2635) You are calling a deprecated version of the Ads API. "
        f"Please update to the latest version: {latest}.",
        2635,
    )


def internal() -> GraphFault:
    return fault("An unknown error occurred", 1, status=500)


def reduce_the_amount() -> GraphFault:
    return fault("Please reduce the amount of data you're asking for, then retry your request", 1, status=500)


def wrong_level() -> GraphFault:
    return fault("An unknown error occurred", 1, 99, status=500)


def too_many_rows() -> GraphFault:
    return fault(
        "Invalid parameter",
        100,
        1487534,
        is_transient=False,
        error_user_title="Too Much Data Was Requested",
        error_user_msg="The amount of data this query asks for is over the limit. Ask for a shorter date "
        "range, a higher level or fewer breakdowns, or use an asynchronous report.",
    )


def unparsable_token() -> GraphFault:
    return fault("Invalid OAuth access token - Cannot parse access token", 190, status=401)


def no_token() -> GraphFault:
    return fault("An access token is required to request this resource.", 104)


def insights_denied() -> GraphFault:
    return fault(
        "Invalid parameter",
        100,
        3191001,
        is_transient=False,
        error_user_title="Missing permission",
        error_user_msg="You do not have sufficient permission to read the insights of this ad account.",
    )


def ads_read_missing() -> GraphFault:
    return fault(
        "(#200) Ad account owner has NOT grant ads_management or ads_read permission", 200, status=403
    )


def scope_missing(scope: str) -> GraphFault:
    return fault(f"(#200) Requires {scope} permission to manage the object", 200, status=403)


def insights_limit() -> GraphFault:
    return fault(
        "(#80000) There have been too many calls from this ad-account. Wait a bit and try again. "
        f"For more info, please refer to {RATE_LIMITING}.",
        80000,
        2446079,
    )


def management_limit() -> GraphFault:
    return fault(
        "(#80004) There have been too many calls to this ad-account. Wait a bit and try again. "
        f"For more info, please refer to {RATE_LIMITING}#ads-management.",
        80004,
        2446079,
    )


def account_limit() -> GraphFault:
    return fault(
        "(#17) User request limit reached",
        17,
        2446079,
        is_transient=True,
        error_user_title="Ad Account Has Too Many API Calls",
        error_user_msg="There have been too many calls from this ad-account. "
        "Please wait a bit and try again.",
    )


def app_insights_limit() -> GraphFault:
    return fault(
        "(#4) Application request limit reached",
        4,
        1504022,
        is_transient=True,
        error_user_title="Too many API requests",
        error_user_msg="There have been too many calls from this app. Wait a bit and try again.",
    )


def app_limit() -> GraphFault:
    return fault("(#4) Application request limit reached", 4, is_transient=True)


def mutation_limit(account_id: str) -> GraphFault:
    return fault(
        "(#613) Calls to this api have exceeded the rate limit.",
        613,
        5044001,
        error_user_msg=f"Your ad account {account_id} has exceeded the maximum allowed rate of mutation "
        "requests. Please wait a moment and try again.",
    )


def budget_change_limit() -> GraphFault:
    return fault(
        "(#613) Calls to this api have exceeded the rate limit.",
        613,
        1487632,
        error_user_msg="The budget of this ad set has been changed too often. Please wait an hour.",
    )


def report_not_ready() -> GraphFault:
    return fault(
        "Error accessing adreport job.",
        2601,
        1815107,
        is_transient=True,
        error_user_title="Loading Async Ads Report Failed",
        error_user_msg="Sorry, the loading of your async ads report failed. "
        "Please wait for the job to complete and try again.",
    )
