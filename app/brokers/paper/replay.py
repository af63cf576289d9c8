"""Several recordings played side by side, each on its own dates, by one common clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import numpy as np

from app.base.errors import BrokerError, Outcome
from app.brokers.paper.manifest import ContractMargin, Market
from app.brokers.paper.market_state import DayStats, day_stats
from app.brokers.paper.source import Present
from app.brokers.paper.tape import Tape, TapeSpec
from app.brokers.paper.tick import Tick
from app.domain.bars import BarSeries
from app.domain.ids import InstrumentKey
from app.domain.instrument import Instrument
from app.domain.market import DataKind
from app.domain.session import calendar

SLOWEST, FASTEST = 0.1, 500.0
# Longer pauses of the computer itself (sleep, a debugger) are not played.
MOST_WALL_S = 0.5
_LONG_GAP_S = 1800.0  # shorter jumps are not worth a line in the log


@dataclass
class Transport:
    """What the toolbar's buttons set; kept over a restart. Seconds are counted from the begin."""

    position_s: float = 0.0
    speed: float = 1.0
    paused: bool = False
    loop: bool = False


class Replay:
    """A source that plays recordings. Building it is slow (do it in a thread), the rest is quick.

    Positions are played seconds: 0 is every tape's begin, `start_s` where the last of the
    recordings starts, `end_s` where the first of them ends, so that no instrument stands still.
    """

    kind = DataKind.REPLAY

    def __init__(self, market: Market, transport: Transport, *, seed: int, skip_gaps: bool) -> None:
        self.title, self.skip_gaps, self.transport = market.title, skip_gaps, transport
        self._margins = {entry.instrument.key: entry.margin for entry in market.entries}
        self._tapes: dict[InstrumentKey, Tape] = {
            entry.instrument.key: Tape(
                TapeSpec(entry.instrument, entry.recording, seed, skip_gaps, entry.begin_s)
            )
            for entry in market.entries
        }
        self._lead = next(iter(self._tapes.values()))
        self.instruments: Mapping[InstrumentKey, Instrument] = {
            key: tape.instrument for key, tape in self._tapes.items()
        }
        self.start_s = max(tape.first_s for tape in self._tapes.values())
        self.end_s = min(tape.last_s for tape in self._tapes.values())
        self.generation = 0
        self._notices: list[str] = []
        self._jumps: dict[InstrumentKey, tuple[str, str]] = {}
        self.seek(transport.position_s)

    @property
    def is_moving(self) -> bool:
        """Whether it plays."""
        return not self.transport.paused

    def margin(self, key: InstrumentKey) -> ContractMargin | None:
        """A futures contract's own margin, None where the manifest names none."""
        return self._margins.get(key)

    def advance(self, wall_s: float) -> Sequence[Tick]:
        """Play on for so much wall time at the present speed."""
        if self.transport.paused:
            return ()
        return self.play(min(wall_s, MOST_WALL_S) * self.transport.speed)

    def play(self, seconds: float) -> list[Tick]:
        """Play `seconds` at once, paused or not; at the end begin anew or pause."""
        target = min(self.transport.position_s + seconds, self.end_s)
        found: list[tuple[float, Tick]] = []
        for tape in self._tapes.values():
            found += tape.take_until(target)
            self._note_jump(tape)
        found.sort(key=itemgetter(0))
        self.transport.position_s = target
        if target >= self.end_s:
            self._at_end()
        return [tick for _, tick in found]

    def seek_date(self, at_s: float) -> None:
        """Jump to a date of the first recording, UTC epoch seconds; the others go along."""
        self.seek(self._lead.position_s(at_s))

    def seek(self, position_s: float) -> None:
        """Jump; what lies between is not played. Beyond either end it stops there."""
        self.transport.position_s = min(max(position_s, self.start_s), self.end_s)
        for tape in self._tapes.values():
            tape.seek(self.transport.position_s)
        self.generation += 1

    def set_speed(self, value: float) -> None:
        """Market seconds a wall second. Raises BrokerError beyond what is offered."""
        if not SLOWEST <= value <= FASTEST:
            raise BrokerError(
                f"replay speed must be {SLOWEST:g} to {FASTEST:g}, was {value:g};"
                f" it stays {self.transport.speed:g}",
                Outcome.NOT_SENT,
            )
        self.transport.speed = value

    def set_paused(self, paused: bool) -> None:
        """Pause or play; playing on from the end begins anew."""
        if not paused and self.transport.position_s >= self.end_s:
            self.seek(0.0)
        self.transport.paused = paused

    def market_s(self, key: InstrumentKey) -> float:
        """One recording's own moment, UTC epoch seconds."""
        return self._tapes[key].market_s(self.transport.position_s)

    def present(self, key: InstrumentKey) -> Present:
        """Where one recording stands."""
        tape, position_s = self._tapes[key], self.transport.position_s
        now_s = tape.market_s(position_s)
        bars = tape.bars_before(position_s)
        day = day_stats(bars, now_s, calendar(tape.instrument.session))
        if not tape.has_prints:
            # Nobody traded: a middle of quotes from the past is no last price.
            day = DayStats(previous_close=day.previous_close)
        return Present(now_s, tape.seek(position_s), day, tape.has_prints)

    def bars(self, key: InstrumentKey) -> tuple[BarSeries, int]:
        """What was recorded up to the present, the bar under way as far as it was played."""
        tape = self._tapes[key]
        return tape.bars_before(self.transport.position_s), tape.native_s

    def notices(self) -> Sequence[str]:
        """Jumps over closed hours, ends and new beginnings."""
        found, self._notices = self._notices, []
        return found

    def state(self) -> dict[str, Any]:
        """For the toolbar: see brokers.paper.control."""
        now = {key: _iso(self.market_s(key)) for key in self._tapes}
        lead = self._lead
        return {
            "kind": "replay",
            "title": self.title,
            "date": next(iter(now.values())),
            "dates": now,
            "speed": self.transport.speed,
            "paused": self.transport.paused,
            "loop": self.transport.loop,
            "position_s": lead.market_s(self.transport.position_s),
            "start_s": lead.market_s(self.start_s),
            "end_s": lead.market_s(self.end_s),
            "elapsed_s": self.transport.position_s,
            "skip_gaps": self.skip_gaps,
            "jumps": dict(self._jumps),
        }

    def _at_end(self) -> None:
        if self.transport.loop:
            self._notices.append("The replay reached its end and begins anew")
            self.seek(0.0)
        else:
            self._notices.append("The replay reached its end and is paused")
            self.transport.paused = True

    def _note_jump(self, tape: Tape) -> None:
        if tape.jump is None:
            return
        (before_s, after_s), tape.jump = tape.jump, None
        if not self.skip_gaps:
            return
        self._jumps[tape.key] = (_iso(before_s), _iso(after_s))
        if after_s - before_s >= _LONG_GAP_S:
            self._notices.append(
                f"{tape.instrument.symbol}: nothing was recorded from {_iso(before_s)}"
                f" to {_iso(after_s)}; the replay jumped over it"
            )


def _iso(moment_s: float) -> str:
    return datetime.fromtimestamp(float(np.floor(moment_s)), UTC).isoformat()
