"""What the trader asks for, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from app.domain.ids import AccountId, ClientOrderId, ConnectionId, new_client_order_id
from app.domain.instrument import Instrument
from app.domain.order_types import OrderType, Origin, Side, TimeInForce

# Beyond this a number is a slip of the hand, and exact arithmetic on ticks and steps ends.
_MOST = Decimal("1e12")


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """One order as asked for; complete, immutable, and journaled as it stands.

    `reduce_only` marks an exit: the engine never lets it increase exposure. `parent_id` holds it
    until that order is filled (OTO); orders that share `oco_group` cancel one another.
    `stale_quote_ok` is the trader's explicit word that a market order may go without a fresh
    quote. Prices are in the instrument's currency, quantity in units.
    """

    connection_id: ConnectionId
    account_id: AccountId
    instrument: Instrument
    side: Side
    order_type: OrderType
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    outside_hours: bool = False
    reduce_only: bool = False
    stale_quote_ok: bool = False
    parent_id: ClientOrderId | None = None
    oco_group: str = ""
    origin: Origin = Origin.TICKET
    client_order_id: ClientOrderId = field(default_factory=new_client_order_id)

    def problems(self) -> list[str]:
        """Every reason why this request makes no sense on its own; empty when it does."""
        found: list[str] = [] if self.account_id else ["no account is chosen"]
        if not self.quantity.is_finite() or self.quantity <= 0:
            found.append(f"quantity must be more than zero, was {self.quantity}")
        elif self.quantity > _MOST:
            found.append(f"quantity must not be more than {_MOST:f}, was {self.quantity}")
        elif not self.instrument.is_on_step(self.quantity):
            step = self.instrument.quantity_step
            found.append(f"quantity must be a multiple of {step}, was {self.quantity}")
        elif self.quantity < self.instrument.min_quantity:
            least = self.instrument.min_quantity
            found.append(f"quantity must be at least {least}, was {self.quantity}")
        found += self._price_problem("limit price", self.limit_price, self.order_type.has_limit)
        found += self._price_problem("stop price", self.stop_price, self.order_type.has_stop)
        found += self._trail_problems()
        return found

    def _price_problem(self, name: str, price: Decimal | None, wanted: bool) -> list[str]:
        if price is None:
            return [f"{self.order_type.value} order needs a {name}"] if wanted else []
        if not wanted:
            return [f"{self.order_type.value} order takes no {name}"]
        if not price.is_finite() or price <= 0:
            return [f"{name} must be more than zero, was {price}"]
        if price > _MOST:
            return [f"{name} must not be more than {_MOST:f}, was {price}"]
        if not self.instrument.is_on_tick(price):
            return [f"{name} must be a multiple of {self.instrument.tick_size}, was {price}"]
        return []

    def _trail_problems(self) -> list[str]:
        offsets = [o for o in (self.trail_amount, self.trail_percent) if o is not None]
        if self.order_type is not OrderType.TRAILING_STOP:
            return ["only a trailing stop takes a trailing offset"] if offsets else []
        if len(offsets) != 1:
            return ["a trailing stop needs either an amount or a percentage"]
        if not offsets[0].is_finite() or offsets[0] <= 0:
            return [f"the trailing offset must be more than zero, was {offsets[0]}"]
        if self.trail_percent is not None:
            too_far = self.trail_percent >= 100
            text = f"the trailing percentage must be below 100, was {self.trail_percent}"
            return [text] if too_far else []
        return self._price_problem("trailing amount", self.trail_amount, True)


@dataclass(frozen=True, slots=True)
class OrderChange:
    """New terms for a live order; None keeps what stands. Units as in OrderRequest."""

    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
