"""The watchlist's rows and columns: a symbol at one connection and its newest quote."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.ids import ConnectionId, MarketKey
from app.domain.instrument import Instrument
from app.domain.market import DataKind, Quote
from app.ui import format as fmt
from app.ui.models.columns import Column, Kind, Tint

_KIND_WORDS = {
    DataKind.LIVE: "Live",
    DataKind.DELAYED: "DELAYED",
    DataKind.FROZEN: "FROZEN",
    DataKind.REPLAY: "REPLAY",
    DataKind.SYNTHETIC: "SYNTHETIC",
}
STALE_MARK = "◷"
_STALE_TINT = Tint("muted", 26)


@dataclass(frozen=True, slots=True)
class WatchRow:
    """One watched symbol. `flash` is the direction of the last trade, 0 once the flash is over."""

    connection_id: ConnectionId
    instrument: Instrument
    quote: Quote | None = None
    flash: int = 0

    @property
    def key(self) -> MarketKey:
        """Under which its quotes come."""
        return (self.connection_id, self.instrument.key)

    @property
    def change(self) -> float | None:
        """Last against the previous close, None where either is not known."""
        quote = self.quote
        if quote is None or math.isnan(quote.previous_close) or math.isnan(quote.last):
            return None
        return quote.last - quote.previous_close

    @property
    def change_percent(self) -> float | None:
        """The change in percent of the previous close."""
        change, quote = self.change, self.quote
        if change is None or quote is None or quote.previous_close <= 0:
            return None
        return 100 * change / quote.previous_close


class WatchColumns:
    """Makes the columns; `monotonic` gives the present on the clock of `Quote.received`.

    A quote older than `stale_after_s` is stale: greyed, shaded, and said so in words. `trouble`
    tells why no data comes for a key, empty when nothing is known to be wrong.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        stale_after_s: float,
        trouble: Callable[[MarketKey], str],
    ) -> None:
        self._monotonic, self._stale_after_s = monotonic, stale_after_s
        self._trouble = trouble

    def age_s(self, row: WatchRow) -> float | None:
        """Seconds since the quote was received, None without one."""
        return None if row.quote is None else max(0.0, self._monotonic() - row.quote.received)

    def is_stale(self, row: WatchRow) -> bool:
        """Whether its numbers may no longer be traded on."""
        age = self.age_s(row)
        return age is not None and age > self._stale_after_s

    def columns(self) -> Sequence[Column[WatchRow]]:
        """Every column there is, the ones for a narrow dock first."""
        return (*self._market_columns(), *self._standing_columns(), *self._hidden_columns())

    def _market_columns(self) -> tuple[Column[WatchRow], ...]:
        return (
            Column(
                "symbol",
                "Symbol",
                lambda row: row.instrument.symbol,
                self._symbol,
                sample="BTC-PERP",
                tooltip=self._described,
                tint=self._shade,
                required=True,
            ),
            self._price("last", "Last", "Last trade", lambda q: q.last, tint=self._flash),
            Column(
                "change_percent",
                "Chg %",
                lambda row: row.change_percent,
                lambda row: fmt.percent(row.change_percent),
                Kind.NUMBER,
                sample="+12.34 %",
                hint="Change in percent of the previous close",
                color=lambda row: self._color(row, fmt.direction(row.change_percent)),
                tint=self._shade,
            ),
            self._price(
                "bid", "Bid", "Best bid; a click fills the ticket's price", lambda q: q.bid
            ),
            self._price(
                "ask", "Ask", "Best ask; a click fills the ticket's price", lambda q: q.ask
            ),
            Column(
                "change",
                "Change",
                lambda row: row.change,
                lambda row: fmt.change(row.instrument, row.change),
                Kind.NUMBER,
                sample="+1 234.00",
                hint="Change against the previous close",
                color=lambda row: self._color(row, fmt.direction(row.change)),
                tint=self._shade,
            ),
            self._count("volume", "Volume", "Units traded in the session", lambda q: q.volume),
        )

    def _standing_columns(self) -> tuple[Column[WatchRow], ...]:
        """How fresh the quote is, and where it comes from."""
        return (
            Column(
                "age",
                "Age",
                self.age_s,
                lambda row: fmt.age(self.age_s(row)),
                Kind.NUMBER,
                sample="59 min",
                hint="How long ago the quote arrived",
                color=self._color,
                tint=self._shade,
            ),
            Column(
                "data",
                "Data",
                self._data,
                self._data,
                sample="SYNTHETIC, stale",
                hint="Where the quote comes from: live, delayed, a replay",
                tooltip=lambda row: self._trouble(row.key),
                color=lambda row: self._color(row, _kind_color(row)),
                tint=self._shade,
            ),
        )

    def _hidden_columns(self) -> tuple[Column[WatchRow], ...]:
        """Shown on request."""
        return (
            self._count("bid_size", "Bid size", "Units bid", lambda q: q.bid_size, hidden=True),
            self._count("ask_size", "Ask size", "Units offered", lambda q: q.ask_size, hidden=True),
            self._price(
                "open", "Open", "First trade of the session", lambda q: q.open, hidden=True
            ),
            self._price("high", "High", "Highest trade", lambda q: q.high, hidden=True),
            self._price("low", "Low", "Lowest trade", lambda q: q.low, hidden=True),
            self._price(
                "close", "Prev. close", "Previous close", lambda q: q.previous_close, hidden=True
            ),
            Column(
                "connection",
                "Connection",
                lambda row: row.connection_id,
                lambda row: row.connection_id,
                sample="ib-paper-2",
                hidden=True,
            ),
            Column(
                "description",
                "Description",
                lambda row: row.instrument.description,
                lambda row: row.instrument.description or fmt.UNKNOWN,
                sample="A description of it",
                hidden=True,
            ),
        )

    def _price(
        self,
        column_id: str,
        title: str,
        hint: str,
        value: Callable[[Quote], float],
        *,
        tint: Callable[[WatchRow], Tint | None] | None = None,
        hidden: bool = False,
    ) -> Column[WatchRow]:
        return Column(
            column_id,
            title,
            lambda row: None if row.quote is None else value(row.quote),
            lambda row: fmt.price(row.instrument, None if row.quote is None else value(row.quote)),
            Kind.NUMBER,
            sample="12 345.00",
            hint=hint,
            color=self._color,
            tint=tint or self._shade,
            hidden=hidden,
        )

    def _count(
        self,
        column_id: str,
        title: str,
        hint: str,
        value: Callable[[Quote], float],
        *,
        hidden: bool = False,
    ) -> Column[WatchRow]:
        return Column(
            column_id,
            title,
            lambda row: None if row.quote is None else value(row.quote),
            lambda row: fmt.compact(None if row.quote is None else value(row.quote)),
            Kind.NUMBER,
            sample="123.45M",
            hint=hint,
            color=self._color,
            tint=self._shade,
            hidden=hidden,
        )

    def _symbol(self, row: WatchRow) -> str:
        symbol = row.instrument.symbol
        return f"{STALE_MARK} {symbol}" if self.is_stale(row) else symbol

    def _described(self, row: WatchRow) -> str:
        words = [_described(row), f"data: {self._data(row)}"]
        if self.is_stale(row):
            words.append(f"{STALE_MARK} the quote is {fmt.age(self.age_s(row))} old")
        return "; ".join(words)

    def _data(self, row: WatchRow) -> str:
        if self._trouble(row.key):
            return "⚠ no data"
        if row.quote is None:
            return "no quote"
        words = _KIND_WORDS[row.quote.kind]
        return f"{words}, stale" if self.is_stale(row) else words

    def _color(self, row: WatchRow, fresh: str | None = None) -> str | None:
        return "muted" if row.quote is None or self.is_stale(row) else fresh

    def _shade(self, row: WatchRow) -> Tint | None:
        return _STALE_TINT if self.is_stale(row) else None

    def _flash(self, row: WatchRow) -> Tint | None:
        if row.flash:
            return Tint("up" if row.flash > 0 else "down", 56)
        return self._shade(row)


def _kind_color(row: WatchRow) -> str | None:
    return None if row.quote is None or row.quote.kind is DataKind.LIVE else "warning"


def _described(row: WatchRow) -> str:
    instrument = row.instrument
    parts = [instrument.description or instrument.symbol, instrument.asset_class.value]
    parts += [word for word in (instrument.exchange, instrument.currency) if word]
    if instrument.expiry is not None:
        parts.append(f"expires {instrument.expiry.isoformat()}")
    return ", ".join(parts) + f"; at {row.connection_id}"
