"""Telling clients about orders and executions, and who is told what.

Sources: `Decoder.wrap("orderStatus")`, `Decoder.execDetails`, `Decoder.commissionReport` of
ib_insync and ib_async; the TWS API documentation on client ids 0 and the master client id.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tests.doubles.tws.message_numbers import Tell
from tests.doubles.tws.order_records import open_order
from tests.doubles.tws.quirks import Quirk
from tests.doubles.tws.records import Fill, TwsOrder
from tests.doubles.tws.wire import UNSET_DOUBLE, Field

if TYPE_CHECKING:
    from tests.doubles.tws.session import Session
    from tests.doubles.tws.world import World


def audience(world: World, order: TwsOrder) -> list[Session]:
    """Who hears of this order as it happens.

    Its own client and the master. What was typed into TWS belongs to client 0, who hears of it
    once it is bound, that is: once it has an order id.
    """
    if not world.is_ibkr_up:
        return []
    owner = order.client_id if order.order_id else None
    return [s for s in world.sessions if s.client_id in (owner, world.master_client_id)]


def order_status(order: TwsOrder, status: str = "") -> list[Field]:
    """Message 3, with another status than the order's own where one is given."""
    return [
        Tell.ORDER_STATUS,
        order.order_id,
        status or order.status,
        order.filled,
        order.remaining,
        order.average,
        order.perm_id,
        order.parent_id,
        order.last_price,
        order.client_id,
        order.why_held,
        "0",  # mktCapPrice
    ]


def execution(
    world: World, fill: Fill, order: TwsOrder, version: int, req_id: int = -1
) -> list[Field]:
    """Message 11; request -1 where nobody asked."""
    fields: list[Field] = [
        Tell.EXECUTION,
        req_id,
        order.order_id,
        *fill.contract.fields(),
        fill.exec_id,
        local_time(world, fill.at),
        fill.account,
        fill.exchange,
        fill.side,
        fill.quantity,
        fill.price,
        fill.perm_id,
        order.client_id,
        0,  # liquidation
        fill.cumulative,
        fill.average,
        order.ref,
        "",  # evRule
        "",  # evMultiplier
        "",  # modelCode
        "2",  # lastLiquidity: removed
    ]
    return [*fields, False] if version >= 178 else fields  # pendingPriceRevision


def commission(fill: Fill) -> list[Field]:
    """Message 59; a fill that opens a position realizes nothing, which TWS writes as unset."""
    realized: Field = UNSET_DOUBLE if fill.realized is None else fill.realized
    return [
        Tell.COMMISSION_REPORT,
        1,
        fill.exec_id,
        fill.commission,
        fill.contract.currency,
        realized,
        UNSET_DOUBLE,  # yield
        "",  # yieldRedemptionDate
    ]


def local_time(world: World, at: datetime) -> str:
    """A time as TWS writes it in its own zone; without the zone's name where it has none."""
    if not world.zone:
        return at.strftime("%Y%m%d  %H:%M:%S")
    return f"{at.astimezone(ZoneInfo(world.zone)):%Y%m%d %H:%M:%S} {world.zone}"


def tell_order(world: World, order: TwsOrder) -> None:
    """openOrder and orderStatus to all who hear of this order."""
    for session in audience(world, order):
        session.send(*open_order(order, session.version))
    tell_status(world, order)


def tell_status(world: World, order: TwsOrder, status: str = "") -> None:
    """orderStatus alone."""
    times = 2 if Quirk.DUPLICATE_STATUS in order.quirks else 1
    for session in audience(world, order) * times:
        session.send(*order_status(order, status))


def tell_fill(world: World, order: TwsOrder, fill: Fill) -> None:
    """execDetails; once more where executions come twice."""
    times = 2 if Quirk.DUPLICATE_EXECUTION in order.quirks else 1
    for session in audience(world, order) * times:
        session.send(*execution(world, fill, order, session.version))


def tell_commission(world: World, order: TwsOrder, fill: Fill) -> None:
    """commissionReport."""
    times = 2 if Quirk.DUPLICATE_EXECUTION in order.quirks else 1
    for session in audience(world, order) * times:
        session.send(*commission(fill))


def tell_error(world: World, order: TwsOrder, code: int, text: str) -> None:
    """An error or notice under the order's id, to its own client only."""
    for session in audience(world, order):
        if session.client_id == order.client_id:
            session.error(order.order_id, code, text)
