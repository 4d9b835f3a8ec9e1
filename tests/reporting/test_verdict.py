"""The sentence at the head of the page, in every form it takes."""

import pytest

from apps.reporting import verdict
from apps.reporting.periods import Period

from .factories import compared, day, fresh, group, performance, row, span, totals, unsaved

WEEK = span("11-02", "11-08")


def said(page):
    """The sentence as it reads; states in brackets."""
    return "".join(
        f" [{part.kind}: {part.text}]" if part.kind not in {"", "b"} else part.text
        for part in verdict.compose(page)
    )


def one(current, before=None, whole_days=None, **page):
    return said(
        performance(group(row(unsaved(), figures=compared(current, before, whole_days))), period=WEEK, **page)
    )


# --- one currency --------------------------------------------------------------------------------


def test_one_currency_tells_what_was_spent_and_what_it_brought():
    text = one(totals("1200", purchases="12"), totals("1000", purchases="10"))

    assert text == (
        "Spent €1,200 in 7 days, 20.0% more than in the 7 days before. "
        "Purchases grew by 20.0%, and each one cost €100.00."
    )


@pytest.mark.parametrize(
    ("spend", "purchases", "spent", "brought"),
    [
        (
            "80",
            "8",
            "€80.00 in 7 days, 20.0% less than",
            "Purchases fell by 20.0%, and each one cost €10.00.",
        ),
        ("100.4", "10", "€100.40 in 7 days, as much as", "Purchases stayed level, and each one cost €10.04."),
        ("100", "0", "€100.00 in 7 days, as much as", "No purchase was reported."),
    ],
)
def test_less_and_the_same_are_told_as_such(spend, purchases, spent, brought):
    text = one(totals(spend, purchases=purchases), totals("100", purchases="10"))

    assert text == f"Spent {spent} in the 7 days before. {brought}"


def test_without_comparison_only_what_is_known_is_told():
    assert one(totals("100", purchases="2")) == "Spent €100.00 in 7 days. 2 purchases cost €50.00 each."
    assert one(totals("100", purchases="1")) == "Spent €100.00 in 7 days. 1 purchase cost €100.00."


def test_purchases_that_are_new_have_no_growth():
    text = one(totals("100", purchases="4"), totals("100", purchases="0"))

    assert text == "Spent €100.00 in 7 days, as much as in the 7 days before. 4 purchases cost €25.00 each."


def test_a_partial_day_is_told():
    text = one(totals("110"), totals("100"), totals("105"), complete=span("11-02", "11-07"))

    assert "5.0% more than in the 6 days before (complete days)." in text


@pytest.mark.parametrize(
    ("period", "versus", "text"),
    [
        (WEEK, "year", "in 7 days, 20.0% more than on the same days last year."),
        (span("11-02", "11-02"), "year", "on 2 Nov, 20.0% more than on the same day last year."),
        (span("11-02", "11-02"), "previous", "on 2 Nov, 20.0% more than on the day before."),
    ],
)
def test_the_comparison_is_named(period, versus, text):
    figures = compared(totals("120"), totals("100"))

    assert text in said(performance(group(row(unsaved(), figures=figures)), period=period, versus=versus))


def test_a_day_that_lasts_is_told_so_far():
    page = performance(group(row(unsaved())), period=span("11-02", "11-03"), complete=span("11-02", "11-02"))
    assert "on" not in said(page).split()[:4]

    today = performance(
        group(row(unsaved())), period=span("11-03", "11-03"), complete=Period(day("11-02"), day("11-02"))
    )
    assert said(today).startswith("Spent €10.00 on 3 Nov so far.")


# --- several currencies --------------------------------------------------------------------------


def several(*growths, purchases="10"):
    """Currencies whose cost per purchase changed from 10 to these."""
    groups = []
    for code, spend in zip(["EUR", "USD", "JPY", "XOF"], growths, strict=False):
        figures = compared(totals(spend, purchases=purchases), totals("100", purchases="10"))
        groups.append(group(row(unsaved(currency=code), figures=figures), currency=code))
    return said(performance(*groups, period=WEEK))


@pytest.mark.parametrize(
    ("growths", "text"),
    [
        (("90", "80", "120"), "They became cheaper in euro and US dollars, dearer in yen."),
        (("90", "80", "70"), "They became cheaper in euro, US dollars and yen."),
        (("100", "100", "70"), "They became cheaper in yen."),
        (("100", "100", "100", "150"), "They became dearer in XOF."),
    ],
)
def test_several_currencies_tell_where_purchases_became_cheaper(growths, text):
    count = 10 * len(growths)

    assert several(*growths) == f"{count} purchases in 7 days, as much as in the 7 days before. {text}"


def test_costs_that_stayed_are_not_told():
    assert several("100", "100") == "20 purchases in 7 days, as much as in the 7 days before."


def test_without_purchases_impressions_are_told():
    assert several("90", "90", purchases="0") == "2k impressions in 7 days. No purchase was reported."


# --- nothing -------------------------------------------------------------------------------------


def test_nothing_is_told_for_what_it_is():
    shop = unsaved()
    silent = group(accounts=[shop])

    assert said(performance(period=WEEK, freshness={})) == "There is no ad account to show."
    assert said(performance(silent, period=WEEK)) == "Nothing was delivered in 2 – 8 Nov 2026."
    assert said(performance(silent, period=WEEK, unfetched=[shop])) == "These days have not been fetched yet."
    assert (
        said(performance(period=WEEK, freshness={shop.pk: fresh(shop)}, search="x"))
        == "No campaign fits these filters."
    )


# --- troubles ------------------------------------------------------------------------------------


def troubled(*states):
    accounts = [unsaved(name) for name, _, _ in states]
    freshness = {
        account.pk: fresh(account, kind, words)
        for account, (_, kind, words) in zip(accounts, states, strict=True)
    }
    page = performance(group(*[row(account) for account in accounts]), period=WEEK, freshness=freshness)
    return [(part.kind, part.text) for part in verdict.compose(page) if part.kind not in {"", "b"}]


def test_an_account_in_trouble_is_named():
    assert troubled(("Fjord", "warn", "is 3 h behind"), ("Halden", "ok", "")) == [
        ("warn", "Fjord is 3 h behind")
    ]


def test_the_worst_comes_first_and_the_same_is_told_once():
    states = [
        ("A", "warn", "is 3 h behind"), ("B", "warn", "is 4 h behind"), ("C", "warn", "waits for Meta"),
        ("D", "crit", "failed to sync"), ("E", "crit", "failed to sync"), ("F", "info", "was never synced"),
    ]  # fmt: skip

    assert troubled(*states) == [
        ("crit", "2 ad accounts failed to sync"),
        ("warn", "2 ad accounts are behind"),
        ("warn", "C waits for Meta"),
    ]


def test_plurals_are_plural():
    words = "is reached by no working connection"

    assert troubled(("A", "crit", words), ("B", "crit", words)) == [
        ("crit", "2 ad accounts are reached by no working connection")
    ]


def test_an_account_that_delivered_and_has_stopped_is_told():
    stopped, closed = unsaved("O'Malley", status=3), unsaved("Closed long ago", status=101)

    one_ = performance(group(row(stopped), accounts=[stopped, closed]), period=WEEK)
    both = performance(group(row(stopped), row(closed)), period=WEEK)

    assert said(one_).endswith("[crit: O'Malley has stopped (unsettled)]")
    assert said(both).endswith("[crit: 2 ad accounts have stopped]")


# --- the list of ad accounts ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ([], "There is no ad account to show."),
        ([("A", 1, "ok")], "All quiet: 1 ad account, delivering and on time."),
        ([("A", 1, "ok"), ("B", 9, "info")], "All quiet: 2 ad accounts, delivering and on time."),
        ([("A", 3, "ok"), ("B", 1, "ok")], "1 of 2 ad accounts may not deliver (A)."),
        ([("A", 1, "warn"), ("B", 1, "crit")], "The numbers of A and B are not on time."),
        ([(name, 1, "crit") for name in "ABCD"], "The numbers of A, B and 2 more are not on time."),
        ([("A", 2, "crit")], "1 of 1 ad account may not deliver (A). The numbers of A are not on time."),
    ],
)
def test_the_list_of_accounts_has_a_sentence_too(states, sentence):
    states = [fresh(unsaved(name, status=status), kind, "x") for name, status, kind in states]

    assert verdict.of_accounts(states) == sentence
