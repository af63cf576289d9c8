"""Any sequence of commands, reports, faults, crashes and restarts: what must hold all the same.

- what an order has filled is the sum of its distinct executions, and positions are those fills;
- no event is refused by the order table;
- nothing is sent before it is on disk, and nothing is sent twice;
- what is called Denied, or proved never to have arrived, never reached the broker;
- when all is quiet and the broker has been asked, our book says what the broker says;
- replaying the journal gives the same book, every time.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from app.domain.execution import Execution
from app.domain.groups import bracket, oco, oto
from app.domain.ids import BrokerOrderId, ClientOrderId, ExecId
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.domain.order_events import OrderEvent, OrderSubmitted
from app.domain.order_types import OrderStatus, OrderType, Origin, Side
from app.domain.request import OrderChange, OrderRequest
from app.store.journal import Journal
from tests.doubles.broker import Venue
from tests.doubles.clock import FakeClock
from tests.doubles.desk import Desk, MemoryJournal
from tests.doubles.orders import CONNECTION, request

S = OrderStatus
PICK = st.integers(0, 1000)
FAULTS = (
    "drop before",
    "drop after",
    "lost answer",
    "refuse",
    "not sent",
    "slow before",
    "slow after",
    "late fill",
)


class Disk:
    """The real journal behind the switches of the one in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.is_held = folder, False
        self.journal = Journal(folder / "journal.db")

    def append(self, entries: Sequence[OrderEvent], /) -> Future[None]:
        return self.journal.append(entries)

    def read_order_events(self) -> Iterator[OrderEvent]:
        return self.journal.read_order_events()

    def release(self) -> None:
        """Wait until the writer has nothing left to do."""
        self.is_held = False
        self.journal.append([]).result()

    def after_crash(self) -> Disk:
        self.release()
        copy = Path(tempfile.mkdtemp(prefix="moorgate-"))
        for name in ("journal.db", "journal.db-wal"):
            if (self.folder / name).exists():
                shutil.copyfile(self.folder / name, copy / name)
        self.clear()
        return Disk(copy)

    def clear(self) -> None:
        self.journal.close()
        shutil.rmtree(self.folder)


class Trading(RuleBasedStateMachine):
    """One desk after another against one venue; each crash begins a new desk.

    Rules have no preconditions: what is drawn must not depend on how fast a thread was.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = FakeClock()
        self.venue = Venue(self.clock)
        self.venue.on_receive = self.check_journaled
        self.disk: Any = self.make_disk()
        self.count = 0
        self.tasks: list[asyncio.Task[Any]] = []
        self.requests: list[OrderRequest] = []
        self.desk = self.new_desk()

    def make_disk(self) -> Any:
        return MemoryJournal()

    # -- running ---------------------------------------------------------------------------------

    def new_desk(self) -> Desk:
        desk = Desk(self.venue, self.disk, self.clock, poll_s=3600.0)
        self.run(self.begin(desk))
        return desk

    async def begin(self, desk: Desk) -> None:
        desk.recorder.restore()
        for execution in desk.book.executions():
            desk.positions.booked[execution.exec_id] = execution

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def quiet(self, rounds: int = 40) -> None:
        for _ in range(rounds):
            await asyncio.sleep(0)

    def begin_task(self, work: Callable[[], Awaitable[Any]], rounds: int = 40) -> None:
        async def start() -> None:
            self.tasks.append(asyncio.ensure_future(work()))
            await self.quiet(rounds)

        self.run(start())

    def check_journaled(self, orders: Sequence[Order]) -> None:
        stored = self.stored()
        for order in orders:
            assert order.client_order_id in stored, "sent before it was on disk"

    def stored(self) -> set[ClientOrderId]:
        events = self.disk.read_order_events()
        return {event.client_order_id for event in events if isinstance(event, OrderSubmitted)}

    def pick(self, among: Sequence[Any], index: int) -> Any:
        return among[index % len(among)]

    # -- what the trader does --------------------------------------------------------------------

    @rule(
        kind=st.sampled_from(["limit", "market", "bracket", "oco", "oto"]),
        side=st.sampled_from(Side),
        quantity=st.integers(1, 5),
        rounds=st.integers(0, 12),
    )
    def submit(self, kind: str, side: Side, quantity: int, rounds: int) -> None:
        first, second = self.fresh(side, quantity), self.fresh(side, quantity)
        up, down = (Decimal(12), Decimal(8))[:: side.sign]
        legs = {
            "limit": lambda: [first],
            "market": lambda: [self.fresh(side, quantity, OrderType.MARKET)],
            "bracket": lambda: bracket(first, up, down),
            "oco": lambda: oco(first, second),
            "oto": lambda: oto(first, second),
        }[kind]()
        self.requests += legs
        self.begin_task(lambda: self.desk.orders.submit(legs), rounds + 4)

    def fresh(self, side: Side, quantity: int, kind: OrderType = OrderType.LIMIT) -> OrderRequest:
        self.count += 1
        own_id = ClientOrderId(f"o{self.count}")
        return request(
            client_order_id=own_id, side=side, quantity=Decimal(quantity), order_type=kind
        )

    @rule(index=PICK)
    def submit_again(self, index: int) -> None:
        if not self.requests:
            return
        self.begin_task(lambda: self.desk.orders.submit([self.pick(self.requests, index)]))

    @rule(index=PICK, rounds=st.integers(0, 12))
    def cancel(self, index: int, rounds: int) -> None:
        if not len(self.desk.book):
            return
        order = self.pick(list(self.desk.book), index)
        self.begin_task(lambda: self.desk.orders.cancel(order.client_order_id), rounds)

    @rule()
    def cancel_all(self) -> None:
        self.begin_task(lambda: self.desk.orders.cancel_many())

    @rule(
        index=PICK,
        quantity=st.none() | st.integers(1, 8),
        price=st.none() | st.integers(5, 15),
        rounds=st.integers(0, 12),
    )
    def modify(self, index: int, quantity: int | None, price: int | None, rounds: int) -> None:
        if not len(self.desk.book):
            return
        order = self.pick(list(self.desk.book), index)
        change = OrderChange(
            quantity=None if quantity is None else Decimal(quantity),
            limit_price=None if price is None else Decimal(price),
        )
        self.begin_task(lambda: self.desk.orders.modify(order.client_order_id, change), rounds)

    @rule(index=PICK)
    def resolve(self, index: int) -> None:
        if not len(self.desk.book):
            return
        order = self.pick(list(self.desk.book), index)
        self.begin_task(lambda: self.desk.orders.resolve(order.client_order_id))

    # -- what the market and other programs do ---------------------------------------------------

    def fillable(self) -> list[BrokerOrderId]:
        """Live orders, and canceled ones whose last fill is still under way."""
        return [
            number
            for number, held in self.venue.orders.items()
            if held.leaves > 0 and (held.report.status.is_open or held.report.status is S.CANCELED)
        ]

    @rule(index=PICK, quantity=st.integers(1, 5))
    def fill(self, index: int, quantity: int) -> None:
        if not self.fillable():
            return
        number = self.pick(self.fillable(), index)
        self.venue.fill(number, min(Decimal(quantity), self.venue.orders[number].leaves))

    @rule(index=PICK, status=st.sampled_from([S.CANCELED, S.EXPIRED, S.SUSPENDED, S.WORKING]))
    def move(self, index: int, status: OrderStatus) -> None:
        if not self.venue.live():
            return
        number = self.pick(self.venue.live(), index)
        has_traded = self.venue.orders[number].report.cum_quantity > 0
        live = S.PARTIALLY_FILLED if has_traded else S.WORKING
        self.venue.end(number, live if status is S.WORKING else status)

    @rule(index=PICK, quantity=st.integers(0, 5))
    def correct(self, index: int, quantity: int) -> None:
        if not self.venue.executions:
            return
        execution: Execution = self.pick(list(self.venue.executions.values()), index)
        self.venue.correct(execution.exec_id, min(Decimal(quantity), execution.quantity))
        assert execution.broker_order_id is not None
        held = self.venue.orders[execution.broker_order_id]
        if held.report.status is S.FILLED and held.leaves > 0:
            self.venue.end(execution.broker_order_id, S.CANCELED)

    @rule(side=st.sampled_from(Side), quantity=st.integers(1, 5))
    def enter_foreign(self, side: Side, quantity: int) -> None:
        self.venue.enter_foreign(side, quantity)

    # -- what happens on the way -----------------------------------------------------------------

    @rule(index=PICK, again=st.booleans())
    def deliver_one(self, index: int, again: bool) -> None:
        if not self.venue.outbox:
            return
        report = self.pick(self.venue.outbox, index)
        if not again:
            self.venue.outbox.remove(report)
        self.run(self.hear([report]))

    @rule(backwards=st.booleans())
    def deliver_all(self, backwards: bool) -> None:
        said, self.venue.outbox = self.venue.outbox, []
        self.run(self.hear(said[::-1] if backwards else said))

    async def hear(self, reports: list[Any]) -> None:
        self.desk.orders.on_reports(CONNECTION, reports)
        await self.quiet()

    @rule(index=PICK)
    def lose_one(self, index: int) -> None:
        if self.venue.outbox:
            self.venue.outbox.remove(self.pick(self.venue.outbox, index))

    @rule(fault=st.sampled_from(FAULTS))
    def break_next(self, fault: str) -> None:
        self.venue.faults[fault] = 1

    @rule()
    def hurry(self) -> None:
        self.venue.hurry()
        self.run(self.quiet())

    @rule()
    def disconnect(self) -> None:
        self.venue.is_connected = False
        self.venue.outbox.clear()
        self.desk.connection.closed = "desk is reconnecting"

    @rule()
    def reconnect(self) -> None:
        self.venue.is_connected = True
        self.ask()

    @rule(seconds=st.sampled_from([0.5, 2.1, 3.1, 5.1]))
    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.begin_task(lambda: self.desk.orders.answers.watch.run_due(CONNECTION))

    @rule()
    def ask_slowly(self) -> None:
        """A list that is made now and arrives at the next `hurry`."""
        self.venue.faults["slow list"] = 1
        self.ask()

    def ask(self) -> None:
        async def reconcile(desk: Desk) -> None:
            result = await desk.reconciler.reconcile(CONNECTION)
            if result.is_complete:
                desk.connection.closed = None

        self.begin_task(lambda: reconcile(self.desk))

    # -- what the computer does ------------------------------------------------------------------

    @rule()
    def hold_disk(self) -> None:
        self.disk.is_held = True

    @rule()
    def release_disk(self) -> None:
        self.disk.is_held = False
        self.disk.release()
        self.run(self.quiet())

    @rule(reconnects=st.booleans())
    def crash(self, reconnects: bool) -> None:
        """Nobody is told, nothing is tidied up; only what was on disk is left."""
        self.leave()
        self.disk = self.disk.after_crash()
        self.desk = self.new_desk()
        self.desk.connection.closed = "desk is connecting"
        if reconnects:
            self.reconnect()

    def leave(self) -> None:
        """The old desk can reach neither broker nor disk any more."""
        self.desk.connection.is_dead = True
        self.desk.recorder._journal = MemoryJournal()
        self.venue.outbox.clear()
        self.end_tasks()

    def end_tasks(self) -> None:
        async def end() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.run(end())
        self.tasks.clear()

    # -- what must hold --------------------------------------------------------------------------

    @invariant()
    def nothing_was_refused_by_the_table(self) -> None:
        bad = ("not applied", "cannot be applied", "not be understood", "lost at the next start")
        texts = [notice.text for notice in self.desk.notices]
        texts += [text for told in self.desk.reconciled for text in told.result.findings]
        assert not [text for text in texts if any(word in text for word in bad)]

    @invariant()
    def nothing_was_sent_twice(self) -> None:
        assert all(count == 1 for count in self.venue.received.values())

    @invariant()
    def what_is_called_unsent_never_arrived(self) -> None:
        for order in self.desk.book:
            never = order.status is S.DENIED or "never reached" in order.reason
            if never or "before it was sent" in order.reason:
                assert self.venue.received[order.client_order_id] == 0

    @invariant()
    def an_old_list_proves_nothing(self) -> None:
        """The venue forgets nothing, so only a list older than the order can lack it."""
        assert not [order for order in self.desk.book if "does not list it" in order.reason]

    @invariant()
    def fills_are_distinct_executions(self) -> None:
        seen: set[ExecId] = set()
        for order in self.desk.book:
            for fill in order.fills:
                assert fill.exec_id not in seen
                seen.add(fill.exec_id)
                truth = self.venue.executions[fill.exec_id]
                assert fill.revision <= truth.revision
                assert fill.broker_order_id == truth.broker_order_id
            assert order.cum_quantity == sum((f.quantity for f in order.fills), Decimal(0))
            if order.status is S.FILLED:
                assert order.cum_quantity >= order.quantity
            if order.status.is_closed:
                assert order.pending_change is None

    @invariant()
    def positions_are_fills(self) -> None:
        recorder = self.desk.recorder
        if not (recorder._writing or recorder._waiting):
            told = sorted(self.desk.positions.booked.values(), key=lambda e: e.exec_id)
            known = sorted(self.desk.book.executions(), key=lambda e: e.exec_id)
            assert told == known

    # -- the end ---------------------------------------------------------------------------------

    def settle_everything(self) -> None:
        """No more faults: everything arrives, and the broker is asked once it is quiet."""
        self.venue.faults.clear()
        self.release_disk()
        self.hurry()
        self.deliver_all(backwards=False)
        self.reconnect()
        for _ in range(3):
            self.pass_time(5.1)
            self.deliver_all(backwards=False)
        self.ask()

    def teardown(self) -> None:
        try:
            self.settle_everything()
            self.check_agreement()
            self.check_replay()
            for name in ("nothing_was_sent_twice", "positions_are_fills"):
                getattr(self, name)()
        finally:
            self.end_tasks()
            self.loop.close()

    def check_agreement(self) -> None:
        book = self.desk.book
        truth = {e.exec_id: e for e in self.venue.executions.values() if e.quantity}
        assert {e.exec_id: e for e in book.executions() if e.quantity} == truth
        by_number = {n: order for order in book for n in order.broker_order_ids}
        for number, held in self.venue.orders.items():
            order, said = by_number.get(number) or book.get(held.client_order_id), held.report
            if order is None:
                assert said.client_order_id is None
                assert said.status.is_closed
                continue
            if said.status.is_closed:
                assert order.status.is_closed, f"{order.status} here, {said.status} there"
            else:
                assert order.status is said.status
                assert (order.quantity, order.limit_price, order.stop_price) == (
                    said.quantity,
                    said.limit_price,
                    said.stop_price,
                )
        for order in book:
            assert order.status is not S.UNKNOWN
            is_ours = order.request.origin is not Origin.EXTERNAL
            if is_ours and not self.venue.received[order.client_order_id]:
                assert order.status in (S.DENIED, S.REJECTED, S.CANCELED)

    def check_replay(self) -> None:
        books = [OrderBook(), OrderBook()]
        for book in books:
            for event in self.disk.read_order_events():
                book.apply(event)
        assert list(books[0]) == list(books[1]) == list(self.desk.book)


class OnDisk(Trading):
    """The same with the real journal: a crash leaves its files as they are and opens a copy."""

    def make_disk(self) -> Disk:
        return Disk(Path(tempfile.mkdtemp(prefix="moorgate-")))

    async def quiet(self, rounds: int = 40) -> None:
        await super().quiet(rounds)
        for _ in range(1000):
            if rounds < 40 or not self.desk.recorder._writing:
                break
            await asyncio.sleep(0.0002)

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.disk.clear()


@pytest.mark.no_cover  # twice as fast; other tests see every branch
def test_any_sequence() -> None:
    run_state_machine_as_test(Trading, settings=settings(max_examples=300, stateful_step_count=50))


@pytest.mark.no_cover  # the same
def test_any_sequence_with_the_real_journal() -> None:
    run_state_machine_as_test(OnDisk, settings=settings(max_examples=150, stateful_step_count=40))
