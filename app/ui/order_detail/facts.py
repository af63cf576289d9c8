"""An order in words: what it is, what it is called, and what is known of one in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain import order_events as ev
from app.domain.execution import Execution
from app.domain.order import Order
from app.domain.order_types import OrderType, Origin
from app.ui import format as fmt
from app.ui.models.columns import Column, Kind
from app.ui.models.order_history import Recorded
from app.ui.models.orders import side_word, status_words, type_word


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and what it is; `copied` goes to the clipboard, empty where there is nothing."""

    name: str
    text: str
    copied: str = ""


def heading(order: Order) -> str:
    """Side, size, symbol, type and prices: "Buy 10 INDA, limit 50.10"."""
    request = order.request
    instrument = request.instrument
    size = fmt.quantity(instrument, order.quantity)
    return f"{side_word(request.side)} {size} {instrument.symbol}, {_terms(order)}"


def standing(order: Order) -> str:
    """Status, what has traded and what is left, and the reason."""
    instrument = order.request.instrument
    words = [status_words(order.status)]
    if order.fills:
        filled = fmt.quantity(instrument, order.cum_quantity)
        average = fmt.average_price(instrument, order.average_price)
        words.append(f"{filled} filled at {average}")
    if order.leaves_quantity and order.fills:
        words.append(f"{fmt.quantity(instrument, order.leaves_quantity)} left")
    text = ", ".join(words)
    return f"{text}: {order.reason}" if order.reason else text


def facts(order: Order) -> list[Fact]:
    """Every number and term that has a name."""
    request = order.request
    own, numbers = order.client_order_id, order.broker_order_ids
    found = [
        Fact("Our id", own, own),
        _number("Broker's number", str(order.broker_order_id or "")),
        _number("Permanent id", order.perm_id),
    ]
    if len(numbers) > 1:
        earlier = ", ".join(str(number) for number in numbers[:-1])
        found.append(Fact("Earlier numbers", earlier, earlier))
    if request.parent_id:
        found.append(Fact("Waits for", request.parent_id, request.parent_id))
    if request.oco_group:
        found.append(Fact("One cancels the other", request.oco_group, request.oco_group))
    found += [
        Fact("Account", request.account_id, request.account_id),
        Fact("Connection", request.connection_id, request.connection_id),
        Fact("Entered", "in another program" if request.origin is Origin.EXTERNAL
             else f"here, by {request.origin.value}"),
        Fact("Time in force", request.time_in_force.value.upper()
             + (", also outside regular hours" if request.outside_hours else "")),
    ]  # fmt: skip
    return found


def known_of(order: Order, life: Sequence[Recorded]) -> str:
    """What is known of an Unknown order, in plain words."""
    sent = next((one.event for one in life if isinstance(one.event, ev.OrderSubmitted)), None)
    answered = any(isinstance(one.event, ev.OrderAccepted | ev.OrderHeld) for one in life)
    words = [f"Nobody can say what became of this order: {order.reason or 'no answer came'}."]
    if sent is not None:
        words.append(f"It was sent at {fmt.date_time(sent.at, millis=True)}.")
    words.append(
        f"The broker had accepted it as number {order.broker_order_id or fmt.UNKNOWN}."
        if answered
        else "The broker never confirmed it."
    )
    filled = fmt.quantity(order.request.instrument, order.cum_quantity)
    total = fmt.quantity(order.request.instrument, order.quantity)
    words.append(f"{filled} of {total} are known to be filled.")
    words.append("It may be working at the broker; it is never sent again by itself.")
    return " ".join(words)


def fill_columns() -> Sequence[Column[Execution]]:
    """Every column of the fills of one order."""
    return (
        Column("time", "Time", lambda e: e.at, lambda e: fmt.clock_time(e.at, millis=True),
               sample="00:00:00.000", tooltip=lambda e: fmt.date_time(e.at, millis=True)),
        Column("quantity", "Qty", lambda e: e.quantity,
               lambda e: fmt.quantity(e.instrument, e.quantity), Kind.NUMBER, sample="10 000"),
        Column("price", "Price", lambda e: e.price, lambda e: fmt.price(e.instrument, e.price),
               Kind.NUMBER, sample="12 345.00"),
        Column("fee", "Fee", lambda e: e.fee, lambda e: fmt.money(e.fee, e.fee_currency),
               Kind.NUMBER, sample="1.2345 USD",
               hint="Commission and fees; a dash until the broker has told them"),
        Column("liquidity", "Liquidity", lambda e: e.liquidity,
               lambda e: e.liquidity or fmt.UNKNOWN, sample="maker"),
        Column("exec_id", "Exec ID", lambda e: e.exec_id, lambda e: e.exec_id,
               sample="0000e0d5.01.01", hint="The broker's execution number"),
    )  # fmt: skip


def _number(name: str, number: str) -> Fact:
    return Fact(name, number or "not told", number)


def _terms(order: Order) -> str:
    instrument, kind = order.request.instrument, order.request.order_type
    words = [type_word(kind).lower()]
    if order.trail_percent is not None:
        words.append(f"{fmt.number(order.trail_percent, 2)}{fmt.THIN_SPACE}%")
    elif order.trail_amount is not None:
        words.append(fmt.price(instrument, order.trail_amount))
    if kind is OrderType.STOP_LIMIT:
        stop, limit = order.stop_price, order.limit_price
        words.append(f"{fmt.price(instrument, stop)}, limit {fmt.price(instrument, limit)}")
    elif (price := order.limit_price or order.stop_price) is not None:
        words.append(fmt.price(instrument, price))
    return " ".join(words)
