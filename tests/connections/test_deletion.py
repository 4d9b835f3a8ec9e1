"""A person at Meta wants their data deleted: nothing here names them any more, and the audit trail is still whole."""

import pytest
from django.apps import apps
from django.db import connection as database
from django.test import Client

from apps.connections import accounts, checking, disconnecting, renewal, tokens
from apps.connections.models import AdAccount, Connection
from apps.reporting import foreground, sync
from apps.team import audit
from apps.team.models import AuditEntry
from tests.connections.test_callbacks import DELETION, signed
from tests.team.test_audit import behind_our_back

pytestmark = [pytest.mark.django_db, pytest.mark.services]

NAME = "Privat von Zoë"


@pytest.fixture
def dump():
    """Every row of every table, as text."""

    def rows():
        with database.cursor() as cursor:
            for model in apps.get_models(include_auto_created=True):
                cursor.execute(f'SELECT t::text FROM "{model._meta.db_table}" t')
                for (text,) in cursor.fetchall():
                    yield model._meta.label, text

    return rows


@pytest.fixture
def story(make_connection, sandbox, admin, signed_in, no_pauses):
    """All that writes sentences about a person: looks, lost ad accounts, a renewal that failed, asking, a sync."""
    mine = make_connection(NAME, "user", by=admin)
    Connection.objects.update(owner_email="zoe@example.com")
    browser = signed_in(admin)
    browser.post("/setup/check/")
    browser.post(f"/connections/{mine.pk}/renew/")
    browser.post(f"/connections/{mine.pk}/ask/")
    foreground.work_off(sync.request([AdAccount.objects.first()], "asked"))
    sandbox.set_reach(
        "user",
        accounts=[one["id"] for one in sandbox.accounts][:3],
        scopes=["ads_read"],
        declined=["ads_management"],
    )
    browser.post(f"/connections/{mine.pk}/check/")
    accounts.store(Connection(pk=mine.pk, subject_name=mine.subject_name), [])
    Connection.objects.update(data_access_expires_at="2026-11-24T00:00Z", state="active")
    renewal.raise_alerts(Connection.objects.all())
    sandbox.fail("error", path="/me$", code=190, subcode=460, message="Zoë Øvergård changed the password")
    checking.look(Connection.objects.get())
    return mine


def words_of(mine):
    return {NAME, "Zoë", "Øvergård", mine.subject_id, "zoe@example.com", mine.fingerprint}


def test_the_story_leaves_traces_before(story, dump):
    where = {label for label, text in dump() if any(word in text for word in words_of(story))}

    assert {"connections.Connection", "connections.ConnectionCheck", "connections.Reach"} <= where
    assert "team.AuditEntry" not in where


@pytest.mark.parametrize("ended", [False, True])
def test_after_deletion_a_dump_names_them_nowhere_and_the_trail_is_whole(story, sandbox, dump, admin, ended):
    if ended:
        disconnecting.disconnect(Connection.objects.get(), by=admin)
    before = AuditEntry.objects.count()

    answer = Client().post(DELETION, {"signed_request": signed(sandbox.app_secret, user_id=story.subject_id)})

    assert answer.status_code == 200
    left = {(label, word) for label, text in dump() for word in words_of(story) if word in text}
    assert left == set()
    assert audit.verify().fault == ""
    assert audit.verify().entries == before + 1
    after = Connection.objects.get()
    assert (after.pk, after.state, after.sealed_token) == (story.pk, "disconnected", "")
    assert after.checks.count() > 3
    assert set(after.reach.values_list("lost_reason", flat=True)) == {"Its owner is deleted here."}


def test_tampering_is_still_found_afterwards(story, sandbox):
    Client().post(DELETION, {"signed_request": signed(sandbox.app_secret, user_id=story.subject_id)})
    entry = AuditEntry.objects.get(action="connection.deletion")

    with behind_our_back() as cursor:
        cursor.execute("UPDATE team_auditentry SET thing = 'another' WHERE number = %s", [entry.number])

    assert audit.verify().at == entry.number


def test_while_they_are_known_the_trail_shows_and_finds_their_connection_by_name(
    story, sandbox, admin, signed_in
):
    browser = signed_in(admin)

    page = browser.get("/audit/", {"q": "privat von"})
    assert {entry.action for entry in page.context["page"].rows} == {
        "connection.renewed",
        "connection.owner_asked",
    }
    assert NAME in page.content.decode()
    assert NAME not in browser.get("/audit/export.csv").getvalue().decode()

    Client().post(DELETION, {"signed_request": signed(sandbox.app_secret, user_id=story.subject_id)})
    text = browser.get("/audit/").content.decode()
    assert NAME not in text
    assert Connection.objects.get().name in text


def test_they_may_come_back(story, sandbox):
    Client().post(DELETION, {"signed_request": signed(sandbox.app_secret, user_id=story.subject_id)})
    sandbox.clear_faults()

    again = tokens.connect(NAME, sandbox.log_in("user"))

    assert (again.renewed, again.connection.pk != story.pk) == (False, True)
