"""The page of alerts: who sees and does what, and that it is written down."""

import pytest
from django.utils import timezone

from apps.health import channels
from apps.health.models import Alert, Channel, Delivery, RuleSetting
from apps.team.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def alert(db):
    now = timezone.now()
    return Alert.objects.create(
        rule="stale",
        key="stale",
        severity="warn",
        title="3 ad accounts are behind",
        opened_at=now,
        found_at=now,
    )


def post(browser, where, **data):
    answer = browser.post(where, data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def trail():
    ours = AuditEntry.objects.filter(action__startswith="alert.").order_by("number")
    return list(ours.values_list("action", "thing", "detail"))


def test_support_takes_care_of_alerts_and_changes_no_rule(alert, signed_in, support):
    browser = signed_in(support)
    text = browser.get("/alerts/").content.decode()
    assert "Acknowledge: it is mine" in text
    assert "Save" not in text
    assert "Add<span" not in text

    assert "No reminders come until it gets worse." in post(browser, f"/alerts/{alert.pk}/", do="acknowledge")
    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.owner) == (support, support)
    assert "Nobody owns" in post(browser, f"/alerts/{alert.pk}/", do="leave")
    assert "fires again" in post(browser, f"/alerts/{alert.pk}/", do="wake")
    post(browser, f"/alerts/{alert.pk}/", do="snooze", until="7d")
    assert browser.post("/alerts/rules/stale/").status_code == 403
    assert [action for action, _, _ in trail()] == [
        "alert.acknowledged", "alert.left", "alert.woken", "alert.snoozed",
    ]  # fmt: skip


@pytest.mark.parametrize("data", [{}, {"do": "explode"}, {"do": "snooze", "until": "9999"}])
def test_what_can_not_be_done_changes_nothing(alert, signed_in, admin, data):
    text = post(signed_in(admin), f"/alerts/{alert.pk}/", **data)

    assert "Nothing was changed" in text
    assert trail() == []


def test_what_is_over_is_left_alone(alert, signed_in, admin):
    Alert.objects.update(closed_at=timezone.now(), ending="gone")

    assert "is over already" in post(signed_in(admin), f"/alerts/{alert.pk}/", do="acknowledge")


def test_a_rule_takes_a_threshold_between_its_limits(db, signed_in, admin):
    browser = signed_in(admin)

    text = post(browser, "/alerts/rules/stale/", on="on", threshold="5")
    assert "the threshold lies between 30 and 1440 min" in text
    assert not RuleSetting.objects.exists()
    post(browser, "/alerts/rules/stale/", on="on", threshold="120", mute="1h")
    setting = RuleSetting.objects.get()
    assert (setting.on, setting.threshold, setting.is_muted(timezone.now())) == (True, 120, True)
    post(browser, "/alerts/rules/stale/", on="on", threshold="90", mute="keep")
    setting.refresh_from_db()
    assert (setting.threshold, setting.is_muted(timezone.now())) == (None, True)
    post(browser, "/alerts/rules/stale/")
    setting.refresh_from_db()
    assert (setting.on, setting.muted_until) == (False, None)
    assert browser.post("/alerts/rules/nosuch/").status_code == 404
    assert trail()[-1] == ("alert.rule_changed", "Numbers are old", "off, threshold 90")


def test_a_channel_is_added_without_its_address_on_any_page_or_in_the_trail(db, signed_in, admin, receiver):
    browser = signed_in(admin)

    text = post(browser, "/alerts/channels/new/", name="#ads-ops", url=receiver.url, least="crit")

    assert "#ads-ops is kept" in text
    channel = Channel.objects.get(name="#ads-ops")
    assert (channel.service, channel.least) == ("JSON", "crit")
    assert "s3cr3t" not in text + browser.get("/alerts/").content.decode() + str(trail())
    assert trail() == [("alert.channel_added", "#ads-ops", "JSON, from Critical on")]


def test_a_bad_address_and_a_taken_name_are_told_and_the_address_is_not_echoed(db, signed_in, admin, channel):
    answer = signed_in(admin).post(
        "/alerts/channels/new/", {"name": "OPS", "url": "nosuch://t0k3n", "least": "warn"}
    )
    text = answer.content.decode()

    assert answer.status_code == 422
    assert "There is a channel of this name." in text
    assert "t0k3n" not in text
    answer = signed_in(admin).post(
        "/alerts/channels/new/", {"name": "new", "url": "nosuch://t0k3n", "least": "warn"}
    )
    assert "Apprise does not know such an address." in answer.content.decode()
    assert "t0k3n" not in answer.content.decode()


def test_the_test_button_says_what_came_of_it(db, signed_in, admin, channel, receiver):
    browser = signed_in(admin)
    where = f"/alerts/channels/{channel.pk}/"

    assert "The test left through ops." in post(browser, where, do="test")
    assert receiver.titles == ["Test message of fbadmin"]
    receiver.answer = 410
    text = post(browser, where, do="test")
    assert "The test did not leave through ops." in text
    assert "410" in text
    # Whoever pressed it knows: nobody tries again.
    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["sent", "failed"]


def test_a_channel_is_switched_and_removed_and_those_of_the_environment_are_not(
    db, signed_in, admin, channel, settings, receiver
):
    settings.ALERT_URLS = [receiver.url + "/other"]
    channels.take_from_settings()
    browser, ours = signed_in(admin), Channel.objects.get(source="env")

    assert "ops is off" in post(browser, f"/alerts/channels/{channel.pk}/", do="off")
    assert "ops is on" in post(browser, f"/alerts/channels/{channel.pk}/", do="on")
    assert "is removed, with its address" in post(browser, f"/alerts/channels/{channel.pk}/", do="remove")
    assert "Nothing was changed" in post(browser, f"/alerts/channels/{ours.pk}/", do="remove")
    assert not Channel.objects.filter(pk=channel.pk).exists()
    assert [action for action, _, _ in trail()] == [
        "alert.channel_changed", "alert.channel_changed", "alert.channel_removed",
    ]  # fmt: skip


def test_the_badge_counts_what_fires(alert, signed_in, admin):
    text = signed_in(admin).get("/accounts/").content.decode()

    assert '<span class="n warn">' in text


def test_the_page_costs_the_same_however_much_stands_on_it(alert, signed_in, admin, count_queries, channel):
    browser = signed_in(admin)
    browser.get("/alerts/")
    few = count_queries(lambda: browser.get("/alerts/"))
    now = timezone.now()
    for n in range(30):
        one = Alert.objects.create(
            rule="stale", key=f"k{n}", severity="crit", title=f"Alert {n}", opened_at=now, found_at=now, owner=admin,
            acknowledged_at=now if n % 3 == 0 else None, acknowledged_by=admin,
            closed_at=now if n % 3 == 1 else None,
        )  # fmt: skip
        Delivery.objects.create(
            alert=one, channel=channel, kind="opened", title="x", created_at=now, next_at=now
        )

    assert count_queries(lambda: browser.get("/alerts/")) <= few
