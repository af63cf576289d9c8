"""Where quotes and trades come from: a recording that is replayed, or a generator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.brokers.paper.manifest import ContractMargin
from app.brokers.paper.market_state import DayStats
from app.brokers.paper.tick import Tick
from app.domain.bars import BarSeries
from app.domain.ids import InstrumentKey
from app.domain.instrument import Instrument
from app.domain.market import DataKind


@dataclass(frozen=True, slots=True)
class Present:
    """Where one instrument stands: its market's time, newest tick and day so far."""

    at_s: float
    tick: Tick | None
    day: DayStats
    has_prints: bool = True


class Source(Protocol):
    """A market. Belongs to the adapter's loop once it is built; nothing here blocks."""

    @property
    def kind(self) -> DataKind:
        """What its quotes are called."""
        ...

    @property
    def instruments(self) -> Mapping[InstrumentKey, Instrument]:
        """What may be traded and subscribed."""
        ...

    @property
    def generation(self) -> int:
        """Rises whenever the market jumped, so that nothing may be matched across."""
        ...

    @property
    def is_moving(self) -> bool:
        """Whether the market's time passes."""
        ...

    def margin(self, key: InstrumentKey) -> ContractMargin | None:
        """A futures contract's own margin, None where none was given."""
        ...

    def advance(self, wall_s: float) -> Sequence[Tick]:
        """Let wall time pass; what happened meanwhile, in order."""
        ...

    def present(self, key: InstrumentKey) -> Present:
        """Where one instrument stands."""
        ...

    def market_s(self, key: InstrumentKey) -> float:
        """One market's own time, UTC epoch seconds."""
        ...

    def bars(self, key: InstrumentKey) -> tuple[BarSeries, int]:
        """All bars up to the present, and the seconds of one (0: every tick is a bar)."""
        ...

    def notices(self) -> Sequence[str]:
        """Sentences for the log that came up since the last call."""
        ...

    def state(self) -> dict[str, Any]:
        """For the toolbar: see brokers.paper.control."""
        ...
