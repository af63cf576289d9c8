"""Requests about orders and executions: 3, 4, 5, 7, 15, 16, 58 and 99.

Layouts: `Client.placeOrder/cancelOrder/reqExecutions/...` of ib_insync and ib_async; codes: TWS API
documentation, "Message Codes".
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.doubles.tws.checks import (
    INVALID,
    Refusal,
    check_change,
    check_money,
    check_terms,
    find_contract,
)
from tests.doubles.tws.desk import Desk
from tests.doubles.tws.faults import READ_ONLY
from tests.doubles.tws.incidents import happen
from tests.doubles.tws.message_numbers import Ask, Tell
from tests.doubles.tws.order_layout import Placement, read_placement
from tests.doubles.tws.order_messages import (
    commission,
    execution,
    local_time,
    order_status,
)
from tests.doubles.tws.order_records import completed_order, open_order
from tests.doubles.tws.preview import preview_order
from tests.doubles.tws.quirks import LINE_QUIRKS, Quirk
from tests.doubles.tws.records import Contract, Fill, TwsOrder
from tests.doubles.tws.session import Handler, Session
from tests.doubles.tws.wire import FieldReader, WireError
from tests.doubles.tws.world import World


def place_order(session: Session, fields: list[str]) -> None:
    """3: a new order, a change of one that is known, or a question what it would cost."""
    try:
        placed = read_placement(fields, session.version)
    except WireError as error:
        session.error(int(fields[1]), 320, f"Error reading request. {error}")
        return
    if session.world.faults.read_only:
        session.error(placed.order_id, 321, INVALID + READ_ONLY)
    else:
        session.world.when_up(lambda: _placed(session, placed))


def cancel_order(session: Session, fields: list[str]) -> None:
    """4 1 orderId [manualCancelOrderTime]."""
    reader = FieldReader(fields[2:])
    order_id = reader.integer()
    if session.version >= 169:
        reader.text()
    if session.world.faults.read_only:
        session.error(order_id, 321, INVALID + READ_ONLY)
    else:
        session.world.when_up(lambda: _cancel(session, order_id))


def global_cancel(session: Session, fields: list[str]) -> None:
    """58 1: everything, whoever has sent it."""
    world = session.world

    def cancel_all() -> None:
        desk = world.part(Desk)
        for order in tuple(desk.open_orders()):
            desk.cancel(order)

    if world.faults.read_only:
        session.error(-1, 321, INVALID + READ_ONLY)
    else:
        world.when_up(cancel_all)


def open_orders(session: Session, fields: list[str]) -> None:
    """5 1: this client's own; client 0 takes charge of those that were typed into TWS."""
    desk = session.world.part(Desk)
    if _is_refused(session):
        return
    if session.client_id == 0:
        for order in desk.open_orders():
            if order.client_id == 0 and not order.order_id:
                desk.bind(order)
    _list_open(session, [o for o in desk.open_orders() if o.client_id == session.client_id])


def all_open_orders(session: Session, fields: list[str]) -> None:
    """16 1: those of every client, and what was typed into TWS with order id 0."""
    if not _is_refused(session):
        _list_open(session, list(session.world.part(Desk).open_orders()))


def auto_open_orders(session: Session, fields: list[str]) -> None:
    """15 1 bind: client 0 wants to take charge of what is typed into TWS from now on."""
    if not _is_refused(session) and session.client_id == 0:
        session.world.is_auto_bound = fields[2] == "1"


def completed_orders(session: Session, fields: list[str]) -> None:
    """99 apiOnly: today's finished orders, in the order in which they ended."""
    world = session.world
    if _is_refused(session):
        return
    desk = world.part(Desk)
    done = [o for o in world.orders.values() if o.is_done and o.done_at is not None]
    done.sort(key=lambda order: order.done_at or order.placed_at)
    for order in done:
        if fields[1] == "1" and not order.order_id:
            continue
        at = local_time(world, order.done_at or order.placed_at)
        parent = desk.parent(order)
        parent_id = parent.perm_id if parent is not None else 0
        session.send(*completed_order(order, session.version, at, parent_id))
    if "completed_orders" not in world.faults.missing_end:
        session.send(Tell.COMPLETED_ORDERS_END)


def executions(session: Session, fields: list[str]) -> None:
    """7 3 reqId clientId account time symbol secType exchange side."""
    world = session.world
    reader = FieldReader(fields[2:])
    req_id, client_id = reader.integer(), reader.integer()
    wanted = reader.named(["account", "time", "symbol", "sec_type", "exchange", "side"])
    for fill in world.fills:
        order = world.orders[fill.perm_id]
        if client_id in (0, order.client_id) and _fits(world, fill, wanted):
            session.send(*execution(world, fill, order, session.version, req_id))
            session.send(*commission(fill))
    if "executions" not in world.faults.missing_end:
        session.send(Tell.EXECUTION_END, 1, req_id)


def _placed(session: Session, placed: Placement) -> None:
    desk = session.world.part(Desk)
    if placed.terms["whatIf"] == "1":
        refusal = preview_order(session, placed)
        if refusal is not None:
            session.error(placed.order_id, refusal.code, refusal.text)
        return
    order = desk.known(session.client_id, placed.order_id)
    if order is None:
        _take(session, placed)
        return
    refusal = check_change(session.world, order, placed)
    if refusal is None and Quirk.REJECT_MODIFY in order.quirks:
        refusal = Refusal(201, "Order rejected - reason:The exchange refuses the change.")
    if refusal is not None:
        session.error(placed.order_id, refusal.code, refusal.text)
    else:
        desk.change(order, placed)


def _take(session: Session, placed: Placement) -> None:
    world = session.world
    quirks = world.faults.draw()
    if Quirk.DROP_BEFORE_ACCEPT in quirks:
        session.abort()
        return
    contract = _contract_or_refusal(session, placed, quirks)
    if isinstance(contract, Refusal):
        session.error(placed.order_id, contract.code, contract.text)
        if contract.code == 201:
            _inactive(session, placed)
        return
    if Quirk.DROP_AFTER_ACCEPT in quirks:
        session.abort()
    world.part(Desk).take(session.client_id, placed, contract, quirks)
    for quirk in quirks & LINE_QUIRKS:
        happen(session, quirk)


def _contract_or_refusal(
    session: Session, placed: Placement, quirks: frozenset[Quirk]
) -> Contract | Refusal:
    world, faults = session.world, session.world.faults
    if placed.order_id <= world.next_ids[session.client_id]:
        return Refusal(103, "Duplicate order id")
    parent_id = int(placed.terms["parentId"] or 0)
    parent = world.part(Desk).known(session.client_id, parent_id)
    if parent_id and parent is None:
        return Refusal(10006, "Missing parent order.")
    if parent is not None and parent.is_done and parent.status != "Filled":
        return Refusal(201, "Order rejected - reason:Parent order is being cancelled.")
    contract = find_contract(world, placed.contract)
    if isinstance(contract, Refusal):
        return contract
    if faults.next_rejection:
        return Refusal(201, f"Order rejected - reason:{faults.next_rejection.popleft()}")
    if Quirk.REJECT in quirks:
        return Refusal(201, "Order rejected - reason:No reason that anybody would know.")
    refusal = check_terms(world, contract, placed.terms)
    if refusal is None and parent is None:
        refusal = check_money(world, contract, placed)
    return contract if refusal is None else refusal


def _inactive(session: Session, placed: Placement) -> None:
    """What TWS says of an order that IBKR's servers refused, after its 201."""
    world = session.world
    world.next_ids[session.client_id] = placed.order_id
    order = TwsOrder(
        world.part(Desk).new_perm_id(),
        session.client_id,
        placed.order_id,
        placed.contract,
        placed.terms,
        world.timing.now(),
        placed.lists,
        status="Inactive",
    )
    session.send(*open_order(order, session.version))
    session.send(*order_status(order))


def _cancel(session: Session, order_id: int) -> None:
    world, desk = session.world, session.world.part(Desk)
    order = desk.known(session.client_id, order_id)
    if order is None:
        code = world.faults.unknown_cancel_code
        text = f"OrderId {order_id} that needs to be cancelled is not found."
        session.error(order_id, code, text if code == 10147 else "Can't find order with id =")
        return
    if Quirk.CANCEL_RACE in order.quirks and not order.is_done and not order.is_staged:
        quote = world.quotes.get(order.contract.con_id)
        price = order.limit or (quote.mark if quote else None) or Decimal(100)
        desk.fill(order, order.remaining, price)
    if order.is_done:
        session.error(order_id, *_not_cancelable(world, order))
    else:
        desk.cancel(order)


def _not_cancelable(world: World, order: TwsOrder) -> tuple[int, str]:
    texts = {
        10148: f"OrderId {order.order_id} that needs to be cancelled cannot be cancelled,"
        f" state: {order.status}.",
        161: "Cancel attempted when order is not in a cancellable state."
        f" Order permId = {order.perm_id}",
        136: "This order cannot be cancelled.",
    }
    code = world.faults.done_cancel_code
    return code, texts[code]


def _is_refused(session: Session) -> bool:
    if session.world.faults.read_only:
        session.error(-1, 321, INVALID + READ_ONLY)
    return session.world.faults.read_only


def _list_open(session: Session, orders: list[TwsOrder]) -> None:
    for order in orders:
        session.send(*open_order(order, session.version))
        session.send(*order_status(order))
    if "open_orders" not in session.world.faults.missing_end:
        session.send(Tell.OPEN_ORDER_END, 1)


def _fits(world: World, fill: Fill, wanted: dict[str, str]) -> bool:
    contract = fill.contract
    have = {
        "account": fill.account,
        "symbol": contract.symbol,
        "sec_type": contract.sec_type,
        "exchange": fill.exchange,
        "side": {"BOT": "BUY", "SLD": "SELL"}[fill.side],
    }
    if any(wanted[name] not in ("", value) for name, value in have.items()):
        return False
    return not wanted["time"] or fill.at >= _time(world, wanted["time"])


def _time(world: World, text: str) -> datetime:
    """`yyyymmdd-hh:mm:ss` is UTC, `yyyymmdd hh:mm:ss [zone]` is local. Raises WireError."""
    try:
        if "-" in text:
            return datetime.strptime(text, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
        day, clock, *zone = text.split()
        at = datetime.strptime(day + clock, "%Y%m%d%H:%M:%S")  # noqa: DTZ007 - it follows
        return at.replace(tzinfo=ZoneInfo(zone[0] if zone else world.zone))
    except ValueError as error:
        raise WireError(f"no time: {text!r}") from error


HANDLERS: dict[int, Handler] = {
    Ask.PLACE_ORDER: place_order,
    Ask.CANCEL_ORDER: cancel_order,
    Ask.GLOBAL_CANCEL: global_cancel,
    Ask.OPEN_ORDERS: open_orders,
    Ask.ALL_OPEN_ORDERS: all_open_orders,
    Ask.AUTO_OPEN_ORDERS: auto_open_orders,
    Ask.COMPLETED_ORDERS: completed_orders,
    Ask.EXECUTIONS: executions,
}
