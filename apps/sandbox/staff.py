"""System users of the businesses: who they are, what is assigned to them, and which apps they have."""

from __future__ import annotations

from dataclasses import dataclass, field

from .objects import Account, Business
from .seeding import digits
from .tokens import Token, Tokens

READING = ("ANALYZE",)


@dataclass
class SystemUser:
    """`targets` is shared with its tokens: what is assigned today they reach today. None: everything there is."""

    id: str
    name: str
    role: str
    business: Business
    created: float
    targets: list[str] | None = None
    tasks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    apps: set[str] = field(default_factory=set)

    def assign(self, account_id: str, tasks: tuple[str, ...]) -> None:
        self.tasks[account_id] = tasks
        if self.targets is not None and account_id not in self.targets:
            self.targets.append(account_id)

    def unassign(self, account_id: str) -> None:
        self.tasks.pop(account_id, None)
        if self.targets is not None and account_id in self.targets:
            self.targets.remove(account_id)


class Staff:
    """Every system user by its id. Those who hold tokens from the beginning belong to the first business."""

    def __init__(
        self, seed: int, tokens: Tokens, businesses: list[Business], accounts: list[Account]
    ) -> None:
        self.seed, self.tokens, self.businesses, self.accounts = seed, tokens, businesses, accounts
        self.by_id: dict[str, SystemUser] = {}

    def reset(self, now: float) -> None:
        self.by_id.clear()
        self.made = 0
        for token in self.tokens.by_text.values():
            if token.kind == "SYSTEM_USER" and token.app_id == self.tokens.app_id:
                self._enlist(token, now)

    def _enlist(self, token: Token, now: float) -> None:
        if token.subject_id in self.by_id:
            return
        role = "ADMIN" if token.targets is None else "EMPLOYEE"
        user = SystemUser(token.subject_id, token.subject_name, role, self.businesses[0], now - 30 * 86400)
        user.targets, user.apps = token.targets, {token.app_id}
        user.tasks = dict.fromkeys(token.targets or [], READING)
        self.by_id[user.id] = user

    def of(self, business: Business) -> list[SystemUser]:
        return [user for user in self.by_id.values() if user.business is business]

    def create(self, business: Business, name: str, role: str, now: float) -> SystemUser:
        self.made += 1
        meta_id = digits(self.seed, "new system user", self.made, prefix="1221", length=18)
        user = SystemUser(meta_id, name, role, business, now, targets=[])
        if role == "ADMIN":
            user.targets = [account.id for account in self.accounts if account.business is business]
        self.by_id[meta_id] = user
        return user

    def holder(self, user: SystemUser) -> Token:
        """What its tokens have in common, as the pattern for a new one."""
        return Token(
            name=user.name, purpose="", text="", kind="SYSTEM_USER", app_id=self.tokens.app_id, subject_id=user.id,
            subject_name=user.name, scopes=[], issued_at=0, targets=user.targets,
        )  # fmt: skip
