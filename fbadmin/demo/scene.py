"""The connection to the sandbox and its first sync, made the way a person would make them."""

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import requests

from apps.connections import tokens
from apps.connections.models import AccountGrant, AdAccount, Connection
from apps.reporting import sync
from apps.reporting.models import SyncRun
from apps.reporting.tasks import nudge
from apps.team.models import User
from fbadmin.celery import app
from fbadmin.runner import Failed

NAME = "sandbox"
MARKETER_SEES = 5
PATIENCE = 180


def connect(base: str) -> str:
    """Connect the sandbox's system user, if it is not connected already. Returns what happened."""
    token = _system_token(requests.get(f"{base}/_sandbox/state", timeout=10).json())
    fingerprint = hashlib.sha256(token.encode()).hexdigest()[:16]
    if Connection.objects.usable().filter(name=NAME, fingerprint=fingerprint).exists():
        return ""
    try:
        return str(tokens.connect(NAME, token))
    except tokens.Refusal as refusal:
        raise Failed(f"The sandbox could not be connected. {refusal}") from refusal


def _system_token(state: dict[str, Any]) -> str:
    for token in state["tokens"]:
        if token["name"] == "system":
            return str(token.get("token") or token.get("text"))
    raise Failed("The sandbox lists no token called system.")


def grant(email: str) -> None:
    """Let the marketer see a few ad accounts, and not all of them."""
    person = User.objects.get(email=email)
    if not person.account_grants.exists():
        some = AdAccount.objects.reachable().in_order()[:MARKETER_SEES]
        AccountGrant.objects.bulk_create([AccountGrant(user=person, account=account) for account in some])


def first_sync() -> Iterator[str]:
    """Ask a worker for what was never synced; yield a line at each progress, and empty ones between.

    Ends when all is stored, or the rest waits for Meta or takes too long; the worker goes on alone.
    """
    app.set_default()
    nudge(sync.request_first())
    # Beat may have been quicker.
    runs = list(SyncRun.objects.open().filter(reason=SyncRun.Reason.FIRST))
    until, told = time.monotonic() + PATIENCE, None
    while runs:
        count = Counter(
            SyncRun.objects.filter(pk__in=[run.pk for run in runs]).values_list("state", flat=True)
        )
        line = _progress(count, len(runs))
        yield line if line != told else ""
        told = line
        open_runs = count[SyncRun.State.QUEUED] + count[SyncRun.State.RUNNING]
        if not open_runs or time.monotonic() > until:
            return


def _progress(count: Counter[str], total: int) -> str:
    line = f"First sync: {count[SyncRun.State.DONE]} of {total} ad accounts"
    if waiting := count[SyncRun.State.WAITING]:
        line += f", {waiting} wait as Meta asks"
    if failed := count[SyncRun.State.FAILED]:
        line += f", {failed} failed (their pages say why)"
    return f"{line}."
