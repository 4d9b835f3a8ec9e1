"""Catalogue rows for tokens, permissions, accounts and policy: a person has to act.

Sources: the Marketing API page "Error reference" and the Graph API page "Handle Errors".
"""

from apps.graphapi.entries import Category, Entry, Mark, Retry, Who


def _auth(
    code: int, subcode: int | None, meaning: str, action: str = "Reconnect the connection.", *,
    who: Who = Who.ADMIN, mark: Mark = Mark.DOCUMENTED,
) -> Entry:  # fmt: skip
    return Entry(
        code=code, subcode=subcode, category=Category.AUTH, meaning=meaning, action=action, who=who, mark=mark
    )  # fmt: skip


def _permission(
    code: int | None, subcode: int | None, meaning: str, action: str, *, mark: Mark = Mark.DOCUMENTED
) -> Entry:
    return Entry(
        code=code, subcode=subcode, category=Category.PERMISSION, meaning=meaning, action=action,
        who=Who.ADMIN, mark=mark,
    )  # fmt: skip


def _account(
    code: int | None, subcode: int | None, meaning: str, action: str, *,
    retry: Retry = Retry.NEVER, mark: Mark = Mark.DOCUMENTED,
) -> Entry:  # fmt: skip
    return Entry(
        code=code, subcode=subcode, category=Category.ACCOUNT, meaning=meaning, action=action,
        who=Who.ACCOUNT_OWNER, retry=retry, mark=mark,
    )  # fmt: skip


def _policy(code: int | None, subcode: int | None, meaning: str, action: str) -> Entry:
    return Entry(
        code=code, subcode=subcode, category=Category.POLICY, meaning=meaning, action=action,
        who=Who.ACCOUNT_OWNER,
    )  # fmt: skip


_LOGIN = "Start the Facebook login again."
_CHECKPOINT = "Log in on facebook.com, then reconnect."
_GRANT = "Reconnect and grant the permission, or give the asset."
_TERMS = "Accept them in Ads Manager."
_ASSET = "Check the id, then give the token's owner the asset and the permission."

TOKENS = (
    _auth(102, None, "The session is no longer valid."),
    _auth(190, None, "The access token is not valid."),
    _auth(190, 458, "The person or system user has removed the app.", "Log in and allow the app again."),
    _auth(190, 459, "Facebook asks the person for a security check.", _CHECKPOINT),
    _auth(190, 460, "The password was changed."),
    _auth(190, 463, "The access token has expired."),
    _auth(190, 464, "The person's Facebook account is not confirmed.", _CHECKPOINT),
    _auth(190, 467, "The access token was invalidated."),
    _auth(100, 36007, "The login code has expired.", _LOGIN, mark=Mark.UNCONFIRMED),
    _auth(
        100, 36008, "The login code came with another redirect address.",
        "Check the redirect address of the app, then log in again.", mark=Mark.UNCONFIRMED,
    ),
    _auth(100, 36009, "The login code was used before.", _LOGIN, mark=Mark.UNCONFIRMED),
)  # fmt: skip

PERMISSIONS = (
    _permission(
        3, None, "The app may not make this call.",
        "Check the app's Marketing API access tier and its products.",
    ),
    _permission(10, None, "A permission was not granted, or was taken away.", _GRANT),
    _permission(
        10, 2332002, "The person's identity, or the app, is not confirmed for the Ad Library.",
        "Confirm the identity on facebook.com/ID.", mark=Mark.UNCONFIRMED,
    ),
    _permission(
        100, 33, "The object does not exist, or this token may not see it, or it cannot do this.", _ASSET
    ),
    _permission(
        100, 3191001, "This token may not read insights of the account.",
        "Grant ads_read and give the token's owner the ad account.",
    ),
    _permission(190, 492, "The person has lost the role on the page.", "Give the role back, then reconnect."),
    _permission(200, None, "A permission is missing.", _GRANT),
    _permission(
        270, None, "The app's access tier does not allow this.",
        "Apply for full Marketing API access, or for advanced access to the permission.",
    ),
    _permission(
        272, None, "The caller must be an admin of the ad account.",
        "Give the token's owner the ad account.", mark=Mark.REPORTED,
    ),
    _permission(
        273, None, "A role on the ad account, or its verification, is missing.",
        "Read Meta's message; check role and business verification.", mark=Mark.GUIDE,
    ),
    _permission(
        274, None, "The ad account is not enabled for this app.",
        "Connect the ad account with the app.", mark=Mark.UNCONFIRMED,
    ),
    _permission(
        275, None, "Meta cannot tell which ad account is meant.",
        "Check the ad account id and the role on it.", mark=Mark.UNCONFIRMED,
    ),
    _permission(278, None, "ads_read is missing.", "Reconnect and grant ads_read.", mark=Mark.UNCONFIRMED),
    _permission(
        294, None, "ads_management is missing, or the app may not manage ads.",
        "Grant ads_management; check the app's access tier.",
    ),
    _permission(
        2654, 1713092, "This token may not change the audience.",
        "Give the token's owner the right to manage the ad account.",
    ),
)  # fmt: skip

ACCOUNTS = (
    _account(
        1, 2853001, "The ad account belongs to a personal profile that is not linked to a page.",
        "Use an ad account of a business portfolio.",
    ),
    _account(200, 1870034, "The terms for custom audiences are not accepted.", _TERMS),
    _account(
        None, 1487470, "Said to be an unsettled balance; Meta does not list it.",
        "Check the account's status and Meta's message.", mark=Mark.GUIDE,
    ),
    _account(None, 1870090, "The terms for custom audiences are not accepted.", _TERMS),
    _account(None, 1870092, "The terms for business tools are not accepted.", _TERMS),
    _account(
        None, 3910001, "Meta has trouble with the account.",
        "Wait; look at the account in Ads Manager if it stays.", retry=Retry.LATER,
    ),
)  # fmt: skip

POLICIES = (
    _policy(368, None, "Meta blocks this action for a while as abusive.", "Change nothing for hours."),
    _policy(None, 1404078, "The account is blocked for a while.", "Look at account quality; wait."),
    _policy(None, 2859015, "The account is blocked for a while.", "Look at account quality; wait."),
    _policy(None, 1404163, "The advertiser is banned.", "Appeal in account quality."),
    _policy(None, 2490427, "The ad was rejected and switched off.", "Change the ad or ask for a review."),
    _policy(None, 2490468, "The ad was rejected and switched off.", "Change the ad or ask for a review."),
    _policy(None, 2708008, "Political ads need an authorisation.", "Get authorised in Ads Manager."),
)  # fmt: skip

ROWS = TOKENS + PERMISSIONS + ACCOUNTS + POLICIES

# The ones below are found by something other than their code.

MISSING_PERMISSION = _permission(100, None, "A permission is missing.", _GRANT)
PERMISSION_FAMILY = _permission(None, None, "A permission is missing.", _GRANT)
ACCOUNT_FAMILY = _account(None, None, "Something is wrong with the account.", "Look at it in Ads Manager.")
POLICY_FAMILY = _policy(None, None, "Meta's policies stand against it.", "Appeal or change the ad.")
