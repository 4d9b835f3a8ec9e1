"""The pace book over several processes: rows in the database, and a pretend Meta that counts who runs into its wall."""

import subprocess
import sys

import pytest

from apps.connections import tokens
from apps.connections.models import AdAccount
from apps.sandbox import Sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

# Seconds of the pretend Meta for each of ours. Of its 60 points one comes back every five: four in a second of ours.
SPEED = 20
EACH = 35

HAMMER = """
import sys, time
import django
django.setup()
from apps.connections import clients
from apps.connections.models import Connection
from apps.graphapi.errors import PutOff

act, wanted = sys.argv[1:]
client = clients.for_connection(Connection.objects.get(), purpose=clients.Purpose.SYNC, background=True, retries=None)
answered = put_off = 0
print("ready", flush=True)
sys.stdin.readline()
while answered < int(wanted) or not put_off:
    try:
        client.get(f"{act}/campaigns", fields=["id"], limit=1)
        answered += 1
    except PutOff:
        put_off += 1
        time.sleep(0.01)
print(answered, put_off)
"""


def test_two_processes_never_race_past_the_ceiling_of_an_account(program_env, settings):
    with Sandbox(seed=7, speed=SPEED, tier="limited") as sandbox:
        settings.META_GRAPH_URL, settings.META_CLOCK_SPEED = sandbox.url, SPEED
        tokens.connect("X", sandbox.token())
        account = AdAccount.objects.in_order().first()
        env = program_env() | {"META_CLOCK_SPEED": str(SPEED)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        hammers = [
            subprocess.Popen([sys.executable, "-c", HAMMER, account.act_id, str(EACH)], env=env, **pipes)
            for _ in range(2)
        ]
        try:
            assert [one.stdout.readline() for one in hammers] == ["ready\n"] * 2
            told = [one.communicate("go\n", timeout=60)[0].split() for one in hammers]
        finally:
            for one in hammers:
                one.kill()
        state = sandbox.state()

    answered, put_off = ([int(words[n]) for words in told] for n in (0, 1))
    assert min(put_off) > 0  # both came to the ceiling,
    assert sum(answered) >= 2 * EACH > 60  # together they asked for more than a full score holds,
    assert state["refused_calls"] == state["calls_while_blocked"] == 0  # and neither ran into the wall
