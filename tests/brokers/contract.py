"""What every broker must do, whichever it is: one suite against the port.

A broker's tests subclass BrokerContract and give it a `driver` fixture: the adapter, connected to
a double of the broker (for the embedded one: to itself), and the few things a test must be able to
make happen at the broker's end. Everything else goes through the port.

The suite also keeps an OrderBook as the engine does, moved by the adapter's reports alone: a
sequence of reports that the order table does not allow fails the test.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from app.base.errors import BrokerError, Outcome
from app.domain import order_events as ev
from app.domain.groups import bracket, oco
from app.domain.market import Timeframe
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.domain.order_types import OrderStatus, OrderType, Side, TimeInForce
from app.domain.reports import (
    CancelRefused,
    ExecutionReport,
    HealthReport,
    Light,
    OrderReport,
    PositionReport,
    ReplaceRefused,
)
from app.domain.request import OrderChange, OrderRequest
from tests.brokers.driving import BrokerDriver, known, refusal_of, submitted

S = OrderStatus
T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]


class BrokerContract:
    """Subclass it, name the class Test..., and give it a `driver` fixture."""

    @pytest.fixture
    def driver(self) -> BrokerDriver:
        """To be overridden."""
        raise AssertionError("a broker's tests give the contract a driver")

    def test_connecting_lights_transport_and_authentication(
        self, driver: BrokerDriver, run: Run[None]
    ) -> None:
        async def scene() -> None:
            await driver.open()
            await driver.settle()
            health = driver.sink.of(HealthReport)[-1].health
            assert (health.transport, health.authentication) == (Light.OK, Light.OK)
            await driver.close()

        run(scene())

    def test_without_a_line_nothing_is_sent(self, driver: BrokerDriver, run: Run[None]) -> None:
        async def scene() -> None:
            await driver.open()
            broker = driver.broker
            await driver.close()
            with pytest.raises(BrokerError) as caught:
                await broker.submit([self.order(driver)])
            assert caught.value.outcome is Outcome.NOT_SENT
            await broker.disconnect()  # a second time does no harm

        run(scene())

    def test_a_fresh_snapshot_is_whole(self, driver: BrokerDriver, run: Run[None]) -> None:
        async def scene() -> None:
            await driver.open()
            snapshot = await driver.broker.snapshot()
            accounts = known(snapshot.accounts)
            assert [a.account_id for a in accounts] == [driver.account_id]
            assert accounts[0].is_paper
            assert accounts[0].balances
            assert known(snapshot.orders) == ()
            assert known(snapshot.executions) == ()
            assert known(snapshot.positions) == ()
            await driver.close()

        run(scene())

    def test_a_resting_order_is_acknowledged_under_our_id(
        self, driver: BrokerDriver, run: Run[None]
    ) -> None:
        async def scene() -> None:
            await driver.open()
            order = await self.send(driver, self.request(driver))
            told = driver.sink.of(OrderReport)[-1]
            assert told.client_order_id == order.client_order_id
            assert told.status is S.WORKING
            assert told.broker_order_id
            assert self.book_status(driver, order) is S.WORKING
            listed = await self.listed(driver, order)
            assert (listed.status, listed.broker_order_id) == (S.WORKING, told.broker_order_id)
            assert listed.limit_price == order.limit_price
            assert listed.quantity == order.quantity
            await driver.close()

        run(scene())

    def test_a_refused_order_is_rejected_with_a_reason(
        self, driver: BrokerDriver, run: Run[None]
    ) -> None:
        async def scene() -> None:
            await driver.open()
            await driver.refuse_next()
            order = self.adopted(driver, self.request(driver))
            refusal = await refusal_of(driver.broker.submit([order]))
            await driver.settle()
            if refusal is None:
                told = driver.sink.of(OrderReport)[-1]
                assert told.client_order_id == order.client_order_id
                assert told.status is S.REJECTED
                assert told.reason
            assert driver.sink.fills(order.client_order_id) == []
            await driver.close()

        run(scene())

    def test_fills_add_up_and_make_the_position(self, driver: BrokerDriver, run: Run[None]) -> None:
        async def scene() -> None:
            await driver.open()
            request = self.request(driver, quantity=driver.quantity * 3)
            order = await self.send(driver, request)
            limit = request.limit_price
            assert limit is not None
            await driver.fill(order.client_order_id, driver.quantity, limit)
            await driver.settle()
            assert self.book_status(driver, order) is S.PARTIALLY_FILLED
            await driver.fill(order.client_order_id, driver.quantity * 2, limit)
            await driver.settle()
            assert self.book_status(driver, order) is S.FILLED
            fills = driver.sink.fills(order.client_order_id)
            newest = {fill.exec_id: fill for fill in fills}.values()
            assert sum(fill.quantity for fill in newest) == request.quantity
            # Nothing is told twice, but a fee may come after its fill.
            assert len({(fill.exec_id, fill.fee) for fill in fills}) == len(fills)
            assert {fill.price for fill in fills} == {limit}
            assert {fill.side for fill in fills} == {Side.BUY}
            await self.agrees(driver)
            snapshot = await driver.broker.snapshot()
            (position,) = known(snapshot.positions)
            assert (position.instrument.key, position.quantity) == (
                driver.instrument.key,
                request.quantity,
            )
            fees = sum((fill.fee or Decimal(0) for fill in newest), Decimal(0))
            with_fees = limit + fees / request.quantity / driver.instrument.multiplier
            average = position.average_price  # some brokers count the fees in
            assert average in (None, limit) or abs(average - with_fees) < Decimal("0.001")
            await driver.close()

        run(scene())

    def test_a_cancel_ends_the_order(self, driver: BrokerDriver, run: Run[None]) -> None:
        async def scene() -> None:
            await driver.open()
            order = await self.send(driver, self.request(driver))
            await driver.broker.cancel(self.current(driver, order))
            await driver.settle()
            assert self.book_status(driver, order) is S.CANCELED
            assert (await self.listed(driver, order)).status is S.CANCELED
            await driver.close()

        run(scene())

    def test_a_cancel_of_a_filled_order_is_refused_or_raised(
        self, driver: BrokerDriver, run: Run[None]
    ) -> None:
        async def scene() -> None:
            await driver.open()
            order = await self.send(driver, self.request(driver))
            assert order.limit_price is not None
            await driver.fill(order.client_order_id, order.quantity, order.limit_price)
            await driver.settle()
            refusal = await refusal_of(driver.broker.cancel(self.current(driver, order)))
            await driver.settle()
            if refusal is None:
                told = driver.sink.of(CancelRefused)[-1]
                assert told.client_order_id == order.client_order_id
                assert told.reason
            assert self.book_status(driver, order) is S.FILLED
            await driver.close()

        run(scene())

    def test_a_change_puts_new_terms_in_force(self, driver: BrokerDriver, run: Run[None]) -> None:
        async def scene() -> None:
            await driver.open()
            if not driver.broker.capabilities.modify:
                await driver.close()
                return
            order = await self.send(driver, self.request(driver))
            assert order.limit_price is not None
            lower = driver.instrument.round_price(order.limit_price * Decimal("0.99"))
            change = OrderChange(quantity=order.quantity * 2, limit_price=lower)
            driver.sink.book.apply(
                ev.OrderReplaceRequested(
                    client_order_id=order.client_order_id, at=order.created_at, change=change
                )
            )
            await driver.broker.modify(self.current(driver, order), change)
            await driver.settle()
            after = self.current(driver, order)
            assert after.status is S.WORKING
            assert (after.quantity, after.limit_price) == (order.quantity * 2, lower)
            listed = await self.listed(driver, order)
            assert (listed.quantity, listed.limit_price) == (order.quantity * 2, lower)
            await driver.close()

        run(scene())

    def test_a_change_of_a_finished_order_is_refused(
        self, driver: BrokerDriver, run: Run[None]
    ) -> None:
        async def scene() -> None:
            await driver.open()
            if not driver.broker.capabilities.modify:
                await driver.close()
                return
            order = await self.send(driver, self.request(driver))
            await driver.broker.cancel(self.current(driver, order))
            await driver.settle()
            change = OrderChange(quantity=order.quantity * 2)
            refusal = await refusal_of(driver.broker.modify(self.current(driver, order), change))
            await driver.settle()
            if refusal is None:
                assert driver.sink.of(ReplaceRefused)[-1].client_order_id == order.client_order_id
            assert (await self.listed(driver, order)).status is S.CANCELED
            await driver.close()

        run(scene())

    def test_a_lost_answer_proves_nothing_and_a_snapshot_tells(
        self, driver: BrokerDriver, run: Run[None]
    ) -> None:
        async def scene() -> None:
            await driver.open()
            await driver.lose_next_answer()
            order = self.adopted(driver, self.request(driver))
            with pytest.raises(BrokerError) as caught:
                await driver.broker.submit([order])
            assert caught.value.outcome is Outcome.UNKNOWN
            await driver.close()
            await driver.open()
            assert (await self.listed(driver, order)).status is S.WORKING
            await driver.close()

        run(scene())

    def test_the_same_order_is_never_taken_twice(
        self, driver: BrokerDriver, run: Run[None]
    ) -> None:
        async def scene() -> None:
            await driver.open()
            order = await self.send(driver, self.request(driver))
            await refusal_of(driver.broker.submit([order]))
            await driver.settle()
            orders = known((await driver.broker.snapshot()).orders)
            assert [o.status for o in orders if o.client_order_id == order.client_order_id] == [
                S.WORKING
            ]
            await driver.close()

        run(scene())

    def test_a_cut_line_is_told_and_stops_everything(
        self, driver: BrokerDriver, run: Run[None]
    ) -> None:
        async def scene() -> None:
            await driver.open()
            await driver.cut()
            await driver.settle()
            assert driver.sink.of(HealthReport)[-1].health.transport is Light.FAILED
            order = self.adopted(driver, self.request(driver))
            with pytest.raises(BrokerError) as caught:
                await driver.broker.submit([order])
            assert caught.value.outcome is not Outcome.REJECTED
            await driver.close()
            await driver.open()
            await driver.settle()
            assert driver.sink.of(HealthReport)[-1].health.transport is Light.OK
            await driver.close()

        run(scene())

    def test_what_happened_while_away_is_in_the_next_snapshot(
        self, driver: BrokerDriver, run: Run[None]
    ) -> None:
        async def scene() -> None:
            await driver.open()
            order = await self.send(driver, self.request(driver))
            assert order.limit_price is not None
            lower = driver.instrument.round_price(order.limit_price * Decimal("0.98"))
            kept = await self.send(driver, replace(self.request(driver), limit_price=lower))
            await driver.cut()
            await driver.fill(order.client_order_id, order.quantity, order.limit_price)
            await driver.close()
            heard = len(driver.sink.fills(order.client_order_id))
            await driver.open()
            snapshot = await driver.broker.snapshot()
            fills = [
                fill
                for fill in known(snapshot.executions)
                if fill.client_order_id == order.client_order_id
            ]
            assert heard == 0
            assert sum(fill.quantity for fill in fills) == order.quantity
            assert (await self.listed(driver, order)).status is S.FILLED
            assert (await self.listed(driver, kept)).status is S.WORKING
            await driver.close()

        run(scene())

    def test_a_bracket_is_held_released_and_ends_with_its_first_exit(
        self, driver: BrokerDriver, run: Run[None]
    ) -> None:
        async def scene() -> None:
            await driver.open()
            if not driver.broker.capabilities.bracket:
                await driver.close()
                return
            tick = driver.instrument.tick_size
            entry = self.request(driver)
            assert entry.limit_price is not None
            high, low = driver.price + 50 * tick, entry.limit_price - 50 * tick
            orders = [self.adopted(driver, r) for r in bracket(entry, high, low)]
            await driver.broker.submit(orders)
            await driver.settle()
            entry_order, target, stop = orders
            assert self.book_status(driver, entry_order) is S.WORKING
            assert self.book_status(driver, target) is S.HELD
            assert self.book_status(driver, stop) is S.HELD
            await driver.fill(entry.client_order_id, entry.quantity, entry.limit_price)
            await driver.settle()
            assert self.book_status(driver, target) is S.WORKING
            assert self.book_status(driver, stop) is S.WORKING
            await driver.fill(target.client_order_id, target.quantity, high)
            await driver.settle()
            assert self.book_status(driver, target) is S.FILLED
            assert self.book_status(driver, stop) is S.CANCELED
            await self.agrees(driver)
            assert known((await driver.broker.snapshot()).positions) == ()
            await driver.close()

        run(scene())

    def test_of_two_orders_that_cancel_each_other_one_remains(
        self, driver: BrokerDriver, run: Run[None]
    ) -> None:
        async def scene() -> None:
            await driver.open()
            if not driver.broker.capabilities.oco:
                await driver.close()
                return
            first = self.request(driver)
            assert first.limit_price is not None
            lower = driver.instrument.round_price(first.limit_price * Decimal("0.98"))
            pair = oco(first, replace(self.request(driver), limit_price=lower))
            orders = [self.adopted(driver, request) for request in pair]
            await driver.broker.submit(orders)
            await driver.settle()
            await driver.fill(first.client_order_id, first.quantity, first.limit_price)
            await driver.settle()
            assert [self.book_status(driver, order) for order in orders] == [S.FILLED, S.CANCELED]
            await self.agrees(driver)
            await driver.close()

        run(scene())

    def test_quotes_come_while_subscribed(self, driver: BrokerDriver, run: Run[None]) -> None:
        async def scene() -> None:
            await driver.open()
            tick = driver.instrument.tick_size
            await driver.broker.subscribe(driver.instrument)
            await driver.move_quote(driver.price, driver.price + tick)
            await driver.settle()
            quote = driver.sink.quotes[-1]
            assert quote.instrument == driver.instrument.key
            assert quote.bid == pytest.approx(float(driver.price))
            assert quote.ask == pytest.approx(float(driver.price + tick))
            assert quote.at.tzinfo is not None
            await driver.broker.unsubscribe(driver.instrument)
            await driver.settle()
            heard = len(driver.sink.quotes)
            await driver.move_quote(driver.price - tick, driver.price)
            await driver.settle()
            assert len(driver.sink.quotes) == heard
            await driver.close()

        run(scene())

    def test_history_is_in_order_and_within_what_was_asked(
        self, driver: BrokerDriver, run: Run[None]
    ) -> None:
        async def scene() -> None:
            await driver.open()
            if not driver.broker.capabilities.history:
                await driver.close()
                return
            await driver.broker.subscribe(driver.instrument)
            await driver.move_quote(driver.price, driver.price + driver.instrument.tick_size)
            await driver.settle()
            end = driver.sink.quotes[-1].at
            start = end - timedelta(hours=2)
            bars = await driver.broker.history(driver.instrument, Timeframe.M1, start, end)
            assert len(bars)
            starts = bars.start_s.tolist()
            assert starts == sorted(set(starts))
            assert start.timestamp() <= starts[0]
            assert starts[-1] < end.timestamp()
            assert (bars.high >= bars.low).all()
            await driver.close()

        run(scene())

    def test_search_finds_by_symbol(self, driver: BrokerDriver, run: Run[None]) -> None:
        async def scene() -> None:
            await driver.open()
            if driver.broker.capabilities.search:
                found = await driver.broker.search(driver.instrument.symbol)
                assert driver.instrument.key in [i.key for i in found]
                assert await driver.broker.search("no such symbol at all") == ()
            await driver.close()

        run(scene())

    def test_a_preview_sends_nothing(self, driver: BrokerDriver, run: Run[None]) -> None:
        async def scene() -> None:
            await driver.open()
            if driver.broker.capabilities.preview:
                preview = await driver.broker.preview(self.request(driver))
                assert preview.commission is None or preview.commission >= 0
                assert preview.initial_margin is None or preview.initial_margin >= 0
                assert known((await driver.broker.snapshot()).orders) == ()
            await driver.close()

        run(scene())

    # What the tests above are made of.

    def request(self, driver: BrokerDriver, quantity: Decimal | None = None) -> OrderRequest:
        """A buy limit a tenth below the market: it rests."""
        return OrderRequest(
            connection_id=driver.connection_id,
            account_id=driver.account_id,
            instrument=driver.instrument,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            quantity=quantity or driver.quantity,
            limit_price=driver.instrument.round_price(driver.price * Decimal("0.9")),
            time_in_force=TimeInForce.DAY,
        )

    def order(self, driver: BrokerDriver) -> Order:
        """An order that the book does not know."""
        return submitted(self.request(driver), OrderBook(), now(driver))

    def adopted(self, driver: BrokerDriver, request: OrderRequest) -> Order:
        """The order in the book, on its way."""
        return submitted(request, driver.sink.book, now(driver))

    async def send(self, driver: BrokerDriver, request: OrderRequest) -> Order:
        """Submit one order and wait for the answer."""
        order = self.adopted(driver, request)
        await driver.broker.submit([order])
        await driver.settle()
        return order

    def current(self, driver: BrokerDriver, order: Order) -> Order:
        """The order as the reports have made it."""
        found = driver.sink.book.get(order.client_order_id)
        assert found is not None
        return found

    def book_status(self, driver: BrokerDriver, order: Order) -> OrderStatus:
        """Its status as the reports have made it."""
        return self.current(driver, order).status

    async def listed(self, driver: BrokerDriver, order: Order) -> OrderReport:
        """The order as a snapshot lists it."""
        orders = known((await driver.broker.snapshot()).orders)
        (found,) = [o for o in orders if o.client_order_id == order.client_order_id]
        return found

    async def agrees(self, driver: BrokerDriver) -> None:
        """Stream and snapshot tell the same executions and the same position."""
        snapshot = await driver.broker.snapshot()
        listed = {fill.exec_id: fill for fill in known(snapshot.executions)}
        streamed = {r.execution.exec_id: r.execution for r in driver.sink.of(ExecutionReport)}
        assert streamed == listed
        held = {p.instrument.key: p.quantity for p in known(snapshot.positions) if p.quantity}
        made: dict[str, Decimal] = {}
        for fill in listed.values():
            key = fill.instrument.key
            made[key] = made.get(key, Decimal(0)) + fill.signed_quantity
        assert held == {key: quantity for key, quantity in made.items() if quantity}
        for position in driver.sink.of(PositionReport)[-1:]:
            assert position.quantity == held.get(position.instrument.key, Decimal(0))


def now(driver: BrokerDriver) -> datetime:
    """The wall time by the adapter's clock."""
    return driver.broker.context.clock.now()
