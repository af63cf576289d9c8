"""The embedded broker behind the port that every broker has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from app.base.errors import BrokerError, Outcome, StoreError
from app.brokers.base import Broker, BrokerContext, Preview
from app.brokers.paper.abilities import CAPABILITIES
from app.brokers.paper.aggregate import in_timeframe
from app.brokers.paper.config import read_config
from app.brokers.paper.control import Controls
from app.brokers.paper.ledger import is_margined
from app.brokers.paper.replay import Replay
from app.brokers.paper.session import PaperSession
from app.brokers.paper.store import FILE_NAME, PaperStore
from app.domain.bars import BarSeries
from app.domain.capabilities import Capabilities
from app.domain.instrument import Instrument
from app.domain.market import Timeframe
from app.domain.order import Order
from app.domain.reports import Known, Snapshot
from app.domain.request import OrderChange, OrderRequest
from app.domain.session import calendar

_MOST_FOUND = 50


class PaperBroker(Broker):
    """See brokers.base.Broker; what is special is in brokers.paper.control."""

    def __init__(self, context: BrokerContext) -> None:
        super().__init__(context)
        self._config = read_config(context.config.id, context.config.settings)
        self._session: PaperSession | None = None

    @property
    def capabilities(self) -> Capabilities:
        """Without short selling or a transport where the settings have none."""
        config = self._config
        return replace(
            CAPABILITIES,
            short_selling=config.allow_short and config.is_margin,
            replay=self._session is None or isinstance(self._session.opened.source, Replay),
        )

    @property
    def is_connected(self) -> bool:
        """Between connect and disconnect, whether or not the line is up."""
        return self._session is not None

    @property
    def session(self) -> PaperSession:
        """What lives while connected. Raises BrokerError NOT_SENT while it does not."""
        session = self._session
        if session is None:
            raise BrokerError("the paper account is not connected", Outcome.NOT_SENT)
        return session

    async def connect(self) -> None:
        """Open the account's file and its market."""
        if self.context.config.environment != "paper":
            raise BrokerError(
                f"the paper broker has no {self.context.config.environment!r} environment:"
                ' set environment = "paper"',
                Outcome.NOT_SENT,
            )
        if self._session is not None:
            raise BrokerError("the paper account is connected already", Outcome.NOT_SENT)
        store = PaperStore(self.context.data_dir / FILE_NAME)
        session = PaperSession(self.context, self._config, store)
        try:
            await session.start()
        except BaseException:
            session.stop()
            raise
        self._session = session

    async def disconnect(self) -> None:
        """Close the file; the next connect goes on from here."""
        session, self._session = self._session, None
        if session is not None:
            session.stop()

    async def snapshot(self) -> Snapshot:
        """All that the account ever did: absence from it proves that an order never arrived."""
        session, now = self._line(), self.context.clock.now()
        exchange, config = session.exchange, self._config
        exchange.save_drift()
        account = exchange.account
        orders = tuple(order.report(order.updated_at) for order in session.store.all_orders())
        fills = session.store.executions(config.connection_id, account.account_id)
        return Snapshot(
            accounts=Known((exchange.statements.account(now),), now),
            orders=Known(orders, now),
            executions=Known(tuple(fills), now),
            positions=Known(exchange.statements.positions(now), now),
            is_complete_since=account.born_at,
            carries_client_ids=True,
        )

    async def submit(self, orders: Sequence[Order]) -> None:
        """Write them down; they are judged and answered after the latency."""
        session = self._line()
        for order in orders:
            if session.exchange.find(order.client_order_id) is not None:
                raise BrokerError(
                    f"duplicate: order {order.client_order_id} was sent before; that one stands",
                    Outcome.REJECTED,
                    "duplicate",
                )
        try:
            group = session.exchange.receive([order.request for order in orders])
        except StoreError as error:
            session.fail(error)
            raise
        session.later(partial(session.exchange.decide, group))
        if session.faults.take("lose_answer"):
            raise BrokerError("no answer came: the order may or may not have arrived")

    async def cancel(self, order: Order) -> None:
        """Ask for a cancel."""
        session, order_id = self._line(), order.client_order_id
        session.later(partial(session.exchange.cancel, order_id))

    async def modify(self, order: Order, change: OrderChange) -> None:
        """Ask for new terms."""
        session, order_id = self._line(), order.client_order_id
        session.later(partial(session.exchange.modify, order_id, change))

    async def preview(self, request: OrderRequest) -> Preview:
        """Cost, commission and margin at the present price."""
        exchange = self._line().exchange
        draft = exchange.draft(request)
        price = exchange.funds.reference_price(draft)
        if price is None:
            return Preview(None, None, None, None, "no price is known yet")
        instrument, quantity = request.instrument, request.quantity
        need = exchange.margin.requirement(instrument, quantity, price)
        paid = not is_margined(instrument)
        refused = exchange.refusal(request)
        return Preview(
            cost=instrument.notional(price, quantity) if paid else Decimal(0),
            commission=self._config.fees.for_order(instrument, quantity, price),
            initial_margin=need.initial,
            maintenance_margin=need.maintenance,
            text=f"would be rejected: {refused}" if refused else "",
        )

    async def search(self, text: str) -> tuple[Instrument, ...]:
        """Among the instruments of the present market: symbols first, then descriptions.

        Nothing typed means everything there is, in the market's own order.
        """
        wanted = text.strip().upper()
        offered = self._line().opened.source.instruments.values()
        if not wanted:
            return tuple(offered)[:_MOST_FOUND]
        ranked = []
        for instrument in offered:
            place = instrument.symbol.upper().find(wanted)
            if place < 0 and wanted in instrument.description.upper():
                place = 1000
            if place >= 0:
                ranked.append((place, instrument.symbol, instrument))
        return tuple(found for _, _, found in sorted(ranked, key=lambda r: r[:2])[:_MOST_FOUND])

    async def subscribe(self, instrument: Instrument) -> None:
        """Start quotes and prints, the present quote at once."""
        session = self._line()
        self._known(session, instrument)
        session.subscribed.add(instrument.key)
        session.resend_quote(instrument.key)

    async def unsubscribe(self, instrument: Instrument) -> None:
        """Stop them."""
        self._line().subscribed.discard(instrument.key)

    async def history(
        self, instrument: Instrument, timeframe: Timeframe, start: datetime, end: datetime
    ) -> BarSeries:
        """Recorded bars up to the replay's present; the last as far as it has been played."""
        session = self._line()
        known = self._known(session, instrument)
        bars, native_s = session.opened.source.bars(known.key)
        series = in_timeframe(bars, native_s, timeframe, calendar(known.session))
        return series.between(int(start.timestamp()), int(end.timestamp()))

    async def control(self, command: str, **arguments: Any) -> Any:
        """See brokers.paper.control; works while the line is cut."""
        return await Controls(self.session).run(command, arguments)

    def _line(self) -> PaperSession:
        session = self.session
        if session.is_cut:
            raise BrokerError("the line to the paper account is down", Outcome.NOT_SENT)
        return session

    def _known(self, session: PaperSession, instrument: Instrument) -> Instrument:
        known = session.opened.source.instruments.get(instrument.key)
        if known is None:
            raise BrokerError(
                f"the present market data has no {instrument.symbol}: open a file that has",
                Outcome.REJECTED,
            )
        return known
