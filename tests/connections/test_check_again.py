"""A connection is looked at anew: what Meta says now is kept, and only what Meta says."""

import os
import time

import pytest

from apps.connections import checking, tokens
from apps.connections.models import AdAccount, Connection
from apps.reporting.models import SyncRun
from apps.vault import unseal
from tests.environment import NOWHERE

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def check(admin, signed_in):
    """Presses “Check now”; gives the message that follows."""
    browser = signed_in(admin)

    def press(connection):
        response = browser.post(f"/connections/{connection.pk}/check/", follow=True)
        assert response.redirect_chain == [("/connections/", 302)]
        (message,) = response.context["messages"]
        return message.level_tag, str(message)

    return press


def snapshot(connection):
    return Connection.objects.filter(pk=connection.pk).values().get()


def test_a_token_that_works_is_described_anew(check, make_connection, clock):
    connection = make_connection()
    Connection.objects.update(state="refused", state_reason="once", scopes=[])
    clock.advance(3600)

    level, text = check(connection)

    assert level == "success"
    assert text.startswith("reporting works and reaches 12 ad accounts. Works again. Gained ads_management,")
    connection.refresh_from_db()
    assert (connection.state, connection.state_reason) == ("active", "")
    assert "ads_read" in connection.scopes
    assert connection.checked_at.hour == 11


@pytest.mark.parametrize(
    ("subcode", "sentence"), [(458, "removed the app"), (460, "changed the password"), (463, "expired")]
)
def test_a_token_that_meta_refuses_marks_the_connection(check, make_connection, sandbox, subcode, sentence):
    connection = make_connection()
    sandbox.revoke("system", subcode)

    level, text = check(connection)

    connection.refresh_from_db()
    assert level == "error"
    assert text.startswith("reporting does not work any more.")
    assert sentence in text
    assert connection.state == "refused"
    assert sentence in connection.state_reason
    assert not AdAccount.objects.reachable().exists()


def test_a_meta_that_can_not_be_reached_changes_nothing(check, make_connection, settings, no_pauses):
    connection = make_connection()
    before = snapshot(connection)
    settings.META_GRAPH_URL = NOWHERE

    level, text = check(connection)

    assert level == "warning"
    assert text.startswith("reporting was not checked. Meta could not be reached")
    assert snapshot(connection) == before


@pytest.mark.parametrize("path", ["/debug_token$", "/me$", "/me/adaccounts$"])
def test_an_answer_that_is_none_changes_nothing(check, make_connection, sandbox, no_pauses, path):
    connection = make_connection()
    before = snapshot(connection)
    sandbox.fail("html_502", path=path, times=5)

    level, _ = check(connection)

    assert level == "warning"
    assert snapshot(connection) == before


def test_a_token_whose_key_is_gone_can_not_be_checked_and_says_which_key(check, make_connection, settings):
    connection = make_connection()
    before = snapshot(connection)
    settings.TOKEN_KEYS = {"k2": os.urandom(32)}

    level, text = check(connection)

    assert level == "warning"
    assert "The key 'k1' is not in TOKEN_KEYS" in text
    assert snapshot(connection) == before


@pytest.mark.django_db(transaction=True)
def test_a_token_renewed_during_the_check_stays(make_connection, sandbox, at_once):
    connection = make_connection()
    sandbox.fail("delay", path="/me/adaccounts$", seconds=0.5)

    def renew():
        time.sleep(0.2)
        return tokens.connect("reporting", sandbox.token("sixty_day"))

    checked, renewed = at_once(lambda: checking.look(connection), renew)

    assert checked.outcome == "unchecked"
    assert "new token" in checked.reason
    assert isinstance(renewed, tokens.Connected)
    connection.refresh_from_db()
    assert unseal(connection.sealed_token, connection.token_place) == sandbox.token("sixty_day")


def test_a_refusal_of_the_token_before_is_not_held_against_the_new_one(make_connection, sandbox):
    before = make_connection()
    make_connection(token="sixty_day")

    before.refuse(tokens.TokenRefused("gone"))

    assert Connection.objects.get().state == "active"


def test_a_refused_connection_rests_until_it_is_connected_again(
    make_account, make_connection, sandbox, admin
):
    account = make_account()
    Connection.objects.get().refuse(tokens.TokenRefused("gone"))
    assert account not in AdAccount.objects.reachable()

    make_connection(token="sixty_day", by=admin)

    assert account in AdAccount.objects.reachable()
    assert not SyncRun.objects.exists()
