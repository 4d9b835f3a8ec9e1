"""Shells for workers over the plain functions of this app."""

from celery import shared_task

from apps.team.models import User

from . import checkup, pruning


@shared_task
def check_health(asked_by: int | None = None) -> None:
    """`asked_by`: the id of a person; none where it is the daily one."""
    checkup.check(by=User.objects.filter(pk=asked_by).first() if asked_by else None)


@shared_task
def prune() -> None:
    pruning.prune()
