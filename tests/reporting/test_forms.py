"""The address of the performance page: everything has a default, and what is not understood is told."""

import pytest
import time_machine
from django.http import QueryDict

from apps.reporting.attribution import Attribution
from apps.reporting.forms import SIDE_BY_SIDE, SORTS, PerformanceForm
from apps.reporting.periods import Period

from .factories import LAST_28, NOW, TODAY, day, span, unsaved


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def visible():
    return [unsaved("Fjord"), unsaved("Halden"), unsaved("Liberty", "USD")]


@pytest.fixture
def ask(visible):
    """The question behind an address, and what is told of it."""

    def ask(address=""):
        form = PerformanceForm(QueryDict(address), visible=visible)
        return form.question(), form.told

    return ask


def test_an_empty_address_asks_for_the_last_28_days_of_everything(ask, visible):
    question, told = ask()

    assert told == []
    assert (question.accounts, question.every_account) == (visible, True)
    assert (question.period, question.preset) == (LAST_28, "28d")
    assert (question.versus, question.currency, question.metric) == ("previous", SIDE_BY_SIDE, "spend")
    assert (question.weekly, question.by, question.page) == (False, "objective", "1")
    assert (question.sort, question.descending) == ("spend", True)
    assert not question.narrows_campaigns


def test_everything_in_an_address_is_read(ask, visible):
    question, told = ask(
        f"accounts={visible[2].act_id}&from=2026-11-01&to=2026-11-10&vs=year&attr=1d_view,7d_click&cur=usd&metric=roas&g=week&by=account"
        "&sort=name&q=%20trail%20shoes%20&objective=OUTCOME_SALES&delivery=paused&page=3"
    )

    assert told == []
    assert (question.accounts, question.every_account) == ([visible[2]], False)
    assert (question.period, question.preset) == (span("11-01", "11-10"), "")
    assert (question.versus, question.currency, question.metric) == ("year", "USD", "roas")
    assert (question.weekly, question.by, question.page) == (True, "account", "3")
    assert (question.sort, question.descending) == ("name", False)
    assert question.attribution == Attribution(("7d_click", "1d_view"))
    assert (question.search, question.objective, question.delivery) == (
        "trail shoes",
        "OUTCOME_SALES",
        "paused",
    )
    assert question.narrows_campaigns


@pytest.mark.parametrize("name", SORTS)
def test_every_order_goes_both_ways(ask, name):
    for address, descending in ((f"sort={name}", False), (f"sort=-{name}", True)):
        question, told = ask(address)

        assert (question.sort, question.descending, told) == (name, descending, [])


# --- days ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "period"),
    [
        ("from=2026-11-01", Period(day("11-01"), TODAY)),
        ("to=2026-11-10", span("10-14", "11-10")),
        ("from=2026-11-10&to=2026-11-10", span("11-10", "11-10")),
        ("from=&to=&period=7d", span("11-17", "11-23")),
        ("from=2026-11-01&to=2026-11-10&period=7d", span("11-01", "11-10")),
        ("from=2024-02-29&to=2024-03-01", span("2024-02-29", "2024-03-01")),
    ],
)
def test_days_may_be_given_or_left_out(ask, address, period):
    question, told = ask(address)

    assert (question.period, told) == (period, [])


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("from=yesterday", "The first day can not be read. Write it like 2026-11-01."),
        ("to=2026-02-30", "The last day can not be read. Write it like 2026-11-01."),
        ("from=2025-02-29&to=%00", "The last day can not be read. Write it like 2026-11-01."),
        ("from=23.11.2026", "The first day can not be read. Write it like 2026-11-01."),
        ("period=31d", "The period is not one of the choices."),
    ],
)
def test_days_that_can_not_be_read_are_told(ask, address, sentence):
    question, told = ask(address)

    assert sentence in told
    assert (question.period, question.preset) == (LAST_28, "28d")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("from=2026-11-10&to=2026-11-01", "The first day, 2026-11-10, is after the last one, 2026-11-01."),
        ("from=2026-11-01&to=2026-11-24", "The last day, 2026-11-24, lies in the future."),
        ("from=2030-01-01", "The first day, 2030-01-01, is after the last one, 2026-11-23."),
        ("to=9999-12-31", "The last day, 9999-12-31, lies in the future."),
        ("to=0001-01-05", "Meta keeps 37 months; 0001-01-05 is before 2023-10-23."),
        ("from=2023-10-22&to=2023-11-01", "Meta keeps 37 months; 2023-10-22 is before 2023-10-23."),
        ("from=2025-11-24&to=2026-11-23", "A page shows 364 days at most."),
    ],
)
def test_days_that_make_no_period_are_told_and_the_usual_ones_shown(ask, address, reason):
    question, told = ask(address)

    assert told == [f"{reason} The last 28 days are shown instead."]
    assert (question.period, question.preset) == (LAST_28, "28d")


def test_the_longest_and_the_oldest_periods_are_within_reach(ask):
    assert ask("from=2025-11-25&to=2026-11-23")[1] == []
    assert ask("from=2023-10-23&to=2023-10-23")[1] == []
    assert ask("to=2023-10-30")[0].period.since == day("2023-10-23")


def test_a_named_period_ends_on_the_day_that_has_begun_everywhere(visible):
    visible[0].timezone_name, visible[1].timezone_name = "Asia/Tokyo", "America/Los_Angeles"
    with time_machine.travel("2026-11-23T20:00:00Z", tick=False):  # the 24th in Tokyo
        named = PerformanceForm(QueryDict(), visible=visible)
        given = PerformanceForm(QueryDict("from=2026-11-20&to=2026-11-24"), visible=visible)

        assert named.question().period.until == day("11-23")
        assert given.question().period.until == day("11-24")
        assert given.told == []


# --- choices and texts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("vs=decade", "The comparison is not one of the choices."),
        ("metric=__class__", "The metric is not one of the choices."),
        ("g=hour", "The granularity is not one of the choices."),
        ("by=placement", "The grouping is not one of the choices."),
        ("attr=7d_view", "The attribution is not one of the choices."),
        (
            "attr=1d_click,7d_click",
            "The attribution has two click windows, which contain each other. Choose one.",
        ),
        (f"attr={'1d_ev,' * 11}", "The attribution is longer than 60 characters."),
        ("attr=%00", "The attribution has a character that no name has."),
        ("sort=--spend", "The order is not one of the choices."),
        ("sort=meta_id", "The order is not one of the choices."),
        ("sort=%00", "The order is not one of the choices."),
        (f"q={'x' * 201}", "The search is longer than 200 characters."),
        (f"q={'x' * 100_000}", "The search is longer than 200 characters."),
        ("q=a%00b", "The search has a character that no name has."),
        ("objective=%00", "The objective has a character that no name has."),
        (f"delivery={'x' * 41}", "The delivery is longer than 40 characters."),
        (f"page={'9' * 5000}", "The page is longer than 20 characters."),
        ("cur=GBP", "None of these ad accounts is kept in the currency that was asked for."),
        ("cur=%00", "The currency has a character that no name has."),
    ],
)
def test_what_is_not_understood_is_told_and_its_default_used(ask, address, sentence):
    question, told = ask(address)

    assert told == [sentence]
    assert question == ask()[0]


def test_several_faults_are_all_told(ask):
    _, told = ask("vs=x&metric=x&from=x&accounts=act_5")

    assert len(told) == 4


@pytest.mark.parametrize(
    "text", ["ほうじ茶", "🔥", "e\u0301", "\u202eevil", "مرحبا", "%", "_", "' OR 1=1 --", "<b>", "\ufffd"]
)
def test_any_text_may_be_searched_for(ask, text):
    data = QueryDict(mutable=True)
    data["q"] = text

    question, told = ask(data.urlencode())

    assert (question.search, told) == (text, [])


# --- ad accounts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form", ["accounts={0}&accounts={1}", "accounts={0},{1}", "accounts={1},,%20{0}%20&accounts={0}"]
)
def test_ad_accounts_are_given_one_by_one_or_with_commas_in_any_order(ask, visible, form):
    first, second, _ = visible

    question, told = ask(form.format(first.meta_id, second.act_id))

    assert (question.accounts, question.every_account, told) == ([first, second], False, [])


def test_all_of_them_may_be_named(ask, visible):
    by_name = "&".join(f"accounts={account.act_id}" for account in visible)

    for address in ("accounts=all", "accounts=", by_name):
        question, told = ask(address)

        assert (question.accounts, question.every_account, told) == (visible, True, [])


@pytest.mark.parametrize("text", ["act_5", "5", "act_", "%00", "act_%F0%9F%94%A5", "-1", "x" * 5000])
def test_an_ad_account_that_a_person_can_not_see_does_not_tell_whether_it_exists(ask, visible, text):
    question, told = ask(f"accounts={text}")

    assert told == ["An ad account that was asked for is not among those you can see."]
    assert question.accounts == visible


def test_those_that_can_be_seen_are_shown_without_the_others(ask, visible):
    question, told = ask(f"accounts={visible[0].act_id},act_5,act_6")

    assert question.accounts == [visible[0]]
    assert told == ["2 ad accounts are not among those you can see."]


def test_nobody_has_to_see_anything():
    form = PerformanceForm(QueryDict("cur=EUR"), visible=[])

    question = form.question()

    assert (question.accounts, question.every_account, question.period) == ([], True, LAST_28)
    assert form.told == []


# --- currencies ----------------------------------------------------------------------------------


def test_accounts_of_one_currency_are_never_side_by_side(ask, visible):
    for address in ("", "&cur=side", "&cur=EUR"):
        assert ask(f"accounts={visible[0].act_id}{address}")[0].currency == "EUR"


def test_a_currency_of_other_accounts_is_told(ask, visible):
    question, told = ask(f"accounts={visible[0].act_id}&cur=USD")

    assert question.currency == "EUR"
    assert told == ["None of these ad accounts is kept in the currency that was asked for."]


def test_one_currency_shows_its_accounts_only(ask, visible):
    question, _ = ask("cur=EUR")

    assert question.accounts == visible
    assert question.accounts_shown == visible[:2]
