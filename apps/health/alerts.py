"""The look: what the rules find, against the alerts that are open. The one writer of how an alert begins and ends.

It runs every 20 seconds by beat, and by `health.watch` when beat is silent. A lock keeps two looks apart, and the
database holds one open alert per key.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.connections.locks import session_lock

from . import channels, heartbeat, outbox
from .findings import Asked, Explained, Finding, Rule, rules
from .models import Alert, Channel, Delivery, RuleSetting, Severity

logger = logging.getLogger(__name__)

# The first half of the two-part lock key: "alrt" in ASCII.
_LOOK = 0x616C7274
# What joins an alert one by one is told together.
GREW_EVERY = timedelta(minutes=15)
Kind, Ending = Delivery.Kind, Alert.Ending
# What a look writes of an alert that is open.
_FOUND = ("severity", "title", "text", "parts", "accounts", "action", "url", "due_at", "found_at", "gone_at")


@dataclass
class Looked:
    """What came of it."""

    opened: list[Alert] = field(default_factory=list)
    closed: list[Alert] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)  # names of rules that could not be asked


def look() -> Looked | None:
    """Ask every rule and bring the alerts up to date. None: somebody else is just doing so."""
    with session_lock(_LOOK, 0) as alone:
        return _look() if alone else None


def _look() -> Looked:
    now, looked, explained = timezone.now(), Looked(), Explained()
    channels.take_from_settings()
    set_by_people = {row.name: row for row in RuleSetting.objects.all()}
    known = rules()
    for rule in known:
        setting = set_by_people.get(rule.name) or RuleSetting(name=rule.name)
        if not setting.on:
            _end(Alert.objects.open().filter(rule=rule.name), Ending.RULE_OFF, now)
            continue
        before = {alert.key: alert for alert in Alert.objects.open().filter(rule=rule.name)}
        asked = Asked(
            now,
            rule.threshold if setting.threshold is None else setting.threshold,
            {key: alert.parts for key, alert in before.items()},
            explained,
        )
        found = _ask(rule, asked, looked)
        if found is not None:
            with transaction.atomic():
                _Update(rule, setting, now, explained, looked).bring(before, found)
    _end(Alert.objects.open().exclude(rule__in=[rule.name for rule in known]), Ending.RULE_OFF, now)
    heartbeat.mark(heartbeat.LOOK)
    return looked


def _ask(rule: Rule, asked: Asked, looked: Looked) -> list[Finding] | None:
    """A fault in one rule leaves its alerts as they are, and the other rules go on."""
    trouble = ""
    try:
        return list(rule.find(asked))
    except Exception as fault:
        logger.exception("The rule %s could not be asked.", rule.name)
        looked.failed.append(rule.name)
        trouble = type(fault).__name__
        return None
    finally:
        _note(rule, trouble)


def _note(rule: Rule, trouble: str) -> None:
    if trouble:
        RuleSetting.objects.update_or_create(name=rule.name, defaults={"trouble": trouble})
    else:
        RuleSetting.objects.filter(name=rule.name).exclude(trouble="").update(trouble="")


def _end(alerts: Iterable[Alert], ending: str, now: datetime) -> None:
    with transaction.atomic():
        for alert in alerts:
            _close(alert, ending, now)


def _close(alert: Alert, ending: str, now: datetime) -> None:
    alert.closed_at, alert.ending = now, ending
    alert.save(update_fields=["closed_at", "ending"])
    if ending == Ending.GONE:
        outbox.tell_of_the_end(alert, now=now)
    else:
        outbox.forget(alert)


@dataclass
class _Update:
    """One rule's findings against its alerts, in one transaction."""

    rule: Rule
    setting: RuleSetting
    now: datetime
    explained: Explained
    looked: Looked

    def bring(self, before: dict[str, Alert], found: list[Finding]) -> None:
        by_key = {finding.key: finding for finding in found}
        for finding in by_key.values():
            alert = before.get(finding.key) or self._open(finding)
            self._renew(alert, finding)
            self._tell(alert, finding)
        for key, alert in before.items():
            if key not in by_key:
                self._miss(alert)

    def _open(self, finding: Finding) -> Alert:
        alert = Alert(
            rule=self.rule.name,
            key=finding.key,
            severity=finding.severity,
            opened_at=self.now,
            found_at=self.now,
        )
        self.looked.opened.append(alert)
        return alert

    def _renew(self, alert: Alert, finding: Finding) -> None:
        """Only what a look knows: meanwhile somebody may be taking care of it."""
        rose = Severity.rose(alert.severity, finding.severity)
        grew = bool(set(finding.parts) - set(alert.parts))
        alert.severity = finding.severity
        alert.title, alert.text = finding.title[:300], finding.text
        alert.parts, alert.accounts = list(finding.parts), list(finding.accounts)
        alert.action, alert.url, alert.due_at = finding.action, finding.url[:300], finding.due_at
        alert.found_at, alert.gone_at = self.now, None
        changed = list(_FOUND)
        if alert.pk and (rose or grew):
            # Who knew of less does not know of this. Who sleeps is woken only by what is worse.
            alert.acknowledged_at = alert.acknowledged_by = None
            changed += ["acknowledged_at", "acknowledged_by"]
            if rose:
                alert.snoozed_until = None
                changed.append("snoozed_until")
        if alert.pk:
            alert.save(update_fields=changed)
        else:
            alert.save(force_insert=True)

    def _miss(self, alert: Alert) -> None:
        if self.explained.covers(alert.key, alert.accounts):
            _close(alert, Ending.ABSORBED, self.now)
        elif self.now - (alert.gone_at or self.now) >= self.rule.calm:
            _close(alert, Ending.GONE, self.now)
        elif alert.gone_at is None:
            alert.gone_at = self.now
            alert.save(update_fields=["gone_at"])
            return
        else:
            return
        self.looked.closed.append(alert)

    # --- who is told

    def _tell(self, alert: Alert, finding: Finding) -> None:
        kind = self._news(alert)
        if kind is None or self.setting.is_muted(self.now):
            return
        outbox.tell(alert, kind, self._channels(finding), now=self.now)
        alert.told_at, alert.told_severity = self.now, alert.severity
        alert.told_parts = sorted({*alert.told_parts, *alert.parts})
        alert.save(update_fields=["told_at", "told_severity", "told_parts"])

    def _news(self, alert: Alert) -> str | None:
        """What there is to tell, if anything."""
        if alert.told_at is None:
            return Kind.OPENED
        if alert.is_at_rest:
            return None
        if Severity.rose(alert.told_severity, alert.severity):
            return Kind.GREW
        if set(alert.parts) - set(alert.told_parts) and self.now - alert.told_at >= GREW_EVERY:
            return Kind.GREW
        woke = alert.snoozed_until is not None and alert.told_at < alert.snoozed_until
        if woke or self.now - alert.told_at >= timedelta(hours=settings.ALERT_REMIND_HOURS):
            return Kind.REMINDER
        return None

    def _channels(self, finding: Finding) -> list[Channel]:
        those = Channel.objects.filter(on=True).order_by("created_at")
        if self.rule.mailed:
            those = those.exclude(source=Channel.Source.MAIL)
        return [channel for channel in those if str(channel.pk) != finding.without]
