"""Shells for workers over the plain functions of this app."""

from celery import shared_task

from . import checkup, pruning


@shared_task
def check_health() -> None:
    checkup.check()


@shared_task
def prune() -> None:
    pruning.prune()
