"""What a chart shows, in words that know nothing of Plotly. `static/js/charts.js` draws it.

Every figure has two faces: `spec()` for the script and `table()` for everybody, so that the numbers are
there without a picture too. Days nobody has numbers for are None and stay a gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from . import formats

Moment = date | datetime
Values = Sequence[formats.Number | None]
Step = Literal["minute", "hour", "day", "week", "month"]


@dataclass(frozen=True)
class Format:
    """How the values of one axis read. `factor` turns a share into percent."""

    prefix: str = ""
    suffix: str = ""
    decimals: int = 0
    factor: int = 1

    def spec(self) -> dict[str, Any]:
        return {"prefix": self.prefix, "suffix": self.suffix, "decimals": self.decimals}

    def number(self, value: formats.Number | None) -> float | None:
        known = formats.known(value)
        return None if known is None else float(known * self.factor)

    def numbers(self, values: Values) -> list[float | None]:
        return [self.number(value) for value in values]

    def text(self, value: formats.Number | None) -> str:
        known = formats.known(value)
        if known is None:
            return formats.MISSING
        scaled = formats.rounded(known * self.factor, self.decimals)
        text = f"{self.prefix}{formats.decimal(abs(scaled), self.decimals)}{self.suffix}"
        return formats.signed(scaled, text)


COUNT = Format()
PERCENT = Format(suffix="%", decimals=1, factor=100)
CTR = Format(suffix="%", decimals=2, factor=100)
RATIO = Format(suffix="×", decimals=2)
SECONDS = Format(suffix=" s", decimals=2)


def money(currency: str) -> Format:
    return Format(prefix=formats.symbol(currency), decimals=formats.decimals(currency))


@dataclass(frozen=True)
class Before:
    """The period compared with: value i belongs under value i of this period."""

    name: str
    values: Values
    days: Sequence[date] = ()


@dataclass(frozen=True)
class Band:
    """Days whose numbers are not complete yet, both ends included."""

    since: Moment
    until: Moment
    text: str = ""

    def covers(self, moment: Moment) -> bool:
        return _iso(self.since) <= _iso(moment) <= _iso(self.until)

    def spec(self) -> dict[str, str]:
        return {"from": _iso(self.since), "to": _iso(self.until), "text": self.text}


@dataclass(frozen=True)
class Mark:
    """Something that happened. `tone` is a colour token, `panel` the number of one small multiple."""

    at: Moment
    text: str
    tone: str = ""
    panel: int | None = None

    def spec(self) -> dict[str, Any]:
        spec = {"x": _iso(self.at), "text": self.text, "tone": self.tone, "panel": self.panel}
        return {name: value for name, value in spec.items() if value not in ("", None)}


@dataclass(frozen=True)
class Threshold:
    value: formats.Number
    text: str
    tone: str = ""


@dataclass(frozen=True)
class Column:
    """Words written at the right of a ranking."""

    head: str
    text: Sequence[str]


@dataclass(frozen=True)
class Table:
    heads: list[str]
    rows: list[tuple[str, list[str]]] = field(default_factory=list)


@dataclass(frozen=True)
class Trend:
    """One metric against the period before."""

    name: str
    days: Sequence[Moment]
    values: Values
    format: Format
    before: Before | None = None
    partial: Sequence[Band] = ()
    marks: Sequence[Mark] = ()
    step: Step = "day"

    size = "l"

    @property
    def is_empty(self) -> bool:
        return not any(value is not None for value in self.values)

    def spec(self) -> dict[str, Any]:
        return _timeline("trend", self) | _metric(self.name, self.values, self.format, self.before)

    def table(self) -> Table:
        columns = [_texts(self.name, self.values, self.format), *_texts_before(self.before, self.format)]
        return _table_of_days(self.days, self.step, columns, self.partial)


@dataclass(frozen=True)
class Panel:
    """One of several small multiples: its own scale, often its own currency."""

    name: str
    label: str
    values: Values
    format: Format
    before: Before | None = None
    partial: Sequence[Band] = ()

    def spec(self) -> dict[str, Any]:
        spec = _metric(self.name, self.values, self.format, self.before) | {"label": self.label}
        return spec | ({"partial": [band.spec() for band in self.partial]} if self.partial else {})


@dataclass(frozen=True)
class Multi:
    """Small multiples on one time axis: never two currencies on one scale."""

    days: Sequence[Moment]
    panels: Sequence[Panel]
    partial: Sequence[Band] = ()
    marks: Sequence[Mark] = ()
    step: Step = "day"

    @property
    def size(self) -> str:
        return "xl" if len(self.panels) < 4 else f"p{min(len(self.panels), 8)}"

    @property
    def is_empty(self) -> bool:
        return not any(value is not None for panel in self.panels for value in panel.values)

    def spec(self) -> dict[str, Any]:
        return _timeline("multi", self) | {"panels": [panel.spec() for panel in self.panels]}

    def table(self) -> Table:
        columns = []
        for panel in self.panels:
            columns.append(_texts(panel.name, panel.values, panel.format))
            columns += _texts_before(panel.before, panel.format, panel.name)
        bands = [*self.partial, *(band for panel in self.panels for band in panel.partial)]
        return _table_of_days(self.days, self.step, columns, bands)


@dataclass(frozen=True)
class Series:
    """One line or one layer of a stack. `tone` is a colour token; without it c1, c2 … in order."""

    name: str
    values: Values
    tone: str = ""
    hatch: bool = False

    def spec(self, form: Format) -> dict[str, Any]:
        spec: dict[str, Any] = {"name": self.name, "y": form.numbers(self.values)}
        return spec | ({"tone": self.tone} if self.tone else {}) | ({"hatch": True} if self.hatch else {})


@dataclass(frozen=True)
class Lines:
    """Up to six lines, named at their right end."""

    days: Sequence[Moment]
    series: Sequence[Series]
    format: Format
    partial: Sequence[Band] = ()
    marks: Sequence[Mark] = ()
    thresholds: Sequence[Threshold] = ()
    step: Step = "day"
    floor: formats.Number = 0
    labels: bool = True

    kind = "lines"
    size = "m"

    @property
    def is_empty(self) -> bool:
        return not any(value is not None for series in self.series for value in series.values)

    def spec(self) -> dict[str, Any]:
        return _timeline(self.kind, self) | {
            "format": self.format.spec(),
            "series": [series.spec(self.format) for series in self.series],
            "thresholds": [
                {"value": self.format.number(line.value), "text": line.text}
                | ({"tone": line.tone} if line.tone else {})
                for line in self.thresholds
            ],
            "floor": self.format.number(self.floor),
            "labels": self.labels,
        }

    def table(self) -> Table:
        columns = [_texts(series.name, series.values, self.format) for series in self.series]
        return _table_of_days(self.days, self.step, columns, self.partial)


@dataclass(frozen=True)
class Stack(Lines):
    """Stacked bars by outcome, named by an HTML legend in the panel's head."""

    format: Format = COUNT

    kind = "stack"


@dataclass(frozen=True)
class Ranking:
    """Horizontal bars, the period before as a tick on each."""

    name: str
    rows: Sequence[str]
    values: Values
    format: Format
    before: Before | None = None
    columns: Sequence[Column] = ()

    @property
    def size(self) -> str:
        sizes = ((3, "s"), (5, "m"), (8, "l"), (12, "xl"))
        return next((size for most, size in sizes if len(self.rows) <= most), "p6")

    @property
    def is_empty(self) -> bool:
        return not any(value is not None for value in self.values)

    def spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "kind": "ranking",
            "name": self.name,
            "rows": list(self.rows),
            "values": self.format.numbers(self.values),
            "format": self.format.spec(),
            "columns": [{"head": column.head, "text": list(column.text)} for column in self.columns],
        }
        if self.before:
            spec["previous"] = {
                "name": self.before.name,
                "values": self.format.numbers(self.before.values),
            }
        return spec

    def table(self) -> Table:
        columns = [_texts(self.name, self.values, self.format), *_texts_before(self.before, self.format)]
        heads = ["Item", *(head for head, _ in columns)]
        rows = [(row, [_at(texts, i) for _, texts in columns]) for i, row in enumerate(self.rows)]
        return Table(heads, rows)


Figure = Trend | Multi | Lines | Stack | Ranking


def _iso(moment: Moment) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S") if isinstance(moment, datetime) else moment.isoformat()


def _timeline(kind: str, figure: Any) -> dict[str, Any]:
    """What every figure over time has."""
    return {
        "kind": kind,
        "step": figure.step,
        "x": [_iso(moment) for moment in figure.days],
        "partial": [band.spec() for band in figure.partial],
        "marks": [mark.spec() for mark in figure.marks],
    }


def _metric(name: str, values: Values, form: Format, before: Before | None) -> dict[str, Any]:
    spec: dict[str, Any] = {"name": name, "format": form.spec(), "y": form.numbers(values)}
    if before:
        spec["previous"] = {
            "name": before.name,
            "y": form.numbers(before.values),
            "x": [_iso(day) for day in before.days],
        }
    return spec


def _texts(name: str, values: Values, form: Format) -> tuple[str, list[str]]:
    return name, [form.text(value) for value in values]


def _texts_before(before: Before | None, form: Format, name: str = "") -> list[tuple[str, list[str]]]:
    return [_texts(f"{name} {before.name}".strip(), before.values, form)] if before else []


def _at(texts: list[str], index: int) -> str:
    return texts[index] if index < len(texts) else formats.MISSING


def _table_of_days(
    days: Sequence[Moment], step: Step, columns: list[tuple[str, list[str]]], bands: Sequence[Band]
) -> Table:
    first = {"minute": "Minute", "hour": "Hour", "day": "Day", "week": "Week of", "month": "Month"}[step]
    heads = [first, *(head for head, _ in columns)]
    rows = [
        (_row_head(moment, step, bands), [_at(texts, i) for _, texts in columns])
        for i, moment in enumerate(days)
    ]
    return Table(heads, rows)


def _row_head(moment: Moment, step: Step, bands: Sequence[Band]) -> str:
    text = f"{moment:%b %Y}" if step == "month" else formats.day(moment, weekday=True, year=True)
    if step in ("minute", "hour"):
        text += f", {moment:%H:%M}"
    return f"{text}, so far" if any(band.covers(moment) for band in bands) else text


def share(part: formats.Number | None, whole: formats.Number | None) -> Decimal | None:
    """How much of the whole, for a bar in a cell. None when there is no whole."""
    this, all_ = formats.known(part), formats.known(whole)
    return None if this is None or not all_ else this / all_
