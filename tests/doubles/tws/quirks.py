"""The ways in which TWS, or the line to it, misbehaves about one order."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Quirk(Enum):
    """Each is drawn, or set, when an order arrives as new, and stays with it."""

    DROP_BEFORE_ACCEPT = "the line breaks and the order was never seen"
    DROP_AFTER_ACCEPT = "the order is taken and the line breaks before a word about it"
    REJECT = "201 instead of acceptance"
    TIF_PRESET = "10349 about the order that is live"
    NO_SUBMITTED = "no word between the placing and the fill"
    STATUS_BEFORE_EXECUTION = "Filled first, its execution later"
    DUPLICATE_EXECUTION = "every execution and its commission twice"
    CORRECTED_EXECUTION = "every execution is corrected a moment later"
    STALE_SUBMITTED = "Submitted once more after Filled"
    WARNING_AFTER_FILLED = "399 after Filled"
    REJECT_MODIFY = "201 to a change; the order lives on as it was"
    CANCEL_RACE = "filled while the cancel was on its way: 10148"
    PARTIAL_FILLS = "executed in three pieces"
    DUPLICATE_STATUS = "every status twice"
    LATE_ANSWER = "the acknowledgement comes 200 ms late"
    # Not about the order, but about the line, at the moment the order comes.
    LINE_CUT = "every line breaks a moment later"
    HALF_OPEN = "silence for a while, then the line breaks"
    IBKR_LOST_KEPT = "1100, later 1102"
    IBKR_LOST = "1100, later 1101"
    RESTART = "the nightly restart"
    GARBAGE = "a message that nobody can read"
    SPLIT = "everything in pieces for a while"


LINE_QUIRKS = frozenset(list(Quirk)[list(Quirk).index(Quirk.LINE_CUT) :])


@dataclass
class FaultPlan:
    """Quirks by chance: for each new order every one with its own rate, from one seed."""

    seed: int
    rates: Mapping[Quirk, float]
    drawn: dict[Quirk, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    @classmethod
    def everything(cls, seed: int, rate: float = 0.03, line_rate: float = 0.004) -> FaultPlan:
        """Every quirk there is, those of the line more rarely."""
        rates = {quirk: line_rate if quirk in LINE_QUIRKS else rate for quirk in Quirk}
        rates[Quirk.DROP_BEFORE_ACCEPT] = rates[Quirk.DROP_AFTER_ACCEPT] = 2 * line_rate
        return cls(seed, rates)

    def draw(self) -> frozenset[Quirk]:
        """The quirks of the next order."""
        drawn = frozenset(q for q, rate in self.rates.items() if self._random.random() < rate)
        for quirk in drawn:
            self.drawn[quirk] = self.drawn.get(quirk, 0) + 1
        return drawn
