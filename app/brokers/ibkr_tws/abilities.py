"""What orders, times in force and abilities IBKR offers through TWS."""

from __future__ import annotations

from app.domain.capabilities import Capabilities
from app.domain.instrument import AssetClass
from app.domain.order_types import OrderType, TimeInForce

_T = TimeInForce
_COMMON = frozenset({_T.DAY, _T.GTC})

CAPABILITIES = Capabilities(
    order_types=dict.fromkeys(AssetClass, frozenset(OrderType)),
    # A market or limit order for the close is what TWS calls MOC and LOC, for the opening MOO, LOO.
    times_in_force={
        OrderType.MARKET: _COMMON | {_T.IOC, _T.OPG, _T.CLS},
        OrderType.LIMIT: _COMMON | {_T.IOC, _T.FOK, _T.OPG, _T.CLS},
        OrderType.STOP: _COMMON,
        OrderType.STOP_LIMIT: _COMMON,
        OrderType.TRAILING_STOP: _COMMON,
    },
    outside_hours=True,
    fractional=True,  # coins; shares trade whole, which their own step says
    modify=True,
    bracket=True,
    oco=True,
    short_selling=True,
    preview=True,
    depth=True,
    history=True,
    live_bars=True,
    search=True,
    option_chains=True,
    global_cancel=True,
    foreign_orders=(
        "Orders typed into TWS or sent by other programs are shown and followed, but TWS lets only"
        " their own program change or cancel them one by one; Cancel Everything at the Broker"
        " reaches them all"
    ),
)
