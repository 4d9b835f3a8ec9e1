"""How large reports become smaller ones. No network, no database."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.reporting import splits
from apps.reporting.splits import Listing, Part, Suspects, split

SINCE = date(2026, 11, 1)
FIELDS = ("impressions", "clicks", "spend", "reach")
# campaign → ad set → ads
TREE = {
    "c1": {"s1": ["a1", "a2", "a3"], "s2": ["a4"]},
    "c2": {"s3": ["a5", "a6"]},
    "c3": {"s4": ["a7"]},
}
LINE = {
    ad: {"campaign": campaign, "adset": adset, "ad": ad}
    for campaign, adsets in TREE.items()
    for adset, ads in adsets.items()
    for ad in ads
}


def part(days=1, level="ad", fields=FIELDS, **options):
    return Part(level, SINCE, SINCE + timedelta(days=days - 1), fields, **options)


def covers(one: Part, ad: str) -> bool:
    if not one.object_ids:
        return True
    return (LINE[ad][one.object_level] in one.object_ids) != one.excluded


def below(one: Part, level: str) -> Listing:
    return Listing(
        tuple(sorted({line[level] for ad, line in LINE.items() if one.excluded or covers(one, ad)}))
    )


def nothing_below(one: Part, level: str) -> Listing:
    return Listing(())


def short(one: Part) -> tuple:
    return (one.days, one.object_level, one.object_ids, one.fields)


@pytest.mark.parametrize(
    ("given", "pieces"),
    [
        (part(28), [(14, "", (), FIELDS), (14, "", (), FIELDS)]),
        (part(7), [(3, "", (), FIELDS), (4, "", (), FIELDS)]),
        (part(2), [(1, "", (), FIELDS), (1, "", (), FIELDS)]),
        (part(), [(1, "campaign", ("c1", "c2"), FIELDS), (1, "campaign", ("c3",), FIELDS)]),
        (part(level="adset"), [(1, "campaign", ("c1", "c2"), FIELDS), (1, "campaign", ("c3",), FIELDS)]),
        (
            part(object_level="campaign", object_ids=("c1", "c2")),
            [(1, "campaign", ("c1",), FIELDS), (1, "campaign", ("c2",), FIELDS)],
        ),
        (
            part(object_level="campaign", object_ids=("c1",)),
            [(1, "adset", ("s1",), FIELDS), (1, "adset", ("s2",), FIELDS)],
        ),
        (
            # One ad set in it: straight on to its ads.
            part(object_level="campaign", object_ids=("c2",)),
            [(1, "ad", ("a5",), FIELDS), (1, "ad", ("a6",), FIELDS)],
        ),
        (
            # One ad in it: straight on to its fields, and by its name.
            part(object_level="campaign", object_ids=("c3",)),
            [(1, "ad", ("a7",), FIELDS[:2]), (1, "ad", ("a7",), FIELDS[2:])],
        ),
        (
            part(level="campaign", object_level="campaign", object_ids=("c1",)),
            [(1, "campaign", ("c1",), FIELDS[:2]), (1, "campaign", ("c1",), FIELDS[2:])],
        ),
        (part(level="account"), [(1, "", (), FIELDS[:2]), (1, "", (), FIELDS[2:])]),
        (part(level="account", fields=("clicks",)), []),
        (part(object_level="ad", object_ids=("a1",), fields=("clicks",)), []),
    ],
)
def test_days_then_objects_then_fields(given, pieces):
    assert [short(one) for one in split(given, below)] == pieces


def test_where_no_object_is_known_fields_are_next():
    assert [short(one) for one in split(part(), nothing_below)] == [
        (1, "", (), FIELDS[:2]),
        (1, "", (), FIELDS[2:]),
    ]


def test_a_list_that_may_not_be_complete_leaves_a_part_for_all_others():
    pieces = split(part(), lambda one, level: Listing(("c1", "c2"), is_complete=False))

    assert [(one.object_ids, one.excluded) for one in pieces] == [
        (("c1",), False),
        (("c2",), False),
        (("c1", "c2"), True),
    ]


@pytest.mark.parametrize(
    ("given", "suspects", "pieces"),
    [
        (
            part(28),
            Suspects(objects=frozenset({"a5"})),
            [(28, True, ("a5",), FIELDS), (28, False, ("a5",), FIELDS)],
        ),
        (
            part(28, object_level="ad", object_ids=("a5",), excluded=True),
            Suspects(objects=frozenset({"a5", "a6"})),
            [(28, True, ("a5", "a6"), FIELDS), (28, False, ("a6",), FIELDS)],
        ),
        (
            part(object_level="ad", object_ids=("a4", "a5")),
            Suspects(objects=frozenset({"a5"})),
            [(1, False, ("a4",), FIELDS), (1, False, ("a5",), FIELDS)],
        ),
        (
            part(28),
            Suspects(fields=frozenset({"clicks"}), objects=frozenset({"a5"})),
            [(28, False, (), ("impressions", "spend", "reach")), (28, False, (), ("clicks",))],
        ),
        (
            # Nothing of it comes on other days: no need to find out field by field.
            part(object_level="ad", object_ids=("a5",)),
            Suspects(objects=frozenset({"a5"}), hopeless=frozenset({"a5"})),
            [],
        ),
        (part(level="account"), Suspects(hopeless=frozenset({""})), []),
    ],
)
def test_what_is_suspected_is_set_apart_first(given, suspects, pieces):
    found = [(one.days, one.excluded, one.object_ids, one.fields) for one in split(given, below, suspects)]

    assert found == pieces


@given(
    st.integers(1, 40),
    st.sampled_from(sorted(LINE)),
    st.integers(0, 39),
    st.sampled_from(FIELDS),
)
def test_one_poisoned_value_is_found_and_all_else_comes_exactly_once(days, ad, on, field):
    poisoned = SINCE + timedelta(days=on % days)
    todo, good, bad, orders = [part(days)], [], [], 0
    while todo:
        one = todo.pop()
        orders += 1
        if one.since <= poisoned <= one.until and covers(one, ad) and field in one.fields:
            pieces = split(one, below)
            todo += pieces
            if not pieces:
                bad.append(one)
        else:
            good.append(one)

    assert [(one.since, one.until, one.object_ids, one.fields) for one in bad] == [
        (poisoned, poisoned, (ad,), (field,))
    ]
    assert orders < 40
    came = [
        (one.since + timedelta(days=n), each, name)
        for one in good
        for n in range(one.days)
        for each in LINE
        if covers(one, each)
        for name in one.fields
    ]
    assert len(came) == len(set(came)) == days * len(LINE) * len(FIELDS) - 1


@given(st.integers(0, 400), st.integers(1, 40))
def test_slices_are_the_window_newest_first(length, days):
    until = SINCE + timedelta(days=length)

    found = splits.slices(SINCE, until, days)

    covered = [since + timedelta(days=n) for since, end in found for n in range((end - since).days + 1)]
    assert sorted(covered) == [SINCE + timedelta(days=n) for n in range(length + 1)]
    assert found == sorted(found, reverse=True)
    assert all((end - since).days < days for since, end in found)


@pytest.mark.parametrize(
    ("known", "larger"),
    [
        ((1, 4), (1, 8)),
        ((1, 200), (1, None)),
        ((1, None), (2, None)),
        ((7, None), (10, None)),
        ((30, None), (31, None)),
    ],
)
def test_sizes_grow_back_objects_first(known, larger):
    assert splits.grown(*known, most_days=31) == larger
