"""Whether a run that failed is worth another try, and when. The client has waited out short hiccups already.

A worker that dies takes all its runs along, and any of them may be the one that kills it: restarts are not held against
a run at first, then it waits longer and longer, so that the others get through meanwhile.
"""

import random
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from apps.graphapi import GraphError, Retry

from .models import SyncRun

MOST_TRIES = 5
# A run that is older than this tells of another time: the next regular one comes instead.
OLDEST = timedelta(hours=6)
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(minutes=30)
# A run that was there at so many deaths of a worker would kill the next one too.
MOST_DEATHS = 12
_FREE_DEATHS, _FIRST_AFTER_DEATH = 3, timedelta(seconds=10)


def pause(run: SyncRun, error: Exception, *, draw: Callable[[], float] = random.random) -> timedelta | None:
    """How long to wait before the next try: doubling, with full jitter. None: it has failed for good.

    What Meta refuses (100, 190, 200 and their families) is never asked again. An unknown code is asked for twice,
    and the client has done that. Somebody who waits at a terminal decides for themselves.
    """
    if not (isinstance(error, GraphError) and error.entry.retry is Retry.SOON):
        return None
    if run.reason == SyncRun.Reason.COMMAND or run.failures + 1 >= MOST_TRIES:
        return None
    if timezone.now() - run.queued_at > OLDEST:
        return None
    longest: timedelta = min(_LONGEST, _FIRST * 2**run.failures)
    return longest * draw()


def pause_after_death(run: SyncRun) -> timedelta | None:
    """How long a run waits whose worker died. None: no further worker is risked."""
    if run.deaths >= MOST_DEATHS:
        return None
    if run.deaths <= _FREE_DEATHS:
        return timedelta(0)
    longest: timedelta = min(_LONGEST, _FIRST_AFTER_DEATH * 2 ** (run.deaths - _FREE_DEATHS - 1))
    return longest
