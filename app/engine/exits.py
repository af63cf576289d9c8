"""Ways out of a position. Side and size come from the live position at the moment of sending."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from app.base.clock import Clock
from app.domain.events import PositionView
from app.domain.ids import AccountId, ClientOrderId, ConnectionId, InstrumentKey
from app.domain.instrument import Instrument
from app.domain.order import Order
from app.domain.order_types import OrderStatus, OrderType, Origin, Side, TimeInForce
from app.domain.request import OrderRequest
from app.domain.verdict import Deed, Verdict
from app.engine.orders import OrderService
from app.engine.ports import ConnectionPort, PositionPort
from app.engine.recorder import Recorder

log = logging.getLogger("moorgate.orders")
S = OrderStatus
Place = tuple[ConnectionId, AccountId, InstrumentKey]
CANCEL_WAIT_S = 10.0
FILL_WAIT_S = 10.0
POLL_S = 0.02
_NOT_QUIET = "fills of it are still on their way to the disk; try again in a moment"
_EXIT_TIMES = (TimeInForce.DAY, TimeInForce.IOC, TimeInForce.GTC)


class Exits:
    """Close, flatten and reverse. Engine's loop only; every method answers in words.

    An exit never increases exposure: what other orders may still take from the position is left
    to them, an order that may be live (Unknown too) is taken for live, and fills that the position
    has not been told of yet are waited for.
    """

    def __init__(
        self,
        orders: OrderService,
        recorder: Recorder,
        portfolio: PositionPort,
        connections: ConnectionPort,
        clock: Clock,
        *,
        cancel_wait_s: float = CANCEL_WAIT_S,
        fill_wait_s: float = FILL_WAIT_S,
        poll_s: float = POLL_S,
    ) -> None:
        self._orders, self._recorder = orders, recorder
        self._portfolio, self._connections, self._clock = portfolio, connections, clock
        self._cancel_wait_s, self._fill_wait_s = cancel_wait_s, fill_wait_s
        self._poll_s = poll_s
        self._under_way: dict[tuple[str, Place], asyncio.Task[list[Verdict]]] = {}
        self._wants_flat: Counter[Place] = Counter()  # how often Flatten was pressed

    async def close_position(
        self,
        connection_id: ConnectionId,
        account_id: AccountId,
        key: InstrumentKey,
        fraction: Decimal = Decimal(1),
        *,
        unverified_ok: bool = False,
    ) -> list[Verdict]:
        """Send one market order for `fraction` (0 < f <= 1) of the position, in whole steps.

        Market orders that are out already count against the position, so pressing twice sends one
        order. `unverified_ok` is the trader's explicit word to close what is known of a position
        that the broker has not confirmed.
        """
        place = (connection_id, account_id, key)
        if not 0 < fraction <= 1:
            return [Verdict(False, f"not closed: {fraction} is no part of a position")]
        return [await self._close(place, fraction, _is_market, unverified_ok)]

    async def flatten(
        self,
        connection_id: ConnectionId,
        account_id: AccountId,
        key: InstrumentKey,
        *,
        unverified_ok: bool = False,
    ) -> list[Verdict]:
        """Cancel every open order of the symbol, wait for the outcome of each, close the rest.

        One verdict for each order canceled and one for the position, last. Pressing it again while
        it runs answers what the first one does.
        """
        place = (connection_id, account_id, key)
        self._wants_flat[place] += 1
        return await self._once("flatten", place, lambda: self._flatten(place, unverified_ok))

    async def flatten_everything(
        self,
        account: tuple[ConnectionId, AccountId] | None = None,
        *,
        unverified_ok: bool = False,
        told: Callable[[Place, list[Verdict]], None] | None = None,
    ) -> list[Verdict]:
        """Flatten every symbol with a position or an open order, all of them at once.

        In `account` only, or without one on every connection. `told` hears the verdicts of each
        place as soon as they are in.
        """
        held = [
            (view.connection_id, view.account_id, view.instrument.key)
            for view in self._portfolio.positions()
            if view.quantity
        ]
        working = [_place(order) for order in self._orders.book.open_orders()]
        places = [
            place
            for place in dict.fromkeys([*held, *working])
            if account in (None, (place[0], place[1]))
        ]

        async def flatten(place: Place) -> list[Verdict]:
            try:
                verdicts = await self.flatten(*place, unverified_ok=unverified_ok)
            except Exception as error:
                log.exception("flattening %s failed", place)
                verdicts = [Verdict(False, f"{place[0]} {place[2]} was not flattened: {error}")]
            if told is not None:
                told(place, verdicts)
            return verdicts

        done = await asyncio.gather(*map(flatten, places))
        return [verdict for verdicts in done for verdict in verdicts]

    async def reverse(
        self,
        connection_id: ConnectionId,
        account_id: AccountId,
        key: InstrumentKey,
        *,
        why_not: Callable[[], str | None] = lambda: None,
    ) -> list[Verdict]:
        """Flatten the symbol, and when it is flat open the same size on the other side.

        Open orders of the symbol are canceled first: an old stop would add to the new position.
        The opening order passes every check an entry passes; it is not sent unless the position
        is proved flat within the wait, or if Flatten was pressed meanwhile. `why_not` is asked
        last of all: it says why nothing may be opened any more, None while it may.
        """
        place = (connection_id, account_id, key)
        return await self._once("reverse", place, lambda: self._reverse(place, why_not))

    async def stop(self) -> None:
        """Give up what is under way; orders that were sent stay sent."""
        tasks = tuple(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- inside ----------------------------------------------------------------------------------

    async def _once(
        self, what: str, place: Place, work: Callable[[], Coroutine[Any, Any, list[Verdict]]]
    ) -> list[Verdict]:
        """One at a time for each place, in a task of our own that outlives whoever asked."""
        task = self._under_way.get((what, place))
        if task is None:
            task = asyncio.get_running_loop().create_task(work(), name=what)
            self._under_way[what, place] = task
            task.add_done_callback(lambda _: self._under_way.pop((what, place)))
        return await asyncio.shield(task)

    async def _flatten(self, place: Place, unverified_ok: bool) -> list[Verdict]:
        connection_id, account_id, key = place
        own_ids = [order.client_order_id for order in self._open(place)]
        canceled = await self._orders.cancel_many(
            connection_id=connection_id, account_id=account_id, instrument_key=key
        )
        await self._until(lambda: all(map(self._is_decided, own_ids)), self._cancel_wait_s)
        outcomes = list(map(self._outcome, own_ids, canceled))
        # A fill may follow the confirmation of a cancel: what was an exit has closed some of it.
        if own_ids and (unread := await self._orders.reread(connection_id)):
            text = (
                "not closed: after the cancels the broker could not be read"
                f" ({unread}), so what is still held is not sure. Flatten again, or Close"
            )
            return [*outcomes, Verdict(False, text, deed=Deed.CLOSE)]
        closed = await self._close(place, Decimal(1), _is_any, unverified_ok)
        return [*outcomes, replace(closed, deed=Deed.CLOSE)]

    async def _reverse(self, place: Place, why_not: Callable[[], str | None]) -> list[Verdict]:
        presses = self._wants_flat[place]
        await self._until(lambda: self._is_quiet(place), self._cancel_wait_s)
        view = self._portfolio.position(*place)
        if view is None or not view.quantity:
            return [Verdict(True, "there is no position to reverse")]
        held = view.quantity
        verdicts = await self._flatten(place, unverified_ok=False)
        if verdicts[-1].ok:
            await self._until(lambda: not self._not_flat(place), self._fill_wait_s)
        if why := self._not_flat(place):
            return [*verdicts, Verdict(False, f"not reversed, nothing was opened: {why}")]
        if self._wants_flat[place] != presses:
            return [*verdicts, Verdict(True, "not reversed: Flatten was pressed meanwhile")]
        if (reason := why_not()) is not None:
            return [*verdicts, Verdict(False, f"closed, but nothing was opened: {reason}")]
        side = Side.SELL if held > 0 else Side.BUY
        request = self._request(place, view.instrument, side, abs(held), reduce_only=False)
        return [*verdicts, await self._submit(request, f"opening {abs(held)} the other way")]

    def _not_flat(self, place: Place) -> str:
        """Why a new position may not be opened yet; empty when all is flat and quiet."""
        view = self._portfolio.position(*place)
        if view is not None and view.quantity:
            return f"{view.quantity} still held"
        if rest := self._open(place):
            return f"still open: {_names(rest)}"
        return "" if self._is_quiet(place) else _NOT_QUIET

    async def _close(
        self,
        place: Place,
        fraction: Decimal,
        counts: Callable[[Order], bool],
        unverified_ok: bool,
    ) -> Verdict:
        """Close `fraction` of the position, less what the orders that `counts` picks may take."""
        await self._until(lambda: self._is_quiet(place), self._cancel_wait_s)
        # From here to the submit nothing else runs: what is counted now is what is sent.
        if not self._is_quiet(place):
            return Verdict(False, f"not closed: {_NOT_QUIET}")
        view = self._portfolio.position(*place)
        if view is None or not view.quantity:
            return Verdict(True, "there is no position")
        if not view.is_verified and not unverified_ok:
            return Verdict(False, _unverified(view))
        held = view.quantity
        side = Side.SELL if held > 0 else Side.BUY
        same_side = [order for order in self._open(place) if order.request.side is side]
        rivals = [order for order in same_side if counts(order)]
        spoken_for = sum((order.leaves_quantity for order in rivals), Decimal(0))
        wanted = view.instrument.round_quantity(abs(held) * fraction)
        free = view.instrument.round_quantity(max(abs(held) - spoken_for, Decimal(0)))
        quantity = min(wanted, free)
        if quantity <= 0:
            return _nothing_to_send(view.instrument, wanted, rivals)
        request = self._request(place, view.instrument, side, quantity, reduce_only=True)
        verdict = await self._submit(request, f"closing {quantity} of {abs(held)}")
        if not same_side or not verdict.ok:
            return verdict
        return replace(verdict, text=f"{verdict.text}; still open too: {_names(same_side)}")

    async def _submit(self, request: OrderRequest, doing: str) -> Verdict:
        order = (await self._orders.submit([request]))[0]
        status = order.status
        if status in (S.DENIED, S.REJECTED, S.UNKNOWN):
            return Verdict(False, f"not {doing}: {status.value}, {order.reason}", order)
        return Verdict(True, f"{doing}: {status.value}", order)

    def _request(
        self, place: Place, instrument: Instrument, side: Side, quantity: Decimal, reduce_only: bool
    ) -> OrderRequest:
        connection_id, account_id, _ = place
        can = self._connections.capabilities(connection_id)
        asset = instrument.asset_class
        times = [t for t in _EXIT_TIMES if can.allows(asset, OrderType.MARKET, t)]
        return OrderRequest(
            connection_id=connection_id,
            account_id=account_id,
            instrument=instrument,
            side=side,
            order_type=OrderType.MARKET,
            quantity=quantity,
            time_in_force=times[0] if times else TimeInForce.DAY,
            reduce_only=reduce_only,
            stale_quote_ok=reduce_only,  # a missing quote is no reason to stay in
            origin=Origin.POSITION,
        )

    def _is_quiet(self, place: Place) -> bool:
        """Whether the position has been told of every fill."""
        return not self._recorder.unannounced_quantity(*place)

    def _open(self, place: Place) -> list[Order]:
        return [order for order in self._orders.book.open_orders() if _place(order) == place]

    def _is_decided(self, own_id: ClientOrderId) -> bool:
        status = self._orders.order(own_id).status
        return status is S.UNKNOWN or not status.is_in_flight

    def _outcome(self, own_id: ClientOrderId, canceled: Verdict) -> Verdict:
        """What became of a cancel, after the wait for its answer."""
        order = self._orders.order(own_id)
        if order.status.is_closed:
            return Verdict(True, f"{_name(order)} is {order.status.value}", order, Deed.CANCEL)
        why = order.reason if canceled.ok else canceled.text
        text = f"{_name(order)} is still {order.status.value}" + (f": {why}" if why else "")
        return Verdict(False, text, order, Deed.CANCEL)

    async def _until(self, holds: Callable[[], bool], timeout_s: float) -> None:
        """Wait for `holds`, at most `timeout_s`."""
        deadline = self._clock.monotonic() + timeout_s
        # Book, positions and clock are asked alike, and none of them announces everything.
        while not holds() and self._clock.monotonic() < deadline:  # noqa: ASYNC110 - see above
            await asyncio.sleep(self._poll_s)


def _unverified(view: PositionView) -> str:
    since = view.verified_at.isoformat(" ", "seconds") if view.verified_at else "never"
    return (
        f"not closed: the broker has not confirmed this position (last: {since}). Wait for the"
        " connection, or confirm closing what is known of it"
    )


def _nothing_to_send(instrument: Instrument, wanted: Decimal, rivals: list[Order]) -> Verdict:
    if wanted <= 0:
        step = instrument.quantity_step
        return Verdict(False, f"not closed: that part is less than the smallest step, {step}")
    if all(_is_market(order) and order.status is not S.UNKNOWN for order in rivals):
        return Verdict(True, f"it is being closed already by {_names(rivals)}", rivals[0])
    is_unknown = any(order.status is S.UNKNOWN for order in rivals)
    hint = ". Resolve what is Unknown in Orders, or write it off there" if is_unknown else ""
    text = f"not closed: it may still be taken by {_names(rivals)}{hint}"
    return Verdict(False, text, rivals[0])


def _is_market(order: Order) -> bool:
    return order.request.order_type is OrderType.MARKET


def _is_any(_: Order) -> bool:
    return True


def _place(order: Order) -> Place:
    request = order.request
    return request.connection_id, request.account_id, request.instrument.key


def _names(orders: Iterable[Order]) -> str:
    return ", ".join(f"{_name(order)} ({order.status.value})" for order in orders)


def _name(order: Order) -> str:
    request = order.request
    what = f"{request.side.value} {order.quantity} {request.instrument.symbol}"
    return f"{what} {request.order_type.value.replace('_', ' ')}"
