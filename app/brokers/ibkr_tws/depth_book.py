"""One order book, put together from rows that are inserted, changed and deleted. Pure.

Operations 0 insert, 1 update, 2 delete; side 0 asks, 1 bids (TWS API, "Market Depth").
"""

from __future__ import annotations

from datetime import datetime

from app.domain.ids import InstrumentKey
from app.domain.market import Depth, DepthLevel

INSERT, UPDATE, DELETE = range(3)


class DepthBook:
    """Rows as TWS numbers them: on smart-routed books one for each exchange at a price."""

    __slots__ = ("_rows", "_sides", "is_torn")

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._sides: tuple[list[DepthLevel], list[DepthLevel]] = ([], [])  # asks, bids
        self.is_torn = False  # a row did not fit: what is shown may be wrong until it is asked anew

    def clear(self) -> None:
        """TWS begins anew."""
        for side in self._sides:
            side.clear()
        self.is_torn = False

    def change(
        self, position: int, operation: int, side: int, price: float, size: float, maker: str = ""
    ) -> None:
        """One row. What cannot be meant leaves the book as it is and marks it torn."""
        if side not in (0, 1) or position < 0:
            self.is_torn = True
            return
        rows, level = self._sides[side], DepthLevel(price, size, maker)
        if operation == INSERT and position <= len(rows):
            rows.insert(position, level)
            del rows[self._rows :]
        elif operation == UPDATE and position < len(rows):
            rows[position] = level
        elif operation == UPDATE and position == len(rows) < self._rows:
            rows.append(level)  # TWS sends the first change of a row without its insert
        elif operation == DELETE and position < len(rows):
            del rows[position]
        elif operation != DELETE:
            # A delete of a row that fell off the end is nothing.
            self.is_torn = True

    def depth(self, key: InstrumentKey, now: datetime, received: float) -> Depth:
        """The book as it stands, best level first; rows of no price or size are left out."""
        asks, bids = (tuple(r for r in side if r.price > 0 and r.size > 0) for side in self._sides)
        return Depth(key, bids, asks, now, received)
