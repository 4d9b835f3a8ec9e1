"""Shells for workers over the plain functions of this app."""

from celery import shared_task

from apps.team.models import User

from . import alerts, checkup, delivery, heartbeat, outbox, pruning


@shared_task
def check_health(asked_by: int | None = None) -> None:
    """`asked_by`: the id of a person; none where it is the daily one."""
    checkup.check(by=User.objects.filter(pk=asked_by).first() if asked_by else None)


@shared_task
def prune() -> None:
    pruning.prune()


@shared_task
def beat() -> None:
    """Beat, the broker and a worker live."""
    heartbeat.mark(heartbeat.BACKGROUND)


@shared_task
def look() -> None:
    """Every 20 seconds: what needs a person?"""
    alerts.look()
    if outbox.is_due():
        deliver.delay()


@shared_task
def deliver() -> None:
    if delivery.send_due() == delivery.MOST:
        deliver.delay()
