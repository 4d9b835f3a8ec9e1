"""Looks after the looks: while beat is silent, whoever lives (a worker, the web server) asks the rules and sends.

A thread of the process; the lock of `alerts.look` and the claims of the outbox keep several of them apart.
"""

import logging
import threading

from django.db import DatabaseError, connection

from . import alerts, delivery, heartbeat

logger = logging.getLogger(__name__)

EVERY = 60.0
_started = threading.Event()


def start() -> None:
    """Once in each process."""
    if not _started.is_set():
        _started.set()
        threading.Thread(target=_run, name="watch", daemon=True).start()


def step() -> bool:
    """Whether there was reason to look."""
    if heartbeat.silent_since() is None:
        return False
    alerts.look()
    delivery.send_due()
    return True


def _run() -> None:
    pause = threading.Event()
    while not pause.wait(EVERY):
        try:
            step()
        except DatabaseError as fault:
            logger.warning("Nobody could look whether the background lives: %s", fault)
        except Exception:
            logger.exception("A fault of the watch; it goes on.")
        finally:
            connection.close()
