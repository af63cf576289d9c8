"""How numbers, money and times are written everywhere in the window. Pure functions, no widgets.

What is not known is an em dash, never a zero. A minus is U+2212, as wide as a plus; thousands are
set apart by a narrow space that does not break. A booked Decimal is never rounded out of sight:
digits beyond the tick are shown. Times appear in the trader's zone.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.base.errors import UserError
from app.domain.instrument import Instrument

UNKNOWN = "—"
MINUS = "−"
THIN_SPACE = "\u202f"
UP_ARROW, DOWN_ARROW, FLAT_MARK = "▲", "▼", "•"
# Averages are not on the tick: this many more digits tell two averages apart.
_AVERAGE_DIGITS = 2
_MAX_DIGITS = 10

Number = Decimal | float | int
_WRITTEN = str.maketrans({",": THIN_SPACE, "-": MINUS})


class _Zone:
    """The trader's zone; None is the computer's own."""

    current: tzinfo | None = None


def is_known(value: Number | None) -> bool:
    """Whether there is a finite number to show."""
    return value is not None and math.isfinite(value)


def number(value: Number | None, decimals: int = 0, *, signed: bool = False) -> str:
    """`value` with a fixed count of decimals; `signed` writes the plus too."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{value:,.{decimals}f}"
    if text.startswith("-") and not text.strip("-0.,"):
        text = text[1:]  # a rounded nothing has no sign
    if signed and value > 0 and text.strip("0.,"):
        text = "+" + text
    return text.translate(_WRITTEN)


def price(instrument: Instrument, value: Number | None) -> str:
    """A price with the tick's decimals; a Decimal off the tick keeps its own digits."""
    return number(value, _digits(value, _decimals(instrument.tick_size)))


def average_price(instrument: Instrument, value: Number | None) -> str:
    """An average of fills: two digits more than the tick, left away where they are zero."""
    least = _decimals(instrument.tick_size)
    text = number(value, least + _AVERAGE_DIGITS)
    return text.removesuffix("0" * _AVERAGE_DIGITS) if least and text != UNKNOWN else text


def quantity(instrument: Instrument, value: Number | None, *, signed: bool = False) -> str:
    """Units with the step's decimals; a Decimal off the step keeps its own digits."""
    return number(value, _digits(value, _decimals(instrument.quantity_step)), signed=signed)


def change(instrument: Instrument, value: Number | None) -> str:
    """A difference of prices, with its sign."""
    return number(value, _decimals(instrument.tick_size), signed=True)


def percent(value: Number | None, decimals: int = 2) -> str:
    """`value` in percent (1 is one percent), with its sign."""
    text = number(value, decimals, signed=True)
    return text if text == UNKNOWN else f"{text}{THIN_SPACE}%"


def money(value: Number | None, currency: str = "", *, signed: bool = False) -> str:
    """An amount with two decimals (none for yen and won) and its currency when one is given."""
    decimals = 0 if currency in {"JPY", "KRW"} else 2
    text = number(value, decimals, signed=signed)
    return text if text == UNKNOWN or not currency else f"{text}{THIN_SPACE}{currency}"


def profit(value: Number | None, currency: str = "") -> str:
    """Money gained or lost, with its sign."""
    return money(value, currency, signed=True)


def compact(value: Number | None) -> str:
    """A large count in few characters: 950, 12.3K, 4.56M, 1.20B."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    amount = float(value)
    for unit, size in (("B", 1e9), ("M", 1e6), ("K", 1e4)):
        if abs(amount) >= size:
            scaled = amount / (1e3 if unit == "K" else size)
            return number(scaled, 1 if unit == "K" or abs(scaled) >= 100 else 2) + unit
    return number(amount, 0 if amount == int(amount) else 2)


def arrow(value: Number | None) -> str:
    """Up, down or flat as a shape, for those to whom colour says nothing."""
    if value is None or not math.isfinite(value):
        return ""
    return UP_ARROW if value > 0 else DOWN_ARROW if value < 0 else FLAT_MARK


def direction(value: Number | None) -> str | None:
    """The theme's colour word for a gain or a loss, None for neither."""
    if value is None or not math.isfinite(value) or value == 0:
        return None
    return "up" if value > 0 else "down"


def age(seconds: float | None) -> str:
    """How long ago, in the largest unit that says enough: 4 s, 12 min, 3 h, 5 d."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    whole = max(0, int(seconds))
    for unit, size, limit in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 172_800)):
        if whole < limit:
            return f"{whole // size}{THIN_SPACE}{unit}"
    return f"{whole // 86400}{THIN_SPACE}d"


def duration(seconds: float | None) -> str:
    """A span of time: 850 ms, 2.4 s, 3:05, 1:02:03."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    if abs(seconds) < 1:
        return f"{number(seconds * 1000)}{THIN_SPACE}ms"
    if abs(seconds) < 60:
        return f"{number(seconds, 1)}{THIN_SPACE}s"
    minutes, rest = divmod(int(abs(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    sign = MINUS if seconds < 0 else ""
    return f"{sign}{hours}:{minutes:02}:{rest:02}" if hours else f"{sign}{minutes}:{rest:02}"


def zone_of(name: str) -> tzinfo | None:
    """The zone behind a setting: "local" is the computer's own (None). Raises UserError."""
    if name in {"", "local"}:
        return None
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError(
            f"time zone {name!r} is not known; use local, UTC or a name such as Europe/Berlin"
        ) from None


def use_zone(name: str) -> None:
    """Write all times in this zone from now on. GUI thread. Raises UserError, changes nothing."""
    _Zone.current = zone_of(name)


def in_zone(at: datetime) -> datetime:
    """An aware moment in the trader's zone."""
    return at.astimezone(_Zone.current)


def clock_time(at: datetime | None, *, millis: bool = False) -> str:
    """Hours, minutes and seconds in the trader's zone."""
    if at is None:
        return UNKNOWN
    local = in_zone(at)
    text = f"{local:%H:%M:%S}"
    return f"{text}.{local.microsecond // 1000:03}" if millis else text


def day_time(at: datetime | None, now: datetime | None = None) -> str:
    """The time alone for today, month and day with it this year, the full date before that."""
    if at is None:
        return UNKNOWN
    today = in_zone(now or datetime.now(UTC)).date()
    local = in_zone(at)
    if local.date() == today:
        return f"{local:%H:%M:%S}"
    return f"{local:%m-%d %H:%M:%S}" if local.year == today.year else f"{local:%Y-%m-%d %H:%M}"


def date_time(at: datetime | None, *, millis: bool = False) -> str:
    """Date, time and zone: the full text for tooltips and histories."""
    if at is None:
        return UNKNOWN
    local = in_zone(at)
    return f"{local:%Y-%m-%d} {clock_time(at, millis=millis)} {local.tzname() or ''}".rstrip()


@cache
def _decimals(step: Decimal) -> int:
    """Instrument.price_decimals, remembered: it is asked for in every painted cell."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -int(exponent))


def _digits(value: Number | None, least: int) -> int:
    if not isinstance(value, Decimal) or not value.is_finite():
        return least
    exponent = value.normalize().as_tuple().exponent
    return min(_MAX_DIGITS, max(least, -int(exponent)))
