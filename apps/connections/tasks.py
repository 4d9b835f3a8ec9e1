"""Celery's way in: a shell over `connections.renewal`."""

from celery import shared_task

from . import renewal


@shared_task
def look_after_tokens() -> None:
    """Every day: renew, check, warn."""
    renewal.look_after_all()
