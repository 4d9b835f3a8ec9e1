"""The lines at the foot of the sidebar. Which there are is a setting, so this app knows no other."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)

Kind = Literal["ok", "info", "warn", "crit", "none"]
LOUDNESS: dict[str, int] = {"none": 0, "ok": 0, "info": 1, "warn": 2, "crit": 3}


@dataclass(frozen=True)
class PulseLine:
    """One line: `Tokens  ⚠ 12 d left`. The address is where a person can do something about it."""

    label: str
    word: str
    kind: Kind = "none"
    url: str = ""


@dataclass(frozen=True)
class Pulse:
    lines: list[PulseLine]

    @property
    def state(self) -> str:
        """The kinds in order, so that a change of state shows and a change of numbers does not."""
        return " ".join(line.kind for line in self.lines)

    @property
    def text(self) -> str:
        """What to say aloud: the loudest line, if any is loud."""
        loudest = max(self.lines, key=lambda line: LOUDNESS[line.kind], default=None)
        if loudest is None or LOUDNESS[loudest.kind] < LOUDNESS["warn"]:
            return ""
        return f"{loudest.label}: {loudest.word}"


def take(user: Any) -> Pulse:
    return Pulse([line for path in settings.PULSE if (line := _line(path, user))])


def _line(path: str, user: Any) -> PulseLine | None:
    """A fault in one line is logged and shown as unknown; the page and the other lines live on."""
    try:
        function: Callable[[Any], PulseLine | None] = import_string(path)
        return function(user)
    except Exception:
        logger.exception("The pulse line %s failed.", path)
        return PulseLine(path.rpartition(".")[2].replace("_", " ").capitalize(), "unknown")
