"""The words of an order: side, type, time in force, status. FIX spelling."""

from __future__ import annotations

import re
from enum import Enum


class Side(Enum):
    """FIX 54, netting: a sale beyond the position opens a short where the account allows."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sale."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(Enum):
    """FIX 40, and trailing stop, which FIX spells as a pegged stop."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"

    @property
    def has_limit(self) -> bool:
        """Whether a limit price belongs to it."""
        return self in (OrderType.LIMIT, OrderType.STOP_LIMIT)

    @property
    def has_stop(self) -> bool:
        """Whether a stop (trigger) price belongs to it."""
        return self in (OrderType.STOP, OrderType.STOP_LIMIT)


class TimeInForce(Enum):
    """FIX 59."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    OPG = "opg"
    CLS = "cls"


class OrderStatus(Enum):
    """FIX 39, with Denied (we refused), Held (the broker has it and keeps it back) and Unknown."""

    DRAFT = "Draft"
    DENIED = "Denied"
    HELD = "Held"
    PENDING_NEW = "PendingNew"
    WORKING = "Working"
    PARTIALLY_FILLED = "PartiallyFilled"
    TRIGGERED = "Triggered"
    PENDING_REPLACE = "PendingReplace"
    PENDING_CANCEL = "PendingCancel"
    FILLED = "Filled"
    CANCELED = "Canceled"
    REJECTED = "Rejected"
    EXPIRED = "Expired"
    SUSPENDED = "Suspended"
    UNKNOWN = "Unknown"

    @property
    def words(self) -> str:
        """As a person reads it: "Partially filled"."""
        return self.value[0] + re.sub(r"([A-Z])", r" \1", self.value[1:]).lower()

    @property
    def is_closed(self) -> bool:
        """Nothing more is expected; late fills are still booked."""
        return self in CLOSED

    @property
    def is_open(self) -> bool:
        """May still trade. Unknown counts: what may be live is treated as live."""
        return self not in CLOSED and self is not OrderStatus.DRAFT

    @property
    def is_in_flight(self) -> bool:
        """A request of ours is on its way and not answered."""
        return self in IN_FLIGHT


CLOSED = frozenset(
    {
        OrderStatus.DENIED,
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.REJECTED,
        OrderStatus.EXPIRED,
    }
)
IN_FLIGHT = frozenset(
    {OrderStatus.PENDING_NEW, OrderStatus.PENDING_REPLACE, OrderStatus.PENDING_CANCEL}
)


class Origin(Enum):
    """Where an order came from, for the audit log."""

    TICKET = "ticket"
    HOTKEY = "hotkey"
    CHART = "chart"
    POSITION = "position"
    SELFCHECK = "selfcheck"
    EXTERNAL = "external"  # typed in another program; we only watch it
