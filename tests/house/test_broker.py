"""The embedded broker, by real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kombu import Connection, Queue

from fbadmin.embedded import broker

from .conftest import ROOT, eventually

QUEUE = Queue("work", routing_key="work", exchange="")

PRODUCER = """
import sys
from pathlib import Path
from kombu import Connection
from fbadmin.embedded import broker
config = broker.celery_config(Path(sys.argv[1]))
with Connection(config["broker_url"], transport_options=config["broker_transport_options"]) as connection:
    producer = connection.Producer()
    for number in range(int(sys.argv[3])):
        producer.publish(f"{sys.argv[2]}-{number}", routing_key="work")
"""

CONSUMER = """
import sys, time
from pathlib import Path
from kombu import Connection, Queue
from fbadmin.embedded import broker
config = broker.celery_config(Path(sys.argv[1]))
connection = Connection(config["broker_url"], transport_options=config["broker_transport_options"])
channel = connection.channel()
taken = [channel.basic_get("work").decode() for _ in range(int(sys.argv[2]))]
print(*taken, flush=True)
time.sleep(60)
"""


@pytest.fixture
def connect(tmp_path):
    config = broker.celery_config(tmp_path)

    def _connect():
        return Connection(config["broker_url"], transport_options=config["broker_transport_options"])

    return _connect


def test_four_producers_at_once_lose_nothing(python, connect, tmp_path):
    producers = [python("-c", PRODUCER, tmp_path, name, 400) for name in "abcd"]

    received = []
    with connect() as connection:
        channel = connection.channel()

        def drained():
            message = channel.basic_get("work")
            if message is not None:
                received.append(message.decode())
                message.ack()
            return message is None and all(producer.poll() is not None for producer in producers)

        while not drained():
            pass

    assert sorted(received) == sorted(f"{name}-{number}" for name in "abcd" for number in range(400))


def test_two_consumers_never_get_the_same_message(python, connect, tmp_path):
    python("-c", PRODUCER, tmp_path, "a", 200).wait()

    with connect() as one, connect() as other:
        channels = [one.channel(), other.channel()]
        received = [channels[turn % 2].basic_get("work").decode() for turn in range(200)]

        assert len(set(received)) == 200


def test_messages_of_a_killed_consumer_come_back(python, connect, tmp_path):
    python("-c", PRODUCER, tmp_path, "a", 5).wait()
    consumer = python("-c", CONSUMER, tmp_path, 3)
    claimed = consumer.stdout.readline().split()
    consumer.kill()
    consumer.wait()

    with connect() as connection:
        channel = connection.channel()
        received = [channel.basic_get("work").decode() for _ in range(5)]

    assert claimed == ["a-0", "a-1", "a-2"]
    assert received == [f"a-{number}" for number in range(5)]


def test_messages_of_a_living_consumer_stay_with_it(python, connect, tmp_path):
    python("-c", PRODUCER, tmp_path, "a", 5).wait()
    consumer = python("-c", CONSUMER, tmp_path, 3)
    consumer.stdout.readline()

    with connect() as connection:
        channel = connection.channel()
        received = [channel.basic_get("work").decode() for _ in range(2)]
        nothing = channel.basic_get("work")

    assert received == ["a-3", "a-4"]
    assert nothing is None


def test_an_acknowledged_message_is_gone_and_a_requeued_one_comes_again(connect):
    with connect() as connection:
        channel = connection.channel()
        producer = connection.Producer()
        producer.publish("first", routing_key="work", declare=[QUEUE])
        producer.publish("second", routing_key="work", declare=[QUEUE])
        channel.basic_get("work").ack()
        channel.basic_get("work").requeue()

        again = channel.basic_get("work")
        again.reject()

        assert again.decode() == "second"
        assert channel.basic_get("work") is None


def test_closing_gives_back_what_was_not_acknowledged(connect):
    with connect() as connection:
        connection.Producer().publish("kept", routing_key="work", declare=[QUEUE])
        channel = connection.channel()
        channel.basic_get("work")
        channel.close()

        assert connection.channel().basic_get("work").decode() == "kept"


def test_an_empty_file_after_a_power_cut_stops_nothing(connect, tmp_path):
    with connect() as connection:
        connection.Producer().publish("good", routing_key="work", declare=[QUEUE])
        (tmp_path / "broker" / "queues" / "work" / "0-half").touch()

        assert connection.channel().basic_get("work").decode() == "good"
        assert [path.name for path in (tmp_path / "broker" / "unreadable").iterdir()] == ["0-half.work"]


# --- real workers --------------------------------------------------------------------------------

WORKER = ["-m", "celery", "-A", "tests.house.tasks_for_tests", "worker", "-P", "threads", "-c", "4"]
WORKER += ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"]


def send(env, code):
    subprocess.run(
        [sys.executable, "-c", f"from tests.house.tasks_for_tests import stumble, work; {code}"],
        env=env,
        cwd=ROOT,
        check=True,
    )


def notes(env):
    """Number and time of every task that came to its end."""
    path = Path(env["NOTES"])
    lines = path.read_text().splitlines() if path.exists() else []
    return [(int(line.split()[0]), float(line.split()[1])) for line in lines]


@pytest.mark.services
def test_a_worker_does_tasks_now_later_and_again(python, worker_env):
    python(*WORKER, env=worker_env)
    asked = time.time()

    send(worker_env, "work.delay(1); work.apply_async([2], countdown=2); stumble.delay(3)")
    eventually(lambda: len(notes(worker_env)) == 3, 20)

    done = dict(notes(worker_env))
    assert done.keys() == {1, 2, 3}
    assert done[2] - asked >= 2


def test_a_killed_worker_loses_no_task(python, tmp_path, worker_env):
    env = worker_env | {"BROKER": str(tmp_path)}
    first = python(*WORKER, env=env)
    send(env, "[work.delay(number, 0.05) for number in range(60)]; work.apply_async([60], countdown=1)")
    eventually(lambda: len(notes(env)) >= 10, 20)

    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    before = {number for number, _ in notes(env)}
    python(*WORKER, env=env)
    eventually(lambda: {number for number, _ in notes(env)} == set(range(61)), 20)

    assert len(before) < 61
