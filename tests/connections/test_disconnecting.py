"""A connection ends: the token is deleted here whatever Meta says, and what Meta says is told."""

import pytest

from apps.connections import disconnecting, expiry, links, renewal
from apps.connections.models import AdAccount, Connection, ExpiryAlert, LoginLink
from apps.team.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def subcode(sandbox, text):
    return next(one["subcode"] for one in sandbox.state()["tokens"] if one["token"] == text)


@pytest.mark.parametrize(("name", "call"), [
    ("system", "GET /oauth/revoke 200"),
    ("user", "DELETE /me/permissions 200"),
])  # fmt: skip
def test_a_token_is_revoked_at_meta_and_deleted_here(make_connection, sandbox, admin, name, call):
    connection = make_connection("agency", name)

    ended = disconnecting.disconnect(connection, by=admin)

    connection.refresh_from_db()
    assert ended.revoked
    assert str(ended) == "agency is disconnected: its token is deleted here and revoked at Meta."
    assert subcode(sandbox, sandbox.token(name)) == 458
    assert sandbox.state()["call_counts"][call] == 1
    assert (connection.state, connection.sealed_token) == ("disconnected", "")
    assert connection.state_reason == "Disconnected by Ada Admin."
    assert not AdAccount.objects.reachable().exists()
    assert set(connection.reach.values_list("lost_reason", flat=True)) == {"It was disconnected."}


@pytest.mark.parametrize("kind", ["html_502", "reset", "error"])
@pytest.mark.parametrize("name", ["system", "user"])
def test_where_meta_does_not_revoke_the_token_is_deleted_all_the_same_and_it_is_told(
    make_connection, sandbox, no_pauses, kind, name
):
    connection = make_connection("agency", name)
    sandbox.fail(kind, path="/(oauth/revoke|me/permissions)$", times=9)

    ended = disconnecting.disconnect(connection)

    connection.refresh_from_db()
    assert not ended.revoked
    assert "could not be revoked at Meta" in str(ended)
    assert "“Business integrations”" in str(ended) if name == "user" else "at the system user" in str(ended)
    assert (connection.state, connection.sealed_token) == ("disconnected", "")
    assert connection.checks.latest("pk").changes[1].startswith("Not revoked at Meta: ")


def test_a_token_that_is_dead_needs_no_revoking(make_connection, sandbox):
    connection = make_connection("agency", "user")
    sandbox.revoke("user", 458)

    assert disconnecting.disconnect(connection).revoked


def test_links_and_alerts_end_with_it(make_connection, sandbox, clock, admin):
    connection = make_connection("Zoë", "user")
    renewal.renew(connection, only_if_due=False)
    clock.advance(36 * 86400)
    renewal.raise_alerts([Connection.objects.get()])
    _, address = links.make(connection)
    assert ExpiryAlert.objects.filter(cleared_at=None).count() == 1

    disconnecting.disconnect(connection)

    assert not ExpiryAlert.objects.filter(cleared_at=None).exists()
    link = links.find(address.rstrip("/").rpartition("/")[2])
    assert link.expires_at <= connection.reach.latest("lost_at").lost_at
    assert links.open_link(connection) is None
    assert LoginLink.objects.count() > 1
    expiry.review(Connection.objects.get())
    assert not ExpiryAlert.objects.filter(cleared_at=None).exists()


def test_what_is_ended_stays_so_until_it_is_connected_again(make_connection, sandbox):
    connection = make_connection("agency", "system")
    disconnecting.disconnect(connection)

    assert disconnecting.disconnect(connection).revoked
    assert renewal.renew(Connection.objects.get(), only_if_due=False).outcome == "not_due"
    connection.refuse(ValueError("late"))
    assert Connection.objects.get().state == "disconnected"

    make_connection("agency", "sixty_day")
    assert Connection.objects.get().state == "active"
    assert AdAccount.objects.reachable().count() == 12


@pytest.mark.django_db(transaction=True)
def test_no_token_is_exchanged_behind_an_ending(make_connection, sandbox, at_once):
    """Both at once: whichever comes first, no token is left alive at Meta that nobody here knows of."""
    connection = make_connection("agency", "expiring")
    sandbox.fail("delay", path="/oauth/access_token$", seconds=0.5)

    at_once(lambda: renewal.renew(connection), lambda: disconnecting.disconnect(connection))

    connection.refresh_from_db()
    assert (connection.state, connection.sealed_token) == ("disconnected", "")
    minted = [one for one in sandbox.state()["tokens"] if one["name"].startswith("minted")]
    assert all(one["subcode"] == 458 for one in minted)


# --- the page ------------------------------------------------------------------------------------


def test_the_page_asks_for_the_name_and_tells_what_stops(make_connection, sandbox, admin, signed_in):
    connection = make_connection("agency")
    browser, address = signed_in(admin), f"/connections/{connection.pk}/disconnect/"

    asked = browser.get(address).content.decode()
    assert "Reporting for 12 ad accounts stops at once: no other connection reaches them." in asked
    assert "The hourly sync of 12 ad accounts stops" in asked

    wrong = browser.post(address, {"name": "agenci"})
    assert wrong.status_code == 422
    assert "Type “agency” as it is written here" in wrong.content.decode()
    assert Connection.objects.get().state == "active"

    done = browser.post(address, {"name": "agency"}, follow=True)
    assert done.redirect_chain == [(f"/connections/{connection.pk}/", 302)]
    assert "its token is deleted here and revoked at Meta" in done.content.decode()
    entry = AuditEntry.objects.get(action="connection.disconnected")
    assert (entry.actor, entry.thing) == (admin.pk, "agency")
    assert browser.get(address).status_code == 404
