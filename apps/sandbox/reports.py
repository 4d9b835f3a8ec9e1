"""Asynchronous report runs: how far each one is, by the sandbox's clock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from .seeding import digits

THIRTY_DAYS = 30 * 86400
OUTCOMES = {
    "complete": "finishes after the usual time",
    "fail": "ends as Job Failed with the five error fields",
    "skip": "ends as Job Skipped",
    "stuck": "stays at Job Running, 100 %, for ever",
    "late": "the first look at it answers 100/33, as if it did not exist yet",
}
TOO_LARGE = {
    "error_code": -3,
    "error_message": "Report generation failed",
    "error_subcode": 1504045,
    "error_user_title": "Report Too Large",
    "error_user_msg": "Your report was too large. Please ask for a shorter range or fewer breakdowns.",
}
FAILED = {
    "error_code": -2,
    "error_message": "Report generation failed",
    "error_subcode": 2490547,
    "error_user_title": "Async Job Failed",
    "error_user_msg": "The report could not be generated. Please try again later.",
}


@dataclass
class Run:
    """`params` are those of the POST; reading the rows later adds only paging."""

    id: str
    node_id: str
    account_id: str
    params: dict[str, str]
    since: str
    until: str
    started: float
    seconds: float
    outcome: str = "complete"
    failure: dict[str, Any] = field(default_factory=lambda: dict(FAILED))
    looks: int = 0

    def progress(self, now: float) -> tuple[str, int]:
        """async_status and async_percent_completion."""
        done = (now - self.started) / self.seconds if self.seconds > 0 else 1.0
        if done >= 1 and self.outcome != "stuck":
            return {
                "fail": ("Job Failed", 0),
                "skip": ("Job Skipped", 0),
            }.get(self.outcome, ("Job Completed", 100))
        if done < 0.1:
            return "Job Not Started", 0
        if done < 0.25:
            return "Job Started", 0
        if done < 0.8 or self.outcome in ("fail", "skip"):
            return "Job Running", min(99, int((done - 0.25) / 0.55 * 99))
        # A real step: all computed, not yet readable.
        return "Job Running", 100

    @property
    def finished(self) -> float:
        return self.started + self.seconds

    def told(self, now: float) -> dict[str, Any]:
        status, percent = self.progress(now)
        row: dict[str, Any] = {
            "id": self.id,
            "account_id": self.account_id,
            "time_ref": int(self.started),
            "async_status": status,
            "async_percent_completion": percent,
        }
        if status == "Job Completed":
            row["time_completed"] = int(self.finished)
        elif status not in ("Job Failed", "Job Skipped"):
            row["is_running"] = True
        if status == "Job Failed":
            row.update(self.failure)
        row["date_start"], row["date_stop"] = self.since, self.until
        return row


class Reports:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.reset()

    def reset(self) -> None:
        self.runs: dict[str, Run] = {}
        self.script: deque[str] = deque()

    def start(self, run: Run) -> Run:
        """Take the run in; the next scripted outcome, if any, becomes its own."""
        run.id = digits(self.seed, "run", len(self.runs), run.started, prefix="60239", length=16)
        if self.script:
            run.outcome = self.script.popleft()
        self.runs[run.id] = run
        return run

    def find(self, run_id: str, now: float) -> Run | None:
        run = self.runs.get(run_id)
        return run if run is not None and now - run.started < THIRTY_DAYS else None
