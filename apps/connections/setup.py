"""The set-up page: what works, checked live with its proof; what Meta does not tell, ticked by a person.

Other apps add steps: `settings.SETUP_STEPS` names functions without arguments that give one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from apps.graphapi import Call, Client, GraphError, Pauses, app_token, businesses, permissions
from apps.graphapi.limits import TIER_LIMITED
from apps.vault import KeysAway, SealBroken

from . import clients, tokens
from .models import AdAccount, Connection, SetupStep
from .purposes import Purpose

State = SetupStep.State
DEVELOPERS, BUSINESS = "https://developers.facebook.com/apps", "https://business.facebook.com/settings"
CALLBACKS = {
    "OAuth redirect": "/connections/login/callback/",
    "Webhook callback": "/hooks/meta/",
    "Deauthorize callback": "/hooks/meta/deauthorize/",
    "Data deletion callback": "/hooks/meta/data-deletion/",
}
# Accounts whose subscription is looked at in one check: each costs a call.
LOOKED_AT = 50
_NEVER = datetime.min.replace(tzinfo=UTC)
_PATIENCE = Pauses(tries=1, first=0.5, longest=0.5)


class NotYet(Exception):
    """The check can not be made yet. The text says what comes first."""


@dataclass(frozen=True)
class Finding:
    """What a check found. `evidence`: what was asked and what Meta answered. `trouble`: why it is not verified.

    `facts`: what other pages show of it.
    """

    state: str
    evidence: list[str]
    trouble: str = ""
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One row. Without a check it is a person's tick. `place` is where to act, `{app}` standing for the app's id.

    `addresses`: those of CALLBACKS that are entered there.
    """

    name: str
    title: str
    why: str
    place: str
    place_name: str
    check: Callable[[], Finding] | None = None
    addresses: tuple[str, ...] = ()

    @property
    def is_live(self) -> bool:
        """For templates, which would call `check`."""
        return self.check is not None

    @property
    def copyable(self) -> dict[str, str]:
        """The values to be entered at Meta, by what they are called here."""
        site = settings.SITE_URL.rstrip("/")
        return {name: site + CALLBACKS[name] for name in self.addresses}

    @property
    def url(self) -> str:
        return self.place.replace("{app}", settings.META_APP_ID)


def _app() -> Finding:
    token = app_token(settings.META_APP_ID, settings.META_APP_SECRET)
    info = clients.for_app(retries=_PATIENCE).inspect_token(token)
    if not info.is_valid:
        return Finding(State.ATTENTION, [], "Meta calls the app's token invalid. Check META_APP_SECRET.")
    return Finding(
        State.VERIFIED, [f"debug_token: the app token is valid, app {info.application} ({info.app_id})"]
    )


def _addresses() -> Finding:
    fields = ["name", "privacy_policy_url", "deauth_callback_url"]
    told = clients.for_app(retries=_PATIENCE).get(settings.META_APP_ID, fields=fields)
    policy, evidence = told.get("privacy_policy_url"), []
    if policy:
        evidence.append(f"privacy_policy_url: {policy}")
    if told.get("deauth_callback_url"):
        evidence.append(f"deauth_callback_url: {told['deauth_callback_url']}")
    if not policy:
        return Finding(
            State.ATTENTION, evidence, "The app names no privacy policy. Enter its address under Basic."
        )
    wanted = settings.SITE_URL.rstrip("/") + CALLBACKS["Deauthorize callback"]
    if told.get("deauth_callback_url") not in (None, wanted):
        return Finding(State.ATTENTION, evidence, f"The deauthorize callback is another than {wanted}.")
    return Finding(State.VERIFIED, evidence)


def _manager() -> Client:
    for connection in Connection.objects.usable():
        if "business_management" in connection.scopes:
            return _client(connection)
    raise NotYet("No connection has business_management, which this question needs. Connect one first.")


def _client(connection: Connection, **options: Any) -> Client:
    try:
        return clients.for_connection(connection, purpose=Purpose.SETUP, retries=_PATIENCE, **options)
    except (SealBroken, KeysAway) as closed:
        raise NotYet(str(closed)) from closed


def _verification() -> Finding:
    found = businesses.businesses(_manager())
    evidence = [f"{one.name}: verification_status {one.verification_status or 'not told'}" for one in found]
    statuses = {one.verification_status for one in found}
    if "verified" in statuses and statuses <= {"verified"}:
        return Finding(State.VERIFIED, evidence)
    if any(status.startswith("pending") for status in statuses):
        return Finding(State.WAITING, evidence, "Meta is looking at it. " + "; ".join(evidence))
    return Finding(State.ATTENTION, evidence, "Not every business is verified. " + "; ".join(evidence))


def _permissions() -> Finding:
    levels = permissions.of_app(clients.for_app(retries=_PATIENCE), settings.META_APP_ID)
    evidence = [f"{name}: {level}" for name, level in sorted(levels.items())]
    if levels.get(tokens.NEEDED_SCOPE) in permissions.ADVANCED:
        return Finding(State.VERIFIED, evidence, facts=levels)
    return Finding(
        State.WAITING,
        evidence,
        "ads_read has no advanced access: only ad accounts of people with a role answer.",
        facts=levels,
    )


def access_levels() -> tuple[dict[str, str], datetime | None]:
    """Meta's access level of the app by permission, and when that was read; nothing and None before it was."""
    row = SetupStep.objects.filter(name="permissions").first()
    return (row.facts, row.facts_at) if row and row.facts else ({}, None)


def _tier() -> Finding:
    account, connection = _first_reach()
    seen: list[str] = []

    def listen(call: Call) -> None:
        if call.usage and call.usage.tier:
            seen.append(call.usage.tier)

    _client(connection, also=listen).get(account.act_id, fields=["id"])
    if not seen:
        return Finding(State.NOT_STARTED, [], "Meta's answer had no usage header, so the tier is not known.")
    evidence = [f"ads_api_access_tier: {seen[-1]}, in the header of a read of {account.act_id}"]
    if seen[-1] == TIER_LIMITED:
        return Finding(
            State.WAITING, evidence,
            "Limited access: small allowances. Full needs 500 good calls in 15 days and fewer than 15 % errors.",
        )  # fmt: skip
    return Finding(State.VERIFIED, evidence)


def _first_reach() -> tuple[AdAccount, Connection]:
    account = AdAccount.objects.reachable().in_order().first()
    if account is None:
        raise NotYet("No connection reaches an ad account yet. Connect a token first.")
    return account, clients.connection_for(account)


def _webhook() -> Finding:
    rows = clients.for_app(retries=_PATIENCE).get(f"{settings.META_APP_ID}/subscriptions").get("data", [])
    wanted = settings.SITE_URL.rstrip("/") + CALLBACKS["Webhook callback"]
    ours = next((row for row in rows if isinstance(row, dict) and row.get("object") == "ad_account"), None)
    if ours is None:
        return Finding(State.NOT_STARTED, [], "The app is not subscribed to ad_account.")
    fields = ", ".join(str(one.get("name")) for one in ours.get("fields", []) if isinstance(one, dict))
    evidence = [f"ad_account: {ours.get('callback_url')}, fields {fields or 'none'}"]
    if ours.get("callback_url") != wanted:
        return Finding(State.ATTENTION, evidence, f"It calls another address than {wanted}. {evidence[0]}")
    return Finding(State.VERIFIED, evidence)


def _subscribed() -> Finding:
    accounts = list(AdAccount.objects.reachable().in_order()[:LOOKED_AT])
    if not accounts:
        raise NotYet("No connection reaches an ad account yet. Connect a token first.")
    missing = []
    for account in accounts:
        told = _client(clients.connection_for(account)).get(f"{account.act_id}/subscribed_apps")
        apps = {str(row.get("app_id")) for row in told.get("data", []) if isinstance(row, dict)}
        if settings.META_APP_ID not in apps:
            missing.append(account.name)
    evidence = [f"subscribed_apps: {len(accounts) - len(missing)} of {len(accounts)} ad accounts"]
    if missing:
        state = State.NOT_STARTED if len(missing) == len(accounts) else State.ATTENTION
        return Finding(
            state, evidence, f"Not subscribed: {', '.join(missing[:5])}{' …' if missing[5:] else ''}."
        )
    return Finding(State.VERIFIED, evidence)


def _system_users() -> Finding:
    client, evidence = _manager(), []
    for business in businesses.businesses(client):
        evidence += [
            f"{one.name} ({one.role}) of {business.name}"
            for one in businesses.system_users(client, business.id)
        ]
    if evidence:
        return Finding(State.VERIFIED, evidence)
    return Finding(
        State.NOT_STARTED, [], "No business has a system user. Create one on the page System users."
    )


def _first_token() -> Finding:
    connection = Connection.objects.usable().first()
    if connection is None:
        return Finding(State.NOT_STARTED, [], "No token is connected.")
    rows = _client(connection).get("me/adaccounts", fields=["account_id"], limit=5).get("data", [])
    evidence = [f"me/adaccounts: {len(rows)} ad accounts on the first page of 5"]
    if rows:
        return Finding(State.VERIFIED, evidence)
    return Finding(
        State.ATTENTION, evidence, "The oldest connection reaches no ad account. Assign some to it."
    )


OWN = (
    Step("app", "The Meta app", "Without it no token can be inspected.", DEVELOPERS + "/{app}/settings/basic/",
         "App settings, Basic", _app),
    Step("addresses", "Privacy policy and deauthorize address", "Meta takes an app live only with a privacy policy.",
         DEVELOPERS + "/{app}/settings/basic/", "App settings, Basic", _addresses),
    # No field of the app tells it.
    Step("deletion", "Data deletion address", "Meta takes an app live only where people can have their data deleted.",
         DEVELOPERS + "/{app}/settings/basic/", "App settings, Basic, User data deletion",
         addresses=("Data deletion callback",)),
    Step("redirects", "Redirect and callback addresses", "Login refuses any address that is not entered exactly.",
         DEVELOPERS + "/{app}/fb-login/settings/", "Facebook Login, Settings", addresses=tuple(CALLBACKS)),
    Step("verification", "Business verification", "Needed before advanced access, so before others' ad accounts.",
         BUSINESS + "/security/", "Business settings, Security Centre", _verification),
    Step("permissions", "Permissions and their access level", "Advanced access opens ad accounts of other businesses.",
         DEVELOPERS + "/{app}/app-review/permissions/", "App Review, Permissions and features", _permissions),
    Step("tier", "Access tier", "Limited access has small allowances and one system user.",
         DEVELOPERS + "/{app}/app-review/permissions/", "Marketing API Access Tier", _tier),
    Step("system_users", "System users", "Their tokens do not die with a person.",
         BUSINESS + "/system-users/", "Business settings, System users", _system_users),
    Step("first_token", "First token", "Nothing can be fetched without one.",
         BUSINESS + "/system-users/", "Business settings, System users", _first_token),
    Step("webhook", "Webhook subscription", "Meta tells of changes only where the app is subscribed.",
         DEVELOPERS + "/{app}/webhooks/", "Webhooks", _webhook),
    Step("subscribed", "Ad accounts subscribed", "Nothing is told of an ad account before it is subscribed.",
         DEVELOPERS + "/{app}/webhooks/", "Webhooks", _subscribed),
)  # fmt: skip


def steps() -> list[Step]:
    return [*OWN, *(import_string(path)() for path in settings.SETUP_STEPS)]


def rows() -> list[tuple[Step, SetupStep]]:
    known = {row.name: row for row in SetupStep.objects.select_related("marked_by")}
    return [(step, known.get(step.name) or SetupStep(name=step.name)) for step in steps()]


def check(step: Step) -> SetupStep:
    """Look now, and keep what was found. A failing check leaves the last good evidence where it is."""
    if step.check is None:
        raise ValueError(f"{step.name} is ticked, not checked.")
    try:
        finding = step.check()
    except (NotYet, clients.NoConnection) as early:
        finding = Finding(State.NOT_STARTED, [], str(early))
    except GraphError as error:
        words = f" Meta's words: {error.message}" if error.code and error.message else ""
        finding = Finding(State.ATTENTION, [], f"{error}{words}")
    row, _ = SetupStep.objects.get_or_create(name=step.name)
    row.state, row.trouble, row.checked_at = finding.state, finding.trouble, timezone.now()
    if finding.state == State.VERIFIED:
        row.evidence, row.verified_at = finding.evidence, row.checked_at
    if finding.facts:
        row.facts, row.facts_at = finding.facts, row.checked_at
    row.save()
    return row


def check_for(seconds: float) -> int:
    """Check what can be checked, first what was not for longest, until the time is up. Returns how many are left."""
    until = time.monotonic() + seconds
    due = [
        (row.checked_at or _NEVER, number, step) for number, (step, row) in enumerate(rows()) if step.check
    ]
    for done, (_, _, step) in enumerate(sorted(due, key=lambda one: one[:2])):
        if time.monotonic() > until:
            return len(due) - done
        check(step)
    return 0


def mark(step: Step, by: Any, *, done: bool) -> SetupStep:
    """A person says so of a step that can not be checked."""
    row, _ = SetupStep.objects.get_or_create(name=step.name)
    row.state = State.VERIFIED if done else State.NOT_STARTED
    row.marked_by, row.marked_at = by, timezone.now()
    row.save()
    return row
