"""One call on its way through the sandbox: who asks, when, and what it is counted against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .errors import ads_read_missing, data_access_over, insights_denied, missing_object, scope_missing
from .fields import Field
from .objects import Account
from .state import State
from .tokens import MARKETING, Token
from .wire import Request


@dataclass
class Call:
    """`counted` remembers what the call was counted against: (app, bare account id or "", kind)."""

    state: State
    request: Request
    token: Token
    now: float
    settled: int
    arrived: float
    counted: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://{self.request.host}/{self.request.version}"

    def count(self, account: Account | None, kind: str, *, write: bool = False) -> None:
        """Count the call, or refuse it when an allowance is spent."""
        mark = (self.token.app_id, account.id if account else "", kind)
        self.counted.append(mark)
        self.state.usage.enter(*mark, write=write, now=self.now, arrived=self.arrived)
        if write and account:
            self.state.usage.mutate(self.token.app_id, account.id, self.now)

    def expand(self, thing: Any, wanted: Field) -> Any:
        """A whole edge asked for as a field."""
        raise NotImplementedError

    def weigh(self, rows: int) -> None:
        if self.counted:
            self.state.usage.weigh(*self.counted[-1], rows, self.now)

    def open_account(self, account: Account, node: str, *, insights: bool = False) -> None:
        """Refuse an account the token does not reach or may not read."""
        if not self.token.reaches(account) or self.token.kind == "APP":
            raise missing_object(node, self.request.method.lower())
        if not self.token.reads_data(self.now):
            raise data_access_over()
        if not self.token.may(*MARKETING):
            raise insights_denied() if insights else ads_read_missing()

    def open_for_writing(self, account: Account, node: str) -> None:
        self.open_account(account, node)
        if not self.token.may("ads_management"):
            raise scope_missing("ads_management")
