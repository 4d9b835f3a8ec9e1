"""From answers to figures: gaps stay gaps, weeks are marked when they are not whole, currencies never share a scale."""

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.reporting import charts
from apps.reporting.charts import over_time, ranked
from apps.reporting.figures import NOTHING
from apps.reporting.periods import Period
from apps.ui.charts import Multi, Trend

from .factories import compared, day, group, performance, row, span, totals, unsaved

WEEK, BEFORE = span("11-02", "11-08"), span("10-26", "11-01")


def daily(period, spend="10"):
    return {one: totals(spend) for one in period}


# --- over time -----------------------------------------------------------------------------------


def test_a_day_without_rows_is_a_gap_and_a_day_without_spend_is_zero():
    days = daily(WEEK) | {day("11-04"): totals("0")}
    del days[day("11-05")]

    figure = over_time(performance(group(days=days), period=WEEK))

    assert isinstance(figure, Trend)
    assert figure.values == [10, 10, 0, None, 10, 10, 10]
    assert figure.format.prefix == "€"


def test_the_days_before_stand_under_the_days_they_are_compared_with():
    figure = over_time(performance(group(days=daily(WEEK), days_before=daily(BEFORE, "8")), period=WEEK))

    assert figure.before.values == [8] * 7
    assert list(figure.before.days) == list(BEFORE)
    assert figure.before.name == "26 Oct – 1 Nov"


def test_without_comparison_there_is_no_second_line():
    page = performance(group(days=daily(WEEK)), period=WEEK)

    assert over_time(page).before is None
    assert not charts.shows_before(over_time(page))
    assert "against" not in charts.sentence(page, over_time(page))


def test_money_of_several_currencies_has_a_panel_for_each():
    euro = group(days=daily(WEEK), days_before=daily(BEFORE))
    yen = group(
        days=daily(WEEK, "900"), currency="JPY", accounts=[unsaved(currency="JPY"), unsaved(currency="JPY")]
    )

    page = performance(euro, yen, period=WEEK)
    figure = over_time(page)

    assert isinstance(figure, Multi)
    assert [(panel.label, panel.format.prefix, panel.values[0]) for panel in figure.panels] == [
        ("EUR, 1 account", "€", 10),
        ("JPY, 2 accounts", "¥", 900),
    ]
    assert [panel.before is None for panel in figure.panels] == [False, True]
    assert charts.sentence(page, figure) == (
        "2 charts on one time axis, one per currency (EUR, JPY): Spend per day, 2 – 8 Nov 2026, "
        "against 26 Oct – 1 Nov 2026"
    )


@pytest.mark.parametrize(
    ("metric", "value"), [("purchases", 2), ("impressions", 2000), ("ctr", Decimal("0.02"))]
)
def test_counts_of_several_currencies_are_one_line(metric, value):
    euro, yen = group(days=daily(WEEK)), group(days=daily(WEEK), currency="JPY")

    figure = over_time(performance(euro, yen, period=WEEK, metric=metric))

    assert isinstance(figure, Trend)
    assert figure.values == [value] * 7
    assert figure.format.prefix == ""


@pytest.mark.parametrize("metric", ["cpp", "roas", "cpm"])
def test_ratios_of_money_have_a_panel_for_each_currency_too(metric):
    page = performance(
        group(days=daily(WEEK)), group(days=daily(WEEK), currency="JPY"), period=WEEK, metric=metric
    )

    assert isinstance(over_time(page), Multi)


def test_a_ratio_without_anything_to_divide_by_is_a_gap():
    figure = over_time(
        performance(group(days={day("11-02"): totals(purchases="0")}), period=WEEK, metric="cpp")
    )

    assert figure.values == [None] * 7
    assert figure.is_empty


# --- weeks ---------------------------------------------------------------------------------------


def test_weeks_begin_with_the_first_day_and_add_up():
    period = span("11-02", "11-15")

    figure = over_time(performance(group(days=daily(period)), period=period, weekly=True))

    assert figure.days == [day("11-02"), day("11-09")]
    assert figure.values == [70, 70]
    assert (figure.step, figure.partial) == ("week", [])


def test_a_week_with_too_few_days_is_marked():
    period = span("10-01", "10-31")

    figure = over_time(performance(group(days=daily(period)), period=period, weekly=True))

    assert figure.values[-1] == 30
    assert [(band.since, band.until, band.text) for band in figure.partial] == [
        (day("10-29"), day("10-29"), "3 days")
    ]


def test_a_week_is_a_gap_only_if_all_of_it_is():
    period = span("11-02", "11-15")

    figure = over_time(performance(group(days=daily([day("11-03")])), period=period, weekly=True))

    assert figure.values == [10, None]


def test_ratios_of_a_week_come_from_its_sums():
    days = {day("11-02"): totals("10", value="10"), day("11-03"): totals("90", value="390")}

    figure = over_time(performance(group(days=days), period=WEEK, weekly=True, metric="roas"))

    assert figure.values == [4]


# --- days that are not over ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weekly", "over_until", "band"),
    [
        (False, "11-14", ("11-15", "11-15", "today")),
        (False, "11-13", ("11-14", "11-15", "not over yet")),
        (True, "11-14", ("11-09", "11-09", "this week")),
        (True, "11-07", ("11-02", "11-09", "not over yet")),
    ],
)
def test_what_is_not_over_is_marked(weekly, over_until, band):
    period = span("11-02", "11-15")
    complete = Period(period.since, day(over_until))

    figure = over_time(
        performance(group(days=daily(period)), period=period, complete=complete, weekly=weekly)
    )

    assert [(one.since, one.until, one.text) for one in figure.partial] == [
        (day(band[0]), day(band[1]), band[2])
    ]


def test_nothing_is_marked_when_all_is_over():
    assert over_time(performance(group(days=daily(WEEK)), period=WEEK)).partial == []


def test_too_few_points_are_told_side_by_side():
    euro = group(days=daily([day("11-03")]), days_before=daily([day("11-02")], "8"))
    yen = group(days={}, currency="JPY")
    page = performance(euro, yen, period=span("11-03", "11-03"))

    table = charts.few_points(page, over_time(page))

    assert table.heads == ["", "Tue 3 Nov 2026", "Mon 2 Nov 2026"]
    assert table.rows == [("EUR, 1 account", ["€10.00", "€8.00"]), ("JPY, 1 account", ["–", "–"])]


def test_nobody_to_draw_draws_nothing():
    page = performance(period=WEEK)

    assert over_time(page).is_empty
    assert ranked(page).is_empty


# --- ranking -------------------------------------------------------------------------------------


def test_purchases_are_ranked_where_currencies_stand_side_by_side():
    euro, yen = unsaved(), unsaved(currency="JPY")
    page = performance(
        group(row(euro, figures=compared(totals(purchases="3"))), row(euro, objective="OUTCOME_LEADS")),
        group(row(yen, figures=compared(totals(purchases="2"))), currency="JPY"),
    )

    figure = ranked(page)

    assert (figure.name, figure.rows, figure.values) == ("Purchases", ["Sales", "Leads"], [5, 1])
    assert [column.head for column in figure.columns] == ["Purch.", "CTR"]
    assert figure.before is None


def test_money_is_ranked_inside_one_currency():
    shop = unsaved()
    page = performance(
        group(
            row(shop, figures=compared(totals("5"), before=totals("4"))),
            row(shop, objective="LINK_CLICKS", figures=compared(totals("7"), before=totals("9"))),
        ),
        period=WEEK,
    )

    figure = ranked(page)

    assert (figure.name, figure.rows, figure.values) == ("Spend", ["Link clicks", "Sales"], [7, 5])
    assert (figure.before.values, figure.before.name) == ([9, 4], "26 Oct – 1 Nov")
    assert figure.columns[0].text == ["€7.00", "€5.00"]


def test_what_ended_is_ranked_with_nothing_now_and_something_before():
    shop = unsaved()
    ended = row(shop, objective="OUTCOME_LEADS", figures=compared(NOTHING, before=totals("9")))

    figure = ranked(performance(group(row(shop, figures=compared(before=totals())), ended)))

    assert (figure.rows, figure.values, figure.before.values) == (["Sales", "Leads"], [10, 0], [10, 9])


@pytest.mark.parametrize(("many", "last"), [(8, "Objective 8"), (9, "Objective 9"), (10, "Other (2)")])
def test_the_rest_is_added_up_when_there_are_too_many(many, last):
    shop = unsaved()
    rows = [
        row(shop, objective=f"OUTCOME_OBJECTIVE_{n + 1}", figures=compared(totals(str(100 - n))))
        for n in range(many)
    ]

    figure = ranked(performance(group(*rows)))

    assert len(figure.rows) == min(many, 9)
    assert figure.rows[-1] == last
    assert sum(figure.values) == sum(100 - n for n in range(many))


def test_accounts_of_the_same_name_are_told_apart():
    first, second = unsaved("Shop"), unsaved("Shop")
    page = performance(group(row(first), row(second), row(first)), by="account")

    figure = ranked(page)

    assert figure.rows == [f"Shop …{first.meta_id[-4:]}", f"Shop …{second.meta_id[-4:]}"]
    assert figure.values == [20, 10]


@pytest.mark.parametrize(
    ("objective", "name"),
    [
        ("OUTCOME_SALES", "Sales"),
        ("OUTCOME_APP_PROMOTION", "App promotion"),
        ("LINK_CLICKS", "Link clicks"),
        ("", "Not listed"),
    ],
)
def test_objectives_have_names(objective, name):
    assert charts.objective_name(objective) == name


def test_a_long_period_stays_one_axis():
    period = Period.ending(day("11-22"), 364)

    figure = over_time(performance(group(days=daily(period)), period=period))

    assert len(figure.values) == 364
    assert figure.days[1] - figure.days[0] == timedelta(days=1)
