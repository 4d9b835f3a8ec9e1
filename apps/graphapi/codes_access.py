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


_LOGIN = "Start the Facebook login again from the page of the connection."
_CHECKPOINT = (
    "The owner of the connection logs in on facebook.com and answers what is asked there. Then reconnect."
)
_GRANT = (
    "Reconnect and allow every permission that is asked for; if it stays, give the owner of the "
    "connection the ad account."
)
_TERMS = "Somebody who manages the ad account accepts the terms in Ads Manager."
_ASSET = (
    "Look whether the object was deleted at Meta. If it is there, give the owner of the connection "
    "access to its ad account."
)

TOKENS = (
    _auth(102, None, "The login behind the connection is no longer valid."),
    _auth(190, None, "Meta does not accept the access token of the connection."),
    _auth(190, 458, "The owner of the connection has removed our app at Meta.",
        "The owner logs in again and allows the app."),
    _auth(190, 459, "Facebook asks the owner of the connection for a security check.", _CHECKPOINT),
    _auth(190, 460,
        "The owner of the connection has changed the Facebook password, which ends every access "
        "token."),
    _auth(190, 463, "The access token has expired."),
    _auth(190, 464, "The Facebook account of the connection's owner is not confirmed.", _CHECKPOINT),
    _auth(190, 467, "Meta has ended the access token before its time."),
    _auth(100, 36007, "The login code has expired.", _LOGIN, mark=Mark.UNCONFIRMED),
    _auth(
        100, 36008, "The login code came with another redirect address.",
        "Compare the redirect address in the app's settings at Meta with the one on the set-up "
        "page, then log in again.",
        mark=Mark.UNCONFIRMED,
    ),
    _auth(100, 36009, "The login code was used before.", _LOGIN, mark=Mark.UNCONFIRMED),
)  # fmt: skip

PERMISSIONS = (
    _permission(
        3, None, "Our app at Meta may not make this call.",
        "Look in the app's settings at Meta whether Marketing API is added and which access it has.",
    ),
    _permission(10, None, "A permission was not granted, or was taken away.", _GRANT),
    _permission(
        10, 2332002, "The person's identity, or the app, is not confirmed for the Ad Library.",
        "The owner of the connection confirms their identity on facebook.com/ID.", mark=Mark.UNCONFIRMED,
    ),
    _permission(
        100, 33, "The object does not exist, or this connection may not see it, or it cannot do this.", _ASSET
    ),
    _permission(
        100, 3191001, "This connection may not read the numbers of the ad account.",
        "Reconnect and allow ads_read, and give the owner of the connection the ad account.",
    ),
    _permission(190, 492, "The owner of the connection has lost their role on the Facebook page.",
        "Give them the role back in the Business settings, then reconnect."),
    _permission(200, None, "A permission is missing.", _GRANT),
    _permission(
        270, None, "Meta has not yet allowed our app to do this.",
        "Apply at Meta for full Marketing API access, or for advanced access to the permission.",
    ),
    _permission(
        272, None, "The owner of the connection must be an admin of the ad account.",
        "Give the owner of the connection full control of the ad account in the Business settings.",
        mark=Mark.REPORTED,
    ),
    _permission(
        273, None, "A role on the ad account, or its verification, is missing.",
        "Read Meta's own message. Look at the role on the ad account and at the business "
        "verification in the Business settings.",
        mark=Mark.GUIDE,
    ),
    _permission(
        274, None, "The ad account is not enabled for this app.",
        "Add the ad account to the app in the Business settings at Meta.", mark=Mark.UNCONFIRMED,
    ),
    _permission(
        275, None, "Meta cannot tell which ad account is meant.",
        "Look whether the ad account still exists and whether the owner of the connection has a "
        "role on it.",
        mark=Mark.UNCONFIRMED,
    ),
    _permission(278, None,
        "The permission ads_read is missing.",
        "Reconnect and allow ads_read.", mark=Mark.UNCONFIRMED),
    _permission(
        294, None, "The permission ads_management is missing, or our app may not manage ads.",
        "Reconnect and allow ads_management. If it stays, look at the app's Marketing API access at Meta.",
    ),
    _permission(
        2654, 1713092, "This connection may not change the audience.",
        "Give the owner of the connection the right to manage the ad account.",
    ),
)  # fmt: skip

ACCOUNTS = (
    _account(
        1, 2853001, "The ad account belongs to a personal profile that is not linked to a page.",
        "Use an ad account that belongs to a business portfolio, or link the profile to a page at Meta.",
    ),
    _account(200, 1870034, "The terms for custom audiences are not accepted.", _TERMS),
    _account(
        None, 1487470, "Probably an unpaid balance of the ad account; Meta does not document this code.",
        "Open the billing page at Meta and settle what is open there. Read Meta's own message as "
        "well.",
        mark=Mark.GUIDE,
    ),
    _account(None, 1870090, "The terms for custom audiences are not accepted.", _TERMS),
    _account(None, 1870092, "The terms for business tools are not accepted.", _TERMS),
    _account(
        None, 3910001, "Meta has trouble with the account.",
        "Wait an hour. If it stays, look at the ad account in Ads Manager.", retry=Retry.LATER,
    ),
)  # fmt: skip

POLICIES = (
    _policy(368, None, "Meta blocks changes for a while because they looked abusive.",
            "Change nothing in the ad account for some hours, then begin slowly."),
    _policy(None, 1404078, "Meta blocks the ad account for a while.",
            "Open account quality at Meta, see the reason, and wait until the block ends."),
    _policy(None, 2859015, "Meta blocks the ad account for a while.",
            "Open account quality at Meta, see the reason, and wait until the block ends."),
    _policy(None, 1404163, "Meta has banned the advertiser.",
            "Open account quality at Meta and ask for a review."),
    _policy(None, 2490427, "Meta rejected the ad and switched it off.",
            "Change the ad in Ads Manager, or ask for a review there."),
    _policy(None, 2490468, "Meta rejected the ad and switched it off.",
            "Change the ad in Ads Manager, or ask for a review there."),
    _policy(None, 2708008, "Ads about politics need an authorisation.",
            "The advertiser gets authorised in Ads Manager."),
)  # fmt: skip

ROWS = TOKENS + PERMISSIONS + ACCOUNTS + POLICIES

# The ones below are found by something other than their code.

MISSING_PERMISSION = _permission(100, None, "A permission is missing.", _GRANT)
PERMISSION_FAMILY = _permission(None, None, "A permission is missing.", _GRANT)
ACCOUNT_FAMILY = _account(None, None, "Something is wrong with the ad account.", "Look at it in Ads Manager.")
POLICY_FAMILY = _policy(
    None,
    None,
    "Meta's rules for ads stand against it.",
    "Change the ad in Ads Manager, or ask for a review there.",
)
