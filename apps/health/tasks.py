"""Shells for workers over the plain functions of this app."""

from celery import shared_task

from . import alerts, checkup, delivery, heartbeat, outbox, pruning


@shared_task
def check_health() -> None:
    checkup.check()


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
