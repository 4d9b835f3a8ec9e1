"""Celery's way in: a shell over `connections.renewal`."""

from celery import shared_task

from . import pending, renewal


@shared_task
def look_after_tokens() -> None:
    """Every day: renew, check, warn."""
    renewal.look_after_all()


@shared_task
def forget_pending() -> None:
    """Often: delete what waited too long for its name."""
    pending.forget_old()
