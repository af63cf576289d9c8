"""Interactive Brokers behind the port that every broker has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from app.base.errors import BrokerError, Outcome
from app.brokers.base import Broker, BrokerContext, Preview
from app.brokers.ibkr_tws.abilities import CAPABILITIES
from app.brokers.ibkr_tws.session import TwsSession
from app.brokers.ibkr_tws.settings import TwsSettings
from app.domain.bars import BarSeries
from app.domain.capabilities import Capabilities
from app.domain.instrument import Instrument, OptionRight
from app.domain.market import Timeframe
from app.domain.option_chain import OptionChain
from app.domain.order import Order
from app.domain.reports import Snapshot
from app.domain.request import OrderChange, OrderRequest


class TwsBroker(Broker):
    """See brokers.base.Broker. One session with one TWS or IB Gateway."""

    def __init__(self, context: BrokerContext) -> None:
        super().__init__(context)
        self._settings = TwsSettings.of(context.config.settings)
        self._session: TwsSession | None = None

    @property
    def capabilities(self) -> Capabilities:
        """The same for every account; TWS refuses what an account may not."""
        session = self._session
        return CAPABILITIES if session is None else session.trading.capabilities(CAPABILITIES)

    @property
    def session(self) -> TwsSession:
        """What lives while connected. Raises BrokerError NOT_SENT while it does not."""
        if self._session is None:
            raise BrokerError("TWS is not connected", Outcome.NOT_SENT)
        return self._session

    async def connect(self) -> None:
        """Log on to TWS. BrokerError.code: see ibkr_tws.line, and "no-such-account"."""
        if self._session is not None:
            raise BrokerError("TWS is connected already", Outcome.NOT_SENT)
        session = TwsSession(self.context, self._settings)
        try:
            await session.open()
        except BaseException:
            await session.close()
            raise
        self._session = session

    async def disconnect(self) -> None:
        """Log off; TWS keeps the orders."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def snapshot(self) -> Snapshot:
        """Accounts, orders of every client, executions and positions."""
        return await self.session.trading.snapshot()

    async def submit(self, orders: Sequence[Order]) -> None:
        """Number them, write the numbers to disk, send."""
        await self.session.trading.submit(orders)

    async def cancel(self, order: Order) -> None:
        """Ask for a cancel."""
        await self.session.trading.cancel(order)

    async def modify(self, order: Order, change: OrderChange) -> None:
        """Ask for new terms."""
        await self.session.trading.modify(order, change)

    async def cancel_everything(self) -> None:
        """TWS's global cancel: orders of other clients and of TWS itself as well."""
        await self.session.trading.cancel_everything()

    async def preview(self, request: OrderRequest) -> Preview:
        """TWS's what-if."""
        return await self.session.trading.preview(request)

    async def search(self, text: str) -> tuple[Instrument, ...]:
        """Symbols, explicit contracts, coins and pairs."""
        return await self.session.search.find(text)

    async def subscribe(self, instrument: Instrument) -> None:
        """Start quotes and prints."""
        await self.session.market.subscribe(instrument)

    async def unsubscribe(self, instrument: Instrument) -> None:
        """Stop them."""
        await self.session.market.unsubscribe(instrument)

    async def subscribe_depth(self, instrument: Instrument, rows: int) -> None:
        """Start an order book."""
        await self.session.depth.subscribe(instrument, rows)

    async def unsubscribe_depth(self, instrument: Instrument) -> None:
        """Stop it."""
        await self.session.depth.unsubscribe(instrument)

    async def subscribe_bars(self, instrument: Instrument, timeframe: Timeframe) -> None:
        """Start bars that TWS keeps up to date."""
        await self.session.live_bars.subscribe(instrument, timeframe)

    async def unsubscribe_bars(self, instrument: Instrument, timeframe: Timeframe) -> None:
        """Stop them."""
        await self.session.live_bars.unsubscribe(instrument, timeframe)

    async def history(
        self, instrument: Instrument, timeframe: Timeframe, start: datetime, end: datetime
    ) -> BarSeries:
        """Bars of the past, page by page within IBKR's pacing rules."""
        return await self.session.history.history(instrument, timeframe, start, end)

    async def option_chains(self, underlying: Instrument) -> tuple[OptionChain, ...]:
        """Without asking for each contract."""
        return await self.session.options.chains(underlying)

    async def option(
        self, chain: OptionChain, expiry: date, strike: Decimal, right: OptionRight
    ) -> Instrument:
        """One contract of a chain."""
        return await self.session.options.option(chain, expiry, strike, right)
