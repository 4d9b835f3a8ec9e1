"""Invented samples for the kit page: every part and every state, so that a change can be looked at."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from . import charts
from .parts import Kpi, KpiLine

SINCE = date(2026, 10, 23)
DAYS = [SINCE + timedelta(days=n) for n in range(28)]
BEFORE = [day - timedelta(days=28) for day in DAYS]
TODAY = charts.Band(DAYS[-1], DAYS[-1], "today, to 10:42")


def _wave(level: int, swing: int, seed: int) -> list[Decimal]:
    """Numbers that look lived in and are the same every time."""
    return [Decimal(level + (n * 7919 * seed + n * n * 31) % swing) / 100 for n in range(len(DAYS))]


def _unfinished(values: list[Decimal]) -> list[Decimal]:
    return [*values[:-1], values[-1] / 3]


def context() -> dict[str, Any]:
    now = timezone.now()
    return {
        "figures": figures(),
        "kpis": kpis(),
        "form": bound_form(),
        "moments": [now, now - timedelta(minutes=6), now + timedelta(minutes=14), now - timedelta(days=3)],
        "amounts": [("EUR", Decimal("41204.18")), ("USD", Decimal("72940")), ("JPY", Decimal("4607201"))],
        "sections": [
            ("c1", "c1 blue"),
            ("c2", "c2 orange"),
            ("c3", "c3 teal"),
            ("c4", "c4 plum"),
            ("c5", "c5 ochre"),
            ("c6", "c6 indigo"),
            ("co", "other"),
            ("ok", "ok"),
            ("warn", "warn"),
            ("crit", "crit"),
            ("info", "accent"),
        ],
    }


def kpis() -> list[Kpi]:
    spark = _wave(9000, 4000, 3)
    lines = [
        KpiLine("€87,956", Decimal("0.085")),
        KpiLine("$72,940", Decimal("-0.007")),
        KpiLine("¥4,607,201", Decimal("0.21")),
    ]
    ratios = [
        KpiLine("3.75×", Decimal("0.025"), "up", "EUR"),
        KpiLine("2.86×", Decimal("-0.069"), "up", "USD"),
        KpiLine("–", None, "up", "JPY"),
    ]
    return [
        Kpi("Spend", "?metric=spend", current=True, lines=lines),
        Kpi("ROAS", "?metric=roas", lines=ratios),
        Kpi(
            "Purchases", "?metric=purchases", False, "9,150", Decimal("0.164"), "up", "6 accounts", (), spark
        ),
        Kpi("Cost / purchase", "?metric=cpp", False, "€22.92", Decimal("0.039"), "down", "lower is better"),
        Kpi("CTR (all)", "?metric=ctr", value="–", note="nothing before to compare with"),
    ]


def figures() -> dict[str, charts.Figure]:
    euro, yen = charts.money("EUR"), charts.money("JPY")
    spend = _unfinished(_wave(300000, 90000, 5))
    before = charts.Before("25 Sep – 22 Oct", _wave(280000, 60000, 7), BEFORE)
    promotion = charts.Mark(date(2026, 11, 11), "Singles’ Day")
    gaps: list[Decimal | None] = [*spend]
    gaps[5:8] = [None, None, None]
    gaps[11] = gaps[13] = None
    late = charts.Band(DAYS[-4], DAYS[-1], "4 days still arriving")
    return {
        "trend": charts.Trend("23 Oct – 19 Nov", DAYS, spend, euro, before, [TODAY], [promotion]),
        "gaps": charts.Trend("Spend", DAYS, gaps, charts.money("CHF"), None, [late]),
        "one": charts.Trend("Spend", DAYS[:1], [Decimal("0.42")], charts.money("EUR")),
        "two": charts.Trend("CTR", DAYS[:2], [Decimal("0.0124"), Decimal("0.0136")], charts.CTR),
        "zero": charts.Trend("Purchases", DAYS[:7], [0] * 7, charts.COUNT),
        "multi": charts.Multi(
            DAYS,
            [
                charts.Panel("EUR", "EUR, 3 accounts", spend, euro, before),
                charts.Panel("USD", "USD, 2 accounts", gaps, charts.money("USD")),
                charts.Panel("JPY", "JPY, 1 account", [value * 50 for value in spend], yen, partial=[]),
            ],
            [charts.Band(DAYS[-1], DAYS[-1], "today")],
            [promotion, charts.Mark(date(2026, 11, 17), "Fjord Outdoor US unsettled", "crit", 1)],
        ),
        "lines": charts.Lines(
            DAYS,
            [
                charts.Series(name, [value / 1000 for value in _wave(level, 40000, seed)])
                for seed, (name, level) in enumerate(
                    [
                        ("Halden Home DE", 380000),
                        ("Fjord Outdoor US", 200000),
                        ("Fjord Outdoor EU", 330000),
                        ("Senchado Japan", 460000),
                        ("Lumen Optik AT", 340000),
                        ("Halden Home US", 300000),
                    ],
                    start=2,
                )
            ],
            charts.RATIO,
            thresholds=[charts.Threshold(Decimal(3), "target 3.0×")],
        ),
        "stack": charts.Stack(
            DAYS,
            [
                charts.Series("Processed", [int(value) for value in _wave(9000, 8000, 3)], "c1"),
                charts.Series("Repeat dropped", [int(value) for value in _wave(1000, 2000, 5)], "other"),
                charts.Series("Failed", [int(value) for value in _wave(100, 900, 7)], "crit", hatch=True),
            ],
            partial=[charts.Band(DAYS[-1], DAYS[-1], "today")],
        ),
        "ranking": ranking(),
    }


def ranking() -> charts.Ranking:
    names = ["Instagram Reels", "Facebook Feed", "A name that is much longer than its place", "Other <6>"]
    return charts.Ranking(
        "Purchases",
        names,
        [2599, 2260, 888, 339],
        charts.COUNT,
        charts.Before("before", [1895, 2225, None, 370]),
        [
            charts.Column("Purch.", ["2,599", "2,260", "888", "339"]),
            charts.Column("CTR", ["1.62%", "1.18%", "1.21%", "–"]),
        ],
    )


class SampleForm(forms.Form):
    name = forms.CharField(help_text="Say what it is for.")
    batch = forms.IntegerField(label="Requests per batch", max_value=50)
    density = forms.ChoiceField(choices=[("comfortable", "Comfortable"), ("compact", "Compact")])
    purpose = forms.MultipleChoiceField(
        choices=[("read", "Reporting"), ("write", "Campaign writes")],
        widget=forms.CheckboxSelectMultiple,
        label="What will it be used for?",
    )
    alerts = forms.BooleanField(label="Firing alerts by e-mail", required=False)


def bound_form() -> SampleForm:
    form = SampleForm({"name": "reporting-prod", "batch": "60", "density": "comfortable", "alerts": "on"})
    form.is_valid()
    return form
