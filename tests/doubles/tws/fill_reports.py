"""What TWS says of one execution, in the usual order or in one of the odd ones."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.doubles.tws.ledger import Ledger
from tests.doubles.tws.order_messages import (
    audience,
    order_status,
    tell_commission,
    tell_error,
    tell_fill,
    tell_order,
)
from tests.doubles.tws.quirks import Quirk
from tests.doubles.tws.records import Fill, TwsOrder

if TYPE_CHECKING:
    from tests.doubles.tws.world import World

LATE_S = 0.2


def report_fill(world: World, order: TwsOrder, fill: Fill) -> None:
    """Execution, order, position and account, commission; what else the order's quirks bring."""
    quirks = order.quirks
    if Quirk.STATUS_BEFORE_EXECUTION in quirks:
        tell_order(world, order)
        world.part(Ledger).book(fill)
        world.timing.later(LATE_S, lambda: _tell_late(world, order, fill))
    else:
        tell_fill(world, order, fill)
        tell_order(world, order)
        world.part(Ledger).book(fill)
        tell_commission(world, order, fill)
    if Quirk.STALE_SUBMITTED in quirks and order.is_done:
        stale = replace(order, status="Submitted", filled=Decimal(0), paid=Decimal(0))
        for session in audience(world, order):
            session.send(*order_status(stale))
    if Quirk.WARNING_AFTER_FILLED in quirks and order.is_done:
        tell_error(world, order, 399, "Order Message:\nWarning: this says nothing new.")


def _tell_late(world: World, order: TwsOrder, fill: Fill) -> None:
    tell_fill(world, order, fill)
    tell_commission(world, order, fill)
