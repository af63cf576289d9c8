"""Sending orders, changes and cancels to TWS: numbered, on disk, then on the socket, once.

Nothing here waits between the disk and the socket, and nothing is ever sent again.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.base.errors import BrokerError, Outcome
from app.brokers.ibkr_tws.errors import READ_ONLY_SENTENCE
from app.brokers.ibkr_tws.foreign import require_alive, require_ours
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.naming import Instruments
from app.brokers.ibkr_tws.order_ids import Numbered, OrderIds
from app.brokers.ibkr_tws.order_map import Terms, order_fields, price_text
from app.brokers.ibkr_tws.order_stream import OrderStream
from app.brokers.ibkr_tws.order_table import Entry
from app.brokers.ibkr_tws.questions import Questions
from app.brokers.ibkr_tws.sdk import ib
from app.brokers.ibkr_tws.send_queue import Lane
from app.brokers.ibkr_tws.voice import Voice
from app.domain.ids import ClientOrderId
from app.domain.order import Order, changed_request
from app.domain.order_types import OrderType, Origin
from app.domain.reports import Severity
from app.domain.request import OrderChange, OrderRequest

# So long a submit waits for TWS's first word, to tell a line that breaks under an order. A cancel
# of the same order is let out after it.
FIRST_WORD_S = 0.5
# After this TWS is asked what became of an order that it has not answered.
NO_ANSWER_S = 5.0
_CHANGEABLE = frozenset({"totalQuantity", "lmtPrice", "auxPrice", "trailingPercent"})


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """One order of a group, ready for the wire."""

    order_id: int
    contract: Any
    order: Any
    entry: Entry


class Orders:
    """Adapter's thread and loop. Everything raises BrokerError with what it proves."""

    def __init__(
        self,
        line: Line,
        questions: Questions,
        instruments: Instruments,
        ids: OrderIds,
        stream: OrderStream,
        voice: Voice,
        reread: Callable[[str], None],
    ) -> None:
        self._line, self._questions, self._instruments = line, questions, instruments
        self._ids, self._table, self._voice, self._reread = ids, stream.table, voice, reread
        self._waits: dict[Entry, asyncio.Future[None]] = {}
        stream.on_answer = self._on_answer
        line.on_closed(self._on_closed)

    @property
    def unanswered(self) -> bool:
        """Whether an order is out on this line of which TWS has not said a word."""
        return any(
            entry.is_sent and not (entry.is_heard or entry.is_doubted) for entry in self._table
        )

    # ---- submit ----

    async def submit(self, orders: Sequence[Order]) -> None:
        """Number the orders, write that down, and send them in one breath.

        Returns when TWS has spoken of all of them, or after FIRST_WORD_S. Raises NOT_SENT where
        nothing left, UNKNOWN where the line broke under them.
        """
        self._require_line()
        self._require_write_access()
        if known := [o for o in orders if self._was_sent(o.client_order_id)]:
            what = ", ".join(order.client_order_id for order in known)
            self._voice.notice(Severity.WARNING, f"{what} was sent before and is not sent again")
            self._reread("an order was to be sent twice")
            return
        contracts = [await self._contract(order) for order in orders]
        self._require_line()
        outgoing = self._numbered(orders, contracts)
        self._write_down(outgoing)
        for out in outgoing:
            self._table.enter(out.entry)
        await self._send(outgoing)
        entries = [out.entry for out in outgoing]
        self._voice.after(NO_ANSWER_S, lambda: self._ask_after(entries))
        await self._first_words(entries)

    def _was_sent(self, own_id: ClientOrderId) -> bool:
        return self._table.of(own_id) is not None or self._ids.of(own_id) is not None

    async def _contract(self, order: Order) -> Any:
        instrument = order.request.instrument
        contract = self._instruments.contract_now(instrument)
        return contract or await self._instruments.contract(instrument)

    def _numbered(self, orders: Sequence[Order], contracts: Sequence[Any]) -> list[_Outgoing]:
        numbers = {order.client_order_id: self._line.next_id() for order in orders}
        # Children wait in TWS for the last of their group, so that none works without the others.
        is_family = any(order.request.parent_id in numbers for order in orders)
        outgoing = []
        for order, contract in zip(orders, contracts, strict=True):
            request, order_id = order.request, numbers[order.client_order_id]
            wire = self._wire(request)
            wire.transmit = not is_family or order is orders[-1]
            wire.parentId = self._parent_id(request, numbers)
            entry = Entry(
                client_id=self._line.client_id,
                order_id=order_id,
                ref=request.client_order_id,
                account_id=request.account_id,
                contract=contract,
                instrument=request.instrument,
                terms=_terms(request),
                parent_id=wire.parentId,
                oca_group=request.oco_group,
                is_told=True,
            )
            outgoing.append(_Outgoing(order_id, contract, wire, entry))
        return outgoing

    def _wire(self, request: OrderRequest) -> Any:
        return ib.Order(**self._fields(request))

    def _fields(self, request: OrderRequest) -> dict[str, Any]:
        try:
            return order_fields(request)
        except ValueError as error:
            raise BrokerError(str(error), Outcome.NOT_SENT) from error

    def _parent_id(self, request: OrderRequest, numbers: dict[ClientOrderId, int]) -> int:
        if request.parent_id is None:
            return 0
        if request.parent_id in numbers:
            return numbers[request.parent_id]
        parent = self._entry(request.parent_id)
        if parent is None or parent.client_id != self._line.client_id or parent.is_done:
            text = "the order it waits for is not with TWS under this client id"
            raise BrokerError(text, Outcome.NOT_SENT)
        return parent.order_id

    def _write_down(self, outgoing: Sequence[_Outgoing]) -> None:
        client_id = self._line.client_id
        given = [
            Numbered(out.order_id, client_id, out.entry.ref)
            for out in outgoing
            if out.entry.ref is not None
        ]
        try:
            self._ids.write(given)
        except OSError as error:
            text = f"the order's number cannot be written to disk ({error}): it was not sent"
            raise BrokerError(text, Outcome.NOT_SENT) from error

    async def _send(self, outgoing: Sequence[_Outgoing]) -> None:
        """All of a group as one piece of the queue. What fails before the first byte is proof."""
        try:
            await self._go(Lane.ORDER, lambda: self._put(outgoing), len(outgoing))
        finally:
            for out in outgoing:
                if not out.entry.is_sent:
                    self._table.forget(out.entry)

    def _put(self, outgoing: Sequence[_Outgoing]) -> None:
        client = self._line.client
        for at, out in enumerate(outgoing):
            out.entry.is_sent = True
            try:
                client.placeOrder(out.order_id, out.contract, out.order)
            except ConnectionError as error:
                if at:
                    raise BrokerError(f"the line broke within the group: {error}") from error
                out.entry.is_sent = False  # the SDK looks before it writes
                raise

    async def _go(self, lane: Lane, put: Callable[[], None], messages: int = 1) -> None:
        """Through the queue. What is not known to be a proof proves nothing."""
        try:
            await self._line.queue.sent(lane, put, messages)
        except BrokerError:
            raise
        except Exception as error:
            text = f"nobody knows whether it was sent: {type(error).__name__}: {error}"
            raise BrokerError(text) from error

    async def _first_words(self, entries: Sequence[Entry]) -> None:
        """Wait for TWS to speak of every one, not longer than FIRST_WORD_S."""
        loop = asyncio.get_running_loop()
        waits = {entry: loop.create_future() for entry in entries if not entry.is_heard}
        if not waits:
            return
        self._waits.update(waits)
        try:
            async with asyncio.timeout(FIRST_WORD_S):
                await asyncio.gather(*waits.values())
        except TimeoutError:
            return  # slow, not lost: the engine has its own deadline
        finally:
            for entry in waits:
                self._waits.pop(entry, None)

    def _on_answer(self, entry: Entry) -> None:
        wait = self._waits.get(entry)
        if wait is not None and not wait.done():
            wait.set_result(None)

    def _on_closed(self, reason: str) -> None:
        for wait in self._waits.values():
            if not wait.done():
                text = f"{reason}: nobody knows whether TWS has the order"
                wait.set_exception(BrokerError(text))

    def _ask_after(self, entries: Sequence[Entry]) -> None:
        if any(not entry.is_heard for entry in entries):
            self._reread("TWS has not answered an order")

    # ---- change and cancel ----

    async def modify(self, order: Order, change: OrderChange) -> None:
        """Send the whole order again under its own number, with the new terms."""
        self._require_line()
        self._require_write_access()
        entry = self._known(order)
        require_ours(entry, self._line.client_id, "change")
        require_alive(entry, "change")
        wanted = changed_request(order, change)
        wire = self._changed(order, entry, wanted)
        contract = self._instruments.contract_now(order.request.instrument) or entry.contract
        order_id = entry.order_id

        def put() -> None:
            require_alive(entry, "change")  # it may have ended while this waited its turn
            self._line.client.placeOrder(order_id, contract, wire)
            entry.wanted, entry.own_id = _terms(wanted), order.client_order_id

        await self._go(Lane.ORDER, put)
        self._table.enter(entry)

    def _changed(self, order: Order, entry: Entry, wanted: OrderRequest) -> Any:
        """The complete order with new terms, from what we asked for or from what TWS told us."""
        if order.request.origin is not Origin.EXTERNAL:
            wire = self._wire(wanted)
            wire.parentId = entry.parent_id
            wire.orderRef = order.request.client_order_id
            self._keep_trigger(wire, entry, wanted, order)
            return wire
        if entry.told is None:
            text = "TWS has not told this order's terms on this connection: use Resolve first"
            raise BrokerError(text, Outcome.NOT_SENT)
        wire = copy.copy(entry.told)
        wire.transmit = True
        wire.volatility = None  # as it was told, TWS takes it from volatility orders alone
        fields = self._fields(wanted)
        for name in _CHANGEABLE & set(fields):
            setattr(wire, name, fields[name])
        return wire

    def _keep_trigger(self, wire: Any, entry: Entry, wanted: OrderRequest, order: Order) -> None:
        """A trailing stop keeps where it has come to, unless its distance is what changes."""
        if wanted.order_type is not OrderType.TRAILING_STOP or entry.terms is None:
            return
        distance = (wanted.trail_amount, wanted.trail_percent)
        stop = entry.terms.stop_price
        if stop is not None and distance == (order.trail_amount, order.trail_percent):
            wire.trailStopPrice = price_text(stop)

    async def cancel(self, order: Order) -> None:
        """Ask for a cancel. An order that TWS never spoke of can be canceled, too."""
        self._require_line()
        entry = self._known(order)
        require_ours(entry, self._line.client_id, "cancel")
        order_id = entry.order_id

        def put() -> None:
            self._line.client.cancelOrder(order_id, "")
            entry.is_canceling, entry.own_id = True, order.client_order_id

        await self._go(Lane.CANCEL, put)
        self._table.enter(entry)

    async def cancel_everything(self) -> None:
        """Ask TWS to cancel every order of the login, whoever entered it."""
        self._require_line()
        await self._go(Lane.CANCEL, self._line.client.reqGlobalCancel)

    def _known(self, order: Order) -> Entry:
        """What is known of an order that the engine speaks of, by any of its names."""
        perm_id = int(order.perm_id) if order.perm_id.isdecimal() else 0
        entry = self._table.of_perm(perm_id) or self._entry(order.client_order_id)
        if entry is None:
            for number in reversed(order.broker_order_ids):
                client_id, _, order_id = number.partition("/")
                if order_id.isdecimal():
                    entry = self._table.get(int(client_id), int(order_id))
                    entry = entry or Entry(int(client_id), int(order_id), perm_id)
                    break
        if entry is None and perm_id:
            entry = Entry(0, 0, perm_id)
        if entry is None:
            raise BrokerError("TWS has never told of this order", Outcome.NOT_SENT)
        if entry.terms is None:  # made up here, so that an error about it finds it
            entry.terms, entry.instrument = _terms(order.request), order.request.instrument
            entry.account_id = order.request.account_id
        return entry

    def _entry(self, own_id: ClientOrderId) -> Entry | None:
        entry = self._table.of(own_id)
        given = self._ids.of(own_id)
        if entry is None and given is not None:
            entry = Entry(given.client_id, given.order_id, ref=own_id)
        return entry

    def _require_line(self) -> None:
        if not self._line.is_up:
            raise BrokerError("the line to TWS is down", Outcome.NOT_SENT)

    def _require_write_access(self) -> None:
        if self._questions.is_read_only:
            text = f"{READ_ONLY_SENTENCE}, then connect again"
            raise BrokerError(text, Outcome.NOT_SENT)


def _terms(request: OrderRequest) -> Terms:
    return Terms(
        side=request.side,
        order_type=request.order_type,
        quantity=request.quantity,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        trail_amount=request.trail_amount,
        trail_percent=request.trail_percent,
        time_in_force=request.time_in_force,
        outside_hours=request.outside_hours,
    )
