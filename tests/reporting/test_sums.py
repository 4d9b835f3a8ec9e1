"""The daily check: do the parts add up to the whole, and how much does a day still grow?"""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import F, Sum

from apps.reporting import growth, ledger, sets, sums, sync
from apps.reporting.models import Coverage, Insight
from apps.reporting.store import Window

pytestmark = [pytest.mark.django_db, pytest.mark.services]

TODAY = date(2026, 11, 23)
OLD = date(2026, 9, 10)


@pytest.fixture
def account(make_account, sandbox):
    return make_account("Fjäll")


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def fetch(account, since, until, levels=("account", "campaign"), **options) -> None:
    (run,) = sync.request([account], "command", since=since, until=until, levels=levels, **options)
    assert sync.perform(run.pk).state == "done"


def spoil(account, day, breakdown="", **changes) -> Insight:
    """Change one stored row of a campaign, as if Meta had told it otherwise."""
    row = Insight.objects.filter(account=account, level="campaign", day=day, breakdown=breakdown).first()
    Insight.objects.filter(pk=row.pk).update(**changes)
    return row


def state_of(account, day, level="campaign", breakdown=""):
    return Coverage.objects.get(account=account, level=level, breakdown=breakdown, day=day)


def purchases(account, day, breakdown=""):
    rows = Insight.objects.filter(account=account, level="campaign", day=day, breakdown=breakdown)
    return rows.aggregate(Sum("purchases"))["purchases__sum"] or 0


def test_numbers_that_add_up_leave_the_ledger_as_it_is(account):
    fetch(account, days_ago(3), TODAY, ["account", "campaign", "adset", "ad"])

    assert sums.check(account, days_ago(3), TODAY) == []
    assert set(Coverage.objects.values_list("state", "note")) == {("complete", "")}


def test_a_difference_is_written_down_with_the_metric_and_both_amounts(account):
    fetch(account, OLD, OLD)
    spoil(account, OLD, impressions=F("impressions") + 100)

    (difference,) = sums.check(account, OLD, OLD)

    row = state_of(account, OLD)
    assert (difference.metric, difference.of_parts - difference.of_whole) == ("impressions", 100)
    assert row.state == "partial"
    assert f"campaigns add up to {difference.of_parts}" in row.reason
    (gap,) = ledger.gaps([account], OLD, OLD, {account.pk: sets.HOURLY})
    assert gap.state == "partial"


def test_rounding_row_by_row_is_no_difference(account):
    fetch(account, OLD, OLD)
    spoil(account, OLD, spend=F("spend") + Decimal("0.005"))

    assert sums.check(account, OLD, OLD) == []


def test_a_day_that_still_changes_and_was_fetched_at_two_times_is_only_noted(account, clock):
    day = days_ago(3)
    fetch(account, day, day, ["account"])
    clock.advance(600)
    fetch(account, day, day, ["campaign"])
    spoil(account, day, clicks=F("clicks") + 7)

    (difference,) = sums.check(account, day, day)

    row = state_of(account, day)
    assert difference.settling
    assert row.state == "complete"
    assert "fetched at different times" in row.note
    assert ledger.gaps([account], day, day, {account.pk: sets.HOURLY}) == []


def test_a_difference_in_what_was_fetched_together_is_an_error_however_young_the_day(account):
    day = days_ago(3)
    fetch(account, day, day)
    spoil(account, day, clicks=F("clicks") + 7)

    (difference,) = sums.check(account, day, day)

    assert not difference.settling
    assert state_of(account, day).state == "partial"


def test_what_adds_up_again_is_taken_back(account):
    fetch(account, OLD, OLD)
    row = spoil(account, OLD, clicks=F("clicks") + 7)
    sums.check(account, OLD, OLD)
    Insight.objects.filter(pk=row.pk).update(clicks=F("clicks") - 7)

    sums.check(account, OLD, OLD)

    assert (state_of(account, OLD).state, state_of(account, OLD).reason, state_of(account, OLD).note) == (
        "complete", "", "",
    )  # fmt: skip


def test_days_of_which_only_one_side_is_stored_are_not_compared(account):
    fetch(account, OLD, OLD, ["account"])

    assert sums.check(account, OLD, OLD) == []


def test_what_is_known_to_be_partial_stays_so(account):
    fetch(account, OLD, OLD)
    ledger.partial(account, Window("campaign", OLD, OLD), "Campaign 7 is left out.")
    spoil(account, OLD, clicks=F("clicks") + 7)

    sums.check(account, OLD, OLD)

    assert state_of(account, OLD).reason == "Campaign 7 is left out."


def test_a_whole_that_is_known_to_lack_something_is_no_measure(account):
    fetch(account, OLD, OLD)
    ledger.partial(account, Window("account", OLD, OLD), "Clicks did not come.")
    Insight.objects.filter(account=account, level="account", day=OLD).update(clicks=0)

    assert sums.check(account, OLD, OLD) == []
    assert state_of(account, OLD).state == "complete"


# --- breakdowns ----------------------------------------------------------------------------------

HOURS = "hourly_stats_aggregated_by_advertiser_time_zone"


def test_every_breakdown_that_is_kept_adds_up_to_the_whole_of_its_level(account):
    kept = [one.breakdown for one in sets.NIGHTLY if one.breakdown]
    fetch(account, OLD, OLD + timedelta(days=1), ["campaign"], breakdowns=kept)
    assert purchases(account, OLD) > 0

    assert sums.check(account, OLD, OLD + timedelta(days=1)) == []
    assert set(Coverage.objects.values_list("state", "note")) == {("complete", "")}


def test_a_breakdown_that_differs_says_so_in_its_own_place(account):
    fetch(account, OLD, OLD, ["campaign"], breakdowns=["age,gender", "country"])
    spoil(account, OLD, "age,gender", spend=F("spend") + 5)

    (difference,) = sums.check(account, OLD, OLD)

    assert (difference.metric, difference.parts.breakdown) == ("spend", "age,gender")
    assert state_of(account, OLD, breakdown="age,gender").reason == (
        f"Spend: campaigns by age and gender add up to {difference.of_parts}, campaigns to {difference.of_whole}."
    )
    assert {state_of(account, OLD, breakdown=other).state for other in ("", "country")} == {"complete"}


def test_an_account_by_country_is_compared_with_the_account(account):
    fetch(account, OLD, OLD, ["account"], breakdowns=["country"])
    Insight.objects.filter(account=account, breakdown="country", day=OLD).delete()

    found = sums.check(account, OLD, OLD)

    assert {one.metric for one in found} >= {"impressions", "clicks", "spend"}
    assert "account by country add up to 0, the account's own number is" in found[0].sentence


@pytest.mark.parametrize("breakdown", ["region", HOURS])
def test_purchases_that_meta_leaves_out_are_not_missed_but_everything_else_is(account, breakdown):
    fetch(account, OLD, OLD, ["campaign"], breakdowns=[breakdown])
    assert purchases(account, OLD, breakdown) < purchases(account, OLD)
    assert sums.check(account, OLD, OLD) == []

    spoil(account, OLD, breakdown, clicks=F("clicks") + 7)

    assert [one.metric for one in sums.check(account, OLD, OLD)] == ["clicks"]


def test_a_breakdown_that_stays_empty_for_want_of_an_opt_in_is_no_difference(account, sandbox):
    sandbox.set_account(account.act_id, gated_breakdowns=True)
    fetch(account, OLD, OLD, ["campaign"], breakdowns=["impression_device"])
    assert not Insight.objects.filter(breakdown="impression_device").exists()

    assert sums.check(account, OLD, OLD) == []


def test_a_breakdown_fetched_before_meta_restated_the_day_is_only_noted_and_taken_back(
    account, sandbox, clock
):
    day = days_ago(3)
    fetch(account, day, day, ["campaign"], breakdowns=["country"])
    sandbox.restate(account.act_id, day.isoformat(), spend_percent=10)
    clock.advance(3600)
    fetch(account, day, day, ["campaign"])

    assert {one.settling for one in sums.check(account, day, day)} == {True}
    assert state_of(account, day, breakdown="country").state == "complete"
    assert "fetched at different times" in state_of(account, day, breakdown="country").note

    fetch(account, day, day, ["campaign"], breakdowns=["country"])

    assert sums.check(account, day, day) == []
    assert state_of(account, day, breakdown="country").note == ""


# --- growth --------------------------------------------------------------------------------------


def first_seen(account, day, *, later: int, spend: str, first: str) -> None:
    Insight.objects.create(
        account=account, day=day, level="account", object_id=account.meta_id, currency="EUR",
        spend=Decimal(spend), first_spend=Decimal(first),
        first_at=f"{day + timedelta(days=later)}T12:00:00Z",
    )  # fmt: skip


def test_growth_is_the_median_of_settled_days_by_the_age_at_which_they_were_first_fetched(account):
    for n, spend in enumerate(["101", "102", "110", "120", "300"]):
        first_seen(account, OLD + timedelta(days=n), later=0, spend=spend, first="100")
        first_seen(account, OLD - timedelta(days=n + 1), later=1, spend="101", first="100")
    first_seen(account, days_ago(5), later=0, spend="900", first="100")  # may still change

    found = growth.usual([account])

    assert [(one.age, one.days, one.spend, one.purchases) for one in found] == [
        ("on the day itself", 5, Decimal("0.1"), None),
        ("a day later", 5, Decimal("0.01"), None),
    ]
    assert found[0].words == "fetched on the day itself by 10.0% in spend"


def test_growth_says_nothing_of_too_few_days_or_of_days_that_were_filled_in_later(account):
    first_seen(account, OLD, later=0, spend="101", first="100")
    for n in range(9):
        first_seen(account, OLD - timedelta(days=n + 1), later=60, spend="100", first="100")

    assert growth.usual([account]) == []


def test_the_first_value_of_a_day_stays_when_meta_restates_it(account, sandbox, clock):
    fetch(account, TODAY, TODAY)
    first = Insight.objects.get(account=account, level="account", day=TODAY)
    clock.advance(6 * 3600)

    fetch(account, TODAY, TODAY)

    now = Insight.objects.get(account=account, level="account", day=TODAY)
    assert now.spend > first.spend
    assert (now.first_spend, now.first_impressions) == (first.spend, first.impressions)


def test_the_performance_page_says_how_much_a_day_usually_grows_once_there_is_something_to_tell(
    account, admin, signed_in
):
    fetch(account, days_ago(27), TODAY)
    browser, address = signed_in(admin), f"/performance/?accounts={account.act_id}"
    assert "a day usually grew" not in browser.get(address).content.decode()
    for n in range(5):
        first_seen(account, OLD + timedelta(days=n), later=0, spend="118", first="100")

    page = browser.get(address).content.decode()

    assert "a day usually grew: fetched on the day itself by 18.0% in spend." in page
