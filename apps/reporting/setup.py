"""Reporting's step of the set-up page."""

from apps.connections.setup import Finding, State, Step

from .models import SyncRun


def first_sync() -> Step:
    return Step(
        "first_sync", "First sync", "Proves the whole way, from the token to the numbers on a page.",
        "https://adsmanager.facebook.com/adsmanager/", "Ads Manager", _check,
    )  # fmt: skip


def _check() -> Finding:
    run = SyncRun.objects.filter(state=SyncRun.State.DONE).order_by("finished_at").first()
    if run is None:
        return Finding(
            State.NOT_STARTED, [], "No sync has ended well yet. Connect a token, or press Sync now."
        )
    return Finding(State.VERIFIED, [f"{run.account}: done {run.finished_at:%Y-%m-%d %H:%M} UTC"])
