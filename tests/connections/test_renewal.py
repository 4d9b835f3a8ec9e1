"""Tokens are renewed long before they end, once, and only what Meta itself says of the new one is believed."""

import json
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.connections import renewal, tokens
from apps.connections.models import Connection, ConnectionCheck, ExpiryAlert, LoginLink
from apps.connections.renewal import Outcome
from apps.vault import unseal
from fbadmin.celery import app as celery_app
from tests.environment import NOWHERE

pytestmark = [pytest.mark.django_db, pytest.mark.services]

DAY = 86400


@pytest.fixture
def a_day():
    """What beat starts in the name of tokens within a day."""
    celery_app.loader.import_default_modules()
    names = [entry["task"] for entry in celery_app.conf.beat_schedule.values()]
    names = [name for name in names if name.startswith("apps.connections.")]
    assert names

    def work():
        for name in names:
            celery_app.tasks[name].apply(throw=True)

    return work


def token_of(connection):
    return unseal(connection.sealed_token, connection.token_place)


def expiry_of(sandbox, text):
    (token,) = [one for one in sandbox.state()["tokens"] if one["token"] == text]
    return token["expires_at"]


# --- what is due ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "left", "more", "due"),
    [
        (29, 31, {}, False),
        (30, 30, {}, True),
        (31, 29, {}, True),
        (1, 29, {}, True),
        (61, -1, {}, False),
        (30, 30, {"never_expires": True}, False),
        (30, 30, {"state": "refused"}, False),
        (30, 30, {"state": "disconnected"}, False),
        (30, 30, {"state": "needs_owner", "renewal_error": renewal.UNMOVED}, False),
        (30, 30, {"state": "needs_owner"}, True),
        (30, 30, {"renewal_error": "Meta did not answer."}, True),
    ],
)
def test_due_is_what_is_thirty_days_old_or_has_thirty_days_left(age, left, more, due):
    now = timezone.now()
    fields = {
        "kind": "user",
        "issued_at": now - timedelta(days=age),
        "expires_at": now + timedelta(days=left),
    }

    assert renewal.is_due(Connection(**fields | more), now) is due


def test_an_end_that_nobody_knows_is_no_reason_to_exchange():
    assert not renewal.is_due(Connection(kind="user", issued_at=timezone.now() - timedelta(days=99)))


# --- one renewal ---------------------------------------------------------------------------------


def test_a_system_users_token_gets_sixty_days_more_and_the_old_one_lives_on(make_connection, sandbox):
    connection = make_connection(token="expiring")
    old = token_of(connection)

    (done,) = renewal.renew_due()

    assert done.outcome == Outcome.RENEWED
    connection.refresh_from_db()
    new = token_of(connection)
    assert new != old
    assert connection.version == 2
    assert connection.renewed_at == timezone.now().replace(microsecond=connection.renewed_at.microsecond)
    assert connection.expires_at.timestamp() == expiry_of(sandbox, new) == sandbox.now.timestamp() + 60 * DAY
    assert [one["subcode"] for one in sandbox.state()["tokens"] if one["token"] == old] == [None]
    assert "Renewed: the token ends on 22 Jan 2027; it was 26 Nov 2026." in connection.checks.last().changes


def test_a_person_whose_token_meta_does_not_extend_is_asked_to_log_in(make_connection, sandbox, admin):
    connection = make_connection("Zoë", "user")
    Connection.objects.update(owner_email="zoe@example.com")
    old = token_of(connection)
    sandbox.advance(0)

    done = renewal.renew(Connection.objects.get(), only_if_due=False)

    connection.refresh_from_db()
    assert done.outcome == Outcome.UNMOVED
    assert (connection.state, token_of(connection), connection.version) == ("needs_owner", old, 1)
    assert "Zoë Øvergård must log in at Meta once" in connection.state_reason
    assert not renewal.renew_due()
    (link,) = LoginLink.objects.all()
    (letter,) = mail.outbox
    assert (link.connection, link.email, letter.to) == (connection, "zoe@example.com", ["zoe@example.com"])
    assert "/connections/link/" in letter.body
    assert link.key_hash not in letter.body


def test_without_an_address_the_link_goes_to_the_admins(make_connection, admin, sandbox):
    connection = make_connection("Zoë", "user")

    renewal.renew(connection, only_if_due=False)

    (letter,) = mail.outbox
    assert letter.to == ["admin@agency.example"]
    assert "/connections/link/" in letter.body


def test_a_person_whose_token_meta_extends_is_not_bothered(make_connection, sandbox):
    sandbox.configure(extend_user_tokens=True)
    connection = make_connection("Zoë", "user")

    done = renewal.renew(connection, only_if_due=False)

    assert (done.outcome, done.connection.state) == (Outcome.RENEWED, "active")
    assert not LoginLink.objects.exists()


def test_what_never_ends_is_left_alone(make_connection, sandbox):
    connection = make_connection()

    assert renewal.renew(connection, only_if_due=False).outcome == Outcome.NOT_DUE
    assert sandbox.exchanges() == 0


def test_an_owner_who_logged_in_again_ends_the_waiting(make_connection, sandbox):
    renewal.renew(make_connection("Zoë", "user"), only_if_due=False)

    connection = make_connection("Zoë", sandbox.log_in("user"))

    assert (connection.state, connection.state_reason, connection.renewal_error) == ("active", "", "")


# --- trouble -------------------------------------------------------------------------------------

TROUBLE = {
    "no answer": {"kind": "reset"},
    "a gateway's page": {"kind": "html_502"},
    "nothing": {"kind": "empty"},
    "half an answer": {"kind": "cut_off"},
    "not JSON": {"kind": "text"},
    "Meta's own fault": {"kind": "error", "code": 2, "status": 503, "is_transient": True},
    "a wrong secret": {"kind": "error", "code": 1, "message": "Error validating client secret."},
    "too many calls": {"kind": "error", "code": 4, "message": "Application request limit reached"},
}


@pytest.mark.parametrize("path", ["/oauth/access_token$", "/debug_token$"])
@pytest.mark.parametrize("name", TROUBLE)
def test_trouble_on_the_way_is_never_a_dead_token(make_connection, sandbox, clock, no_pauses, name, path):
    connection = make_connection(token="expiring")
    before = token_of(connection)
    sandbox.fail(path=path, times=20, **TROUBLE[name])

    (done,) = renewal.renew_due()

    connection.refresh_from_db()
    assert done.outcome == Outcome.FAILED
    assert (connection.state, token_of(connection), connection.version) == ("active", before, 1)
    assert connection.renewal_error
    assert connection.renewal_tried_at
    assert connection.checks.latest("pk").outcome == "unchecked"
    sandbox.clear_faults()
    clock.advance(DAY)
    assert [one.outcome for one in renewal.renew_due()] == [Outcome.RENEWED]
    connection.refresh_from_db()
    assert connection.renewal_error == ""


def test_a_token_that_died_is_refused_when_it_should_be_renewed(make_connection, sandbox):
    connection = make_connection(token="expiring")
    sandbox.revoke("expiring", 460)

    (done,) = renewal.renew_due()

    connection.refresh_from_db()
    assert (done.outcome, connection.state) == (Outcome.REFUSED, "refused")
    assert "changed the password" in connection.state_reason
    assert set(connection.reach.values_list("lost_reason", flat=True)) == {
        "The token was refused: its owner has changed the password."
    }


def test_a_refused_exchange_alone_kills_no_token(make_connection, sandbox):
    connection = make_connection(token="expiring")
    sandbox.fail("error", path="/oauth/access_token$", code=190, message="Invalid OAuth access token.")

    (done,) = renewal.renew_due()

    connection.refresh_from_db()
    assert (done.outcome, connection.state) == (Outcome.FAILED, "active")


def test_who_dies_between_exchange_and_storing_loses_nothing(make_connection, sandbox, clock):
    """The exchange has been made and nothing was stored: to Meta there is one token more, to us nothing happened."""
    connection = make_connection(token="expiring")
    text = renewal._new_token(connection)

    (done,) = renewal.renew_due()

    assert done.outcome == Outcome.RENEWED
    connection.refresh_from_db()
    assert token_of(connection) not in {text, sandbox.token("expiring")}
    assert sandbox.exchanges() == 2


@pytest.mark.django_db(transaction=True)
def test_a_token_connected_during_the_exchange_stays(make_connection, sandbox, at_once):
    connection = make_connection(token="expiring")
    sandbox.fail("delay", path="/oauth/access_token$", seconds=3)

    def reconnect():
        time.sleep(0.2)
        return tokens.connect("reporting", sandbox.token("sixty_day"))

    done, _ = at_once(lambda: renewal.renew(connection), reconnect)

    connection.refresh_from_db()
    assert done.outcome == Outcome.ALREADY
    assert token_of(connection) == sandbox.token("sixty_day")


# --- the command ---------------------------------------------------------------------------------


def test_the_command_says_what_came_of_it(make_connection, sandbox, capsys):
    make_connection(token="expiring")

    call_command("refresh_tokens")
    assert capsys.readouterr().out == "reporting is renewed and ends on 22 Jan 2027 now.\n"

    call_command("refresh_tokens")
    assert capsys.readouterr().out == "No token is due.\n"


def test_the_command_speaks_json(make_connection, sandbox, capsys):
    connection = make_connection(token="expiring")

    call_command("refresh_tokens", "--json")

    assert json.loads(capsys.readouterr().out) == {
        "due": 1,
        "renewed": 1,
        "connections": [{"connection": str(connection.pk), "name": "reporting", "outcome": "renewed"}],
    }


def test_the_command_fails_where_meta_can_not_be_asked(make_connection, settings, no_pauses):
    make_connection(token="expiring")
    settings.META_GRAPH_URL = NOWHERE

    with pytest.raises(CommandError, match="could not be renewed"):
        call_command("refresh_tokens")


# --- seventy days --------------------------------------------------------------------------------


def test_seventy_days_of_daily_work_let_no_token_die_that_could_be_renewed(
    make_connection, sandbox, clock, a_day, admin
):
    never = make_connection("never", "reporting")
    sixty = make_connection("sixty", "sixty_day")
    person = make_connection("Zoë", "user")  # 50 days, and Meta does not extend it
    raised = {}

    for day in range(1, 49 + 1):
        clock.advance(DAY)
        a_day()
        for alert in ExpiryAlert.objects.filter(connection=person, clock="token"):
            raised.setdefault(alert.days, day)

    # 50 days of life: 15 are left on the 35th day, and so on.
    assert raised == {15: 35, 7: 43, 3: 47, 1: 49}
    person.refresh_from_db()
    assert (person.state, token_of(person)) == ("needs_owner", sandbox.token("user"))
    assert not ExpiryAlert.objects.filter(cleared_at__isnull=False).exists()
    assert not ExpiryAlert.objects.filter(told_at=None).exists()
    told = Counter(letter.subject for letter in mail.outbox if letter.to == ["admin@agency.example"])
    assert {subject: n for subject, n in told.items() if subject.startswith("Zoë: the token")} == {
        f"Zoë: the token ends on 12 Jan 2027, within {days}": 1
        for days in ("15 days", "7 days", "3 days", "1 day")
    }

    tokens.connect("Zoë", sandbox.log_in("user"))

    assert not ExpiryAlert.objects.filter(connection=person, cleared_at=None).exists()
    person.refresh_from_db()
    assert (person.state, person.days_left) == ("active", 59)  # and some hours

    for _ in range(50, 70 + 1):
        clock.advance(DAY)
        a_day()

    for connection in (sixty, person):
        connection.refresh_from_db()
        assert connection.state == "active"
        assert connection.days_left > 15
    assert not ExpiryAlert.objects.filter(connection=sixty).exists()
    assert not ExpiryAlert.objects.filter(cleared_at=None).exists()
    never.refresh_from_db()
    assert token_of(never) == sandbox.token("reporting")
    # 40 days of the first life are left; it is renewed on the 10th day, the 40th and the 70th.
    assert sixty.version == 4


def test_seventy_days_in_which_meta_extends_everybody(make_connection, sandbox, clock, a_day):
    sandbox.configure(extend_user_tokens=True)
    person = make_connection("Zoë", "user")

    for _ in range(70):
        clock.advance(DAY)
        a_day()
        person.refresh_from_db()
        assert person.works

    assert person.days_left < 15  # of the access to her data, which no exchange moves
    assert person.expires_at - timezone.now() > timedelta(days=29)
    assert set(ExpiryAlert.objects.values_list("clock", "days")) == {("data_access", 15)}
    assert person.state == "needs_owner"
    assert "Only their login at Meta moves that day." in person.state_reason


def test_weeks_without_meta_warn_when_it_gets_close_and_end_well(
    make_connection, settings, clock, a_day, no_pauses
):
    """A system user's token of 40 days: its renewal is due on the 10th day, and comes to no answer until the 25th."""
    connection = make_connection("sixty", "sixty_day")
    url = settings.META_GRAPH_URL

    settings.META_GRAPH_URL = NOWHERE
    for _ in range(17):
        clock.advance(DAY)
        a_day()
    connection.refresh_from_db()
    assert connection.state == "active"
    assert connection.renewal_error
    assert not ExpiryAlert.objects.exists()  # 23 days are left

    for _ in range(8):
        clock.advance(DAY)
        a_day()
    assert [(alert.days, alert.cleared_at) for alert in ExpiryAlert.objects.all()] == [(15, None)]

    settings.META_GRAPH_URL = url
    a_day()
    connection.refresh_from_db()
    assert (connection.days_left, connection.renewal_error) == (59, "")  # and some hours
    assert not ExpiryAlert.objects.filter(cleared_at=None).exists()


# --- twenty at once ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_twenty_processes_exchange_once(make_connection, sandbox, program):
    connection = make_connection(token="expiring")

    words = (timezone.now().isoformat(), "20", "refresh_tokens", "--json")
    twenty = program(*words, script=("-m", "tests.connections.twenty"), text=True)
    out, err = twenty.communicate(timeout=300)

    assert twenty.returncode == 0, err
    answers = [json.loads(line) for line in out.splitlines()]
    assert len(answers) == 20
    assert sandbox.exchanges() == 1
    connection.refresh_from_db()
    assert (connection.state, connection.version) == ("active", 2)
    assert expiry_of(sandbox, token_of(connection)) == sandbox.now.timestamp() + 60 * DAY
    assert sum(answer.get("renewed", 0) for answer in answers) == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_that_saw_it_due_at_the_same_time_exchange_once(make_connection, sandbox, at_once):
    connection = make_connection(token="expiring")
    sandbox.fail("delay", path="/oauth/access_token$", seconds=0.5, times=20)

    done = at_once(*[lambda: renewal.renew(Connection.objects.get(pk=connection.pk))] * 20)

    assert Counter(one.outcome for one in done) == {Outcome.RENEWED: 1, Outcome.ALREADY: 19}
    assert sandbox.exchanges() == 1
    assert ConnectionCheck.objects.filter(changes__0__startswith="Renewed").count() == 1
    for one in done:
        assert one.connection.version == 2
        assert expiry_of(sandbox, token_of(one.connection)) == sandbox.now.timestamp() + 60 * DAY
