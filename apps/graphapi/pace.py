"""Whether a call may leave now. All workers share one book of what Meta said, so that the wall is never hit.

A call first reserves its price in every allowance it draws on, and settles when its answer is there. Nothing leaves
into a block. Background work slows down from `slow` percent on, so that it stays below `stop`, where it is put off;
a person who waits for a page passes up to `most`. What a shape of question costs is learned from the headers.
Source: the Marketing API page "Rate Limiting".
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, Self

from apps.graphapi import gauges, paths
from apps.graphapi.entries import Scope
from apps.graphapi.errors import GraphError, PutOff, Throttled
from apps.graphapi.gauges import Gauge
from apps.graphapi.usage import Usage

# What a call is taken to cost before anything was learned, in percent of an allowance of one account, and of the app,
# which many calls share at once.
FIRST_GUESS = 1.0
FIRST_GUESS_OF_APP = 0.1
# A call never counts as free: headers round down, and it may be the first of many.
LEAST = 0.01
_WEIGHT_OF_NEWS = 0.3
# A price that fell by less than a tenth is not written down.
_WORTH_WRITING = 0.9
_OF_APP = {gauges.key(Scope.APP), gauges.key(Scope.INSIGHTS_APP)}


@dataclass(frozen=True)
class Ceilings:
    """In percent of an allowance. `tell`: people are told; `slow`: background work spreads out; `stop`: it is put off;
    `most`: nobody passes."""

    tell: float = 70.0
    slow: float = 80.0
    stop: float = 90.0
    most: float = 98.0


@dataclass(frozen=True)
class Question:
    """A call as the book sees it: which path pattern, whose account (bare digits or None), and its shape."""

    path: str  # pattern
    account_id: str | None
    shape: str

    @classmethod
    def of(cls, path: str, account_id: str | None, params: Mapping[str, Any]) -> Self:
        """The shape is what makes a question dear, by which its price is learned: level, breakdowns and days."""
        days = params.get("time_range")
        marks = [
            path,
            *(str(params.get(name) or "") for name in ("level", "breakdowns")),
            _length(days),
        ]
        return cls(path, account_id, "|".join(marks))

    @classmethod
    def of_request(cls, path: str, params: Mapping[str, Any]) -> Self:
        """The same from a path with its ids in it."""
        return cls.of(paths.pattern(path), paths.account_of(path), params)

    @property
    def keys(self) -> list[str]:
        return gauges.keys_for(self.path, self.account_id)


@dataclass(frozen=True)
class Ticket:
    """A reservation. `wait` above 0: not granted, come back after so many seconds of Meta's clock; `key` says why."""

    prices: Mapping[str, float]
    wait: float = 0.0
    key: str = ""

    def known(self, question: Question) -> dict[str, float]:
        """The prices under the names by which they are learned."""
        return {_price_name(key, question.shape): price for key, price in self.prices.items()}


class Pace(Protocol):
    """What the door asks before a call and tells after it."""

    def reserve(self, question: Question) -> Ticket: ...

    def settle(
        self, question: Question, ticket: Ticket, usage: Usage | None, error: GraphError | None
    ) -> None: ...


class NoPace:
    """Lets every call out."""

    def reserve(self, question: Question) -> Ticket:
        return Ticket({})

    def settle(
        self, question: Question, ticket: Ticket, usage: Usage | None, error: GraphError | None
    ) -> None:
        """There is nothing to write down."""


def put_off(question: Question, ticket: Ticket) -> PutOff:
    """The error that stands for a call that was not made."""
    return PutOff(method="GET", path=question.path, account_id=question.account_id, retry_after=ticket.wait)


class Shelf(Protocol):
    """Where gauges and learned prices are kept. `change` reads, calls back and writes as one step over all workers."""

    def change(self, keys: Sequence[str], do: Callable[[dict[str, Gauge]], None]) -> None: ...

    def prices(self, names: Sequence[str]) -> dict[str, float]: ...

    def learn(self, prices: Mapping[str, float]) -> None: ...


class MemoryShelf:
    """For one process."""

    def __init__(self) -> None:
        self._gauges: dict[str, Gauge] = {}
        self._prices: dict[str, float] = {}
        self._guard = threading.Lock()

    def change(self, keys: Sequence[str], do: Callable[[dict[str, Gauge]], None]) -> None:
        with self._guard:
            held = {key: self._gauges.get(key, Gauge()) for key in keys}
            do(held)
            self._gauges.update(held)

    def prices(self, names: Sequence[str]) -> dict[str, float]:
        return {name: self._prices[name] for name in names if name in self._prices}

    def learn(self, prices: Mapping[str, float]) -> None:
        self._prices.update(prices)


class PaceBook:
    """Reserves and settles calls. `clock` is Meta's, in seconds; `background` False: a person waits."""

    def __init__(
        self,
        shelf: Shelf,
        *,
        clock: Callable[[], float],
        background: bool = True,
        ceilings: Ceilings = Ceilings(),
    ) -> None:
        self._shelf, self._clock = shelf, clock
        self._background, self._ceilings = background, ceilings

    def reserve(self, question: Question) -> Ticket:
        """A ticket for one call: granted, or with the wait until it may be asked for again."""
        return self._reserve_all([question])[0]

    def allot(self, questions: Sequence[Question]) -> "Allotment":
        """Tickets for all of these calls, or for none: work that needs them all is not begun with some."""
        return Allotment(self, questions, self._reserve_all(questions))

    def _reserve_all(self, questions: Sequence[Question]) -> list[Ticket]:
        prices = self._prices_of(questions)
        together: dict[str, float] = {}
        for one in prices:
            for key, price in one.items():
                together[key] = together.get(key, 0.0) + price
        now = self._clock()
        waits: dict[str, float] = {}

        def decide(held: dict[str, Gauge]) -> None:
            waits.update({key: self._wait(held[key], price, now) for key, price in together.items()})
            if not any(waits.values()):
                for key, price in together.items():
                    held[key] = self._take(held[key], price, now)

        if not together:
            return []
        self._shelf.change(sorted(together), decide)
        key = max(waits, key=lambda name: waits[name])
        return [Ticket(one, waits[key], key if waits[key] else "") for one in prices]

    def settle(
        self, question: Question, ticket: Ticket, usage: Usage | None, error: GraphError | None
    ) -> None:
        """The answer is there: give the reservation back, write down what Meta said, learn what it cost."""
        now = self._clock()
        readings = {gauges.key_of(reading): reading for reading in usage.readings} if usage else {}
        learned: dict[str, float] = {}

        def write(held: dict[str, Gauge]) -> None:
            for key, price in ticket.prices.items():
                reading = readings.get(key)
                # An allowance that Meta never speaks of is not one we can run out of.
                spent = price if held[key].told_at else 0.0
                if reading is not None and held[key].is_fresh(now):
                    # What the header shows beyond the last one. Calls that are only reserved do not count as known:
                    # each will show its own rise.
                    spent = min(max(LEAST, reading.peak - held[key].known(now)), 100.0)
                    learned[_price_name(key, question.shape)] = spent
                held[key] = held[key].release(price, now, spent=spent)
            for key, reading in readings.items():
                held[key] = held[key].hear(reading, now)
            if isinstance(error, Throttled):
                for key in _closed_by(error, question):
                    held[key] = held[key].close(error.retry_after, now)

        every = {*ticket.prices, *readings}
        every |= set(_closed_by(error, question)) if isinstance(error, Throttled) else set()
        self._shelf.change(sorted(every), write)
        self._learn(learned, ticket.known(question))

    def release(self, question: Question, ticket: Ticket) -> None:
        """A reserved call was never made."""
        now = self._clock()

        def write(held: dict[str, Gauge]) -> None:
            for key, price in ticket.prices.items():
                held[key] = held[key].release(price, now, spent=0.0)

        self._shelf.change(sorted(ticket.prices), write)

    def _wait(self, gauge: Gauge, price: float, now: float) -> float:
        if gauge.closed_until > now:
            return gauge.closed_until - now
        limits = self._ceilings
        if not self._background:
            return gauge.room_at(price, limits.most, now) - now
        until = gauge.room_at(price, limits.stop, now)
        if gauge.level(now) + price > limits.slow:
            until = max(until, gauge.next_at)
        return until - now

    def _take(self, gauge: Gauge, price: float, now: float) -> Gauge:
        """Above `slow`, the next call waits while this one's price comes back: half as long there, whole at `stop`."""
        next_at = 0.0
        level, limits = gauge.level(now) + price, self._ceilings
        if level > limits.slow:
            haste = 1 + max(0.0, (limits.stop - level) / max(limits.stop - limits.slow, 1.0))
            comes_back = gauge.sinks or limits.stop / gauges.HOUR
            next_at = max(now, gauge.next_at) + price / comes_back / haste
        return gauge.reserve(price, now, next_at=next_at)

    def _prices_of(self, questions: Sequence[Question]) -> list[dict[str, float]]:
        named = [{key: _price_name(key, question.shape) for key in question.keys} for question in questions]
        known = self._shelf.prices(sorted({name for names in named for name in names.values()}))
        return [{key: known.get(name, _guess(key)) for key, name in names.items()} for names in named]

    def _learn(self, seen: Mapping[str, float], known: Mapping[str, float]) -> None:
        """Dear news count at once, cheap news slowly: better a little late than over the wall."""
        news = {}
        for name, price in seen.items():
            held = known.get(name)
            if held is None or price > held:
                news[name] = price
            elif price < held * _WORTH_WRITING:
                news[name] = held * (1 - _WEIGHT_OF_NEWS) + price * _WEIGHT_OF_NEWS
        if news:
            self._shelf.learn(news)


def _guess(key: str) -> float:
    return FIRST_GUESS_OF_APP if key in _OF_APP else FIRST_GUESS


def _length(days: Any) -> str:
    """How many days a `time_range` spans, roughly: prices of 27 and of 28 days are one."""
    try:
        since, until = (date.fromisoformat(days[end]) for end in ("since", "until"))
    except (TypeError, KeyError, ValueError):
        return ""
    return str(((until - since).days + 1).bit_length())


def _price_name(key: str, shape: str) -> str:
    """Prices are learned per account and kind of allowance, because quotas depend on the account."""
    return f"{key}|{shape}"


def _closed_by(error: Throttled, question: Question) -> list[str]:
    """The allowances that a refusal closes: the one it names, or all that the call drew on when it names none."""
    account = error.account_id or question.account_id or ""
    match error.scope:
        case Scope.APP | Scope.INSIGHTS_APP as wide:
            return [gauges.key(wide)]
        case Scope.BUSINESS_USE_CASE if error.use_case:
            return [gauges.key(Scope.BUSINESS_USE_CASE, account, error.use_case)]
        case Scope.ACCOUNT:
            return [gauges.key(Scope.ACCOUNT, account)]
        case _:
            return question.keys


class Allotment:
    """Tickets taken together, handed out one by one; a call beyond them is reserved as it comes."""

    def __init__(self, book: PaceBook, questions: Sequence[Question], tickets: Sequence[Ticket]) -> None:
        self._book = book
        self.wait = tickets[0].wait if tickets else 0.0
        self._first = questions[0] if questions else None
        self._left: dict[Question, list[Ticket]] = {}
        if not self.wait:
            for question, ticket in zip(questions, tickets, strict=True):
                self._left.setdefault(question, []).append(ticket)

    @property
    def refusal(self) -> PutOff | None:
        """Why the work must not begin yet; None when it may."""
        if not self.wait or self._first is None:
            return None
        return put_off(self._first, Ticket({}, self.wait))

    def reserve(self, question: Question) -> Ticket:
        left = self._left.get(question)
        return left.pop() if left else self._book.reserve(question)

    def settle(
        self, question: Question, ticket: Ticket, usage: Usage | None, error: GraphError | None
    ) -> None:
        self._book.settle(question, ticket, usage, error)

    def absorb(self, other: "Allotment") -> None:
        """Hand out the other's tickets as well."""
        for question, tickets in other._left.items():
            self._left.setdefault(question, []).extend(tickets)

    def give_back(self) -> None:
        """What was not used. The last thing to do."""
        for question, tickets in self._left.items():
            for ticket in tickets:
                self._book.release(question, ticket)
        self._left.clear()
