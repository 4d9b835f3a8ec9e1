"""What people decide about errors, and what becomes of it by itself."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.health import triage
from apps.health.errors import GRACE
from apps.health.models import ErrorGroup, ErrorNote
from apps.health.triage import Person
from apps.team.models import AuditEntry
from tests.health.making import heard, keep

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def who(support, clock):
    return Person(support)


def one(**fields):
    return ErrorGroup.objects.get(**fields)


def test_a_straggler_within_the_grace_is_no_regression_and_counts_all_the_same(who, clock):
    keep(heard())
    triage.resolve([one().pk], who)

    keep(
        heard(at=timezone.now() + GRACE - timedelta(seconds=1)), heard(at=timezone.now() - timedelta(hours=1))
    )

    assert (one().state, one().count, one().regressed_at) == ("resolved", 3, None)


def test_an_error_after_the_grace_opens_it_again_as_regressed(who, clock):
    keep(heard())
    triage.resolve([one().pk], who)
    again = timezone.now() + GRACE + timedelta(seconds=1)

    keep(heard(at=again))

    assert (one().state, one().regressed_at, one().state_by) == ("open", again, None)
    assert one().is_regressed
    assert list(ErrorNote.objects.order_by("pk").values_list("did", flat=True)) == [
        "resolved", "came back after it was resolved",
    ]  # fmt: skip


def test_what_was_written_late_is_judged_by_when_it_happened(who, clock):
    """A buffer flushed after the resolving, with errors of before."""
    keep(heard())
    before = timezone.now()
    clock.advance(3600)
    triage.resolve([one().pk], who)

    keep(heard(at=before))

    assert one().state == "resolved"


def test_ignored_for_a_day_opens_with_the_first_error_after_it(who, clock):
    keep(heard())
    triage.ignore([one().pk], who, hours=24)

    keep(heard(at=timezone.now() + timedelta(hours=23)))
    assert one().state == "ignored"
    keep(heard(at=timezone.now() + timedelta(hours=24, seconds=1)))

    assert one().state == "open"
    assert not one().is_regressed
    assert one().ignored_until is None


def test_ignored_until_more_opens_when_more_have_come(who, clock):
    keep(*[heard()] * 5)
    triage.ignore([one().pk], who, more=3)

    keep(*[heard()] * 3)
    assert one().state == "ignored"
    keep(heard())

    assert one().state == "open"


def test_ignored_for_good_stays(who, clock):
    keep(heard())
    triage.ignore([one().pk], who)

    keep(*[heard(at=timezone.now() + timedelta(days=300))] * 50)

    assert (one().state, one().count) == ("ignored", 51)


def test_undo_restores_everything_as_it_was(who, clock):
    keep(heard(190), heard(100))
    triage.ignore([one(code=100).pk], who, more=7)
    before = list(ErrorGroup.objects.order_by("pk").values())

    done = triage.resolve(ErrorGroup.objects.values_list("pk", flat=True), who)
    assert triage.undo(done.undo, who) == 2

    assert list(ErrorGroup.objects.order_by("pk").values()) == before


def test_undo_leaves_alone_what_has_changed_since(who, clock):
    keep(heard())
    done = triage.resolve([one().pk], who)
    keep(heard(at=timezone.now() + timedelta(hours=1)))

    assert triage.undo(done.undo, who) == 0
    assert one().is_regressed


def test_undo_is_its_own_persons_for_ten_minutes(who, admin, clock):
    keep(heard())
    done = triage.resolve([one().pk], who)

    with pytest.raises(ValueError, match="Only who did it"):
        triage.undo(done.undo, Person(admin))
    with pytest.raises(ValueError, match="by hand"):
        triage.undo(done.undo[:-2] + "xx", who)
    clock.advance(601)
    with pytest.raises(ValueError, match="by hand"):
        triage.undo(done.undo, who)
    assert one().state == "resolved"


def test_every_deed_is_in_the_trail_and_secrets_in_comments_are_not(who, admin, clock):
    keep(heard())
    pks = [one().pk]
    triage.resolve(pks, who, "token EAAsecret0123456789 was bad")
    triage.reopen(pks, who)
    triage.ignore(pks, who, hours=24)
    triage.note(one(), who, "Bearer abcdefgh")
    triage.give(one(), who, admin)

    trail = list(AuditEntry.objects.order_by("number").values_list("action", "detail"))

    assert trail == [
        ("error.resolved", "resolved. token *** was bad"),
        ("error.reopened", "opened again"),
        ("error.ignored", "ignored for 24 hours"),
        ("error.noted", "Bearer ***"),
        ("error.handed_over", "to Ada Admin"),
    ]
    assert "secret0123" not in " ".join(ErrorNote.objects.values_list("text", flat=True))


def test_what_is_rolled_back_was_not_decided(who, clock):
    from django.db import transaction

    keep(heard())
    with pytest.raises(RuntimeError), transaction.atomic():
        triage.resolve([one().pk], who)
        raise RuntimeError

    assert one().state == "open"
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_deciding_and_hearing_at_once_wait_for_each_other_in_no_circle(who, at_once, clock):
    keep(*(heard(code) for code in range(100, 140)))
    pks = list(ErrorGroup.objects.order_by("-key").values_list("pk", flat=True))

    def hear():
        for _ in range(5):
            keep(*(heard(code) for code in range(139, 99, -1)))

    def decide():
        for _ in range(5):
            triage.resolve(pks, who)

    assert [result for result in at_once(hear, decide, hear, decide) if result is not None] == []
    assert set(ErrorGroup.objects.values_list("count", flat=True)) == {11}
    assert connection.vendor == "postgresql"
