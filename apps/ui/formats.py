"""How numbers, money and times read. Every function takes what the database gives and returns plain text."""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import ceil

from django.utils import timezone

Number = Decimal | int | float

MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EN DASH}"
NARROW_GAP = "\N{NO-BREAK SPACE}"

# Meta counts these in whole units, whatever ISO 4217 says.
ZERO_DECIMALS = frozenset(
    ["CLP", "COP", "CRC", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "TWD", "VND"],
)

# A code that is not here stands before the amount itself: CHF 1,204.50.
SYMBOLS = {
    "AUD": "A$",
    "BRL": "R$",
    "CAD": "CA$",
    "CNY": "CN¥",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
    "ILS": "₪",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "MXN": "MX$",
    "NGN": "₦",
    "NZD": "NZ$",
    "PHP": "₱",
    "SGD": "S$",
    "TWD": "NT$",
    "USD": "$",
    "VND": "₫",
}


def known(value: Number | None) -> Decimal | None:
    """The value as a Decimal; None for what is missing or no number at all."""
    if value is None:
        return None
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    return number if number.is_finite() else None


def rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def signed(value: Decimal, text: str) -> str:
    return f"{MINUS}{text}" if value < 0 else text


def decimal(value: Number | None, places: int = 0) -> str:
    """Grouped, with a fixed number of decimals."""
    number = known(value)
    if number is None:
        return MISSING
    number = rounded(number, places)
    return signed(number, f"{abs(number):,.{places}f}")


def integer(value: Number | None) -> str:
    return decimal(value, 0)


def decimals(currency: str) -> int:
    """How many decimals an amount in this currency has at Meta."""
    return 0 if currency.upper() in ZERO_DECIMALS else 2


def symbol(currency: str) -> str:
    """What stands directly before the amount."""
    code = currency.upper()
    return SYMBOLS.get(code, f"{code}{NARROW_GAP}" if code else "")


def money(amount: Number | None, currency: str, places: int | None = None) -> str:
    number = known(amount)
    if number is None:
        return MISSING
    places = decimals(currency) if places is None else places
    number = rounded(number, places)
    return signed(number, symbol(currency) + decimal(abs(number), places))


def money_whole(amount: Number | None, currency: str) -> str:
    """For headlines: decimals only below a thousand, where they still say something."""
    number = known(amount)
    return money(number, currency, 0 if number is not None and abs(number) >= 1000 else None)


def compact(value: Number | None, currency: str = "") -> str:
    """Three significant digits: 87.5k, €4.38M. Below a thousand the number itself."""
    number = known(value)
    if number is None:
        return MISSING
    size = abs(number)
    for unit, letter in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        # A number that would round up to 1,000 of a unit belongs to the next one.
        if size >= unit * Decimal("0.9995"):
            return signed(number, f"{symbol(currency)}{_three_digits(size / unit)}{letter}")
    if currency:
        return money(number, currency)
    return integer(number) if size >= 100 or number == number.to_integral_value() else decimal(number, 1)


def _three_digits(size: Decimal) -> str:
    places = 2 if size < Decimal("9.995") else 1 if size < Decimal("99.95") else 0
    text = f"{rounded(size, places):,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: Number | None, places: int = 1) -> str:
    """A share of one: 0.136 reads 13.6%."""
    number = known(share)
    return MISSING if number is None else f"{decimal(number * 100, places)}%"


def ctr(share: Number | None) -> str:
    return percent(share, 2)


def roas(ratio: Number | None) -> str:
    return MISSING if known(ratio) is None else f"{decimal(ratio, 2)}×"


def change(now: Number | None, before: Number | None) -> Decimal | None:
    """The relative change, a share of one. None when there is nothing to compare with."""
    this, that = known(now), known(before)
    if this is None or not that:
        return None
    return this / that - 1


def change_text(share: Number | None) -> str:
    """With a sign and one decimal: +8.5%, −0.7%, 0.0%."""
    number = known(share)
    if number is None:
        return MISSING
    number = rounded(number * 100, 1)
    return f"+{number:,}%" if number > 0 else f"{decimal(number, 1)}%"


def milliseconds(value: Number | None) -> str:
    """412 ms, 1.21 s."""
    number = known(value)
    if number is None:
        return MISSING
    return f"{integer(number)} ms" if number < 1000 else f"{decimal(number / 1000, 2)} s"


def day(value: date, *, year: bool = False, weekday: bool = False) -> str:
    """19 Nov, Thu 19 Nov, 19 Nov 2026."""
    text = f"{value:%a} {value.day} {value:%b}" if weekday else f"{value.day} {value:%b}"
    return f"{text} {value.year}" if year else text


def period(since: date, until: date, *, year: bool = True) -> str:
    """23 Oct – 19 Nov 2026; what both ends share is said once."""
    if since == until:
        return day(since, year=year)
    if (since.year, since.month) == (until.year, until.month):
        return f"{since.day} – {day(until, year=year)}"
    apart = since.year != until.year
    return f"{day(since, year=apart)} – {day(until, year=year or apart)}"


def moment(value: datetime) -> str:
    """The whole truth, for a title: Thu 19 Nov 2026, 10:36 CET."""
    local = timezone.localtime(value)
    return f"{day(local, year=True, weekday=True)}, {local:%H:%M %Z}"


def ago(value: datetime, now: datetime | None = None) -> str:
    """Relative within a day, then the clock: 6 min ago, in 14 min, 8 Jun, 09:14."""
    now = now or timezone.now()
    distance = abs(now - value)
    if distance < timedelta(minutes=1):
        return "just now" if value <= now else "in a moment"
    if distance >= timedelta(hours=24):
        local = timezone.localtime(value)
        return f"{day(local, year=local.year != timezone.localtime(now).year)}, {local:%H:%M}"
    past = value <= now
    minutes = int(distance.total_seconds() // 60) if past else ceil(distance.total_seconds() / 60)
    length = f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"
    return f"{length} ago" if past else f"in {length}"


def clock(value: datetime, now: datetime | None = None) -> str:
    """10:56; with its day where that is another one: 8 Jun, 10:56."""
    local, today = timezone.localtime(value), timezone.localtime(now or timezone.now())
    return f"{local:%H:%M}" if local.date() == today.date() else f"{day(local)}, {local:%H:%M}"


def age(value: datetime, now: datetime | None = None) -> str:
    """6 min, 3 h, 2 d."""
    minutes = max(0, int(((now or timezone.now()) - value).total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"
