"""Journal first, then the screen: every order event passes here on its way to the listeners."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from app.base.backoff import Backoff
from app.base.bus import EventBus
from app.base.clock import Clock
from app.base.errors import OrderStateError, StoreError
from app.domain import order_events as ev
from app.domain.events import ExecutionBooked, NoticeRaised, OrderChanged, StorageFailed
from app.domain.ids import AccountId, ClientOrderId, ConnectionId, InstrumentKey
from app.domain.order import Order
from app.domain.order_book import OrderBook
from app.domain.reports import Severity
from app.engine.ports import JournalPort

log = logging.getLogger("moorgate.orders")


@dataclass(slots=True)
class _Change:
    """One event that moved one order, until its listeners have been told."""

    event: ev.OrderEvent
    order: Order
    filled: Decimal = Decimal(0)  # signed units that the event added


@dataclass(slots=True)
class _Batch:
    """What one `record` call made; all of it is on disk or nothing."""

    done: asyncio.Future[None]
    on_disk: Callable[[list[Order]], None] | None = None
    changes: list[_Change] = field(default_factory=list)


class Recorder:
    """Applies order events to the book, journals them in order, and announces them afterwards.

    Everything runs on the engine's loop. One append is under way at a time and takes all that
    waits, so what is on disk is always a beginning of what was recorded. While the disk refuses,
    `is_storage_ok` is False, events are kept in memory and tried again until it takes them; they
    are announced only then. The book itself is always ahead: it knows them at once.
    """

    def __init__(
        self,
        book: OrderBook,
        journal: JournalPort,
        bus: EventBus,
        clock: Clock,
        retry: Backoff | None = None,
    ) -> None:
        self.book = book
        self.is_storage_ok = True
        self.touched: dict[ClientOrderId, float] = {}
        self.changes = 0  # counts every event that moved an order
        self._changed_at: dict[ClientOrderId, int] = {}
        self._journal, self._bus, self._clock = journal, bus, clock
        self._retry = retry or Backoff(first_s=0.5, cap_s=5.0)
        self._waiting: list[_Batch] = []
        self._writing: list[_Batch] = []
        self._is_let_go: threading.Event | None = None  # of the append under way
        self._retry_timer: asyncio.TimerHandle | None = None

    # -- what may be asked -----------------------------------------------------------------------

    def changed_since(self, mark: int) -> AbstractSet[ClientOrderId]:
        """The orders that moved after `changes` was `mark`."""
        return {own_id for own_id, at in self._changed_at.items() if at > mark}

    def unannounced_quantity(
        self, connection_id: ConnectionId, account_id: AccountId, key: InstrumentKey
    ) -> Decimal:
        """Signed units filled that listeners, positions among them, have not been told of yet."""
        place = (connection_id, account_id, key)
        return sum(
            (
                change.filled
                for batch in (*self._writing, *self._waiting)
                for change in batch.changes
                if change.filled and _place(change.order) == place
            ),
            Decimal(0),
        )

    # -- recording -------------------------------------------------------------------------------

    def record(
        self, events: Sequence[ev.OrderEvent], on_disk: Callable[[list[Order]], None] | None = None
    ) -> asyncio.Future[None]:
        """Apply `events` at once; the result is done when they are on disk and announced.

        It fails with StoreError when the disk refuses; the events are kept and tried again all
        the same. An event that the order table does not allow is logged, announced and dropped;
        one that says nothing new is dropped in silence. `on_disk` is called as soon as the disk
        has them, in the journal's thread and before anybody is told, with the orders as the
        events left them; it must not raise. It is never called where the result has failed,
        even if the events reach the disk later.
        """
        batch = _Batch(asyncio.get_running_loop().create_future(), on_disk)
        for event in events:
            change = self._apply(event)
            if change is not None:
                batch.changes.append(change)
        if batch.changes or self._writing or self._waiting:
            self._waiting.append(batch)
            self._write()
        else:
            _let_go([batch])
            batch.done.set_result(None)
        return batch.done

    def let_leave(self, timeout_s: float) -> None:
        """Stand still until what waits for the append under way has been let go, or could not be.

        Meanwhile the journal's thread has Python to itself; against a window that draws it would
        get its turns too late.
        """
        if self._is_let_go is not None:
            self._is_let_go.wait(timeout_s)

    def restore(self) -> int:
        """Replay the journal into the empty book; answers how many events it held.

        Orders that were waiting for an answer when the program ended become Unknown. Belongs on
        the running loop, once, before anything is recorded. Raises StoreError where the journal
        cannot be read.
        """
        if len(self.book):
            raise OrderStateError("the journal is replayed into an empty book, once")
        count = 0
        for event in self._journal.read_order_events():
            count += 1
            try:
                self.book.apply(event)
            except OrderStateError as error:
                self._refuse(event, error)
        self.record(
            [
                ev.OrderUnresolved(
                    client_order_id=order.client_order_id,
                    at=self._clock.now(),
                    reason=f"the program ended while it was {order.status.value}",
                    reconciliation=True,
                )
                for order in self.book.open_orders()
                if order.status.is_in_flight
            ]
        )
        return count

    async def stop(self, timeout_s: float = 5.0) -> bool:
        """Let what is recorded reach the disk; False when it did not within `timeout_s`."""
        last = self.record([])
        with contextlib.suppress(StoreError, TimeoutError):
            await asyncio.wait_for(last, timeout_s)
        if self._retry_timer is not None:
            self._retry_timer.cancel()
            self._retry_timer = None
        return not (self._writing or self._waiting)

    # -- inside ----------------------------------------------------------------------------------

    def _apply(self, event: ev.OrderEvent) -> _Change | None:
        before = self.book.get(event.client_order_id)
        try:
            order = self.book.apply(event)
        except OrderStateError as error:
            self._refuse(event, error)
            return None
        if order is before:
            return None
        self.changes += 1
        self._changed_at[order.client_order_id] = self.changes
        self.touched[order.client_order_id] = self._clock.monotonic()
        change = _Change(event, order)
        if isinstance(event, ev.OrderFilled) and before is not None:
            grown = order.cum_quantity - before.cum_quantity
            change.filled = grown * order.request.side.sign
        return change

    def _refuse(self, event: ev.OrderEvent, error: OrderStateError) -> None:
        text = f"{type(event).__name__} was not applied: {error}"
        log.error("%s", text)
        self._notice(Severity.ERROR, f"{text}. Use Resolve on the order to ask its broker")

    def _write(self) -> None:
        """Hand what waits to the journal, unless an append is under way or the disk refuses."""
        loop = asyncio.get_running_loop()
        while self._waiting and not self._writing and self._retry_timer is None:
            self._writing, self._waiting = self._waiting, []
            future = self._append()
            if future is not None:
                self._is_let_go = threading.Event()
                written = partial(_on_written, loop, self._settle, self._writing, self._is_let_go)
                future.add_done_callback(written)

    def _append(self) -> concurrent.futures.Future[None] | None:
        """Begin the append of `_writing`; None when the journal could never hold it."""
        try:
            return self._journal.append([c.event for b in self._writing for c in b.changes])
        except StoreError as error:
            if len(self._writing) > 1:  # find the culprit: the first alone, the rest afterwards
                self._waiting = self._writing[1:] + self._waiting
                self._writing = self._writing[:1]
                return self._append()
            log.error("order events that cannot be stored: %s", error)  # noqa: TRY400 - one line
            self._notice(Severity.ERROR, f"Not in the journal, so lost at the next start: {error}")
            _fail(self._writing[0].done, error)
            self._announce()
            return None

    def _settle(self, future: concurrent.futures.Future[None]) -> None:
        error = future.exception()
        if error is not None:
            self._keep(error)
            return
        if not self.is_storage_ok:
            self.is_storage_ok = True
            self._retry.reset()
            self._notice(Severity.INFO, "The order journal is written again; orders may be sent.")
        self._announce()
        self._write()

    def _announce(self) -> None:
        """Tell the listeners of `_writing`, each change leaving it as it is told."""
        for batch in self._writing:
            while batch.changes:
                change = batch.changes.pop(0)
                if isinstance(change.event, ev.OrderFilled):
                    self._bus.publish(ExecutionBooked(change.event.execution))
                self._bus.publish(OrderChanged(change.order, change.event))
            if not batch.done.done():
                batch.done.set_result(None)
        self._writing = []

    def _keep(self, error: BaseException) -> None:
        """The disk refused: keep everything in order, tell once, try again later."""
        batches = self._writing + self._waiting
        self._writing, self._waiting = [], batches
        if self.is_storage_ok:
            self.is_storage_ok = False
            log.error("order events cannot be written to disk: %s", error)
            text = (
                f"{error}. Orders already sent go on at the broker and are kept up to date in"
                " memory; cancels still go out; new orders and changes are refused."
            )
            self._bus.publish(StorageFailed(text))
        delay_s = self._retry.next_delay_s()
        self._retry_timer = asyncio.get_running_loop().call_later(delay_s, self._try_again)
        for batch in batches:
            batch.on_disk = None
            _fail(batch.done, error)

    def _try_again(self) -> None:
        self._retry_timer = None
        self._write()

    def _notice(self, severity: Severity, text: str) -> None:
        self._bus.publish(NoticeRaised(severity, "orders", text, self._clock.now()))


def _place(order: Order) -> tuple[ConnectionId, AccountId, InstrumentKey]:
    request = order.request
    return request.connection_id, request.account_id, request.instrument.key


def _fail(done: asyncio.Future[None], error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
        done.exception()  # looked at: nobody has to wait for it


def _on_written(
    loop: asyncio.AbstractEventLoop,
    settle: Callable[[concurrent.futures.Future[None]], None],
    batches: Sequence[_Batch],
    is_let_go: threading.Event,
    future: concurrent.futures.Future[None],
) -> None:
    """Journal's thread: let go what waited for the disk, then go on in the engine's loop, unless
    that has ended.
    """
    if future.exception() is None:
        _let_go(batches)
    is_let_go.set()
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(settle, future)


def _let_go(batches: Sequence[_Batch]) -> None:
    for batch in batches:
        if batch.on_disk is not None:
            orders = {change.order.client_order_id: change.order for change in batch.changes}
            batch.on_disk(list(orders.values()))
