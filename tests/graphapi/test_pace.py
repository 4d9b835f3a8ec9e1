"""The pace book: nothing into a block, slower near the ceiling, nobody past it."""

import random
import threading

import pytest

from apps.graphapi.entries import Scope
from apps.graphapi.errors import PutOff, Throttled
from apps.graphapi.gauges import Gauge, key
from apps.graphapi.pace import Ceilings, MemoryShelf, PaceBook, Question
from apps.graphapi.usage import Reading, Usage

READ = Question("act_{id}/insights", "1", "act_{id}/insights|campaign")
OTHER = Question("act_{id}/insights", "2", "act_{id}/insights|campaign")
SCORE = key(Scope.ACCOUNT, "1")


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


class Score:
    """Meta's end of a point score: 60 points that sink to nothing in 300 seconds, one for each read."""

    def __init__(self, clock, points=60.0, seconds=300.0):
        self.clock, self.points, self.seconds = clock, points, seconds
        self.level, self.at, self.refused = 0.0, clock(), 0

    def call(self):
        self.level = max(0.0, self.level - (self.clock() - self.at) * self.points / self.seconds)
        self.at = self.clock()
        if self.level + 1 > self.points:
            self.refused += 1
        self.level += 1
        percent = 100 * self.level / self.points
        return Usage(
            (
                Reading(
                    scope=Scope.ACCOUNT,
                    object_id="1",
                    percent=percent,
                    regain_seconds=self.level * self.seconds / self.points,
                ),
            )
        )


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(clock):
    return PaceBook(MemoryShelf(), clock=clock)


def told(percent, *, account="1", blocked=0.0):
    return Usage(
        (
            Reading(
                scope=Scope.BUSINESS_USE_CASE,
                object_id=account,
                type="ads_insights",
                call_count=percent,
                regain_seconds=blocked,
            ),
        )
    )


def call(book, question, usage=None, error=None):
    ticket = book.reserve(question)
    if not ticket.wait:
        book.settle(question, ticket, usage, error)
    return ticket.wait


def test_a_server_that_tells_nothing_holds_nobody_up(book):
    assert [call(book, READ) for _ in range(500)] == [0.0] * 500


def test_background_work_is_put_off_at_ninety_percent_and_a_person_still_passes(clock):
    shelf = MemoryShelf()
    background = PaceBook(shelf, clock=clock)
    person = PaceBook(shelf, clock=clock, background=False)
    call(background, READ, told(91))

    assert call(background, READ) > 0
    assert call(person, READ, told(92)) == 0


def test_one_account_near_its_wall_does_not_hold_up_another(book):
    call(book, READ, told(95))

    assert call(book, READ) > 0
    assert call(book, OTHER) == 0


def test_nothing_is_sent_into_a_block_and_everything_after_it(book, clock):
    call(book, READ, told(100, blocked=20 * 60))

    wait = call(book, READ)
    assert wait == pytest.approx(20 * 60, abs=1)
    clock.now += wait
    assert call(book, READ) == 0


def test_room_comes_back_as_soon_as_others_have_faded_not_an_hour_later(book, clock):
    call(book, READ, told(92))

    wait = call(book, READ)

    assert 0 < wait <= 300
    clock.now += wait
    assert call(book, READ) == 0


def test_not_even_a_person_passes_a_block(clock):
    shelf = MemoryShelf()
    call(PaceBook(shelf, clock=clock), READ, told(100, blocked=60))

    assert call(PaceBook(shelf, clock=clock, background=False), READ) > 0


def test_a_throttle_of_all_insights_stops_every_account(book):
    from apps.graphapi.catalogue import classify

    error = Throttled("…", entry=classify(4, 1504022), code=4, subcode=1504022, account_id="1")
    call(book, READ, None, error)

    assert call(book, OTHER) >= 60
    assert call(book, Question("act_{id}/campaigns", "2", "x")) == 0


def test_a_score_is_never_overrun_and_almost_all_of_it_is_used(clock):
    meta, book = Score(clock), PaceBook(MemoryShelf(), clock=clock)
    begin, made = clock.now, 0

    while made < 600:
        ticket = book.reserve(READ)
        if ticket.wait:
            clock.now += max(ticket.wait, 0.01)
            continue
        book.settle(READ, ticket, meta.call(), None)
        made += 1
        clock.now += 0.05

    needed = (600 - meta.points) * meta.seconds / meta.points
    assert meta.refused == 0
    assert clock.now - begin <= 1.15 * needed


@pytest.mark.parametrize("calls", [3, 7, 14, 40])
def test_work_of_many_calls_never_overruns_a_score_either(clock, calls):
    """Its calls are reserved together: each must learn its own price all the same, or the next work looks cheap."""
    score, book = Score(clock), PaceBook(MemoryShelf(), clock=clock)
    questions = [Question("act_{id}/insights", "1", f"act_{{id}}/insights|{n}") for n in range(calls)]
    done, began = 0, clock()

    while done < 100:
        allotment = book.allot(questions)
        if allotment.refusal:
            clock.now += allotment.wait
            continue
        for question in questions:
            allotment.settle(question, allotment.reserve(question), score.call(), None)
        done += 1

    assert score.refused == 0
    assert clock() - began <= 1.15 * (calls * 100 - score.points) * 5


def test_two_workers_never_race_past_the_same_ceiling(clock):
    shelf = MemoryShelf()
    call(PaceBook(shelf, clock=clock), READ, told(85))
    shelf.learn({f"{name}|{READ.shape}": 1.0 for name in READ.keys})
    granted = []

    def worker():
        book = PaceBook(shelf, clock=clock, background=False)
        for _ in range(50):
            ticket = book.reserve(READ)  # nobody settles: all of them are under way
            if not ticket.wait:
                granted.append(1)

    threads = [threading.Thread(target=worker) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert len(granted) == 13  # 85 + 13 x 1 = 98


def test_calls_that_never_came_back_do_not_hold_their_place_for_ever(book, clock):
    call(book, READ, told(50))
    for _ in range(100):
        book.reserve(READ)
    clock.now += 301

    assert book.reserve(READ).wait == 0


def test_a_dear_question_is_learned_and_kept_back_where_a_cheap_one_still_fits(clock):
    book = PaceBook(MemoryShelf(), clock=clock)
    dear = Question("act_{id}/insights", "1", "dear")
    call(book, READ, told(10))
    call(book, dear, told(40))
    call(book, READ, told(41))
    for _ in range(6):
        call(book, READ, told(42))
    clock.now += 1
    call(book, READ, told(78))

    assert call(book, dear) > 0


def test_usage_of_a_rolling_hour_comes_back_an_hour_later(clock):
    gauge = Gauge().reserve(60, clock.now).release(60, clock.now, spent=60)
    gauge = gauge.hear(told(60).readings[0], clock.now)

    assert gauge.level(clock.now + 1800) == pytest.approx(60)
    assert gauge.level(clock.now + 3700) == 0


def test_what_others_spent_fades_within_the_hour(clock):
    gauge = Gauge().hear(told(60).readings[0], clock.now)

    assert gauge.level(clock.now + 1800) == pytest.approx(30)
    assert gauge.room_at(1, 90, clock.now) == clock.now


def test_a_gauge_survives_being_stored():
    gauge = Gauge().reserve(2, 100).release(2, 100, spent=2).hear(told(60).readings[0], 100).close(5, 100)

    assert Gauge.from_json(gauge.as_json()) == gauge


def test_a_price_is_never_forgotten_at_random(clock):
    """Random calls against a score with a stranger who also spends: the wall is still not hit."""
    chance = random.Random(3)
    meta, book = Score(clock), PaceBook(MemoryShelf(), clock=clock, ceilings=Ceilings())
    for _ in range(2000):
        clock.now += chance.random() * 2
        if chance.random() < 0.02 and meta.level < 40:
            meta.call()
        ticket = book.reserve(READ)
        if not ticket.wait:
            book.settle(READ, ticket, meta.call(), None)

    assert meta.refused == 0


def test_the_error_of_a_call_kept_back_says_that_nothing_was_sent():
    error = PutOff(method="GET", path="act_{id}/insights", account_id="1", retry_after=42)

    assert error.retry_after == 42
    assert "Not sent" in str(error)
    assert not error.transient
