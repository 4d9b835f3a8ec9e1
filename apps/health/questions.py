"""What the address of the health page asks for. What it does not understand is the usual."""

from collections.abc import Mapping
from dataclasses import dataclass

from .budgets import STATES, Budget
from .spans import SPANS, USUAL, Span

PER_PAGE = 20


@dataclass(frozen=True)
class Question:
    """`use`, `state`, `search`: what the budgets are narrowed to; empty: not."""

    span: Span = USUAL
    use: str = ""
    state: str = ""
    search: str = ""
    page: int = 1

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Question":
        state, page = given.get("state", ""), given.get("page", "")
        return cls(
            span=SPANS.get(given.get("period", ""), USUAL),
            use=given.get("use", "")[:40],
            state=state if state in STATES else "",
            search=given.get("q", "").strip()[:80],
            page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
        )

    @property
    def narrows(self) -> bool:
        return bool(self.use or self.state or self.search)

    def among(self, budgets: list[Budget]) -> list[Budget]:
        """Those of the use case and the name asked for, in every state."""
        words = self.search.casefold()
        digits = words.removeprefix("act_")
        return [
            one
            for one in budgets
            if (not self.use or one.use == self.use)
            and (not words or words in one.name.casefold() or (digits and digits == one.object_id))
        ]
