"""Messages leave through real channels, and what does not leave is tried again and told."""

import io
import logging
import re
import signal
import threading

import pytest
from django.core import mail
from django.utils import timezone

from apps.health import channels, delivery, outbox
from apps.health.models import Alert, Channel, Delivery
from apps.vault import rewrap

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def alert(db, clock):
    now = timezone.now()
    return Alert.objects.create(
        rule="stale", key="stale", severity="crit", title="Fjäll is behind", text="Since 08:00.", url="/accounts/",
        action="Open ad accounts", opened_at=now, found_at=now,
    )  # fmt: skip


@pytest.fixture
def tell(alert):
    def act(*to, kind="opened"):
        return outbox.tell(alert, kind, to or Channel.objects.all(), now=timezone.now())

    return act


def test_a_message_arrives_with_its_words_and_links(channel, receiver, tell, settings):
    settings.SITE_URL = "https://ads.example.com"
    tell()

    assert delivery.send_due() == 1
    (got,) = receiver.got
    assert (got["title"], got["type"]) == ("Fjäll is behind", "failure")
    assert "Critical, since 23 Nov 2026, 10:00 UTC." in got["message"]
    assert "Open ad accounts: https://ads.example.com/accounts/" in got["message"]
    message = Delivery.objects.get()
    assert (message.state, message.tries) == ("sent", 1)
    channel.refresh_from_db()
    assert (channel.failures, channel.delivered_at is not None) == (0, True)


def test_a_channel_takes_what_is_severe_enough(channel, alert, receiver, tell):
    channels.change(channel, least="crit")
    tell()
    alert.severity = "warn"
    outbox.tell(alert, "opened", [channel], now=timezone.now())

    assert Delivery.objects.count() == 1


def test_what_fails_is_tried_again_after_growing_pauses_and_given_up_in_the_end(
    channel, receiver, tell, clock
):
    receiver.answer = 500
    tell()
    pauses = []
    for _ in range(len(outbox.PAUSES) + 1):
        assert delivery.send_due() == 1
        message = Delivery.objects.get()
        pauses.append((message.next_at - timezone.now()).total_seconds())
        assert delivery.send_due() == 0
        clock.set(message.next_at.replace(microsecond=0))
        clock.advance(1)

    assert message.state == "failed"
    assert pauses[:-1] == sorted(pauses[:-1])
    assert pauses[0] == pytest.approx(30, abs=5)
    assert delivery.send_due() == 0
    assert "500" in message.error
    channel.refresh_from_db()
    assert channel.failures == len(outbox.PAUSES) + 1


def test_what_did_not_leave_arrives_when_the_service_is_back(channel, receiver, tell, clock):
    receiver.answer = 503
    tell()
    delivery.send_due()
    receiver.answer = 200
    clock.advance(31)
    delivery.send_due()

    assert Delivery.objects.get().state == "sent"
    channel.refresh_from_db()
    assert (channel.failures, channel.error) == (0, "")


def test_a_channel_that_fails_twice_alarms_through_the_other(
    channel, receiver, alert, tell, look, clock, only
):
    only("channels.FAILING")
    Alert.objects.update(rule="channel")
    broken = channels.prepare("broken", "json://127.0.0.1:9/gone")
    channels.keep(broken)
    tell(broken)
    delivery.send_due()
    look()
    assert receiver.titles == []
    clock.advance(31)
    delivery.send_due()
    look()

    assert receiver.titles == ["Messages do not arrive through broken"]
    assert not Delivery.objects.filter(channel=broken, alert__key__startswith="channel:").exists()
    channels.change(broken, on=False)
    look()
    clock.advance(61)
    look()
    assert receiver.titles[1:] == ["Over: Messages do not arrive through broken"]


def test_what_is_over_before_it_left_does_not_leave(channel, receiver, alert, tell, clock):
    receiver.answer = 500
    tell()
    delivery.send_due()
    alert.closed_at, alert.ending = timezone.now(), "gone"
    alert.save()
    outbox.tell_of_the_end(alert, now=timezone.now())
    receiver.answer = 200
    clock.advance(60)
    delivery.send_due()

    assert receiver.titles == ["Fjäll is behind"]
    assert list(Delivery.objects.values_list("kind", "state")) == [("opened", "dropped")]


def test_what_ended_while_it_was_on_its_way_is_told_to_be_over(channel, receiver, alert, tell):
    tell()
    message = outbox.claim()
    alert.closed_at, alert.ending = timezone.now(), "gone"
    alert.save()
    outbox.tell_of_the_end(alert, now=timezone.now())
    outbox.sent(message)
    delivery.send_due()

    assert receiver.titles == ["Over: Fjäll is behind"]


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_it_sends_loses_no_message(
    channel, receiver, tell, clock, program, program_env, settings
):
    on_its_way = threading.Event()
    receiver.before = lambda: (on_its_way.set(), threading.Event().wait(3))
    tell()
    text = "import django; django.setup(); from apps.health import delivery; delivery.send_due()"
    first = program("-c", text, script=())

    assert on_its_way.wait(30)
    first.send_signal(signal.SIGKILL)
    first.wait()
    receiver.before = None
    assert Delivery.objects.get().state == "waiting"
    assert delivery.send_due() == 0  # it may still be at work
    # The other program lives in real time.
    Delivery.objects.update(next_at=timezone.now())
    assert delivery.send_due() == 1
    assert Delivery.objects.get().state == "sent"


@pytest.mark.django_db(transaction=True)
def test_many_senders_at_once_send_each_message_once(channel, receiver, tell, at_once):
    for _ in range(6):
        tell()

    sent = at_once(*[delivery.send_due for _ in range(3)])

    assert sum(sent) == 6
    assert len(receiver.got) == 6


# --- mail ----------------------------------------------------------------------------------------


def test_mail_goes_to_the_admins(tell, make_person, alert):
    make_person("admin", "one@agency.example")
    make_person("admin", "two@agency.example")
    make_person("support")
    channel = Channel.objects.create(name="Mail to admins", source="mail")
    tell(channel)

    delivery.send_due()
    (sent,) = mail.outbox
    assert sorted(sent.to) == ["one@agency.example", "two@agency.example"]
    assert sent.subject == "Fjäll is behind"


def test_mail_that_can_not_leave_says_why(tell, make_person, settings):
    channel = Channel.objects.create(name="Mail to admins", source="mail")
    tell(channel)
    delivery.send_due()
    assert Delivery.objects.get().error == "There is no admin to write to."

    make_person("admin")
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 9
    Delivery.objects.update(next_at=timezone.now())
    delivery.send_due()
    assert "The mail server did not take it" in Delivery.objects.get().error


@pytest.mark.parametrize("configured", [True, False])
def test_mail_is_on_where_a_mail_server_is_named(db, settings, configured):
    settings.MAIL_CONFIGURED = configured
    channels.take_from_settings()
    channels.take_from_settings()

    assert Channel.objects.get().on is configured


# --- addresses are secrets -----------------------------------------------------------------------


def test_channels_of_the_environment_come_and_go_with_it(db, receiver, settings, tell):
    settings.ALERT_URLS = [receiver.url, "nonsense"]
    channels.take_from_settings()
    ours = Channel.objects.filter(source="env").order_by("service")
    assert [one.service for one in ours] == ["", "JSON"]
    assert "Apprise does not know" in ours[0].error
    tell(ours[1])
    delivery.send_due()
    assert receiver.titles == ["Fjäll is behind"]

    settings.ALERT_URLS = []
    channels.take_from_settings()
    assert not Channel.objects.filter(source="env").exists()


def test_an_address_is_sealed_to_its_row_and_moves_to_new_keys(channel, receiver):
    assert receiver.url not in channel.sealed_url
    assert channels.url_of(channel) == receiver.url
    other = channels.prepare("other", "json://127.0.0.1:9/")
    other.sealed_url = channel.sealed_url
    with pytest.raises(Exception, match="does not open"):
        channels.url_of(other)
    result = rewrap.rewrap()
    assert (result.already + result.moved, result.broken) == (1, [])


@pytest.mark.parametrize("answer", [200, 404, 500])
def test_no_log_and_no_row_tells_an_address(db, receiver, tell, answer):
    """At the loudest level, whatever the service answers."""
    receiver.answer = answer
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        url = receiver.url.replace("json://", "json://user:pass-w0rd@") + "?+X-Key=k3y-of-hook"
        channels.keep(channels.prepare("ops", url))
        tell()
        delivery.send_due()
        with pytest.raises(channels.Unknown):
            channels.prepare("bad", "nosuch://s3cr3t-path/pass-w0rd")
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    rows = str(list(Channel.objects.values())) + str(list(Delivery.objects.values()))

    for secret in ("s3cr3t-path", "pass-w0rd", "k3y-of-hook"):
        assert not re.search(secret, heard.getvalue())
        assert secret not in rows


def test_what_a_service_says_never_holds_the_address(channel):
    complaints = delivery._Complaints("https://hooks.example/services/T0KEN1/T0KEN2?key=abcd")
    with complaints:
        logging.getLogger("apprise").warning("Failed: POST /services/T0KEN1/T0KEN2?key=abcd, error=500")

    assert str(complaints) == "Failed: POST /***/***/***?key=***, error=500"
