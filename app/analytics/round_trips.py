"""Round trips: from flat to flat in one instrument of one account, and what each made."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from app.domain.booked import Booked

_ZERO = Decimal(0)
_SMALLEST = Decimal("1e-18")


@dataclass(frozen=True, slots=True, eq=False)
class Trip:
    """A position that was closed whole.

    `net` is its profit after fees in the instrument's currency; fees in other currencies are not
    in it. `is_known` is False where somebody must have known a cost and nobody told it.
    """

    net: Decimal
    is_known: bool


class TripCounter:
    """Finds the round trips of one stretch of books: feed it every fill in the order of time.

    A fill that turns the position round ends one trip and begins the next; its fee is shared by
    quantity. One thread; the caller provides an exact decimal context.
    """

    def __init__(self) -> None:
        self._net, self._is_known = _ZERO, True

    def add(self, booked: Booked) -> Trip | None:
        """The trip that this fill ends, if it ends one."""
        before, after, fee = booked.held_before, booked.held, booked.own_fee
        if not before:
            self._net, self._is_known = -fee, True
            return None
        ends = booked.closed > 0 and (not after or (after > 0) != (before > 0))
        share = fee
        if ends and after:
            share = (fee * booked.closed / booked.execution.quantity).quantize(_SMALLEST)
        self._net += booked.profit - share
        self._is_known = self._is_known and booked.is_known
        if not ends:
            return None
        trip = Trip(self._net, self._is_known)
        self._net, self._is_known = share - fee, True
        return trip
