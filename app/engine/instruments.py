"""Instruments the desk has met, under the key that is the same at every broker."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from app.base.bus import EventBus
from app.base.errors import BrokerError, Outcome
from app.domain.events import InstrumentFound, OrderChanged, PositionChanged
from app.domain.ids import ConnectionId, InstrumentKey
from app.domain.instrument import Instrument, OptionRight
from app.domain.option_chain import OptionChain
from app.engine.market_port import MarketConnections

SEARCH_TIMEOUT_S = 10.0
CHAINS_TIMEOUT_S = 30.0  # an index has thousands of strikes
_MOST_TEXT = 64


class InstrumentCatalog:
    """Every instrument seen in a search, an order or a position. Engine's loop only."""

    def __init__(self, bus: EventBus, connections: MarketConnections) -> None:
        self._bus, self._connections = bus, connections
        self._known: dict[InstrumentKey, Instrument] = {}
        bus.subscribe(OrderChanged, lambda event: self.remember(event.order.request.instrument))
        bus.subscribe(PositionChanged, lambda event: self.remember(event.position.instrument))

    def known(self, key: InstrumentKey) -> Instrument | None:
        """The instrument as it was met first; None where it was never met."""
        return self._known.get(key)

    def all(self) -> list[Instrument]:
        """Everything met so far, in that order."""
        return list(self._known.values())

    def remember(self, instrument: Instrument) -> None:
        """Note one; a new one is published. Brokers may describe the same thing differently: the
        first description stays."""
        if instrument.key not in self._known:
            self._known[instrument.key] = instrument
            self._bus.publish(InstrumentFound(instrument))

    async def search(self, connection_id: ConnectionId, text: str) -> list[Instrument]:
        """What the broker finds for `text`, best first; empty when there is nothing.

        A broker without a search, or one that is not connected, is answered for by what the desk
        has met. Raises BrokerError where the broker was asked and failed.
        """
        wanted = text.strip()[:_MOST_TEXT]
        if not wanted:
            return []
        if not self._connections.capabilities(connection_id).search:
            return self._met(wanted)
        try:
            found = await self._connections.call(
                connection_id, lambda broker: broker.search(wanted), SEARCH_TIMEOUT_S
            )
        except BrokerError as error:
            if error.outcome is Outcome.NOT_SENT:
                return self._met(wanted)
            raise
        for instrument in found:
            self.remember(instrument)
        return list(found)

    async def option_chains(
        self, connection_id: ConnectionId, underlying: Instrument
    ) -> tuple[OptionChain, ...]:
        """What options a broker lists on `underlying`, the most complete chain first.

        Raises BrokerError where the broker has none to offer or did not answer.
        """
        return await self._connections.call(
            connection_id, lambda broker: broker.option_chains(underlying), CHAINS_TIMEOUT_S
        )

    async def option(
        self,
        connection_id: ConnectionId,
        chain: OptionChain,
        expiry: date,
        strike: Decimal,
        right: OptionRight,
    ) -> Instrument:
        """One option of a chain. Raises BrokerError when no such contract is listed."""
        found = await self._connections.call(
            connection_id,
            lambda broker: broker.option(chain, expiry, strike, right),
            SEARCH_TIMEOUT_S,
        )
        self.remember(found)
        return found

    def _met(self, text: str) -> list[Instrument]:
        """Symbols that begin so first, then whatever has it in symbol or description."""
        wanted = text.casefold()
        ranked: list[tuple[int, str, Instrument]] = []
        for instrument in self._known.values():
            symbol = instrument.symbol.casefold()
            if symbol.startswith(wanted):
                ranked.append((0 if symbol == wanted else 1, symbol, instrument))
            elif wanted in symbol or wanted in instrument.description.casefold():
                ranked.append((2, symbol, instrument))
        return [instrument for *_, instrument in sorted(ranked, key=lambda row: row[:2])]
