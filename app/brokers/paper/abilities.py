"""What the embedded broker can do."""

from __future__ import annotations

from app.domain.capabilities import Capabilities
from app.domain.instrument import AssetClass
from app.domain.order_types import OrderType, TimeInForce

_T = TimeInForce
_AT_ONCE = frozenset({_T.DAY, _T.GTC, _T.IOC, _T.FOK, _T.OPG, _T.CLS})
_RESTING = frozenset({_T.DAY, _T.GTC})

CAPABILITIES = Capabilities(
    order_types={asset: frozenset(OrderType) for asset in AssetClass if asset.value != "option"},
    times_in_force={
        OrderType.MARKET: _AT_ONCE,
        OrderType.LIMIT: _AT_ONCE,
        OrderType.STOP: _RESTING,
        OrderType.STOP_LIMIT: _RESTING,
        OrderType.TRAILING_STOP: _RESTING,
    },
    outside_hours=True,
    fractional=True,
    modify=True,
    bracket=True,
    oco=True,
    short_selling=True,
    preview=True,
    history=True,
    search=True,
    faults=True,
    replay=True,
)
