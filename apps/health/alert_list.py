"""What the page of alerts shows. The number of queries is fixed."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.utils import timezone

from . import heartbeat
from .findings import Rule, counted, rules
from .models import Alert, Channel, Delivery, RuleSetting, Severity

CLOSED_SHOWN, SENT_SHOWN = 20, 30
_FIRED = timedelta(days=30)


@dataclass(frozen=True)
class RuleRow:
    rule: Rule
    setting: RuleSetting
    firing: int
    fired: int
    asked: bool

    @property
    def threshold(self) -> int:
        return self.rule.threshold if self.setting.threshold is None else self.setting.threshold

    @property
    def condition(self) -> str:
        return self.rule.words(self.threshold)

    @property
    def is_muted(self) -> bool:
        return self.setting.is_muted(timezone.now())

    @property
    def state(self) -> tuple[str, str]:
        if not self.setting.on:
            return "paused", "Off"
        if self.setting.trouble:
            return "warn", "Could not be asked"
        if self.firing:
            return "warn", "Firing"
        if not self.asked:
            return "none", "Not asked yet"
        return "ok", "Quiet"


def context() -> dict[str, Any]:
    open_ = list(Alert.objects.open().select_related("owner", "acknowledged_by").order_by("opened_at"))
    open_.sort(key=urgency)
    firing = [alert for alert in open_ if not alert.is_at_rest]
    looked_at = heartbeat.last(heartbeat.LOOK)
    rows = _rules(Counter(alert.rule for alert in open_), asked=looked_at is not None)
    channels = list(Channel.objects.order_by("source", "name"))
    return {
        "firing": firing,
        "at_rest": [alert for alert in open_ if alert.is_at_rest],
        "closed": Alert.objects.exclude(closed_at=None)
        .select_related("owner")
        .order_by("-closed_at")[:CLOSED_SHOWN],
        "rules": rows,
        "channels": channels,
        "sent": Delivery.objects.select_related("channel", "alert").order_by("-created_at", "-pk")[
            :SENT_SHOWN
        ],
        "verdict": verdict(firing, rows, channels),
        "looked_at": looked_at,
        "silent_since": heartbeat.silent_since(),
    }


def urgency(alert: Alert) -> tuple[bool, datetime, datetime]:
    """Smaller is more urgent: severity, then time left, then age."""
    far = timezone.now() + timedelta(days=10_000)
    return alert.severity != Severity.CRIT, alert.due_at or far, alert.opened_at


def _rules(open_: Counter[str], *, asked: bool) -> list[RuleRow]:
    settings = {row.name: row for row in RuleSetting.objects.all()}
    since = timezone.now() - _FIRED
    fired = dict(
        Alert.objects.filter(opened_at__gte=since).values_list("rule").annotate(n=Count("pk")).order_by()
    )
    return [
        RuleRow(
            rule,
            settings.get(rule.name) or RuleSetting(name=rule.name),
            open_[rule.name],
            fired.get(rule.name, 0),
            asked,
        )
        for rule in rules()
    ]


def verdict(firing: list[Alert], rows: list[RuleRow], channels: list[Channel]) -> list[tuple[str, str]]:
    """Pieces of a sentence, each with its state."""
    said: list[tuple[str, str]] = []
    if firing:
        kind = "crit" if any(alert.severity == Severity.CRIT for alert in firing) else "warn"
        said.append((kind, f"{counted(len(firing), 'alert is', 'alerts are')} firing."))
    else:
        said.append(("", "Nothing is firing."))
    on = [channel for channel in channels if channel.on]
    failing = [channel for channel in on if channel.failures]
    if not on:
        said.append(("warn", "Nobody hears of alerts: no channel is on."))
    elif failing:
        said.append(
            (
                "warn",
                f"{failing[0]} does not deliver."
                if len(failing) == 1
                else f"{len(failing)} channels do not deliver.",
            )
        )
    off = sum(not row.setting.on for row in rows)
    said.append(
        ("", f"{len(rows) - off} of {len(rows)} rules are on." if off else f"All {len(rows)} rules are on.")
    )
    return said
