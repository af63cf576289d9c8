"""Orders under headers: by symbol or by account, never real and paper orders in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.domain.ids import ConnectionId
from app.domain.order_types import OrderStatus
from app.ui.models.columns import Cell
from app.ui.models.grouping import Grouping, GroupLine
from app.ui.models.orders import OrderRow


def order_groupings(mode: Callable[[ConnectionId], str]) -> list[Grouping[OrderRow]]:
    """By symbol and by account; `mode` says LIVE or PAPER."""

    def symbol_of(row: OrderRow) -> tuple[str, str]:
        request = row.order.request
        return (request.instrument.symbol, mode(request.connection_id))

    def account_of(row: OrderRow) -> tuple[str, str]:
        return (row.order.request.account_id, row.order.request.connection_id)

    def symbol_lines(rows: Sequence[OrderRow]) -> list[GroupLine]:
        return [_header(" ".join(symbol_of(rows[0])), rows)]

    def account_lines(rows: Sequence[OrderRow]) -> list[GroupLine]:
        request = rows[0].order.request
        where = f"{request.account_id} at {request.connection_id}"
        return [_header(f"{where} {mode(request.connection_id)}", rows)]

    return [
        Grouping("symbol", symbol_of, symbol_lines),
        Grouping("account", account_of, account_lines),
    ]


def _header(label: str, rows: Sequence[OrderRow]) -> GroupLine:
    unknown = sum(row.order.status is OrderStatus.UNKNOWN for row in rows)
    working = sum(row.order.status.is_open for row in rows) - unknown
    words = [f"{working} working"] if working else []
    words += [f"\u26a0 {unknown} Unknown"] if unknown else []
    cells: dict[str, Cell] = {
        "status": (", ".join(words), "alarm" if unknown else "accent" if working else None, None)
    }
    told = f"{label}: {len(rows)} orders" + "".join(f", {word}" for word in words)
    return GroupLine(f"{label} \u00b7 {len(rows)}", cells, {"status": -working}, {"": told})
