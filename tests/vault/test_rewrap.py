"""All sealed values move to the newest key while the system works."""

import base64
import io
import json
import os
import threading
import time

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database

from apps.connections import clients
from apps.connections.models import Connection, PendingConnection, TokenOpening
from apps.vault import columns, rewrap, seal, unseal
from apps.vault.seals import Sealed

OLD, NEW = os.urandom(32), os.urandom(32)
BEFORE, AFTER, GONE = {"k1": OLD}, {"k2": NEW, "k1": OLD}, {"k2": NEW}


@pytest.fixture
def sealed_with(settings):
    settings.TOKEN_KEYS = BEFORE

    def change(keys):
        settings.TOKEN_KEYS = keys

    return change


def connect(name, token):
    made = Connection(name=name, kind="user", app_id="1", subject_id=name, fingerprint="x")
    made.sealed_token = seal(token, made.token_place)
    made.save()
    return made


def wait(number):
    """So many tokens that wait for their name, each `token <n>`."""
    rows = [PendingConnection(fingerprint=str(n)) for n in range(number)]
    for row in rows:
        row.sealed_token = seal(f"token {row.fingerprint}", row.token_place)
    PendingConnection.objects.bulk_create(rows)


def key_ids():
    return {
        Sealed.parse(row.sealed_token).key_id
        for row in [*Connection.objects.all(), *PendingConnection.objects.all()]
    }


def run(*words):
    out = io.StringIO()
    try:
        call_command("rewrap_tokens", *words, stdout=out)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


def test_everything_moves_and_then_the_old_key_may_go(db, sealed_with):
    connect("reporting", "EAAone")
    wait(2)
    sealed_with(AFTER)

    assert run() == (0, "3 values moved to the key k2; 0 had it already.\n")
    sealed_with(GONE)
    assert clients.opened(Connection.objects.get(), purpose="check") == "EAAone"
    assert run() == (0, "0 values moved to the key k2; 3 had it already.\n")


def test_the_numbers_as_json(db, sealed_with):
    connect("reporting", "EAAone")
    sealed_with(AFTER)

    code, told = run("--json")

    assert (code, json.loads(told)) == (
        0, {"key": "k2", "moved": 1, "already": 0, "changed": 0, "broken": []}
    )  # fmt: skip


def test_what_does_not_open_is_named_and_stays_and_the_rest_moves(db, sealed_with):
    broken, fine = connect("broken", "EAAone"), connect("fine", "EAAtwo")
    other = seal("EAAone", fine.token_place)
    Connection.objects.filter(pk=broken.pk).update(sealed_token=other)
    sealed_with(AFTER)

    code, told = run()
    numbers = json.loads(run("--json")[1])

    assert code == 1
    assert "1 value moved to the key k2" in told
    assert f"connection {broken.pk} (broken): A value sealed with the key 'k1' does not open" in told
    assert [entry["name"] for entry in numbers["broken"]] == [f"connection {broken.pk} (broken)"]
    assert Connection.objects.get(pk=broken.pk).sealed_token == other
    assert "EAA" not in told


def test_a_disconnected_one_holds_nothing(db, sealed_with):
    connect("gone", "EAAone")
    Connection.objects.update(sealed_token="", state="disconnected")
    sealed_with(AFTER)

    assert run() == (0, "0 values moved to the key k2; 0 had it already.\n")


def test_each_opening_is_counted(db, sealed_with):
    made = connect("reporting", "EAAone")
    sealed_with(AFTER)

    run()

    assert TokenOpening.objects.get(connection=made).purpose == "rewrap"


def test_from_the_environment_to_vault_and_through_a_rotation_there(
    db, sealed_with, transit, settings, new_process
):
    settings.TOKEN_KEYS_FROM = ["env"]
    connect("reporting", "EAAone")
    settings.TOKEN_KEYS_FROM = ["vault:fbadmin", "env"]
    assert run()[1].startswith("1 value moved to the key vault:transit/fbadmin:v1")
    transit.rotate()

    assert run()[1].startswith("1 value moved to the key vault:transit/fbadmin:v2")
    transit.least = 2
    new_process()
    assert clients.opened(Connection.objects.get(), purpose="check") == "EAAone"


def test_with_the_keeper_of_keys_away_it_ends_with_the_cure_and_nothing_is_lost(
    db, sealed_with, transit, settings
):
    settings.TOKEN_KEYS_FROM = ["env"]
    connect("reporting", "EAAone")
    settings.TOKEN_KEYS_FROM = ["vault:fbadmin", "env"]
    transit.sealed = True

    with pytest.raises(CommandError, match=r"is sealed\. Unseal it.*run it again"):
        run()
    assert clients.opened(Connection.objects.get(), purpose="check") == "EAAone"


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_while_others_open_and_store_tokens_none_is_lost(sealed_with):
    made = [connect(f"c{n}", f"token 0 of c{n}") for n in range(6)]
    wait(60)
    sealed_with(AFTER)
    stop, troubles, stored = threading.Event(), [], dict.fromkeys((one.pk for one in made), 0)

    def store():
        """As a renewal does: seal first, then the row's lock and one write."""
        while not stop.is_set():
            for one in made:
                number = stored[one.pk] + 1
                sealed = seal(f"token {number} of {one.name}", one.token_place)
                Connection.objects.filter(pk=one.pk).update(sealed_token=sealed)
                stored[one.pk] = number
            time.sleep(0.002)

    def look():
        while not stop.is_set():
            for one in Connection.objects.all():
                if not clients.opened(one, purpose="sync").endswith(f" of {one.name}"):
                    troubles.append(one.name)

    def working(what):
        def work():
            try:
                what()
            except Exception as error:  # noqa: BLE001 (a thread's failure is the test's)
                troubles.append(repr(error))
            finally:
                database.close()

        return work

    threads = [threading.Thread(target=working(what)) for what in (store, look)]
    for thread in threads:
        thread.start()
    results = [rewrap.rewrap() for _ in range(3)]
    stop.set()
    for thread in threads:
        thread.join(30)

    sealed_with(GONE)
    assert troubles == []
    assert [result.broken for result in results] == [[], [], []]
    assert results[0].moved >= 60
    assert {one.pk: clients.opened(one, purpose="check") for one in Connection.objects.all()} == {
        one.pk: f"token {stored[one.pk]} of {one.name}" for one in made
    }
    assert [unseal(row.sealed_token, row.token_place) for row in PendingConnection.objects.all()]


@pytest.mark.django_db(transaction=True)
def test_a_value_stored_meanwhile_is_not_overwritten(sealed_with):
    made = connect("reporting", "old token")
    sealed_with(AFTER)
    (read,) = [value for value in columns.values() if value.place == made.token_place]
    newer = seal("new token", made.token_place)
    Connection.objects.filter(pk=made.pk).update(sealed_token=newer)

    assert not read.swap(seal("old token", made.token_place))
    assert Connection.objects.get().sealed_token == newer


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_every_row_opens_and_the_next_run_ends_it(sealed_with, program, monkeypatch):
    wait(1500)
    sealed_with(AFTER)
    given = ",".join(f"{key_id}:{base64.b64encode(key).decode()}" for key_id, key in AFTER.items())
    monkeypatch.setenv("TOKEN_KEYS", given)
    process = program("rewrap_tokens")
    until = time.monotonic() + 120
    while not PendingConnection.objects.filter(sealed_token__startswith="v1:k2:").exists():
        assert time.monotonic() < until and process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.kill()
    process.wait()

    assert key_ids() == {"k1", "k2"}
    assert {unseal(row.sealed_token, row.token_place) for row in PendingConnection.objects.all()} == {
        f"token {n}" for n in range(1500)
    }
    assert run()[0] == 0
    assert key_ids() == {"k2"}
