"""Why market data do not come, in words with the next step; each remark once."""

from __future__ import annotations

from app.base.clock import Clock
from app.base.errors import BrokerError, Outcome
from app.brokers.base import Sink
from app.brokers.ibkr_tws.errors import TABLE, Context, Meaning, judge
from app.domain.ids import ConnectionId
from app.domain.instrument import Instrument
from app.domain.reports import Notice, Severity

# A part of what was asked is not subscribed; the rest comes.
PARTLY = 10090
# What TWS is asked for in vain where delayed data would be shown.
_NOT_DELAYED = frozenset({"live", "frozen"})
_NO_DELAY = ("not available", "n't available")
_GOES_ON = frozenset({Meaning.INFO, Meaning.WARNING, Meaning.DELAYED, Meaning.FEED_OK,
                      Meaning.FEED_BROKEN})  # fmt: skip
HALTS = {1: "is halted", 2: "is halted: its price moved too fast"}


class Refusals:
    """One connection's. `market_data` is the setting of that name. Adapter's thread."""

    def __init__(
        self, connection_id: ConnectionId, sink: Sink, clock: Clock, market_data: str
    ) -> None:
        self._connection_id, self._sink, self._clock = connection_id, sink, clock
        self._market_data = market_data
        self._told: set[tuple[int, str]] = set()

    def judge(
        self, instrument: Instrument, code: int, text: str, *, lines: int, is_on: bool = False
    ) -> BrokerError | None:
        """The error that a subscription ends with; None where data come all the same.

        Outcome REJECTED: TWS has said no. UNKNOWN: the data come when the reason is gone. `lines`
        is how many market data lines are in use here; `is_on`: data came already, and a code that
        nobody knows does not end them.
        """
        verdict = judge(code, Context.SUBSCRIPTION, text)
        meaning = verdict.meaning
        if is_on and code not in TABLE:
            self._remark(instrument, code, verdict.text)
            return None
        if code == PARTLY or meaning in _GOES_ON:
            if verdict.severity is not Severity.INFO or meaning is Meaning.DELAYED:
                self._remark(instrument, code, verdict.text)
            return None
        if meaning is Meaning.COMPETING:
            return BrokerError(verdict.text, Outcome.UNKNOWN, str(code))
        words = verdict.text
        if meaning is Meaning.NO_PERMISSION:
            words += self._way_out(text)
        elif meaning is Meaning.LINES_FULL:
            words += f"; {lines} are in use here"
        elif meaning in (Meaning.NOT_FOUND, Meaning.AMBIGUOUS):
            return BrokerError(words, Outcome.REJECTED, "no-contract")
        return BrokerError(words, Outcome.REJECTED, str(code))

    def tell(self, instrument: Instrument, error: BrokerError) -> None:
        """Data that came end."""
        text = f"no more market data of {instrument.symbol}: {error}"
        self._notice(Severity.WARNING, text, error.code)

    def tell_halt(self, instrument: Instrument, kind: int) -> None:
        """Trading stops, or (0) goes on."""
        words = HALTS.get(kind, "is halted") if kind > 0 else "trades again"
        self._notice(
            Severity.WARNING if kind > 0 else Severity.INFO, f"{instrument.symbol} {words}"
        )

    def _way_out(self, text: str) -> str:
        if self._market_data not in _NOT_DELAYED or any(n in text.lower() for n in _NO_DELAY):
            return ""
        return (
            ". Prices 15 to 20 minutes old are free for most markets: set Market data to delayed in"
            " this connection's settings"
        )

    def _remark(self, instrument: Instrument, code: int, text: str) -> None:
        if (code, instrument.key) not in self._told:
            self._told.add((code, instrument.key))
            self._notice(Severity.INFO, f"{instrument.symbol}: {text}", str(code))

    def _notice(self, severity: Severity, text: str, code: str = "") -> None:
        self._sink.report(Notice(self._connection_id, severity, text, self._clock.now(), code))
