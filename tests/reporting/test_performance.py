"""Answers from what is stored: per currency, per campaign, and only complete days are compared."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection

from apps.reporting.answers import answer
from apps.reporting.attribution import Attribution
from apps.reporting.figures import sum_of
from apps.reporting.models import Insight, SyncRun
from apps.reporting.periods import Period

from .factories import (
    BEFORE_28,
    LAST_28,
    NOW,
    TODAY,
    YESTERDAY,
    ad_account,
    campaign,
    day,
    deliver,
    fetched,
    question,
    span,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]

WEEK, WEEK_BEFORE = span("11-09", "11-15"), span("11-02", "11-08")


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def shop():
    account = ad_account()
    fetched(account)
    return account


def ask(*accounts, period=WEEK, **chosen):
    return answer(question(list(accounts), period, **chosen))


def names(found):
    return [row.name for row in found.campaigns]


# --- sums ----------------------------------------------------------------------------------------


def test_days_of_the_period_are_added_up_and_no_others(shop):
    deliver(shop, span("11-08", "11-16"), campaign(shop), spend="10.005", impressions=100, clicks=3)

    found = ask(shop, versus="none")

    totals = found.figures.current
    assert (totals.spend, totals.impressions, totals.clicks) == (Decimal("70.035"), 700, 21)
    assert (totals.purchases, totals.value, totals.rows) == (7, 210, 7)
    assert found.campaigns[0].figures.current == totals
    assert sorted(found.days) == list(WEEK)


def test_rows_of_other_levels_and_breakdowns_are_not_counted(shop):
    deliver(shop, WEEK, campaign(shop))
    for level, breakdown in (("ad", ""), ("adset", ""), ("campaign", "age"), ("account", "age")):
        Insight.objects.create(
            account=shop,
            day=WEEK.since,
            level=level,
            object_id="7",
            breakdown=breakdown,
            currency="EUR",
            spend=99,
        )

    found = ask(shop)

    assert found.figures.current.spend == 70
    assert len(found.campaigns) == 1


def test_currencies_stand_side_by_side_and_only_counts_are_added():
    euro, second, yen = ad_account("A"), ad_account("B"), ad_account("C", "JPY", zone="Asia/Tokyo")
    for account in (euro, second, yen):
        deliver(account, WEEK, campaign(account), spend="100")

    found = ask(yen, euro, second)

    assert [(one.currency, one.figures.current.spend) for one in found.groups] == [
        ("EUR", 1400),
        ("JPY", 700),
    ]
    assert found.side_by_side
    assert (found.figures.current.impressions, found.figures.current.purchases) == (21_000, 21)


def test_one_currency_leaves_the_others_out():
    euro, yen = ad_account("A"), ad_account("C", "JPY")
    for account in (euro, yen):
        deliver(account, WEEK, campaign(account))

    found = ask(euro, yen, currency="JPY")

    assert [one.currency for one in found.groups] == ["JPY"]
    assert [row.account for row in found.campaigns] == [yen]
    assert set(found.freshness) == {yen.pk}
    assert not found.side_by_side


def test_account_rows_are_the_figures_and_campaign_rows_the_table(shop):
    """Meta's own sum may hold what no campaign of ours does."""
    deliver(shop, WEEK, campaign(shop), spend="10")
    Insight.objects.filter(level="account").update(spend=11)

    found = ask(shop)

    assert found.figures.current.spend == 77
    assert found.groups[0].total.current.spend == 70


@pytest.mark.parametrize(
    "chosen", [{"search": "spring"}, {"objective": "OUTCOME_SALES"}, {"delivery": "active"}]
)
def test_campaigns_are_the_figures_when_only_some_count(shop, chosen):
    deliver(shop, WEEK, campaign(shop, "Spring sale"), spend="10")
    deliver(
        shop, WEEK, campaign(shop, "Leads", objective="OUTCOME_LEADS", effective_status="PAUSED"), spend="5"
    )

    found = ask(shop, **chosen)

    assert names(found) == ["Spring sale"]
    assert found.figures.current.spend == found.groups[0].total.current.spend == 70
    assert sum(totals.spend for totals in found.days.values()) == 70
    assert found.objectives == ["OUTCOME_LEADS", "OUTCOME_SALES"]
    assert [state.word for state in found.deliveries] == ["Active", "Paused"]


def test_accounts_and_currencies_without_a_fitting_campaign_are_left_out():
    euro, yen = ad_account("A"), ad_account("C", "JPY")
    deliver(euro, WEEK, campaign(euro, "Spring"))
    deliver(yen, WEEK, campaign(yen, "Autumn"))

    found = ask(euro, yen, search="autumn")

    assert [one.currency for one in found.groups] == ["JPY"]
    assert found.accounts == [yen]
    assert found.accounts_asked == [euro, yen]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("trail", True),
        ("TRAIL", True),
        ("fjäll", True),
        ("11", False),
        ("%", False),
        ("Trail.*", False),
        ("ß", True),
    ],
)
def test_a_search_looks_into_names_and_knows_no_patterns(text, fits):
    account = ad_account("Fjäll & Forst")
    deliver(account, WEEK, campaign(account, "Trail shoes, Größe M"))

    assert bool(ask(account, search=text).campaigns) is fits


def test_a_search_finds_a_whole_id(shop):
    one = campaign(shop)
    deliver(shop, WEEK, one)

    assert names(ask(shop, search=one.meta_id)) == ["Spring"]
    assert names(ask(shop, search=one.meta_id[:-1])) == []


# --- comparison ----------------------------------------------------------------------------------


def test_the_week_is_compared_with_the_week_before(shop):
    one = campaign(shop)
    deliver(shop, WEEK_BEFORE, one, spend="10")
    deliver(shop, WEEK, one, spend="12")

    found = ask(shop)

    assert found.figures.growth("spend") == Decimal("0.2")
    assert found.campaigns[0].figures.roas_growth == Decimal(10) / 12 - 1
    assert found.compared and found.uncompared == []


def test_last_year_has_the_same_weekdays(shop):
    one = campaign(shop)
    fetched(shop, WEEK.shifted(-364))
    deliver(shop, WEEK.shifted(-364), one, spend="10")
    deliver(shop, WEEK_BEFORE, one, spend="1000")
    deliver(shop, WEEK, one, spend="15")

    found = ask(shop, versus="year")

    assert found.spans.versus == span("2025-11-10", "2025-11-16")
    assert found.figures.growth("spend") == Decimal("0.5")
    assert found.campaigns[0].figures.before.spend == 70
    assert sorted(found.days_before) == list(span("2025-11-10", "2025-11-16"))


def test_compared_with_nothing_there_is_no_growth(shop):
    deliver(shop, WEEK_BEFORE, campaign(shop))
    deliver(shop, WEEK, campaign(shop))

    found = ask(shop, versus="none")

    assert found.figures.growth("spend") is None
    assert not found.compared
    assert found.days_before == {}


def test_today_is_shown_and_not_compared(shop):
    one = campaign(shop)
    deliver(shop, BEFORE_28, one, spend="10")
    deliver(shop, Period(LAST_28.since, YESTERDAY), one, spend="10")
    deliver(shop, [TODAY], one, spend="3")

    found = ask(shop, period=LAST_28)

    assert found.spans.complete == Period(LAST_28.since, YESTERDAY)
    assert found.spans.before.length == 27
    assert found.figures.current.spend == 273
    assert found.figures.growth("spend") == 0
    assert found.campaigns[0].figures.current.spend == 273
    assert found.campaigns[0].figures.complete.spend == 270


def test_a_day_is_complete_when_it_is_over_in_every_zone():
    berlin, angeles = ad_account("A"), ad_account("B", zone="America/Los_Angeles")
    for account in (berlin, angeles):
        deliver(account, LAST_28, campaign(account))
    with time_machine.travel("2026-11-24T05:00:00Z", tick=False):  # still the 23rd in Los Angeles
        found = ask(berlin, angeles, period=LAST_28)

    assert found.spans.complete.until == YESTERDAY
    assert found.spans.partial == Period(TODAY, TODAY)


def test_today_alone_has_no_complete_day(shop):
    deliver(shop, [YESTERDAY, TODAY], campaign(shop))

    found = ask(shop, period=Period(TODAY, TODAY))

    assert found.spans.complete is None
    assert found.figures.current.spend == 10
    assert found.figures.growth("spend") is None
    assert names(found) == ["Spring"]


def test_a_campaign_that_ended_counts_where_periods_are_compared_and_is_not_listed(shop):
    deliver(shop, WEEK_BEFORE, campaign(shop, "Summer"), spend="30")
    deliver(shop, WEEK, campaign(shop, "Autumn"), spend="33")

    everything, sales = ask(shop), ask(shop, objective="OUTCOME_SALES")

    for found in (everything, sales):
        assert names(found) == ["Autumn"]
        assert found.figures.growth("spend") == found.groups[0].total.growth("spend") == Decimal("0.1")


# --- days that were never fetched ----------------------------------------------------------------


def test_days_before_that_were_never_fetched_are_not_compared_with():
    """A fresh installation knows 28 days; one day of the 28 before them is no measure."""
    shop = ad_account()
    fetched(shop, Period(LAST_28.since - timedelta(days=1), TODAY))
    deliver(shop, Period(LAST_28.since - timedelta(days=1), TODAY), campaign(shop))

    found = ask(shop, period=LAST_28)

    assert found.figures.growth("spend") is None
    assert found.campaigns[0].figures.roas_growth is None
    assert found.days_before == {}
    assert (found.unfetched, found.uncompared) == ([], [shop])


def test_one_account_without_days_before_stops_the_comparison_of_its_currency_only(shop):
    late, yen = ad_account("Late"), ad_account("Yen", "JPY")
    fetched(late, LAST_28)
    fetched(yen)
    for account in (shop, late, yen):
        deliver(account, Period(BEFORE_28.since, TODAY), campaign(account))

    found = ask(shop, late, yen, period=LAST_28)

    assert {one.currency: one.figures.growth("spend") for one in found.groups} == {"EUR": None, "JPY": 0}
    assert {row.account.name: row.figures.roas_growth for row in found.campaigns} == {
        "Shop": 0,
        "Late": None,
        "Yen": 0,
    }
    assert found.uncompared == [late]
    assert found.figures.growth("purchases") is None


@pytest.mark.parametrize(
    "windows",
    [
        [("11-02", "11-15")],
        [("11-02", "11-05"), ("11-06", "11-15")],
        [("10-01", "11-10"), ("11-04", "11-23")],
    ],
)
def test_windows_that_touch_or_overlap_cover_their_days(windows):
    account = ad_account()
    for window in windows:
        fetched(account, span(*window))

    found = ask(account)

    assert (found.unfetched, found.uncompared) == ([], [])


@pytest.mark.parametrize(
    ("windows", "facts"),
    [
        ([], {}),
        ([("11-09", "11-11"), ("11-13", "11-15")], {}),
        ([("11-10", "11-23")], {}),
        ([("11-02", "11-15")], {"state": SyncRun.State.FAILED}),
        ([("11-02", "11-15")], {"levels": ["ad"]}),
    ],
    ids=["never", "with a gap", "from a later day", "failed", "another level"],
)
def test_an_account_that_lacks_days_is_told(windows, facts):
    account = ad_account()
    for window in windows:
        fetched(account, span(*window), **facts)

    found = ask(account)

    assert (found.unfetched, found.uncompared) == ([account], [])
    assert found.is_unknown


def test_nothing_delivered_is_something_known(shop):
    found = ask(shop)

    assert not found.has_rows
    assert not found.is_unknown


def test_nothing_that_fits_is_not_unknown():
    account = ad_account()
    deliver(account, WEEK, campaign(account))

    assert not ask(account, search="xyz").is_unknown


# --- campaigns -----------------------------------------------------------------------------------


def test_a_campaign_has_what_meta_lists_of_it():
    yen = ad_account("Yen", "JPY")
    deliver(
        yen, WEEK, campaign(yen, "Matcha", daily_budget=5000, lifetime_budget=None, objective="LINK_CLICKS")
    )

    row = ask(yen).campaigns[0]

    assert (row.name, row.objective, row.delivery.word) == ("Matcha", "LINK_CLICKS", "Active")
    assert (row.daily_budget, row.lifetime_budget) == (5000, None)


def test_a_campaign_that_is_not_listed_has_its_last_reported_name(shop):
    deliver(shop, [day("11-09")], name="Old name")
    deliver(shop, [day("11-10")], name="New name")

    row = ask(shop).campaigns[0]

    assert (row.name, row.delivery.word, row.objective) == ("New name", "Not listed", "")
    assert row.figures.current.rows == 2


def test_a_campaign_without_any_name_shows_its_id(shop):
    deliver(shop, WEEK)

    assert names(ask(shop)) == ["999"]


@pytest.mark.parametrize(
    ("status", "word", "kind"), [(2, "Disabled", "crit"), (3, "Unsettled", "crit"), (9, "Active", "ok")]
)
def test_what_the_ad_account_stops_does_not_run(status, word, kind):
    account = ad_account(status=status)
    deliver(account, WEEK, campaign(account))

    state = ask(account).campaigns[0].delivery

    assert (state.word, state.kind) == (word, kind)
    assert ask(account, delivery=state.key).campaigns


@pytest.mark.parametrize(
    ("effective_status", "word", "kind"),
    [
        ("PAUSED", "Paused", "paused"),
        ("WITH_ISSUES", "With issues", "warn"),
        ("NEW_WORD_OF_META", "New word of meta", "info"),
    ],
)
def test_what_is_paused_says_so_and_unknown_words_are_shown(shop, effective_status, word, kind):
    deliver(shop, WEEK, campaign(shop, effective_status=effective_status))

    state = ask(shop).campaigns[0].delivery

    assert (state.word, state.kind) == (word, kind)


def test_orders_put_missing_figures_last_both_ways(shop):
    deliver(shop, WEEK, campaign(shop, "None bought"), purchases="0", value="0")
    deliver(shop, WEEK, campaign(shop, "Dear"), spend="50")
    deliver(shop, WEEK, campaign(shop, "Cheap"), spend="5")

    assert names(ask(shop, sort="cpp")) == ["Dear", "Cheap", "None bought"]
    assert names(ask(shop, sort="cpp", descending=False)) == ["Cheap", "Dear", "None bought"]


def test_ties_are_settled_by_name_both_ways(shop):
    for name in ("b", "C", "a"):
        deliver(shop, WEEK, campaign(shop, name))

    assert (
        names(ask(shop, sort="spend")) == names(ask(shop, sort="spend", descending=False)) == ["a", "b", "C"]
    )
    assert names(ask(shop, sort="name", descending=True)) == ["C", "b", "a"]


def test_budgets_deliveries_and_growth_can_be_ordered_by(shop):
    first, second = campaign(shop, "A", daily_budget=100), campaign(shop, "B", effective_status="PAUSED")
    deliver(shop, WEEK_BEFORE, second, value="10")
    deliver(shop, WEEK, first)
    deliver(shop, WEEK, second)

    assert names(ask(shop, sort="budget", descending=False)) == ["A", "B"]
    assert names(ask(shop, sort="delivery", descending=True)) == ["B", "A"]
    assert names(ask(shop, sort="delta", descending=True)) == ["B", "A"]


# --- attribution ---------------------------------------------------------------------------------

SEEN = {"1d_click": 2, "7d_click": 3, "28d_click": 5, "1d_view": 1}
WORTH = {"1d_click": 20, "7d_click": 30.5, "28d_click": 50, "1d_view": 10}
BY_CLICK, BY_BOTH, BY_EV = (
    Attribution(("7d_click",)),
    Attribution(("7d_click", "1d_view")),
    Attribution(("1d_ev",)),
)


@pytest.mark.parametrize(
    ("chosen", "purchases", "value"), [(BY_CLICK, 21, "213.5"), (BY_BOTH, 28, "283.5"), (BY_EV, 0, "0")]
)
def test_purchases_are_counted_by_the_windows_chosen(shop, chosen, purchases, value):
    deliver(shop, WEEK, campaign(shop), windows=SEEN, value_windows=WORTH)

    found = ask(shop, attribution=chosen, versus="none")

    for totals in (found.figures.current, found.campaigns[0].figures.current, sum_of(found.days.values())):
        assert (totals.purchases, totals.value) == (purchases, Decimal(value))
        assert (totals.spend, totals.impressions) == (70, 7000)
        assert totals.cpp == (Decimal(70) / purchases if purchases else None)
        assert totals.roas == Decimal(value) / 70
    assert found.windowless == []


def test_one_type_is_chosen_for_a_row_and_never_added_to_another(shop):
    deliver(shop, [WEEK.since], campaign(shop))
    Insight.objects.update(
        action_windows={"purchase": {"7d_click": 4, "1d_view": 1}, "omni_purchase": {"7d_click": 6}},
        action_value_windows={"offsite_conversion.fb_pixel_purchase": {"1d_view": 9.5}},
    )

    totals = ask(shop, attribution=BY_BOTH).figures.current

    assert (totals.purchases, totals.value) == (6, Decimal("9.5"))


def test_purchases_are_not_known_where_a_row_was_fetched_without_windows(shop):
    deliver(shop, WEEK, campaign(shop, "With"), windows=SEEN, value_windows=WORTH)
    deliver(shop, [WEEK.until], campaign(shop, "Without"))

    found = ask(shop, attribution=BY_CLICK)

    with_windows, without = (
        row.figures.current for row in sorted(found.campaigns, key=lambda row: -row.figures.current.spend)
    )
    assert with_windows.purchases == 21
    for totals in (without, found.figures.current, found.groups[0].total.current):
        assert (totals.purchases, totals.value, totals.cpp, totals.roas) == (None,) * 4
        assert totals.spend
    assert found.windowless == [WEEK.until]
    assert found.days[WEEK.since].purchases == 3
    assert names(ask(shop, attribution=BY_CLICK, sort="purchases")) == ["With", "Without"]


def test_days_compared_with_that_have_no_windows_are_told_and_not_compared(shop):
    deliver(shop, WEEK_BEFORE, campaign(shop))
    deliver(shop, WEEK, campaign(shop), windows=SEEN, value_windows=WORTH)

    found = ask(shop, attribution=BY_CLICK)

    assert found.windowless == list(WEEK_BEFORE)
    assert found.figures.growth("purchases") is None
    assert found.figures.growth("spend") == 0
    assert ask(shop).windowless == []


def test_different_settings_are_told_while_each_ad_set_counts_by_its_own(shop):
    deliver(shop, WEEK, campaign(shop, "A"), setting="7d_click_1d_view", windows=SEEN, value_windows=WORTH)
    assert ask(shop).settings == ""

    deliver(shop, [WEEK.since], campaign(shop, "B"), setting="1d_click", windows={}, value_windows={})

    told = "Ad sets count purchases by different settings: 7-day click or 1-day view, 1-day click."
    assert ask(shop).settings == told
    assert ask(shop, attribution=BY_CLICK).settings == ""
    assert ask(shop, search="B").settings == ""
    assert ask(shop, period=span("11-10", "11-15")).settings == ""


# --- cost ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"search": "p"},
        {"versus": "year"},
        {"versus": "none"},
        {"attribution": Attribution(("1d_click",))},
    ],
)
def test_more_accounts_and_campaigns_cost_no_more_queries(shop, chosen, count_queries):
    deliver(shop, WEEK, campaign(shop))
    accounts = [shop]
    before = count_queries(lambda: ask(*accounts, **chosen))

    for n in range(5):
        accounts.append(ad_account(f"Shop {n}", "USD"))
        deliver(accounts[-1], WEEK, campaign(accounts[-1], "Spring"))
        deliver(shop, [WEEK.since], campaign(shop, f"Spring {n}"))

    assert count_queries(lambda: ask(*accounts, **chosen)) == before <= 9


def test_no_account_is_no_trouble():
    found = ask()

    assert (found.groups, found.campaigns, found.has_rows) == ([], [], False)


def test_what_is_added_up_is_read_from_the_indexes_alone(shop, django_assert_max_num_queries):
    """A column that is summed but not in them costs a look into the table for each of many thousands of rows."""
    deliver(shop, WEEK, campaign(shop))
    with django_assert_max_num_queries(20) as queries:
        ask(shop)
    sums = [query["sql"] for query in queries.captured_queries if "SUM(" in query["sql"]]

    with connection.cursor() as cursor:
        # The table is tiny: PostgreSQL would rather read all of it.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        plans = [_plan(cursor, sql) for sql in sums]

    assert len(plans) == 2
    assert "Index Only Scan using campaign_days_to_add_up" in plans[0]
    assert "Index Only Scan using account_days_to_add_up" in plans[1]
    assert not any("Index Scan using one_insight" in plan for plan in plans)


def _plan(cursor, sql):
    cursor.execute(f"EXPLAIN {sql}")
    return "\n".join(line for (line,) in cursor.fetchall())
