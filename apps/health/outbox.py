"""The outbox: messages that are to be sent, and what came of them. The one writer of `Delivery`.

A message is written in the transaction of what it tells of, so it is neither lost nor sent for nothing. It leaves at
least once: a worker that is killed between sending and saying so lets the next one send it again.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from .models import Alert, Channel, Delivery, Severity

Kind, State = Delivery.Kind, Delivery.State
# After a try that failed; after the last one a message is given up. About a day.
PAUSES = [timedelta(seconds=s) for s in (30, 120, 600, 1800, 7200, 21_600, 43_200)]
# How long a worker has to send one message. Longer than any service is waited for.
LEASE = timedelta(minutes=2)

_FIRST_WORD: dict[str, str] = {
    Kind.OPENED: "",
    Kind.GREW: "Worse: ",
    Kind.REMINDER: "Still: ",
    Kind.CLOSED: "Over: ",
}


def tell(alert: Alert, kind: str, channels: Iterable[Channel], *, now: datetime) -> list[Delivery]:
    """Queue a message of this alert for each channel that takes its severity. Call it inside a transaction."""
    return Delivery.objects.bulk_create(
        [_message(alert, kind, channel, now) for channel in channels if channel.takes(alert.severity)]
    )


def tell_of_the_end(alert: Alert, *, now: datetime) -> list[Delivery]:
    """Who was told that it began is told that it is over; what has not left yet does not leave any more."""
    waiting = alert.deliveries.filter(state=State.WAITING)
    waiting.update(state=State.DROPPED, error="It was over before this left.")
    told = alert.deliveries.filter(state=State.SENT).exclude(kind=Kind.CLOSED).values("channel")
    heard = alert.deliveries.filter(kind=Kind.CLOSED).values("channel")
    return Delivery.objects.bulk_create(
        [
            _message(alert, Kind.CLOSED, channel, now)
            for channel in Channel.objects.filter(pk__in=told, on=True).exclude(pk__in=heard)
        ]
    )


def forget(alert: Alert) -> None:
    """It ended in a way that nobody needs to hear of."""
    alert.deliveries.filter(state=State.WAITING).update(
        state=State.DROPPED, error="It ended before this left."
    )


def stop(channel: Channel) -> None:
    """The channel is switched off: what waits for it does not leave."""
    channel.deliveries.filter(state=State.WAITING).update(
        state=State.DROPPED, error="The channel was switched off."
    )


def test(channel: Channel, by: str) -> Delivery:
    now = timezone.now()
    return Delivery.objects.create(
        channel=channel,
        kind=Kind.TEST,
        title="Test message of fbadmin",
        text=f"{by} has pressed the button. Alerts arrive the same way: {settings.SITE_URL}{reverse('health:alerts')}",
        created_at=now,
        next_at=now,
    )


def _message(alert: Alert, kind: str, channel: Channel, now: datetime) -> Delivery:
    return Delivery(
        alert=alert,
        channel=channel,
        kind=kind,
        severity=alert.severity,
        title=f"{_FIRST_WORD[kind]}{alert.title}"[:400],
        text=_body(alert, kind),
        created_at=now,
        next_at=now,
    )


def _body(alert: Alert, kind: str) -> str:
    if kind == Kind.CLOSED:
        minutes = int(((alert.closed_at or timezone.now()) - alert.opened_at).total_seconds() // 60)
        lines = [f"It is over, after {_length(minutes)}."]
    else:
        severity = Severity(alert.severity).label
        lines = [alert.text, f"{severity}, since {alert.opened_at:%-d %b %Y, %H:%M} UTC."]
        if alert.url:
            lines.append(f"{alert.action}: {settings.SITE_URL}{alert.url}")
    lines.append(f"All alerts: {settings.SITE_URL}{reverse('health:alerts')}")
    return "\n".join(filter(None, lines))


def _length(minutes: int) -> str:
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // 1440} days"


# --- sending -------------------------------------------------------------------------------------


def is_due() -> bool:
    return Delivery.objects.filter(state=State.WAITING, next_at__lte=timezone.now()).exists()


def claim(only: Sequence[int] | None = None) -> Delivery | None:
    """The next message that is due, for the caller alone until the lease ends."""
    now = timezone.now()
    due = Delivery.objects.filter(state=State.WAITING, next_at__lte=now)
    if only is not None:
        due = due.filter(pk__in=only)
    with transaction.atomic():
        message = (
            due.select_for_update(skip_locked=True, of=("self",))
            .select_related("channel", "alert")
            .order_by("created_at", "pk")
            .first()
        )
        if message is not None:
            message.tries, message.next_at = message.tries + 1, now + LEASE
            message.save(update_fields=["tries", "next_at"])
    return message


def sent(message: Delivery) -> None:
    now = timezone.now()
    with transaction.atomic():
        Delivery.objects.filter(pk=message.pk).update(state=State.SENT, sent_at=now, error="")
        Channel.objects.filter(pk=message.channel_id).update(
            failures=0, failed_at=None, error="", delivered_at=now
        )
        alert = message.alert
        if alert is not None and message.kind != Kind.CLOSED:
            alert = Alert.objects.select_for_update().get(pk=alert.pk)
            if alert.ending == Alert.Ending.GONE:
                tell_of_the_end(alert, now=now)  # it ended while this was on its way


def failed(message: Delivery, error: str) -> None:
    """To be tried again after a pause that grows, or given up."""
    now, error = timezone.now(), " ".join(error.split())[:300]
    last = message.kind == Kind.TEST or message.tries > len(PAUSES)
    again = now if last else now + PAUSES[message.tries - 1]
    with transaction.atomic():
        Delivery.objects.filter(pk=message.pk, state=State.WAITING).update(
            state=State.FAILED if last else State.WAITING, error=error, next_at=again
        )
        Channel.objects.filter(pk=message.channel_id).update(
            failures=F("failures") + 1, failed_at=now, error=error
        )
