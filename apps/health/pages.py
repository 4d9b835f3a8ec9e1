"""What the health page is told. Every part is read when a panel asks for it, once, so that one can fail alone."""

from datetime import datetime
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q
from django.utils import timezone

from apps.connections.models import Connection
from apps.connections.overview import Row
from apps.reporting.freshness import Freshness

from . import ages, budgets, spending, traffic
from .budgets import Budget, Budgets, Details, Key
from .questions import PER_PAGE, Question
from .spending import Job, PutOff
from .traffic import Traffic


class HealthPage:
    def __init__(self, question: Question) -> None:
        self.question = question
        self.now: datetime = timezone.now()

    # calls

    @cached_property
    def traffic(self) -> Traffic:
        return traffic.of(self.question.span, self.now)

    # allowances

    @cached_property
    def budgets(self) -> Budgets:
        return budgets.read(self.now)

    @cached_property
    def among(self) -> list[Budget]:
        """Those of accounts that were asked for, in every state."""
        return self.question.among(self.budgets.of_accounts)

    @cached_property
    def shown(self) -> Page[Budget]:
        state = self.question.state
        found = [one for one in self.among if not state or one.state == state]
        return Paginator(found, PER_PAGE).get_page(self.question.page)

    @cached_property
    def skyline(self) -> list[float]:
        """How full the fullest allowance of each ad account is, worst first."""
        highest: dict[str, float] = {}
        for one in self.among:
            account = one.told.object_id
            highest[account] = max(highest.get(account, 0.0), one.level)
        return sorted(highest.values(), reverse=True)

    @cached_property
    def rows_of_accounts(self) -> list["BudgetRow"]:
        return [self._rows[one.key] for one in self.shown]

    @cached_property
    def rows_of_app(self) -> list["BudgetRow"]:
        return [self._rows[one.key] for one in self.budgets.of_app]

    @cached_property
    def _rows(self) -> dict[Key, "BudgetRow"]:
        """Of all that are shown. Four queries: what was told, days, jobs, and what is put off."""
        shown = [*self.shown, *self.budgets.of_app]
        told, days = budgets.details(shown), spending.days_of(shown, self.now)
        jobs, waiting = spending.jobs_of(shown, self.now), spending.put_off(shown)
        return {
            one.key: BudgetRow(
                one,
                told.get(one.key, Details(*one.key)),
                days[one.key],
                jobs[one.key],
                waiting.get(one.object_id),
            )
            for one in shown
        }

    @property
    def tier(self) -> str:
        """The app's access tier, where a header of those shown names it."""
        return next((row.told.tier for row in self._rows.values() if row.told.tier), "")

    # tokens

    @cached_property
    def connections(self) -> list[Row]:
        """Those that are not ended, the most urgent first."""
        alive = Connection.objects.exclude(state=Connection.State.DISCONNECTED)
        counted = alive.annotate(accounts=Count("reach", filter=Q(reach__lost_at=None)))
        return sorted((Row(connection) for connection in counted), key=lambda row: row.urgency)

    # data

    @cached_property
    def ages(self) -> list[Freshness]:
        return ages.states()


class BudgetRow:
    """One allowance as the page shows it."""

    def __init__(
        self,
        budget: Budget,
        told: Details,
        day: list[float | None],
        jobs: list[Job],
        put_off: PutOff | None,
    ) -> None:
        self.budget, self.told, self.day, self.jobs, self.put_off = budget, told, day, jobs, put_off

    @property
    def full_at(self) -> datetime | None:
        return self.budget.full_at(self.told)

    @property
    def spender(self) -> Job | None:
        return self.jobs[0] if self.jobs else None

    @property
    def spender_share(self) -> float | None:
        """Of the calls that draw on it."""
        return self.jobs[0].calls / sum(job.calls for job in self.jobs) if self.jobs else None

    @property
    def day_in_words(self) -> str:
        known = [peak for peak in self.day if peak is not None]
        return f"Last 24 hours: at most {max(known):.0f} %" if known else "Last 24 hours: nothing told"
