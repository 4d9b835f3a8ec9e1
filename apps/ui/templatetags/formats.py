"""Filters and tags for every template: a builtin library, so nothing needs `{% load %}`."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import ceil
from typing import Any

from django import forms, template
from django.forms import BoundField, Form
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString, mark_safe

from apps.ui import charts, formats
from apps.ui.parts import Good, Kpi

register = template.Library()

# --- words and numbers ---------------------------------------------------------------------------

register.filter("money", formats.money)
register.filter("money_whole", formats.money_whole)
register.filter("compact", formats.compact)
register.filter("integer", formats.integer)
register.filter("decimal", formats.decimal)
register.filter("percent", formats.percent)
register.filter("ctr", formats.ctr)
register.filter("roas", formats.roas)
register.filter("milliseconds", formats.milliseconds)
register.filter("clock", formats.clock)


@register.filter
def day(value: date) -> str:
    """19 Nov 2026."""
    return formats.day(value, year=True)


@register.simple_tag
def period(since: date, until: date, year: bool = True) -> str:
    return formats.period(since, until, year=year)


@register.filter
def missing(value: Any) -> Any:
    """An en dash for what is not there; zero stays zero."""
    return formats.MISSING if value is None or value == "" else value


@register.simple_tag
def ago(value: datetime | None, never: str = "never") -> SafeString | str:
    """How long ago, with the whole truth in the title."""
    if value is None:
        return never
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(timespec="seconds"),
        formats.moment(value),
        formats.ago(value),
    )


@register.simple_tag
def until(value: datetime) -> SafeString:
    """The clock first, then the rest, which a script counts down: `10:56, in 14 min`."""
    left = max(1, ceil((value - timezone.now()).total_seconds()))
    return format_html(
        '<time class="nw" datetime="{}" title="{}"><b>{}</b> <span class="mut" data-countdown="{}">{}</span></time>',
        value.isoformat(timespec="seconds"),
        formats.moment(value),
        formats.clock(value),
        left,
        formats.ago(value),
    )


@register.simple_tag
def age(value: datetime | None) -> SafeString | str:
    """How old, in one word: `6 min`, `3 h`, `2 d`; the whole truth in the title."""
    if value is None:
        return formats.MISSING
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(timespec="seconds"),
        formats.moment(value),
        formats.age(value),
    )


# --- shapes --------------------------------------------------------------------------------------

# The shape and the colour of a state. Shapes differ in outline, so they survive greyscale.
SHAPES = {
    "ok": ("circle-check", "ok"),
    "info": ("circle", "info"),
    "warn": ("triangle-alert", "warn"),
    "crit": ("octagon-x", "crit"),
    "none": ("circle-minus", "idle"),
    "paused": ("circle-pause", "idle"),
    "waiting": ("hourglass", "info"),
    "regressed": ("rotate-ccw", "crit"),
}


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """A decoration from our sprite; `size` is s for the small one. The words beside it carry the meaning."""
    return format_html(
        '<svg class="i{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" {size}" if size else "",
        static("icons-1.svg"),
        name,
    )


@register.simple_tag
def state(kind: str, word: Any, shape: str = "") -> SafeString:
    """Shape, word and colour: `{% state "warn" "Expires soon" %}`."""
    usual, tone = SHAPES[kind]
    return format_html('<span class="st {}">{}{}</span>', tone, icon(shape or usual), word)


@register.simple_tag
def tag(kind: str, word: Any, shape: str = "") -> SafeString:
    """The same on its own tint; `plain` has neither shape nor colour."""
    if kind == "plain":
        return format_html('<span class="tag">{}</span>', word)
    usual, tone = SHAPES[kind]
    return format_html('<span class="tag {}">{}{}</span>', tone, icon(shape or usual), word)


@register.simple_tag
def cur(currency: str) -> SafeString:
    """The code of a currency, beside every account name."""
    return format_html('<span class="cur">{}</span>', currency)


@register.simple_tag
def delta(change: formats.Number | None, good: Good = None) -> SafeString:
    """A relative change (a share of one). `good` is the direction that is good: up, down or nothing."""
    known = formats.known(change)
    text = formats.change_text(known)
    if known is None or not formats.rounded(known * 100, 1):
        return format_html('<span class="delta mut">{}</span>', text)
    up = known > 0
    tone = "mut" if good not in ("up", "down") else "ok" if (good == "up") == up else "crit"
    arrow = icon("arrow-up-right" if up else "arrow-down-right")
    return format_html('<span class="delta {}">{}{}</span>', tone, arrow, text)


# --- drawings made of SVG geometry ---------------------------------------------------------------


@register.simple_tag
def spark(values: Iterable[formats.Number | None], small: bool = False) -> SafeString:
    """A line without axes. Days without numbers are gaps; fewer than two points draw nothing."""
    numbers = [None if value is None else float(value) for value in values]
    drawn = [number for number in numbers if number is not None]
    if len(drawn) < 2:
        return mark_safe("")
    low, high = min(drawn), max(drawn)
    path, pen = [], "M"
    for i, number in enumerate(numbers):
        if number is None:
            pen = "M"
            continue
        height = (number - low) / (high - low) if high > low else 0.5
        path.append(f"{pen}{100 * i / (len(numbers) - 1):.1f},{22 - 19 * height:.1f}")
        pen = "L"
    return format_html(
        '<svg class="spark{}" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">'
        '<path d="{}"/></svg>',
        " sm" if small else "",
        " ".join(path),
    )


@register.simple_tag
def counts(values: Sequence[int], total: int, kind: str = "") -> SafeString:
    """Counts side by side, such as errors of 24 hours; `regressed` colours those that are there."""
    most, width = max(values, default=0), 100 / max(len(values), 1)
    none: list[str] = []
    some: list[str] = []
    for n, value in enumerate(values):
        height = max(0.5, 23 * value / most) if most else 0.5
        (some if value else none).append(f"M{(n + 0.1) * width:.1f},24v-{height:.1f}h{0.8 * width:.1f}V24z")
    return format_html(
        '<svg class="spark bars sm" viewBox="0 0 100 24" preserveAspectRatio="none" role="img"'
        ' aria-label="{} in {} hours"><path d="{}"/><path{} d="{}"/></svg>',
        total,
        len(values),
        "".join(none),
        mark_safe(' class="hot"') if kind == "regressed" else "",
        "".join(some),
    )


@register.simple_tag
def bars(values: Sequence[float | None], most: float, hot: float, label: str) -> SafeString:
    """Columns without axes from 0 to `most`, in the colour of trouble from `hot` on. Gaps where nothing is known."""
    width = 100 / max(1, len(values))
    paths = {"": "", "hot": ""}
    for i, value in enumerate(values):
        if value is not None:
            height = max(1.0, 24 * min(value, most) / most)
            column = f"M{i * width:.1f},24v-{height:.1f}h{width * 0.8:.1f}V24z"
            paths["hot" if value >= hot else ""] += column
    return format_html(
        '<svg class="spark sm bars" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" '
        'aria-label="{}">{}</svg>',
        label,
        format_html_join(
            "", '<path class="{}" d="{}"/>', ((name, path) for name, path in paths.items() if path)
        ),
    )


@register.simple_tag
def skyline(values: Sequence[float], most: float, label: str, *marks: float) -> SafeString:
    """Many levels side by side, in the order given, from 0 to `most`, with lines at the marks."""
    width = 100 / max(1, len(values))
    steps = "".join(f"V{24 - 24 * min(value, most) / most:.1f}h{width:.3f}" for value in values)
    lines = format_html_join(
        "", '<line x1="0" x2="100" y1="{0}" y2="{0}"/>', ((f"{24 - 24 * mark / most:.1f}",) for mark in marks)
    )
    return format_html(
        '<svg class="skyline" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path d="M0,24{}V24z"/>{}</svg>',
        label,
        steps,
        lines,
    )


@register.simple_tag
def sharebar(share: formats.Number | None) -> SafeString:
    """The bar under a number in a table; a share of one."""
    known = formats.known(share)
    if known is None or known <= 0:
        return mark_safe("")
    return format_html(
        '<svg class="cellbar" aria-hidden="true"><rect width="{}%" height="100%" rx="1"/></svg>',
        formats.rounded(min(known, Decimal(1)) * 100, 1),
    )


@register.simple_tag
def meter(used: formats.Number | None, kind: str, label: str, thin: bool = False, *marks: int) -> SafeString:
    """A level in percent with thresholds cut out; over 100 the bar stops at its end."""
    width = max(Decimal(0), min(formats.known(used) or Decimal(0), Decimal(100)))
    cuts = format_html_join("", '<line x1="{}%" x2="{}%" y1="0" y2="100%"/>', ((at, at) for at in marks))
    return format_html(
        '<svg class="meter {}{}" role="img" aria-label="{}">'
        '<rect class="t" width="100%" height="100%" rx="2"/>'
        '<rect class="f" width="{}%" height="100%" rx="2"/>{}</svg>',
        kind,
        " thin" if thin else "",
        label,
        formats.rounded(width, 1),
        cuts,
    )


@register.simple_tag
def key(tone: str, dashed: bool = False) -> SafeString:
    """The mark of a series in a legend: c1 … c6, co for other, cp for the period before."""
    dashes = mark_safe('<path d="M0 6h5M7 6h5" stroke-width="2"/>')
    square = mark_safe('<rect width="12" height="12" rx="2" stroke="none"/>')
    return format_html(
        '<svg class="key {}" aria-hidden="true" viewBox="0 0 12 12">{}</svg>',
        tone,
        dashes if dashed else square,
    )


# --- charts --------------------------------------------------------------------------------------


@register.inclusion_tag("ui/_chart.html")
def chart(figure: charts.Figure, id: str, label: str, size: str = "") -> dict[str, Any]:
    """The picture and what it shows. `label` is the sentence that stands for it."""
    return {
        "id": id,
        "label": label,
        "size": size or figure.size,
        "spec": json_script(figure.spec(), f"{id}-spec"),
    }


@register.inclusion_tag("ui/_chart_table.html")
def chart_table(figure: charts.Figure, id: str, title: str) -> dict[str, Any]:
    """The same numbers for everybody, in the panel's footer. `id` is the chart's."""
    return {"id": id, "title": title, "table": figure.table()}


# --- furniture -----------------------------------------------------------------------------------


@register.inclusion_tag("ui/_kpi.html")
def kpi(cell: Kpi) -> dict[str, Any]:
    return {"cell": cell}


@register.simple_tag
def provenance(*facts: Any) -> SafeString:
    """The line at the foot of a panel: source, time zone, attribution, age. Empty facts are left out."""
    spans = format_html_join("", "<span>{}</span>", ((fact,) for fact in facts if fact))
    return format_html("<footer>{}</footer>", spans) if spans else mark_safe("")


@register.simple_block_tag
def callout(content: str, kind: str, title: str = "", urgent: bool = False) -> SafeString:
    """`{% callout "warn" "1 of 6 accounts is behind." %}<p>…</p>{% endcallout %}`."""
    shapes = {"ok": "circle-check", "info": "info", "warn": "triangle-alert", "crit": "octagon-x"}
    return format_html(
        '<div class="callout {}"{}>{}<div>{}{}</div></div>',
        kind,
        mark_safe(' role="alert"') if urgent else "",
        icon(shapes[kind]),
        format_html("<b>{}</b>", title) if title else "",
        content,
    )


@register.simple_block_tag
def empty(content: str, kind: str, title: str, shape: str = "") -> SafeString:
    """Nothing to show, in one of three ways: `first` (yet), `filter` (by choice), `good` (nothing wrong)."""
    shapes = {"first": "chart-line", "filter": "search", "good": "circle-check"}
    drawn = icon(shape or shapes[kind])
    if kind == "good":
        drawn = format_html('<span class="ok">{}</span>', drawn)
    return format_html('<div class="empty">{}<b>{}</b>{}</div>', drawn, title, content)


@register.simple_block_tag
def menu(
    content: str,
    value: Any,
    label: str = "",
    icon_name: str = "",
    look: str = "chip",
    right: bool = False,
) -> SafeString:
    """A chip that opens a sheet: `{% menu "All 6" label="Accounts" %}<label>…</label>{% endmenu %}`."""
    return format_html(
        '<details class="menu"><summary class="{}">{}{}{}{}</summary><div class="sheet{}">{}</div></details>',
        look,
        icon(icon_name, "s" if look == "chip" else "") if icon_name else "",
        format_html("<span>{}</span> ", label) if label else "",
        format_html("<b>{}</b>", value) if look == "chip" else value,
        icon("chevron-down", "s"),
        " r" if right else "",
        content,
    )


# --- forms ---------------------------------------------------------------------------------------


@register.inclusion_tag("ui/_field.html")
def field(bound: BoundField, label: str = "", help: bool = True, **attributes: Any) -> dict[str, Any]:
    """A field with its label, its help and its errors tied to it. Extra words become attributes."""
    if not help:
        bound.help_text = ""
    attrs = {name.replace("_", "-"): value for name, value in attributes.items()}
    if bound.field.widget.attrs.get("placeholder") == bound.label:
        attrs.setdefault("placeholder", False)
    kind = _field_kind(bound.field.widget)
    if kind == "input":
        attrs["class"] = f"input {attrs.get('class', '')}".strip()
    return {
        "field": bound,
        "kind": kind,
        "label": label or bound.label,
        "widget": bound.as_widget(attrs=attrs),
    }


def _field_kind(widget: forms.Widget) -> str:
    if isinstance(widget, forms.CheckboxInput):
        return "box"
    return "group" if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple) else "input"


@register.inclusion_tag("ui/_fields.html")
def fields(form: Form, skip: Sequence[str] = ()) -> dict[str, Any]:
    """Every field of a form, hidden ones and the errors of the whole form included."""
    return {
        "form": form,
        "hidden": form.hidden_fields(),
        "visible": [bound for bound in form.visible_fields() if bound.name not in skip],
    }
