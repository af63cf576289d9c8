"""One change of a market, on its way from a source to the matching and the screen."""

from __future__ import annotations

from typing import NamedTuple

from app.domain.ids import InstrumentKey

NAN = float("nan")


class Tick(NamedTuple):
    """A trade, a new quote or both: the trade met the quote that stood before.

    NaN in `price` means no trade, NaN in `bid` and `ask` that the quote stands. `at_s` is the
    market's own time in UTC epoch seconds; `reopens` marks the first tick after a gap.
    """

    key: InstrumentKey
    at_s: float
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    price: float = NAN
    size: float = NAN
    aggressor: int = 0
    reopens: bool = False
