"""What the hook heard of one attempt, ready to be written. Values only."""

from dataclasses import dataclass
from datetime import UTC, datetime

from apps.graphapi import Call, GraphError

from .models.calls import LATENCY_ENDS

OK = "ok"


@dataclass(frozen=True)
class Heard:
    """One attempt, through which connection and for what. `call` has neither token nor parameters."""

    call: Call
    connection_id: str = ""
    purpose: str = ""

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.call.started_at, UTC)

    @property
    def error(self) -> GraphError | None:
        return self.call.error

    @property
    def outcome(self) -> str:
        """`ok`, or the category of the error."""
        return self.call.error.category.value if self.call.error else OK

    @property
    def status(self) -> int:
        return self.call.status or 0

    @property
    def path(self) -> str:
        return self.call.path[:120]

    @property
    def account_id(self) -> str:
        return (self.call.account_id or "")[:32]

    @property
    def counts(self) -> bool:
        """Whether Meta counts it: the envelope of a batch costs nothing itself."""
        return not self.call.envelope

    @property
    def is_trip(self) -> bool:
        """Whether it was a round trip of its own: the members of a batch were not."""
        return self.call.envelope or not self.call.batch_size

    @property
    def bucket(self) -> int:
        """Its place in the latency histogram."""
        took = self.call.milliseconds
        return next((n for n, end in enumerate(LATENCY_ENDS) if took <= end), len(LATENCY_ENDS))
