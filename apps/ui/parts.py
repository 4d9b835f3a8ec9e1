"""The few furnishings that need more than one word from a view."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from . import formats

# Which direction is good. None: nobody judges, the colour stays grey.
Good = Literal["up", "down"] | None


@dataclass(frozen=True)
class KpiLine:
    """One currency's value inside a figure that has several."""

    value: str
    change: formats.Number | None = None
    good: Good = None
    unit: str = ""


@dataclass(frozen=True)
class Kpi:
    """A cell of the strip. Either one `value` with change and note, or one line per currency."""

    label: str
    url: str = ""
    current: bool = False
    value: str = ""
    change: formats.Number | None = None
    good: Good = None
    note: str = ""
    lines: Sequence[KpiLine] = ()
    spark: Sequence[formats.Number | None] = ()
    compared: bool = True  # False: there is no period before, so no change is shown either
