"""What one connection can do. The ticket offers nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.domain.instrument import AssetClass
from app.domain.order_types import OrderType, TimeInForce


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Order types per asset class, times in force per order type, and the yes-or-no abilities."""

    order_types: dict[AssetClass, frozenset[OrderType]] = field(default_factory=dict)
    times_in_force: dict[OrderType, frozenset[TimeInForce]] = field(default_factory=dict)
    outside_hours: bool = False
    fractional: bool = False
    modify: bool = True
    bracket: bool = False  # entry, target and stop held by the broker
    oco: bool = False
    short_selling: bool = False
    preview: bool = False  # margin and commission before sending
    depth: bool = False
    history: bool = False
    live_bars: bool = False  # the broker keeps bars up to date itself
    search: bool = False
    option_chains: bool = False
    global_cancel: bool = False  # one request cancels every order of the login
    foreign_orders: str = ""  # what may be done to orders of other programs, in one sentence
    faults: bool = False  # drills: only the paper broker
    replay: bool = False  # its data has a transport: play, pause, step, seek

    def allows(self, asset: AssetClass, kind: OrderType, tif: TimeInForce) -> bool:
        """Whether this combination may be sent."""
        return kind in self.order_types.get(asset, frozenset()) and tif in self.times_in_force.get(
            kind, frozenset()
        )
