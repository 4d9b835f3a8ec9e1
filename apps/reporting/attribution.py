"""Attribution windows: how long after a click or a view Meta counts a conversion. Values and words, no query.

Click windows contain each other. Views and engaged views are counted beside them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# Those that Meta still fills, in the order of their words. A window that is zero is left out of its answers.
WINDOWS = {
    "1d_click": "1-day click",
    "7d_click": "7-day click",
    "28d_click": "28-day click",
    "1d_view": "1-day view",
    "1d_ev": "1-day engaged view",
}
_SETTING = re.compile(r"[0-9]+d_[a-z]+(?:_[a-z]+|_[0-9]+d_[a-z]+)*")
_PART = re.compile(r"([0-9]+)d_([a-z_]+?)(?=_[0-9]|$)")
_ACTS = {"ev": "engaged view"}
# Ad sets of one row that differ.
_SEVERAL = {"mixed", "multiple"}


@dataclass(frozen=True)
class Attribution:
    """Which conversions count: those of these windows together. No window: as set on each ad set."""

    windows: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return ",".join(self.windows)

    @property
    def label(self) -> str:
        return " + ".join(WINDOWS[window] for window in self.windows) or "as set on each ad set"


AS_SET = Attribution()
CHOICES = [AS_SET, *(Attribution((window,)) for window in WINDOWS), Attribution(("7d_click", "1d_view"))]


def read(text: str) -> Attribution:
    """`7d_click,1d_view`. ValueError says what is wrong with it."""
    asked = {part.strip() for part in text.split(",")} - {""}
    if asked - WINDOWS.keys():
        raise ValueError("The attribution is not one of the choices.")
    windows = tuple(window for window in WINDOWS if window in asked)
    if sum(window.endswith("_click") for window in windows) > 1:
        raise ValueError("The attribution has two click windows, which contain each other. Choose one.")
    return Attribution(windows)


def is_several(settings: Iterable[str]) -> bool:
    """Whether one of them only says that there are several."""
    return not _SEVERAL.isdisjoint(settings)


def words(setting: str) -> str:
    """`7d_click_1d_view` → `7-day click or 1-day view`."""
    return " or ".join(
        f"{days}-day {_ACTS.get(act, act.replace('_', ' '))}" for days, act in _PART.findall(setting)
    )


def different(settings: Iterable[str]) -> str:
    """A sentence where conversions are counted by more than one setting; else nothing."""
    settings = set(settings)
    named = [words(one) for one in sorted(settings, reverse=True) if _SETTING.fullmatch(one)]
    if is_several(settings):
        named.append("several within one campaign")
    elif len(named) < 2:
        return ""
    return f"Ad sets count purchases by different settings: {', '.join(named)}."
