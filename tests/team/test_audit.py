"""The audit trail: what is recorded, that it only grows, and that a change behind our back is found."""

import json
from contextlib import contextmanager

import pytest
from django.core.management import CommandError
from django.db import IntegrityError, connection, transaction
from django.test import RequestFactory

from apps.team import audit
from apps.team.models import AuditEntry, AuditHead

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@contextmanager
def behind_our_back():
    """As a person with the database's own password would: the triggers stand aside."""
    with connection.cursor() as cursor:
        for table in ("team_auditentry", "team_audithead"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor
        for table in ("team_auditentry", "team_audithead"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.fixture
def three(admin):
    return [audit.record("account.granted", by=admin, thing=f"act_{n}", detail="to Mara") for n in (1, 2, 3)]


def test_an_entry_says_who_did_what_to_which_thing_when_and_from_where(admin, clock):
    request = RequestFactory().post("/", REMOTE_ADDR="203.0.113.9")

    entry = audit.record("account.granted", by=admin, thing="act_1", detail="to Mara", request=request)

    entry.refresh_from_db()
    assert (entry.actor, entry.actor_name, entry.actor_email) == (admin.pk, admin.name, admin.email)
    assert (entry.action, entry.thing, entry.detail) == ("account.granted", "act_1", "to Mara")
    assert (entry.address, f"{entry.at:%Y-%m-%d %H:%M}") == ("203.0.113.9", "2026-11-23 10:00")


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "198.51.100.7", "192.0.2.1"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7", "203.0.113.9"),
        (2, "198.51.100.7", "192.0.2.1"),
        (1, "nonsense", ""),
    ],
)
def test_only_our_own_proxies_are_believed(settings, proxies, header, address):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": header})

    assert audit.address_of(request) == address


def test_an_entry_outlives_the_person(admin, three):
    admin.delete()

    assert audit.verify().fault == ""
    assert AuditEntry.objects.get(number=1).who == "Ada Admin"


@pytest.mark.parametrize(
    "text",
    [
        "EAABsbCS1iHgBAxyz0123456789",
        "access_token=EAAB1&x=1",
        "see ?token=abcdefgh1234",
        '{"client_secret": "abcdefgh1234"}',
        "Bearer abcdefgh1234",
        "123456789012345|abcdefgh1234",
        "otpauth://totp/ada?secret=abcdefgh1234",
    ],
)
def test_what_looks_like_a_secret_is_struck_out(text):
    entry = audit.record("connection.made", by=None, thing=text, detail=f"with {text}")

    for kept in (entry.thing, entry.detail):
        assert "***" in kept
        assert "abcdefgh1234" not in kept
        assert "EAA" not in kept


def test_odd_texts_are_kept_on_one_line_and_hash_the_same_when_read_again():
    audit.record("thing.renamed", by=None, thing="a\nb\x00c\u202ed", detail="Ünïcode 🏔 \ud800" + "x" * 9000)

    entry = AuditEntry.objects.get()
    assert entry.thing == "a b c d"
    assert len(entry.detail) == 4000
    assert entry.hash == entry.digest()


def test_an_action_is_a_slug():
    with pytest.raises(ValueError, match="Write it like"):
        audit.record("Renewed it", by=None)


def test_what_is_rolled_back_is_not_recorded(admin):
    with pytest.raises(RuntimeError), transaction.atomic():
        audit.record("person.invited", by=admin)
        raise RuntimeError

    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE team_auditentry SET detail = 'nothing' WHERE number = 2",
        "DELETE FROM team_auditentry WHERE number = 3",
        "DELETE FROM team_audithead",
        "UPDATE team_audithead SET number = 2",
        "UPDATE team_audithead SET number = 4",
        "UPDATE team_audithead SET hash = repeat('0', 64)",
    ],
)
def test_the_database_refuses_to_change_what_was_written(three, change):
    with pytest.raises(IntegrityError, match="audit trail"), transaction.atomic():
        connection.cursor().execute(change)

    assert audit.verify().entries == 3


@pytest.mark.parametrize("table", ["team_auditentry", "team_audithead"])
def test_the_database_refuses_to_empty_the_trail(three, table):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")  # tests with real transactions need it off

    with pytest.raises(IntegrityError, match="audit trail"), transaction.atomic():
        connection.cursor().execute(f"TRUNCATE {table}")

    assert audit.verify().entries == 3


def test_the_trail_has_no_fork(three):
    fork = AuditEntry(number=9, at=three[2].at, action="a", previous=three[0].hash, hash="f" * 64)

    with pytest.raises(IntegrityError, match="previous"), transaction.atomic():
        fork.save(force_insert=True)


@pytest.mark.parametrize(
    ("change", "first", "says"),
    [
        ("UPDATE team_auditentry SET detail = 'to Eve' WHERE number = 2", 2, "not what was written"),
        ("UPDATE team_auditentry SET actor = actor + 1 WHERE number = 1", 1, "not what was written"),
        (
            "UPDATE team_auditentry SET at = at - interval '1 second' WHERE number = 3",
            3,
            "not what was written",
        ),
        ("DELETE FROM team_auditentry WHERE number = 2", 3, "Entry 2 is missing"),
        ("DELETE FROM team_auditentry WHERE number = 3", 3, "its head stands at entry 3"),
        ("DELETE FROM team_auditentry", 1, "its head stands at entry 3"),
        ("DELETE FROM team_audithead", 4, "its head stands at entry 0"),
    ],
)
def test_a_change_behind_our_back_is_found_and_named(three, run, change, first, says):
    with behind_our_back() as cursor:
        cursor.execute(change)

    verdict, said = audit.verify(), run("verify_audit")

    assert says in verdict.fault
    assert verdict.at == first
    assert isinstance(said, CommandError)
    assert says in str(said)


def test_a_rewritten_chain_is_found_by_a_hash_noted_elsewhere(three, run):
    noted = three[2].hash
    with behind_our_back() as cursor:
        cursor.execute("DELETE FROM team_auditentry WHERE number = 3")
        cursor.execute("UPDATE team_audithead SET number = 2, hash = %s", [three[1].hash])

    assert audit.verify().fault == ""
    assert noted in str(run("verify_audit", "--expect", noted))


def test_a_whole_trail_says_so_and_gives_the_hash_to_note(three, run):
    assert run("verify_audit") == f"3 entries, all as written. Head: {three[2].hash}"
    assert json.loads(run("verify_audit", "--json"))["head"] == three[2].hash
    assert "all as written" in run("verify_audit", "--expect", three[0].hash.upper())


def test_an_empty_trail_is_whole(run):
    assert run("verify_audit").startswith("0 entries")


def test_reading_goes_on_while_somebody_writes_and_costs_two_queries(three, count_queries):
    few = count_queries(audit.verify)
    for _ in range(20):
        audit.record("account.granted", by=None)

    assert count_queries(audit.verify) == few == 2


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_make_one_chain(admin, at_once):
    numbers = [entry.number for entry in at_once(*[lambda: audit.record("a.b", by=admin)] * 20)]

    assert sorted(numbers) == list(range(1, 21))
    assert audit.verify().entries == 20
    assert AuditHead.objects.get().number == 20
