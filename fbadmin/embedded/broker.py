# mypy: disable-error-code="no-untyped-call"
"""The embedded broker: a Celery transport over files, for one machine.

A message is a file. Publishing writes it aside and renames it into the queue's folder; a consumer claims it
by renaming it into a folder of its own, and deletes it with the acknowledgement. A consumer holds a lock
as long as it lives, so the claims of a killed one are known to be free, and go back to their queue.
"""

import json
import logging
import os
import time
import uuid
from collections import deque
from pathlib import Path
from queue import Empty
from typing import Any
from urllib.parse import quote, unquote

from kombu.transport import TRANSPORT_ALIASES, virtual

from . import locks

logger = logging.getLogger(__name__)

TRANSPORT_ALIASES["embedded"] = "fbadmin.embedded.broker:Transport"

POLLING_SECONDS = 0.1
RECOVERY_SECONDS = 2.0


def celery_config(var_dir: Path) -> dict[str, Any]:
    return {
        "broker_url": "embedded://localhost/",
        "broker_transport_options": {
            "folder": str(var_dir / "broker"),
            "polling_interval": POLLING_SECONDS,
        },
    }


class Claims:
    """The folder of what this process has taken and not yet acknowledged; locked until the process ends."""

    def __init__(self, root: Path) -> None:
        self.pid = os.getpid()
        name = f"{self.pid}-{uuid.uuid4().hex}"
        draft = root / f".{name}"
        draft.mkdir(parents=True)
        self.lock = locks.open_lock(draft / "lock")
        locks.attempt(self.lock, locks.EXCLUSIVE)
        self.folder = draft.rename(root / name)  # seen by others only now that it is locked

    def alive(self) -> bool:
        """Still ours (and not a parent's, before a fork), and still there?"""
        return self.pid == os.getpid() and self.folder.is_dir()


class Store:
    """The files of one broker folder."""

    _claims: dict[Path, Claims] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._recovered = 0.0
        self._listed: dict[str, deque[str]] = {}

    def put(self, queue: str, message: dict[str, Any]) -> None:
        name = f"{time.time_ns():020d}-{uuid.uuid4().hex}"
        drafts = self.folder / "drafts"
        drafts.mkdir(parents=True, exist_ok=True)
        draft = drafts / name
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(message))
        draft.rename(self._queue(queue) / name)

    def take(self, queue: str) -> tuple[dict[str, Any], Path]:
        """The oldest message and its claim. Empty when there is none."""
        self.recover()
        folder, claims = self._queue(queue), self._mine().folder
        names = self._listed.get(queue)
        if not names:
            names = self._listed[queue] = deque(sorted(path.name for path in folder.iterdir()))
        while names:
            name = names.popleft()
            claim = claims / f"{name}.{quote(queue, safe='')}"
            try:
                (folder / name).rename(claim)
            except FileNotFoundError:
                continue  # another consumer was faster
            try:
                return json.loads(claim.read_text()), claim
            except ValueError:
                # Only a power cut leaves an empty file behind.
                logger.exception("An unreadable message was set aside: %s", self._set_aside(claim))
        raise Empty

    def give_back(self, claim: Path) -> None:
        name, _, queue = claim.name.partition(".")
        claim.rename(self._queue(unquote(queue)) / name)

    def size(self, queue: str) -> int:
        return sum(1 for _ in self._queue(queue).iterdir())

    def purge(self, queue: str) -> int:
        gone = 0
        for path in self._queue(queue).iterdir():
            path.unlink(missing_ok=True)
            gone += 1
        return gone

    def recover(self) -> None:
        """Give back what dead consumers had claimed. Looks every two seconds."""
        if time.monotonic() - self._recovered < RECOVERY_SECONDS:
            return
        self._recovered = time.monotonic()
        mine = self._mine().folder
        for folder in mine.parent.iterdir():
            if folder == mine or folder.name.startswith("."):
                continue
            try:
                lock = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                continue  # another process is recovering it at this moment
            try:
                if locks.attempt(lock, locks.EXCLUSIVE):
                    self._recover(folder)
            finally:
                os.close(lock)

    def _recover(self, folder: Path) -> None:
        found = [path for path in folder.glob("*") if path.name != "lock"]
        for claim in found:
            self.give_back(claim)
        (folder / "lock").unlink(missing_ok=True)
        folder.rmdir()
        if found:
            logger.warning("%d messages of a consumer that died went back to their queue.", len(found))

    def _queue(self, queue: str) -> Path:
        folder = self.folder / "queues" / quote(queue, safe="")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _mine(self) -> Claims:
        claims = self._claims.get(self.folder)
        if claims is None or not claims.alive():
            claims = self._claims[self.folder] = Claims(self.folder / "claims")
        return claims

    def _set_aside(self, claim: Path) -> Path:
        aside = self.folder / "unreadable"
        aside.mkdir(exist_ok=True)
        return claim.rename(aside / claim.name)


class QoS(virtual.QoS):
    """Acknowledgements reach the files. They come from any thread."""

    def ack(self, delivery_tag: str) -> None:
        self.channel.settle(delivery_tag)
        super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if requeue:
            self.channel.give_back(delivery_tag)
        else:
            self.channel.settle(delivery_tag)
        super().ack(delivery_tag)

    def restore_unacked(self) -> list[Any]:
        self._flush()
        while self._delivered:
            self.channel.give_back(self._delivered.popitem()[0])
        return []


class Channel(virtual.Channel):
    QoS = QoS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.store = Store(Path(self.connection.client.transport_options["folder"]))
        self._taken: dict[str, Path] = {}

    def settle(self, delivery_tag: str) -> None:
        """Done with: the message is gone for good."""
        claim = self._taken.pop(delivery_tag, None)
        if claim:
            claim.unlink(missing_ok=True)

    def give_back(self, delivery_tag: str) -> None:
        claim = self._taken.pop(delivery_tag, None)
        if claim:
            self.store.give_back(claim)

    def basic_consume(self, queue: str, no_ack: bool, callback: Any, *args: Any, **kwargs: Any) -> Any:
        def settled(message: Any) -> Any:
            self.settle(message.delivery_tag)
            return callback(message)

        return super().basic_consume(queue, no_ack, settled if no_ack else callback, *args, **kwargs)

    def basic_get(self, queue: str, no_ack: bool = False, **kwargs: Any) -> Any:
        message = super().basic_get(queue, no_ack, **kwargs)
        if message is not None and no_ack:
            self.settle(message.delivery_tag)
        return message

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        message, claim = self.store.take(queue)
        self._taken[message["properties"]["delivery_tag"]] = claim
        return message

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        self.store.put(queue, message)

    def _size(self, queue: str) -> int:
        return self.store.size(queue)

    def _purge(self, queue: str) -> int:
        return self.store.purge(queue)


class Transport(virtual.Transport):
    """No fanout: remote control and worker gossip are for a real broker."""

    implements = virtual.Transport.implements.extend(
        asynchronous=False, exchange_type=frozenset(["direct", "topic"])
    )
    Channel = Channel
    global_state = virtual.BrokerState()
    driver_type = driver_name = "embedded"

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.state = self.global_state

    def driver_version(self) -> str:
        return "1"
