"""Meta's minor units. They differ from ISO 4217, so never use an ISO table.

Source: the Marketing API page "Currency Codes". Insights (`spend`, `cpc`, `action_values`) and the
Conversions API speak major units; budgets, bids, `balance`, `amount_spent` and `spend_cap` speak minor units.
"""

from decimal import Decimal

ZERO_DECIMAL = frozenset({"CLP", "COP", "CRC", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "TWD", "VND"})
"""Currencies whose smallest unit in the API is the whole unit; every other one has hundredths."""


def currency_offset(currency: str) -> int:
    """How many minor units make one major unit: 1 or 100."""
    return 1 if currency.upper() in ZERO_DECIMAL else 100


def major_units(minor: Decimal | int | str, currency: str) -> Decimal:
    """`"1234"` and EUR → `Decimal("12.34")`; `"1234"` and JPY → `Decimal("1234")`."""
    return Decimal(minor) / currency_offset(currency)


def minor_units(major: Decimal | int | str, currency: str) -> int:
    """`"12.34"` and EUR → 1234, as budgets are written. Raises ValueError on a fraction of a minor unit."""
    minor = Decimal(major) * currency_offset(currency)
    if minor != minor.to_integral_value():
        raise ValueError(f"{major} {currency} has more decimals than Meta takes for {currency}.")
    return int(minor)
