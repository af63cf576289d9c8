"""The one gate that every order passes, whoever sent it: ticket, key, chart, position, check.

What each rule stops:

| rule              | entries | reductions | exits (reduce_only) | legs of a bracket      |
|-------------------|---------|------------|---------------------|------------------------|
| trading state     | yes     | halted     | no                  | with their entry       |
| expired           | yes     | no         | no                  | with their entry       |
| banned            | yes     | no         | no                  | with their entry       |
| order quantity    | yes     | yes        | no                  | no                     |
| order value       | yes     | yes        | no                  | no                     |
| quote             | yes     | yes        | no                  | yes                    |
| price collar      | yes     | yes        | yes                 | from the entry's price |
| position          | yes     | no         | no                  | no                     |
| open orders       | yes     | no         | no                  | counted                |
| daily loss        | yes     | no         | no                  | with their entry       |
| order rate        | yes     | yes        | no                  | counted                |
| duplicate         | yes     | yes        | yes                 | yes                    |
| reduce only       | -       | -          | yes                 | -                      |

A reduction is not marked as an exit but provably lowers a verified position, all that works on its
side included. An exit may never be refused because of its size, its symbol or its number: that
would lock a trader into a position. It is held to the position instead, and pressing twice within
the window sends it once, as long as the first one is not over. Cancels do not come here at all.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from math import isnan
from typing import Any, Protocol

from app.base.bus import EventBus
from app.base.clock import Clock
from app.base.errors import StoreError
from app.domain.events import RiskChanged
from app.domain.ids import ConnectionId
from app.domain.order import Order, changed_request
from app.domain.order_book import OrderBook
from app.domain.order_types import OrderType, Side
from app.domain.request import OrderChange, OrderRequest
from app.domain.risk_limits import Refusal, RiskLimits, TradingState, strictest
from app.engine.exposure import Exposure, Kind, Unannounced, kinds
from app.engine.market_data import MarketData
from app.engine.portfolio import Portfolio

__all__ = ["Refusal", "RiskGate", "RiskStore"]

log = logging.getLogger("moorgate.risk")
STATE_KEY = "trading_state"
_MINUTE_S = 60.0
# One tick may be many per cent of a cheap option: the collar is never narrower than this.
_LEAST_TICKS = 2
_ZERO = Decimal(0)
_STOPPED = frozenset({Kind.ENTRY, Kind.CHILD})


class RiskStore(Protocol):
    """Where the kill switch is kept over a restart (store.journal)."""

    def get_state(self, key: str) -> Any: ...

    def put_state(self, key: str, value: Any) -> Future[None]: ...

    def audit(self, kind: str, text: str) -> Future[None]: ...


class RiskGate:
    """Checks orders and changes against the limits as they stand now. Engine's loop only.

    `limits_for` is asked at every check, so that edits apply at once; the stricter of the global
    and the connection's limits decides. `unannounced` are fills that the book knows and the
    portfolio does not yet.
    """

    def __init__(
        self,
        limits_for: Callable[[ConnectionId], Sequence[RiskLimits]],
        market: MarketData,
        portfolio: Portfolio,
        book: OrderBook,
        clock: Clock,
        bus: EventBus,
        store: RiskStore,
        *,
        unannounced: Unannounced = lambda *_: _ZERO,
    ) -> None:
        self._limits_for, self._market, self._portfolio = limits_for, market, portfolio
        self._book, self._clock, self._bus, self._store = book, clock, bus, store
        self._unannounced = unannounced
        self._sent: dict[ConnectionId, deque[tuple[float, OrderRequest]]] = {}
        self._state = self._stored_state()

    # ---- the kill switch ----

    @property
    def state(self) -> TradingState:
        """Everything, exits only, or nothing but cancels and exits."""
        return self._state

    def set_state(self, state: TradingState, by: str) -> None:
        """Turn the switch: it holds at once, over a restart too, and is announced and audited.

        Should the journal fail, the switch holds until the program ends, and the log says so.
        """
        if state is self._state:
            return
        self._state = state
        text = f"trading is {state.value}, set by {by}"
        log.info("%s", text)
        self._bus.publish(RiskChanged(state.value, text))
        stored = {"state": state.value, "by": by, "at": self._clock.now().isoformat()}
        try:
            done = [self._store.put_state(STATE_KEY, stored), self._store.audit("risk", text)]
        except StoreError as error:
            log.error("the kill switch is not on disk: %s", error)  # noqa: TRY400 - the text says it
            return
        for future in done:
            future.add_done_callback(_note_failure)

    def limits_changed(self, text: str) -> None:
        """Announce that somebody edited a limit; the new one holds already."""
        self._bus.publish(RiskChanged(self._state.value, text))

    def limits(self, connection_id: ConnectionId) -> RiskLimits:
        """What holds there now: the stricter of all."""
        return strictest(self._limits_for(connection_id))

    # ---- checks ----

    def note_sent(self, request: OrderRequest) -> None:
        """Count an order that was let through; before anything is awaited."""
        now_s = self._clock.monotonic()
        sent = self._sent.setdefault(request.connection_id, deque())
        sent.append((now_s, request))
        window_s = self.limits(request.connection_id).duplicate_window_s or 0.0
        while now_s - sent[0][0] > max(window_s, _MINUTE_S):
            sent.popleft()

    def check(self, requests: Sequence[OrderRequest]) -> Refusal | None:
        """The first rule that an order or a group breaks, None when all may be sent.

        A group goes as a whole or not at all. Changes nothing: `note_sent` counts.
        """
        if not requests:
            return None
        limits = self.limits(requests[0].connection_id)
        exposure = self._exposure()
        marked = list(zip(requests, kinds(requests, exposure.only_reduces), strict=True))
        by_id = {request.client_order_id: request for request in requests}
        for at, (request, kind) in enumerate(marked):
            parent = by_id.get(request.parent_id) if request.parent_id else None
            entries = [other for other, k in marked[:at] if k is Kind.ENTRY]
            exits = [other for other, k in marked[:at] if k is Kind.EXIT]
            refusal = (
                self._check_state(request, kind)
                or self._check_instrument(request, kind, limits)
                or self._check_size(request, kind, limits)
                or self._check_quote(request, kind, limits)
                or self._check_collar(request, limits, parent if kind is Kind.CHILD else None)
                or self._check_position(request, kind, limits, exposure, entries)
                or self._check_exit(request, kind, exposure, exits)
                or self._check_duplicate(request, limits)
            )
            if refusal is not None:
                return refusal
        return self._check_group([kind for _, kind in marked], requests[0], limits, exposure)

    def only_reduces(self, request: OrderRequest) -> bool:
        """Whether, with all that works on its side, it cannot go beyond a verified position."""
        return self._exposure().only_reduces(request)

    def check_change(self, order: Order, change: OrderChange) -> Refusal | None:
        """The first rule that new terms of a live order break.

        What only makes an order smaller always passes. Rate, duplicates and the number of orders
        are no matter of changes.
        """
        changed = changed_request(order, change)
        rest = replace(changed, quantity=changed.quantity - order.cum_quantity)
        grows = changed.quantity > order.quantity
        moves = change != OrderChange(quantity=change.quantity)
        if not grows and not moves:
            return None
        limits, exposure = self.limits(changed.connection_id), self._exposure()
        kind = Kind.EXIT if changed.reduce_only else Kind.ENTRY
        if kind is Kind.ENTRY and exposure.only_reduces(rest):
            kind = Kind.REDUCTION
        parent = self._book.get(changed.parent_id)
        is_waiting = parent is not None and parent.status.is_open and not parent.fills
        if is_waiting and not grows:
            kind = Kind.CHILD
        return (
            self._check_changed_state(changed, kind)
            or (self._check_instrument(changed, kind, limits) if grows else None)
            or (self._check_size(changed, kind, limits) if grows or kind is Kind.ENTRY else None)
            or self._check_collar(
                changed, limits, parent.request if parent is not None and is_waiting else None
            )
            or (self._check_position(rest, kind, limits, exposure, ()) if grows else None)
            or self._check_exit(rest, kind, exposure, ())
            or (self._check_loss(changed, limits) if grows and kind is Kind.ENTRY else None)
        )

    # ---- the rules ----

    def _check_state(self, request: OrderRequest, kind: Kind) -> Refusal | None:
        halted = self._state is TradingState.HALTED and kind is not Kind.EXIT
        reducing = self._state is TradingState.REDUCING and kind in _STOPPED
        if not halted and not reducing:
            return None
        reason = (
            "trading is halted: only cancels, Close and Flatten work until it is resumed"
            if halted
            else "trading is reduce-only, and this is not proved to reduce a verified position"
        )
        return Refusal("trading state", reason, self._state.value, _what(request))

    def _check_changed_state(self, request: OrderRequest, kind: Kind) -> Refusal | None:
        """A stop may be moved to protect a position, whatever the state."""
        return None if kind is Kind.REDUCTION else self._check_state(request, kind)

    def _check_instrument(
        self, request: OrderRequest, kind: Kind, limits: RiskLimits
    ) -> Refusal | None:
        if kind is not Kind.ENTRY:
            return None
        instrument = request.instrument
        now = self._market.market_time((request.connection_id, instrument.key))
        # Where the day ends last: nothing may expire early anywhere.
        today = (now - timedelta(hours=12)).date()
        if instrument.is_expired(today):
            reason = f"{instrument.symbol} expired on {instrument.expiry}: choose a later one"
            return Refusal("expired", reason, str(instrument.expiry), str(today))
        names = {instrument.symbol.upper(), instrument.underlying.upper()}
        if banned := names & set(limits.banned) - {""}:
            name = banned.pop()
            reason = f"{name} is on the ban list: exits work, nothing new is opened"
            return Refusal("banned", reason, ", ".join(limits.banned), name)
        return None

    def _check_size(self, request: OrderRequest, kind: Kind, limits: RiskLimits) -> Refusal | None:
        if kind in (Kind.EXIT, Kind.CHILD):
            return None
        most = limits.max_order_quantity
        if most is not None and request.quantity > most:
            return _over("order quantity", request, most, request.quantity, "units an order")
        if limits.max_order_value is None:
            return None
        price = self._value_price(request)
        currency = request.instrument.currency
        if price is None:
            if request.stale_quote_ok or request.order_type is OrderType.MARKET:
                return None  # "quote" speaks for it, or the trader's own word
            reason = f"{_what(request)} cannot be valued: there is no quote"
            return Refusal("order value", reason, _plain(limits.max_order_value), "not known")
        value = request.instrument.notional(price, request.quantity)
        if value > limits.max_order_value:
            return _over("order value", request, limits.max_order_value, value, currency)
        return None

    def _check_quote(self, request: OrderRequest, kind: Kind, limits: RiskLimits) -> Refusal | None:
        if request.order_type is not OrderType.MARKET or kind is Kind.EXIT:
            return None
        if request.stale_quote_ok or limits.quote_max_age_s is None:
            return None
        if self._fresh_price(request, limits) is not None:
            return None
        key, most = (request.connection_id, request.instrument.key), limits.quote_max_age_s
        age_s = self._market.age_s(key)
        actual = "no quote" if age_s is None else f"{age_s:.1f} s old"
        if age_s is not None and age_s <= most:
            actual = "a quote without prices"
        reason = (
            f"{_what(request)} needs a quote that is not older than {most:g} s, there is {actual}:"
            " send a limit order, or say explicitly that it may go without"
        )
        return Refusal("quote", reason, f"{most:g} s", actual)

    def _check_collar(
        self, request: OrderRequest, limits: RiskLimits, parent: OrderRequest | None
    ) -> Refusal | None:
        """Prices that would trade at once far from the market, in the direction that costs money.

        A resting price far away harms nobody and is let through. Legs of a bracket are measured
        from the entry's price. Without a fresh quote nothing can be said.
        """
        percent = limits.price_collar_percent
        reference = (parent.limit_price or parent.stop_price) if parent is not None else None
        reference = reference or self._fresh_price(request, limits)
        if percent is None or reference is None:
            return None
        sign = request.side.sign
        if request.stop_price is not None:
            # A stop on the wrong side of the market is elected at once.
            if refusal := _outside(request, "stop", request.stop_price, reference, percent, -sign):
                return refusal
            reference = request.stop_price
        if request.limit_price is not None:
            return _outside(request, "limit", request.limit_price, reference, percent, sign)
        return None

    def _check_position(
        self,
        request: OrderRequest,
        kind: Kind,
        limits: RiskLimits,
        exposure: Exposure,
        entries: Sequence[OrderRequest],
    ) -> Refusal | None:
        most, most_value = limits.max_position_quantity, limits.max_position_value
        if kind is not Kind.ENTRY or (most is None and most_value is None):
            return None
        after = exposure.after(request, entries)
        if most is not None and after > most:
            return _over("position quantity", request, most, after, "units, working orders counted")
        price = self._value_price(request)
        if most_value is None or price is None or after <= 0:
            return None
        value = request.instrument.notional(price, after)
        if value > most_value:
            unit = f"{request.instrument.currency}, working orders counted"
            return _over("position value", request, most_value, value, unit)
        return None

    def _check_exit(
        self,
        request: OrderRequest,
        kind: Kind,
        exposure: Exposure,
        exits: Sequence[OrderRequest],
    ) -> Refusal | None:
        if kind is not Kind.EXIT:
            return None
        rivals = [
            other.quantity
            for other in exits
            if other.side is request.side
            and other.instrument.key == request.instrument.key
            and (not request.oco_group or other.oco_group != request.oco_group)
        ]
        closable = max(_ZERO, exposure.closable(request) - sum(rivals, _ZERO))
        if request.quantity <= closable:
            return None
        reason = (
            f"{_what(request)} may only reduce: {_plain(closable)} can be closed on that side,"
            " market orders that are out already counted"
        )
        return Refusal("reduce only", reason, _plain(closable), _plain(request.quantity))

    def _check_duplicate(self, request: OrderRequest, limits: RiskLimits) -> Refusal | None:
        window_s = limits.duplicate_window_s
        if window_s is None:
            return None
        now_s = self._clock.monotonic()
        for sent_s, other in reversed(self._sent.get(request.connection_id, ())):
            if now_s - sent_s >= window_s:
                break
            if _terms(other) == _terms(request) and not self._is_new_exit(request, other):
                ago = f"{now_s - sent_s:.2f} s ago"
                reason = f"{_what(request)} was sent {ago}: the same again is taken for a slip"
                return Refusal("duplicate", reason, f"{window_s:g} s", ago)
        return None

    def _is_new_exit(self, request: OrderRequest, other: OrderRequest) -> bool:
        """An exit like one that is over closes what that one left: half, and then the rest."""
        order = self._book.get(other.client_order_id)
        return request.reduce_only and order is not None and order.status.is_closed

    def _check_group(
        self,
        group: Sequence[Kind],
        first: OrderRequest,
        limits: RiskLimits,
        exposure: Exposure,
    ) -> Refusal | None:
        """What counts all orders of a group together."""
        if Kind.ENTRY in group:
            most = limits.max_open_orders
            count = exposure.of_connection(first.connection_id) + len(group)
            if most is not None and count > most:
                reason = f"{count} orders would be open at {first.connection_id}, {most} may be"
                return Refusal("open orders", reason, str(most), str(count))
            if refusal := self._check_loss(first, limits):
                return refusal
        return self._check_rate(group, first, limits)

    def _check_loss(self, request: OrderRequest, limits: RiskLimits) -> Refusal | None:
        most, currency = limits.max_daily_loss, request.instrument.currency
        if most is None:
            return None
        profit = self._portfolio.day_profit(request.connection_id, currency)
        if -profit.known < most:
            return None
        lost = f"{_plain(-profit.known)} {currency}"
        unknown = (
            f" (without {', '.join(profit.unknown)}, whose profit is not known)"
            if profit.unknown
            else ""
        )
        reason = (
            f"today {lost} were lost at {request.connection_id}{unknown}, {_plain(most)} may be:"
            " only exits work"
        )
        return Refusal("daily loss", reason, _plain(most), lost + unknown)

    def _check_rate(
        self, group: Sequence[Kind], first: OrderRequest, limits: RiskLimits
    ) -> Refusal | None:
        most = limits.max_orders_per_minute
        counted = sum(kind is not Kind.EXIT for kind in group)
        if most is None or not counted:
            return None
        sent = self._sent.get(first.connection_id, ())
        since_s = self._clock.monotonic() - _MINUTE_S
        count = sum(sent_s > since_s for sent_s, _ in sent) + counted
        if count <= most:
            return None
        reason = (
            f"it would be order {count} at {first.connection_id} within a minute, {most} may be"
        )
        return Refusal("order rate", reason, f"{most} a minute", str(count))

    # ---- prices ----

    def _fresh_price(self, request: OrderRequest, limits: RiskLimits) -> Decimal | None:
        """Where the order would trade now; None without a fresh quote."""
        age_s = self._market.age_s((request.connection_id, request.instrument.key))
        most = limits.quote_max_age_s
        if age_s is None or (most is not None and age_s > most):
            return None
        return self._market_price(request)

    def _market_price(self, request: OrderRequest) -> Decimal | None:
        """Ask for a buy, bid for a sale, else the mark; of the newest quote, however old."""
        quote = self._market.quote((request.connection_id, request.instrument.key))
        if quote is None:
            return None
        price = quote.ask if request.side is Side.BUY else quote.bid
        price = quote.mark if isnan(price) else price
        return None if isnan(price) else Decimal(repr(price))

    def _value_price(self, request: OrderRequest) -> Decimal | None:
        """What a unit may cost: a buy its limit, everything else what the market pays if more.

        A sale limited to a cent still moves what the market says it is worth.
        """
        own = request.limit_price or request.stop_price
        if request.side is Side.BUY and request.limit_price is not None:
            return own
        market = self._market_price(request)
        known = [price for price in (own, market) if price is not None]
        return max(known, default=None)

    def _exposure(self) -> Exposure:
        return Exposure(self._book, self._portfolio, self._unannounced)

    def _stored_state(self) -> TradingState:
        stored = self._store.get_state(STATE_KEY)
        if stored is None:
            return TradingState.ACTIVE
        try:
            return TradingState(stored["state"])
        except (KeyError, TypeError, ValueError):
            log.warning("the kill switch reads %r, which nobody knows: trading is halted", stored)
            return TradingState.HALTED


def _note_failure(done: Future[None]) -> None:
    if error := done.exception():
        log.error("the kill switch is not on disk: %s", error)


def _outside(
    request: OrderRequest,
    name: str,
    price: Decimal,
    reference: Decimal,
    percent: Decimal,
    direction: int,
) -> Refusal | None:
    """Whether `price` lies too far from `reference` in `direction` (+1 above, -1 below)."""
    room = max(reference * percent / 100, request.instrument.tick_size * _LEAST_TICKS)
    beyond = (price - reference) * direction
    if beyond <= room:
        return None
    off = f"{beyond / reference * 100:.1f} %"
    where = "above" if direction > 0 else "below"
    reason = (
        f"the {name} price {_plain(price)} of {_what(request)} is {off} {where}"
        f" {_plain(reference)}, {_plain(percent)} % may be"
    )
    return Refusal("price collar", reason, f"{_plain(percent)} %", off)


def _over(rule: str, request: OrderRequest, limit: Decimal, actual: Decimal, unit: str) -> Refusal:
    reason = f"{_what(request)}: {rule} {_plain(actual)} {unit}, {_plain(limit)} may be"
    return Refusal(rule, reason, _plain(limit), _plain(actual))


def _what(request: OrderRequest) -> str:
    return f"{request.side.value} {_plain(request.quantity)} {request.instrument.symbol}"


def _plain(value: Decimal) -> str:
    """A figure as people write it: no exponent, no zeros behind, at most eight decimals."""
    rounded = round(value, 8)
    return f"{rounded.normalize():f}" if rounded else "0"


def _terms(request: OrderRequest) -> tuple[object, ...]:
    return (
        request.account_id,
        request.instrument.key,
        request.side,
        request.quantity,
        request.order_type,
        request.limit_price,
        request.stop_price,
        request.trail_amount,
        request.trail_percent,
        request.reduce_only,  # a reverse sells to close and sells to open: that is no slip
    )
