"""The hook that hears of every attempt at Meta. It only puts it by; a thread of its own writes, twice a second.

A call never waits for the database. What is put by when a process is killed is at most half a second old; on a clean
stop it is written. While the database is away it is kept; of more than `MOST_HELD` the oldest is let go and counted.
"""

import atexit
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection

from apps.graphapi import Call, GraphError

from . import recording
from .heard import Heard

logger = logging.getLogger(__name__)

MOST_HELD = 50_000
# Calls written in one transaction.
BATCH = 1000


class Recorder:
    """`write` is given what was heard, in order, and raises DatabaseError where it could not."""

    def __init__(self, write: Callable[[Sequence[Heard]], None]) -> None:
        self._write = write
        self._held: deque[Heard] = deque()
        self._turn = threading.Lock()  # one flush at a time
        self._process, self._more = 0, threading.Event()
        self.dropped = 0

    def hear(self, heard: Heard) -> None:
        self._held.append(heard)
        if len(self._held) > MOST_HELD:
            self._held.popleft()
            self.dropped += 1
        if settings.RECORDER_SECONDS and self._process != os.getpid():
            self._start()
        if len(self._held) >= BATCH:
            self._more.set()

    def flush(self) -> int:
        """Write all that is held. Says how many; raises DatabaseError, with nothing lost."""
        written = 0
        with self._turn:
            while self._held:
                batch = [self._held[n] for n in range(min(BATCH, len(self._held)))]
                self._write(batch)
                for _ in batch:
                    self._held.popleft()
                written += len(batch)
        return written

    def stop(self) -> None:
        """The process ends: the last that was heard is written."""
        try:
            self.flush()
        except DatabaseError as fault:
            logger.warning("%s calls to Meta could not be recorded at the end: %s", len(self._held), fault)

    def _start(self) -> None:
        """Once in each process; a fork has none of its parent's threads, nor a use for what its parent heard."""
        if self._process:
            last = self._held.pop()
            self._held.clear()
            self._held.append(last)
        self._process, self._turn, self._more = os.getpid(), threading.Lock(), threading.Event()
        threading.Thread(target=self._run, name="recorder", daemon=True).start()
        atexit.register(self.stop)

    def _run(self) -> None:
        while True:
            self._more.wait(settings.RECORDER_SECONDS)
            self._more.clear()
            try:
                close_old_connections()
                self.flush()
            except DatabaseError as fault:
                logger.warning("Calls to Meta could not be recorded, and are kept: %s", fault)
                connection.close()
            except Exception:
                logger.exception("A fault of the recorder: %s calls are let go.", len(self._held))
                self._held.clear()


RECORDER = Recorder(recording.write)


def hear(call: Call, *, connection_id: str = "", purpose: str = "") -> None:
    """`settings.GRAPH_RECORDER`."""
    RECORDER.hear(Heard(call, connection_id, purpose))
    if call.error is not None:
        _log(call, call.error, connection_id)


def _log(call: Call, error: GraphError, connection_id: str) -> None:
    """One line for each error; a hiccup that is asked again is no warning."""
    told = {
        "code": error.code, "subcode": error.subcode, "type": error.type, "meta_message": error.message,
        "trace_id": call.fbtrace_id, "account": call.account_id, "connection": connection_id, "path": call.path,
        "status": call.status, "milliseconds": call.milliseconds,
    }  # fmt: skip
    logger.log(logging.INFO if error.transient else logging.WARNING, "%s", error, extra=told)
