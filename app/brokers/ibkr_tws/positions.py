"""Positions as TWS tells them, and whether the fills we heard of explain them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.naming import Naming
from app.brokers.ibkr_tws.order_map import decimal_of
from app.brokers.ibkr_tws.questions import POSITIONS, Questions
from app.brokers.ibkr_tws.requests import Requests
from app.brokers.ibkr_tws.voice import Voice
from app.domain.ids import AccountId
from app.domain.instrument import Instrument
from app.domain.reports import PositionReport

Place = tuple[str, int]  # account, contract number
_Told = tuple[Any, Decimal, Decimal]  # contract, units, average cost of one contract
# A fill and the position it makes are told one after the other, in either order.
EXPLAIN_S = 1.0


class Positions:
    """Adapter's thread and loop.

    TWS sends every change once it was asked, those of other programs as well. `unexplained` is
    called when no fill that we heard of made one: somebody else has traded.
    """

    def __init__(
        self,
        line: Line,
        requests: Requests,
        questions: Questions,
        naming: Naming,
        voice: Voice,
        is_wanted: Callable[[str], bool],
        unexplained: Callable[[str], None],
    ) -> None:
        self._requests, self._questions = requests, questions
        self._naming, self._voice = naming, voice
        self._is_wanted, self._unexplained = is_wanted, unexplained
        self._now: dict[Place, _Told] = {}
        self._by_fills: dict[Place, Decimal] = {}
        self.on_held: Callable[[Place, Instrument | None], None] = _nobody
        line.on("position", self._on_position)

    async def read(self) -> tuple[PositionReport, ...]:
        """Every position that is not flat. Raises BrokerError."""
        listed: dict[Place, _Told] = dict(await self._questions.positions())
        for place in self._now.keys() - listed.keys():
            self.on_held(place, None)
        self._now = listed
        self._by_fills = {place: told[1] for place, told in listed.items()}
        reports = []
        for place, told in listed.items():
            instrument = await self._naming.of(told[0])
            if instrument is not None and told[1]:
                reports.append(self._report(place, told, instrument))
                self.on_held(place, instrument)
        return tuple(reports)

    def add_fill(self, place: Place, change: Decimal) -> None:
        """A fill was heard of, which changes a position by so much."""
        self._by_fills[place] = self._by_fills.get(place, Decimal(0)) + change

    def _on_position(self, account: str, contract: Any, units: float, cost: float) -> None:
        if not self._is_wanted(account):
            return
        place = (account, contract.conId)
        told = (contract, decimal_of(units) or Decimal(0), decimal_of(cost) or Decimal(0))
        self._requests.add(POSITIONS, (place, told))
        if self._questions.asking[POSITIONS] and self._now.get(place, told) == told:
            return  # a row of the answer, and no news
        self._now[place] = told
        self._naming.then(contract, lambda instrument: self._tell(place, told, instrument))
        if self._by_fills.get(place, Decimal(0)) != told[1]:
            self._voice.after(EXPLAIN_S, lambda: self._explain(place))

    def _tell(self, place: Place, told: _Told, instrument: Instrument) -> None:
        self._voice.say(self._report(place, told, instrument))
        self.on_held(place, instrument if told[1] else None)

    def _explain(self, place: Place) -> None:
        told = self._now.get(place)
        units = Decimal(0) if told is None else told[1]
        if self._by_fills.get(place, Decimal(0)) != units:
            self._by_fills[place] = units
            self._unexplained("a position moved and no fill explains it")

    def _report(self, place: Place, told: _Told, instrument: Instrument) -> PositionReport:
        _, units, cost = told
        return PositionReport(
            connection_id=self._voice.connection_id,
            account_id=AccountId(place[0]),
            instrument=instrument,
            quantity=units,
            average_price=cost / instrument.multiplier if units and cost else None,
            at=self._voice.now(),
        )


def _nobody(place: Place, instrument: Instrument | None) -> None:
    """Nobody follows what is held."""
