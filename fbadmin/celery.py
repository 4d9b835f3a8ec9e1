"""The Celery app and the whole beat schedule."""

import gc
import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import (
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
)
from django.core.exceptions import ImproperlyConfigured

from apps.vault import start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fbadmin.settings")

app = Celery("fbadmin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

HOUR = 3600


def leave_code_out_of_collections(**_: Any) -> None:
    """Reading many rows makes Python look for garbage often; what was loaded at the start is none."""
    gc.freeze()


worker_process_init.connect(leave_code_out_of_collections)


def write_what_was_heard(**_: Any) -> None:
    """A worker process ends without the interpreter's own clean-up."""
    from apps.health.recorder import RECORDER

    RECORDER.stop()


worker_process_shutdown.connect(write_what_was_heard)
worker_shutdown.connect(write_what_was_heard)


def watch_over_beat(**_: Any) -> None:
    from apps.health import watch

    watch.start()


worker_ready.connect(watch_over_beat)


# A nudge that nobody took in time is worth nothing: the next one says the same. Hence `expires`, in seconds.
app.conf.beat_schedule = {
    # Today and yesterday, hourly: the numbers people look at.
    "sync-recent": {
        "task": "apps.reporting.tasks.sync_recent",
        "schedule": crontab(minute=7),
        "options": {"expires": HOUR},
    },
    # Meta restates a day for 28 days.
    "sync-restated": {
        "task": "apps.reporting.tasks.sync_restated",
        "schedule": crontab(hour=3, minute=20),
        "options": {"expires": 6 * HOUR},
    },
    # When the night's runs are through: do the parts add up to the whole?
    "check-sums": {
        "task": "apps.reporting.tasks.check_sums",
        "schedule": crontab(hour=6, minute=40),
        "options": {"expires": 6 * HOUR},
    },
    # Older days, a bounded number at a time, only where daily work leaves allowance over.
    "fill-back": {
        "task": "apps.reporting.tasks.fill_back",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    # Tokens are renewed long before they end, looked at, and warned of.
    "look-after-tokens": {
        "task": "apps.connections.tasks.look_after_tokens",
        "schedule": crontab(hour=2, minute=30),
        "options": {"expires": 12 * HOUR},
    },
    # Everything is looked at once a day, after tokens were renewed; what is too old goes.
    "check-health": {
        "task": "apps.health.tasks.check_health",
        "schedule": crontab(hour=5, minute=10),
        "options": {"expires": 12 * HOUR},
    },
    "prune": {
        "task": "apps.health.tasks.prune",
        "schedule": crontab(hour=1, minute=40),
        "options": {"expires": 12 * HOUR},
    },
    # Tokens that nobody gave a name within a quarter of an hour are deleted.
    "forget-pending": {
        "task": "apps.connections.tasks.forget_pending",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    # A task is a nudge: whatever is due and has no worker is found here.
    # Are beat and workers alive? What needs a person? Soon enough that an event is told within a minute.
    "beat": {"task": "apps.health.tasks.beat", "schedule": 60.0, "options": {"expires": 60}},
    "look": {"task": "apps.health.tasks.look", "schedule": 20.0, "options": {"expires": 20}},
    "sync-sweep": {"task": "apps.reporting.tasks.sweep", "schedule": 20.0, "options": {"expires": 40}},
}


def no_worker_without_keys(**about: Any) -> None:
    try:
        start.insist_on_keys()
    except ImproperlyConfigured as error:
        # Anything less is only logged by the signal.
        raise SystemExit(str(error)) from error


worker_init.connect(no_worker_without_keys)
