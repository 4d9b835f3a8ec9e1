"""Who gets what at every address. A new URL needs a line here, or the walk fails.

    "connections:new": admins(),                              # who may not: 403; signed out: to sign-in
    "connections:check": admins(POST, pk=connection),         # what `pk` is in the walk's scene
    "reporting:account": of_account(),                        # a marketer's own; another one like none at all

For what fits none of these, write `Rule(stranger=…, marketer=…, support=…, admin=…)`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

GET, POST = "get", "post"

# What comes back: a page (or on from there, but not to sign-in), or the way it is refused.
PAGE, SIGN_IN, FORBIDDEN, MISSING, OVER = "page", "sign-in", "403", "404", "410"
ROLES = ("stranger", "marketer", "support", "admin")

Find = Callable[[Any], Any]


@dataclass(frozen=True)
class Rule:
    stranger: str
    marketer: str
    support: str
    admin: str
    method: str = GET
    # How each part of the address is found in the scene.
    parts: dict[str, Find] = field(default_factory=dict)
    # The same address about something that is not a marketer's: it must answer like one that does not exist.
    foreign: dict[str, Find] = field(default_factory=dict)
    nothing: dict[str, Find] = field(default_factory=dict)


def everybody(method: str = GET, **parts: Find) -> Rule:
    return Rule(PAGE, PAGE, PAGE, PAGE, method, parts)


def signed_in(method: str = GET, **parts: Find) -> Rule:
    return Rule(SIGN_IN, PAGE, PAGE, PAGE, method, parts)


def support_up(method: str = GET, **parts: Find) -> Rule:
    return Rule(SIGN_IN, FORBIDDEN, PAGE, PAGE, method, parts)


def admins(method: str = GET, **parts: Find) -> Rule:
    return Rule(SIGN_IN, FORBIDDEN, FORBIDDEN, PAGE, method, parts)


def of_account(method: str = GET) -> Rule:
    return Rule(
        SIGN_IN,
        PAGE,
        PAGE,
        PAGE,
        method,
        parts={"act": lambda scene: scene.granted.act_id},
        foreign={"act": lambda scene: scene.foreign.act_id},
        nothing={"act": lambda scene: "act_404404"},
    )


def admins_of_account(method: str = GET) -> Rule:
    return admins(method, act=lambda scene: scene.granted.act_id)


def connection(scene: Any) -> Any:
    return scene.connection.pk


def a_business(scene: Any) -> Any:
    return scene.business


def a_system_user(scene: Any) -> Any:
    return scene.system_user


def somebody(scene: Any) -> Any:
    return scene.somebody.pk


def invited(scene: Any) -> Any:
    return scene.invited.pk


def their_session(scene: Any) -> Any:
    return scene.session.pk


def their_passkey(scene: Any) -> Any:
    return scene.passkey.pk


def an_error(scene: Any) -> Any:
    return scene.error.pk


def an_alert(scene: Any) -> Any:
    return scene.alert.pk


def a_channel(scene: Any) -> Any:
    return scene.channel.pk


# Of somebody else, so that nobody in the walk finds it among their own.
NOBODYS_OWN = Rule(SIGN_IN, MISSING, MISSING, MISSING)

RULES: dict[str, Rule] = {
    "overview": signed_in(),
    "healthz": everybody(),
    "readyz": everybody(),
    "ui:pulse": signed_in(),
    # signing in
    "account_login": everybody(),
    "account_logout": signed_in(),
    "account_signup": everybody(),
    "account_inactive": everybody(),
    "account_reset_password": everybody(),
    "account_reset_password_done": everybody(),
    "account_reset_password_from_key": everybody(uidb36=lambda scene: "1", key=lambda scene: "x-y"),
    "account_reset_password_from_key_done": everybody(),
    "account_change_password": signed_in(),
    "account_reauthenticate": signed_in(),
    "mfa_authenticate": signed_in(),
    "mfa_login_webauthn": signed_in(),
    # Who has no second factor is asked for the password instead.
    "mfa_reauthenticate": Rule(SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN),
    "mfa_reauthenticate_webauthn": Rule(SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN),
    # the second factor
    "mfa_index": signed_in(),
    "mfa_activate_totp": signed_in(),
    "mfa_deactivate_totp": NOBODYS_OWN,
    "mfa_view_recovery_codes": NOBODYS_OWN,
    "mfa_generate_recovery_codes": signed_in(),
    "mfa_list_webauthn": signed_in(),
    "mfa_add_webauthn": signed_in(),
    "mfa_edit_webauthn": Rule(SIGN_IN, MISSING, MISSING, MISSING, parts={"pk": their_passkey}),
    "mfa_remove_webauthn": Rule(SIGN_IN, MISSING, MISSING, MISSING, parts={"pk": their_passkey}),
    # people
    "team:users": admins(),
    "team:invite": admins(),
    "team:person": admins(pk=somebody),
    "team:give_role": admins(POST, pk=somebody),
    "team:switch_off": admins(POST, pk=somebody),
    "team:switch_on": admins(POST, pk=somebody),
    "team:reset_second_factor": admins(POST, pk=somebody),
    "team:unlock": admins(POST, pk=somebody),
    "team:end_sessions": admins(POST, pk=somebody),
    "team:end_session": admins(POST, pk=somebody, session=their_session),
    "team:invite_again": admins(POST, pk=invited),
    "team:take_back": admins(POST, pk=invited),
    "team:invitation": everybody(token=lambda scene: "no-such-token"),
    "team:join": Rule(OVER, OVER, OVER, OVER),
    "team:sessions": signed_in(),
    "team:end_own_session": Rule(SIGN_IN, MISSING, MISSING, MISSING, POST, {"pk": their_session}),
    "team:end_other_sessions": signed_in(POST),
    "team:audit": admins(),
    "team:audit_csv": admins(),
    # connections
    "connections:list": support_up(),
    "connections:new": admins(),
    "connections:new-token": admins(),
    "connections:new-login": admins(),
    "connections:found": Rule(SIGN_IN, FORBIDDEN, FORBIDDEN, OVER, parts={"pk": connection}),
    # the login at Meta; what comes back from there may come to anybody, and is looked at only with its own state
    "connections:login-start": admins(),
    "connections:login-callback": everybody(),
    "connections:login-unknown": everybody(),
    "connections:login-ended": everybody(key=lambda scene: "no-such-key"),
    "connections:link": Rule(MISSING, MISSING, MISSING, MISSING, parts={"key": lambda scene: "no-such-key"}),
    "connections:link-page": Rule(OVER, OVER, OVER, OVER),
    "connections:link-login": Rule(OVER, OVER, OVER, OVER),
    "connections:link-thanks": Rule(OVER, OVER, OVER, OVER),
    "connections:link-found": Rule(OVER, OVER, OVER, OVER, parts={"pk": connection}),
    "connections:check": admins(POST, pk=connection),
    "connections:check_all": admins(POST),
    "connections:detail": support_up(pk=connection),
    "connections:renew": admins(POST, pk=connection),
    "connections:rotate": admins(pk=connection),
    "connections:ask": admins(POST, pk=connection),
    "connections:disconnect": admins(pk=connection),
    "connections:grants": admins(pk=somebody),
    # system users
    "connections:system-users": admins(),
    "connections:businesses": admins(pk=connection),
    "connections:business-users": admins(pk=connection, business=a_business),
    "connections:system-user": admins(pk=connection, business=a_business, user=a_system_user),
    "connections:system-user-step": admins(
        POST, pk=connection, business=a_business, user=a_system_user, step=lambda scene: "install"
    ),
    # set-up
    "connections:setup": admins(),
    "connections:setup-check-all": admins(POST),
    "connections:setup-check": admins(POST, name=lambda scene: "app"),
    "connections:setup-mark": admins(POST, name=lambda scene: "redirects"),
    # Meta's own callbacks: what is not signed is refused
    "connections:deauthorize": everybody(POST),
    "connections:data_deletion": everybody(POST),
    "connections:deletion_status": Rule(
        MISSING, MISSING, MISSING, MISSING, parts={"code": lambda scene: "no-such-code"}
    ),
    # the error log
    "health:errors": support_up(),
    "health:errors-csv": support_up(),
    "health:errors-triage": support_up(POST),
    "health:errors-undo": support_up(POST),
    "health:error": support_up(pk=an_error),
    "health:error-state": support_up(POST, pk=an_error),
    "health:error-note": support_up(POST, pk=an_error),
    "health:error-owner": support_up(POST, pk=an_error),
    # alerts
    "health:alerts": support_up(),
    "health:alert": support_up(POST, pk=an_alert),
    "health:alert-rule": admins(POST, name=lambda scene: "stale"),
    "health:alert-channel-new": admins(),
    "health:alert-channel": admins(POST, pk=a_channel),
    # numbers
    "reporting:performance": signed_in(),
    "reporting:performance_csv": signed_in(),
    "reporting:sync": signed_in(POST),
    "reporting:accounts": signed_in(),
    "reporting:account": of_account(),
    "reporting:sync_account": of_account(POST),
    "reporting:keep_sets": admins_of_account(POST),
    "reporting:start_backfill": admins_of_account(POST),
    "reporting:stop_backfill": admins_of_account(POST),
    # health
    "health:index": support_up(),
    "health:check": support_up(POST),
    # Without METRICS_TOKEN to this machine alone, which the walk is.
    "health:metrics": everybody(),
}
