"""An alert from its first look to its last: opened once, renewed, closed when its cause stays away."""

import logging
from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from apps.connections import checking
from apps.connections.models import AdAccount, Connection
from apps.health import alerts, caring, channels, delivery, heartbeat, watch
from apps.health.findings import Finding, Rule
from apps.health.models import Alert, Channel, Delivery, Heartbeat, RuleSetting
from apps.team.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.services]

FOUND: list[Finding] = []
SCRIPTED = Rule(
    "scripted", "Whatever the test says", "As told", lambda asked: list(FOUND), calm=timedelta(minutes=1)
)
MEANWHILE = SCRIPTED
BROKEN = Rule("broken", "Always fails", "Never", lambda asked: [][1])


@pytest.fixture
def script(settings, clock):
    """Findings as a test wants them: `script(Finding(…))`."""
    settings.HEALTH_RULES = ["tests.health.test_alerts.SCRIPTED"]

    def say(*findings):
        FOUND[:] = findings

    yield say
    FOUND.clear()


@pytest.fixture
def asked_by(admin):
    request = RequestFactory().post("/alerts/")
    request.user = admin
    return request


def trouble(parts=(), severity="warn", **more):
    return Finding("scripted:1", severity, "Something is wrong", "Mend it.", parts=parts, **more)


def kinds():
    return list(Delivery.objects.order_by("pk").values_list("kind", flat=True))


def test_it_is_opened_once_and_renewed(script, look, clock, channel, receiver):
    script(trouble())
    first = look()
    clock.advance(20)
    script(Finding("scripted:1", "warn", "Something is still wrong", "Mend it now."))
    second = look()

    (alert,) = Alert.objects.all()
    assert (len(first.opened), len(second.opened)) == (1, 0)
    assert (alert.title, alert.text) == ("Something is still wrong", "Mend it now.")
    assert alert.found_at - alert.opened_at >= timedelta(seconds=20)
    assert receiver.titles == ["Something is wrong"]
    assert "Mend it." in receiver.got[0]["message"]


def test_it_closes_when_its_cause_stays_away_and_says_so(script, look, clock, channel, receiver):
    script(trouble())
    look()
    script()
    look()
    assert Alert.objects.open().count() == 1
    clock.advance(61)
    looked = look()

    assert [one.ending for one in looked.closed] == ["gone"]
    assert receiver.titles == ["Something is wrong", "Over: Something is wrong"]
    assert "It is over, after 1 min." in receiver.got[1]["message"]
    assert receiver.got[1]["type"] == "success"


def test_what_comes_and_goes_is_one_alert_and_one_message(script, look, clock, channel, receiver):
    for n in range(12):
        script(*([trouble()] if n % 2 == 0 else []))
        look()
        clock.advance(20)

    assert Alert.objects.count() == 1
    assert receiver.titles == ["Something is wrong"]


def test_the_same_cause_later_is_another_alert(script, look, clock):
    for findings in ([trouble()], [], [], [trouble()]):
        script(*findings)
        look()
        clock.advance(90)

    assert Alert.objects.count() == 2
    assert Alert.objects.open().count() == 1


def test_what_joins_is_told_once_and_not_one_by_one(script, look, clock, channel, receiver):
    for n in range(1, 10):
        script(trouble(parts=[str(one) for one in range(n)]))
        look()
        clock.advance(60)
    assert kinds() == ["opened"]

    clock.advance(15 * 60)
    look()
    script(trouble(parts=["0"]))
    look()
    script(trouble(parts=["0", "5"]))
    clock.advance(20 * 60)
    look()

    assert kinds() == ["opened", "grew"]
    assert receiver.titles[-1] == "Worse: Something is wrong"


def test_what_gets_worse_is_told_at_once_even_to_those_who_knew(
    script, look, channel, receiver, asked_by, clock
):
    script(trouble())
    look()
    caring.acknowledge(Alert.objects.get(), asked_by)
    clock.advance(20)
    script(trouble(severity="crit"))
    look()

    alert = Alert.objects.get()
    assert (alert.severity, alert.acknowledged_at) == ("crit", None)
    assert alert.owner == asked_by.user
    assert kinds() == ["opened", "grew"]
    assert receiver.got[-1]["type"] == "failure"


def test_a_look_does_not_undo_what_somebody_does_meanwhile(script, clock, asked_by, settings):
    script(trouble())
    alerts.look()

    def find(asked):
        caring.acknowledge(Alert.objects.get(), asked_by)
        return [trouble()]

    global MEANWHILE
    MEANWHILE = Rule("scripted", "While somebody acts", "As told", find)
    settings.HEALTH_RULES = ["tests.health.test_alerts.MEANWHILE"]
    alerts.look()

    assert Alert.objects.get().owner == asked_by.user
    assert Alert.objects.get().acknowledged_at is not None


def test_reminders_come_daily_until_somebody_has_acknowledged_it(script, look, clock, channel, asked_by):
    script(trouble())
    for _ in range(3):
        look()
        clock.advance(24 * 3600 + 1)
    look()
    assert kinds() == ["opened", "reminder", "reminder", "reminder"]

    caring.acknowledge(Alert.objects.get(), asked_by)
    clock.advance(48 * 3600)
    look()
    assert kinds() == ["opened", "reminder", "reminder", "reminder"]
    assert AuditEntry.objects.filter(action="alert.acknowledged", thing="Something is wrong").count() == 1


def test_a_snoozed_alert_sleeps_and_tells_when_it_wakes(script, look, clock, channel, asked_by):
    script(trouble())
    look()
    caring.snooze(Alert.objects.get(), timezone.now() + timedelta(hours=2), asked_by)
    clock.advance(3600)
    look()
    assert (kinds(), Alert.objects.firing().count()) == (["opened"], 0)

    clock.advance(3601)
    look()
    assert (kinds(), Alert.objects.firing().count()) == (["opened", "reminder"], 1)


def test_a_muted_rule_fires_and_tells_nobody_until_the_mute_ends(script, look, clock, channel, receiver):
    RuleSetting.objects.create(name="scripted", muted_until=timezone.now() + timedelta(hours=1))
    script(trouble())
    look()
    assert (Alert.objects.firing().count(), receiver.titles) == (1, [])

    clock.advance(3601)
    look()
    assert receiver.titles == ["Something is wrong"]


def test_a_rule_that_is_switched_off_closes_its_alerts_without_a_word(script, look, channel, receiver):
    script(trouble())
    look()
    RuleSetting.objects.create(name="scripted", on=False)
    look()

    assert Alert.objects.get().ending == "off"
    assert receiver.titles == ["Something is wrong"]


def test_a_rule_with_a_fault_leaves_its_alerts_and_the_others_go_on(script, look, settings, caplog):
    Alert.objects.create(
        rule="broken", key="broken:1", severity="warn", title="Old", opened_at=timezone.now(),
        found_at=timezone.now(),
    )  # fmt: skip
    settings.HEALTH_RULES = ["tests.health.test_alerts.BROKEN", "tests.health.test_alerts.SCRIPTED"]
    script(trouble())
    with caplog.at_level(logging.ERROR):
        looked = look()

    assert looked.failed == ["broken"]
    assert set(Alert.objects.open().values_list("rule", flat=True)) == {"broken", "scripted"}
    assert RuleSetting.objects.get(name="broken").trouble == "IndexError"
    assert "The rule broken could not be asked." in caplog.text


# --- causes --------------------------------------------------------------------------------------


def test_a_dead_token_is_one_alert_and_one_message_and_its_cure_another(
    make_connection, sandbox, look, clock, channel, receiver, only
):
    only("tokens.DEAD", "accounts.UNREAD", "accounts.STALE")
    connection = make_connection()
    sandbox.revoke("system", 460)
    checking.look(connection)
    clock.advance(5 * 3600)
    look()

    assert [alert.key for alert in Alert.objects.open()] == [f"token:{connection.pk}"]
    assert receiver.titles == ["The token of reporting is dead"]

    sandbox._state.tokens.by_name["system"].subcode = None
    Connection.objects.update(state="active")
    for reach in connection.reach.all():
        reach.lost_at, reach.lost_reason = None, ""
        reach.save()
    only("tokens.DEAD")
    look()
    clock.advance(61)
    look()
    assert receiver.titles[1:] == ["Over: The token of reporting is dead"]


def test_what_a_later_cause_explains_ends_without_a_word(
    make_connection, sandbox, look, clock, channel, receiver, only
):
    only("tokens.DEAD", "accounts.STALE")
    connection = make_connection()
    clock.advance(2 * 3600)
    look()
    assert receiver.titles == ["12 ad accounts are behind"]
    sandbox.revoke("system", 460)
    checking.look(connection)
    look()

    assert receiver.titles == ["12 ad accounts are behind", "The token of reporting is dead"]
    assert dict(Alert.objects.values_list("rule", "ending")) == {"stale": "absorbed", "token": ""}


def test_a_token_about_to_end_is_not_mailed_a_second_time(
    make_connection, look, only, mailoutbox, make_person, channel, receiver
):
    only("tokens.DYING")
    make_person("admin")
    Channel.objects.create(name=channels.MAIL_NAME, source="mail")
    make_connection("ines", "user")
    Connection.objects.update(
        state="needs_owner", expires_at=timezone.now() + timedelta(days=6), data_access_expires_at=None
    )
    look()

    assert receiver.titles == ["ines ends in 5 days"] or receiver.titles == ["ines ends in 6 days"]
    assert mailoutbox == []


# --- at once, and when nobody looks --------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_looks_at_once_raise_it_once(script, at_once, clock):
    script(trouble())
    ready = channels.prepare("ops", "json://127.0.0.1:9/")
    channels.keep(ready)

    results = at_once(*[alerts.look for _ in range(4)])

    assert not [one for one in results if isinstance(one, Exception)]
    assert Alert.objects.count() == 1
    assert Delivery.objects.filter(kind="opened", channel=ready).count() == 1


def test_while_beat_is_silent_whoever_lives_looks_and_tells(make_person, clock, channel, receiver, only):
    only("background.STOPPED")
    heartbeat.mark(heartbeat.BACKGROUND)
    clock.advance(9 * 60)
    assert not watch.step()
    clock.advance(2 * 60)

    assert watch.step()
    assert receiver.titles == ["Background work has stopped"]
    clock.advance(60)
    watch.step()
    assert receiver.titles == ["Background work has stopped"]

    heartbeat.mark(heartbeat.BACKGROUND)
    assert not watch.step()
    alerts.look()
    delivery.send_due()
    assert receiver.titles[1:] == ["Over: Background work has stopped"]


def test_readyz_says_within_a_quarter_of_an_hour_that_nothing_is_done(client, db, clock):
    assert client.get("/readyz").status_code == 200
    heartbeat.mark(heartbeat.BACKGROUND)
    clock.advance(15 * 60 - 10)
    assert client.get("/readyz").status_code == 200
    clock.advance(20)

    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.content == b"Nothing came through beat and a worker since 2026-11-23 10:00 UTC.\n"


def test_the_look_is_written_down(script, look):
    look()

    assert Heartbeat.objects.filter(name="look").exists()


def test_the_rules_cost_the_same_number_of_queries_however_many_ad_accounts(
    make_connection, add_accounts, count_queries, clock
):
    make_connection()
    alerts.look()
    alerts.look()
    few = count_queries(alerts.look)
    add_accounts(40)
    alerts.look()

    assert count_queries(alerts.look) <= few
    assert AdAccount.objects.count() > 40
