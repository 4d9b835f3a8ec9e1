from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ui import formats

D = Decimal
GAP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (D("41204.18"), "EUR", "€41,204.18"),
        (D("2314900"), "JPY", "¥2,314,900"),
        (D("2314900.5"), "JPY", "¥2,314,901"),
        (D("0"), "USD", "$0.00"),
        (D("-12.345"), "GBP", "−£12.35"),
        (D("-0.001"), "GBP", "£0.00"),
        (D("1204.5"), "CHF", f"CHF{GAP}1,204.50"),
        (D("1204.5"), "HUF", f"HUF{GAP}1,205"),
        (D("99"), "BRL", "R$99.00"),
        (D("99.5"), "TWD", "NT$100"),
        (D("5"), "aud", "A$5.00"),
        (None, "EUR", "–"),
        (D("NaN"), "EUR", "–"),
    ],
)
def test_money_follows_metas_table_of_currencies(amount, currency, text):
    assert formats.money(amount, currency) == text


@pytest.mark.parametrize(
    "currency", ["CLP", "COP", "CRC", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "TWD", "VND"]
)
def test_these_currencies_have_no_decimals_at_meta(currency):
    assert formats.decimals(currency) == 0


@pytest.mark.parametrize(
    ("amount", "text"), [(D("87955.85"), "€87,956"), (D("22.92"), "€22.92"), (D("999.99"), "€999.99")]
)
def test_headlines_drop_decimals_from_a_thousand_on(amount, text):
    assert formats.money_whole(amount, "EUR") == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (D("87456"), "EUR", "€87.5k"),
        (D("4380000"), "JPY", "¥4.38M"),
        (D("311234"), "", "311k"),
        (D("22805444"), "", "22.8M"),
        (D("1000"), "", "1k"),
        (D("999499"), "", "999k"),
        (D("999500"), "", "1M"),
        (D("9995"), "", "10k"),
        (D("999"), "", "999"),
        (D("12.34"), "", "12.3"),
        (D("22.92"), "EUR", "€22.92"),
        (D("-1500"), "USD", "−$1.5k"),
        (0, "", "0"),
        (None, "", "–"),
    ],
)
def test_compact_has_three_significant_digits(value, currency, text):
    assert formats.compact(value, currency) == text


@given(st.integers(min_value=0, max_value=10**13))
def test_compact_never_shows_a_thousand_of_a_unit(value):
    text = formats.compact(value).rstrip("kMB")

    assert Decimal(text.replace(",", "")) < 1000 or value >= 10**12


@pytest.mark.parametrize(
    ("value", "text"), [(11153801, "11,153,801"), (0, "0"), (-5, "−5"), (None, "–"), (2.5, "3")]
)
def test_integers_are_grouped(value, text):
    assert formats.integer(value) == text


def test_shares_read_as_percent():
    assert formats.percent(D("0.1364")) == "13.6%"
    assert formats.ctr(D("0.01364")) == "1.36%"
    assert formats.ctr(None) == "–"
    assert formats.roas(D("3.6249")) == "3.62×"
    assert formats.roas(None) == "–"


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (D(110), D(100), "+10.0%"),
        (D(95), D(100), "−5.0%"),
        (D(100), D(100), "0.0%"),
        (D("99.99"), D(100), "0.0%"),
        (D(1400), D(100), "+1,300.0%"),
        (D(5), D(0), "–"),
        (None, D(100), "–"),
        (D(5), None, "–"),
    ],
)
def test_a_change_has_a_sign_and_one_decimal(now, before, text):
    assert formats.change_text(formats.change(now, before)) == text


@pytest.mark.parametrize(
    ("since", "until", "text"),
    [
        (date(2026, 10, 23), date(2026, 11, 19), "23 Oct – 19 Nov 2026"),
        (date(2026, 11, 1), date(2026, 11, 19), "1 – 19 Nov 2026"),
        (date(2025, 12, 28), date(2026, 1, 10), "28 Dec 2025 – 10 Jan 2026"),
        (date(2026, 11, 19), date(2026, 11, 19), "19 Nov 2026"),
    ],
)
def test_a_period_says_once_what_both_ends_share(since, until, text):
    assert formats.period(since, until) == text


def test_a_period_without_its_year_keeps_years_that_differ():
    assert formats.period(date(2026, 10, 23), date(2026, 11, 19), year=False) == "23 Oct – 19 Nov"
    assert formats.period(date(2025, 12, 28), date(2026, 1, 10), year=False) == "28 Dec 2025 – 10 Jan 2026"


@pytest.mark.parametrize(
    ("back", "text"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=6), "6 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(hours=25), "18 Nov, 09:30"),
        (timedelta(days=400), "15 Oct 2025, 10:30"),
        (timedelta(seconds=-20), "in a moment"),
        (timedelta(minutes=-13, seconds=-30), "in 14 min"),
        (timedelta(hours=-3), "in 3 h"),
    ],
)
def test_times_are_relative_within_a_day(back, text):
    now = datetime(2026, 11, 19, 10, 30, tzinfo=UTC)

    assert formats.ago(now - back, now) == text


def test_the_whole_truth_names_the_zone():
    assert formats.moment(datetime(2026, 11, 19, 10, 36, tzinfo=UTC)) == "Thu 19 Nov 2026, 10:36 UTC"


def test_latencies_change_their_unit_at_a_second():
    assert formats.milliseconds(412) == "412 ms"
    assert formats.milliseconds(1210) == "1.21 s"
    assert formats.milliseconds(None) == "–"
