"""One attempt, as told to whoever listens."""

from dataclasses import dataclass

from apps.graphapi.errors import GraphError
from apps.graphapi.usage import Usage


@dataclass(frozen=True, kw_only=True)
class Call:
    """One attempt of one request: never a token, never a parameter.

    `path`: pattern such as `act_{id}/insights`; `batch` for the envelope of a batch. `account_id`: bare
    digits or None. `status`: HTTP status, None without an answer. `started_at`: unix seconds.
    `batch_size`: 0 outside a batch. A batch is told as one call with `envelope` True (the round trip, which
    costs no allowance itself) and one for each member, whose `milliseconds` are those of the round trip.
    `api_version`: the version that really answered. `version_warning`: text of Meta's warning, or empty.
    """

    method: str
    path: str
    account_id: str | None
    status: int | None
    milliseconds: int
    started_at: float
    attempt: int = 1
    usage: Usage | None = None
    error: GraphError | None = None
    fbtrace_id: str = ""
    request_id: str = ""
    rev: str = ""
    api_version: str = ""
    version_warning: str = ""
    response_bytes: int = 0
    batch_size: int = 0
    envelope: bool = False

    @property
    def code(self) -> int | None:
        """Meta's error code, if there was one."""
        return self.error.code if self.error else None

    @property
    def subcode(self) -> int | None:
        """Meta's error subcode, if there was one."""
        return self.error.subcode if self.error else None
