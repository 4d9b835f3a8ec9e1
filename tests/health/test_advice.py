"""For every pair of the catalogue a person who knows nothing of Meta is told what to do and whom to call."""

import re

import pytest

from apps.graphapi import CATALOGUE, Retry, Who, classify, codes_access, codes_limits, codes_requests
from apps.graphapi.entries import Category, Entry
from apps.health import advice, meanings
from apps.health.models import ErrorGroup

PLACE = advice.Place(
    connections=[("7f0c1f7a-8b8e-4a53-b1cb-1e0f5d8b0001", "agency")],
    accounts=[("4711", "Fjäll")],
    admins=["Ada Admin"],
    page="/errors/7/",
)
# Words of ours and Meta's that nobody outside knows.
JARGON = re.compile(
    r"\b(header|payload|endpoint|cursor|scope|asset|mutation|enum|JSON|proof)s?\b", re.IGNORECASE
)
FOUND_OTHERWISE = [
    value
    for module in (codes_access, codes_limits, codes_requests)
    for value in vars(module).values()
    if isinstance(value, Entry)
]


def name(entry):
    return f"{entry.code}/{entry.subcode} {entry.meaning[:30]}"


@pytest.mark.parametrize("entry", [*CATALOGUE, *FOUND_OTHERWISE], ids=name)
def test_every_row_says_what_it_means_what_to_do_whom_to_call_and_whether_it_is_tried_again(entry):
    told = advice.of(entry, PLACE)

    assert len(entry.meaning.split()) >= 4
    assert entry.meaning[0].isupper()
    assert entry.meaning.endswith(".")
    assert len(entry.action.split()) >= 3
    assert not JARGON.search(entry.meaning + entry.action)
    assert len(told.steps) >= 3 or entry.who is Who.NOBODY
    assert all(step.text.endswith(".") or "Resolve" in step.text for step in told.steps)
    assert told.next.text == entry.action
    assert told.call.endswith(".")
    assert entry.who is Who.NOBODY or told.call != "Nobody has to be called."
    buttons = [button for step in told.steps for button in step.buttons]
    assert buttons or "Call" in told.call or entry.retry is Retry.SMALLER
    assert all(button.url.startswith(("https://", "/")) for button in buttons)
    assert all(button.outside == button.url.startswith("https://") for button in buttons)
    assert meanings.WHO[entry.who]
    assert meanings.RETRIES[entry.retry]
    assert meanings.CATEGORIES[entry.category]


@pytest.mark.parametrize("entry", CATALOGUE, ids=name)
def test_a_group_of_the_pair_is_explained_by_its_row(entry):
    group = ErrorGroup(code=entry.code, subcode=entry.subcode, category=entry.category.value)
    if entry.code is None:
        group.code = 100

    assert meanings.entry_of(group) == classify(group.code, group.subcode)
    assert meanings.title(group) == meanings.entry_of(group).meaning.removesuffix(".")


def test_who_must_act_is_named():
    owner = advice.of(classify(100, 1487901), PLACE)
    admin = advice.of(classify(190, 463), PLACE)

    assert owner.call == "Call whoever manages the ad account (Fjäll) and pays for it."
    assert admin.call == "Call an admin: Ada Admin."
    assert advice.of(classify(190, 463)).call == "Call an admin: an admin of this installation."


@pytest.mark.parametrize(
    ("pair", "label", "url"),
    [
        ((190, 463), "Reconnect agency", "/connections/7f0c1f7a-8b8e-4a53-b1cb-1e0f5d8b0001/"),
        ((200, None), "Look at agency", "/connections/7f0c1f7a-8b8e-4a53-b1cb-1e0f5d8b0001/"),
        ((100, 1487470), "Open billing at Meta", "asset_id=4711"),
        ((100, 1404163), "Open account quality at Meta", "accountquality"),
        ((100, 1487901), "Open Ads Manager", "act=4711"),
        ((270, None), "Open the app at Meta", "developers.facebook.com/apps/"),
        ((80004, 2446079), "Open Fjäll", "/accounts/act_4711/"),
        ((2, None), "Meta's status page", "metastatus.com"),
        ((5000, None), "Text for Meta support", "/errors/7/#support"),
    ],
)
def test_the_button_leads_to_where_it_is_done(pair, label, url):
    [button, *_] = advice.of(classify(*pair), PLACE).next.buttons

    assert button.label == label
    assert url in button.url


def test_what_the_program_splits_needs_nobody():
    told = advice.of(classify(100, 1487534), PLACE)

    assert "by itself" in told.next.text
    assert told.call == "Nobody has to be called."


@pytest.mark.parametrize(
    ("kind", "category", "title"),
    [
        ("Unreachable", "transient", "No answer came from Meta"),
        (
            "BadAnswer",
            "transient",
            "The answer was not one of Meta's: a page of something on the way, or half an answer",
        ),
        ("BadAnswer", "invalid", "Meta does not accept a part of the call"),
        ("Nonsense", "unknown", "This code is not in the catalogue yet"),
    ],
)
def test_what_has_no_code_is_explained_by_its_kind(kind, category, title):
    assert meanings.title(ErrorGroup(code=None, kind=kind, category=category)) == title


def test_a_code_nobody_knows_that_passes_is_passing_trouble():
    group = ErrorGroup(code=424242, subcode=7, category="transient")

    assert meanings.entry_of(group).category is Category.TRANSIENT


def test_words_find_pairs_by_what_they_mean():
    assert (190, 463) in meanings.pairs_that_mean("HAS EXPIRED")
    assert meanings.pairs_that_mean("no such words anywhere") == []
