"""A Celery app of its own, run by real workers in the tests. BROKER names its broker folder or address."""

import os
import time
from pathlib import Path

from celery import Celery

from fbadmin.embedded import broker

app = Celery("house")
if os.environ["BROKER"].startswith("redis"):
    app.conf.update(
        broker_url=os.environ["BROKER"],
        broker_transport_options={"global_keyprefix": f"fbadmin-{os.environ['QUEUE']}:"},
    )
else:
    app.conf.update(broker.celery_config(Path(os.environ["BROKER"])))
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    task_default_queue=os.environ["QUEUE"],
    worker_hijack_root_logger=False,
)


def note(line: str) -> None:
    """One write of a short line: complete or not there."""
    descriptor = os.open(os.environ["NOTES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


@app.task
def work(number: int, seconds: float = 0.02) -> None:
    time.sleep(seconds)
    note(f"{number} {time.time()}")


@app.task(bind=True, max_retries=3)
def stumble(self, number: int) -> None:
    if self.request.retries < 2:
        raise self.retry(countdown=0.2)
    note(f"{number} {time.time()}")
