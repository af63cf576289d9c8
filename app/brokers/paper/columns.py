"""Which column of a table means what: by its name, and where names are missing by its content."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from app.brokers.paper.recording import Floats
from app.brokers.paper.timestamps import looks_like_time

# role -> the names it goes by, lower case without blanks and signs.
_NAMES: dict[str, tuple[str, ...]] = {
    "time": (
        "timestamp", "timestamputc", "datetime", "time", "date", "ts", "localtime", "gmttime",
        "opentime", "unix", "epoch", "tsevent", "transacttime", "t",
    ),
    "open": ("open", "openprice", "o"),
    "high": ("high", "highprice", "h"),
    "low": ("low", "lowprice", "l"),
    "close": ("close", "closeprice", "c", "last"),
    "volume": ("volume", "vol", "v", "tickvolume", "totalvolume"),
    "bid": ("bid", "bidprice", "bestbid", "bestbidprice", "b"),
    "ask": ("ask", "askprice", "offer", "bestask", "bestaskprice", "a"),
    "bid_size": ("bidsize", "bidqty", "bidquantity", "bidvolume", "bestbidsize", "bestbidqty"),
    "ask_size": ("asksize", "askqty", "askquantity", "askvolume", "bestasksize", "bestaskqty"),
    "price": ("price", "tradeprice", "last", "lastprice", "p"),
    "size": ("size", "quantity", "qty", "amount", "tradesize", "lastsize", "volume", "vol", "q"),
    "side": ("side", "aggressor", "aggressorside", "takerside", "direction"),
    "buyer_maker": ("buyermaker", "isbuyermaker", "buyerismaker", "m"),
    "symbol": ("symbol", "ticker", "instrument", "pair"),
}  # fmt: skip
BAR_ROLES = ("open", "high", "low", "close")
QUOTE_ROLES = ("bid", "ask")

Roles = dict[str, int]


def plain(name: str) -> str:
    """A column's name without case, blanks and signs."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def is_header(cells: Sequence[str]) -> bool:
    """A first row is a header when no cell of it can be read as a number or a moment."""
    return not any(_is_number(cell) or looks_like_time(cell) for cell in cells)


def roles_by_name(names: Sequence[str], first_row: Sequence[str]) -> Roles | None:
    """The meaning of named columns, None where they are not market data.

    `first_row` finds the time where its column has no name that says so (a nameless index).
    """
    seen = {plain(name): index for index, name in reversed(list(enumerate(names)))}
    found = {
        role: next(seen[name] for name in known if name in seen)
        for role, known in _NAMES.items()
        if any(name in seen for name in known)
    }
    if "date" in seen and "time" in seen and not looks_like_time(first_row[seen["time"]]):
        found["time"], found["clock"] = seen["date"], seen["time"]
    if "time" not in found:
        index = next((i for i, cell in enumerate(first_row) if looks_like_time(cell)), None)
        if index is None:
            return None
        found["time"] = index
    return _of_one_kind(found)


def _of_one_kind(found: Roles) -> Roles | None:
    base: Roles = {role: found[role] for role in ("time", "clock", "symbol") if role in found}
    if all(role in found for role in BAR_ROLES):
        return base | _pick(found, (*BAR_ROLES, "volume"))
    ticks: Roles = dict(base)
    if all(role in found for role in QUOTE_ROLES):
        ticks = ticks | _pick(found, (*QUOTE_ROLES, "bid_size", "ask_size"))
    if "price" in found:
        ticks = ticks | _pick(found, ("price", "size", "side", "buyer_maker"))
    return ticks if len(ticks) > len(base) else None


def _pick(found: Roles, roles: Sequence[str]) -> Roles:
    return {role: found[role] for role in roles if role in found}


def roles_by_content(first_row: Sequence[str], head: Floats) -> Roles | None:
    """The meaning of nameless columns, the time first; `head` holds the columns that follow it.

    Bid before ask, and open, high, low, close in that order, are what every vendor writes.
    """
    if not first_row or not looks_like_time(first_row[0]) or head.shape[1] < 2:
        return None
    if head.shape[1] >= 4:
        prices = head[:, :4]
        is_bar = (prices[:, 1] >= prices.max(axis=1)) & (prices[:, 2] <= prices.min(axis=1))
        if is_bar.all():
            roles = {"time": 0, "open": 1, "high": 2, "low": 3, "close": 4}
            return roles | ({"volume": 5} if head.shape[1] > 4 else {})
    first, second = head[:, 0], head[:, 1]
    if bool(np.all(first <= second) and np.all(second <= first * 1.05)):
        has_sizes = head.shape[1] >= 4
        return {"time": 0, "bid": 1, "ask": 2} | (
            {"bid_size": 3, "ask_size": 4} if has_sizes else {}
        )
    return {"time": 0, "price": 1, "size": 2}


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
