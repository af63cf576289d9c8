"""What is open, for a question about all of it: a row each, what it is worth, and sums. No Qt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import overload

from app.commands.ticket import plain_price
from app.domain.events import PositionView
from app.domain.order import Order
from app.domain.position import exact_sum

NOT_KNOWN = "value not known"


@dataclass(frozen=True, slots=True)
class OpenRow:
    """One open position or order.

    `value` is signed and in `currency`; None where it is not known (no mark), or where there is
    none to tell: an order has a value only once it is filled. `is_paper` is False for whatever is
    not proved to be paper. `sentence` says the row to who hears it instead of seeing it.
    """

    sentence: str
    side: str
    quantity: Decimal
    symbol: str
    terms: str
    where: str
    is_paper: bool
    is_position: bool
    value: Decimal | None = None
    currency: str = ""

    @property
    def kind(self) -> str:
        """Position or Order."""
        return "Position" if self.is_position else "Order"

    @property
    def mode(self) -> str:
        """PAPER or LIVE."""
        return "PAPER" if self.is_paper else "LIVE"


@dataclass(frozen=True, slots=True)
class OpenSum:
    """The positions of one currency: their net value as far as it is known, and how many have no
    known one."""

    currency: str
    value: Decimal
    unknown: int


@dataclass(frozen=True, slots=True)
class OpenList(Sequence[str]):
    """Rows of what is open; read as a sequence it is their sentences, and those of the sums."""

    rows: tuple[OpenRow, ...]
    _texts: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sums = [_sum_words(one) for one in self.sums] if self.rows else []
        object.__setattr__(self, "_texts", (*map(_row_words, self.rows), *sums))

    @property
    def sums(self) -> list[OpenSum]:
        """One for each currency of the positions, by its name."""
        held = [row for row in self.rows if row.is_position]
        return [_sum(name, held) for name in sorted({row.currency for row in held})]

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...

    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        return self._texts[at]

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)


def position_value(view: PositionView) -> Decimal | None:
    """Signed value at the mark, None without a mark."""
    return None if view.mark is None else view.instrument.notional(view.mark, view.quantity)


def position_row(view: PositionView, sentence: str, *, is_paper: bool) -> OpenRow:
    """The row of one position; `sentence` says it without its value."""
    mark = "" if view.mark is None else f"at {view.instrument.round_price(view.mark):f}"
    doubt = "" if view.is_verified else "not verified"
    return OpenRow(
        sentence,
        "long" if view.quantity > 0 else "short",
        abs(view.quantity),
        view.instrument.symbol,
        ", ".join(part for part in (mark, doubt) if part),
        f"{view.account_id} at {view.connection_id}",
        is_paper,
        is_position=True,
        value=position_value(view),
        currency=view.instrument.currency.upper(),
    )


def order_row(order: Order, sentence: str, *, is_paper: bool) -> OpenRow:
    """The row of one order."""
    request = order.request
    price = order.limit_price if order.limit_price is not None else order.stop_price
    kind = request.order_type.value.replace("_", " ")
    terms = kind if price is None else f"{kind} {plain_price(request, price)}"
    return OpenRow(
        sentence,
        request.side.value,
        order.leaves_quantity,
        request.instrument.symbol,
        f"{terms}, {order.status.words}",
        f"{request.account_id} at {request.connection_id}",
        is_paper,
        is_position=False,
    )


def _sum(currency: str, held: Sequence[OpenRow]) -> OpenSum:
    values = [row.value for row in held if row.currency == currency]
    known = [value for value in values if value is not None]
    return OpenSum(currency, exact_sum(known), len(values) - len(known))


def _row_words(row: OpenRow) -> str:
    if not row.is_position:
        return f"{row.sentence} ({row.mode})"
    value = NOT_KNOWN if row.value is None else f"value {row.value:,.2f} {row.currency}"
    return f"{row.sentence} ({row.mode}), {value}"


def _sum_words(total: OpenSum) -> str:
    """Never a figure alone where a part of it is missing."""
    missing = f", and {total.unknown} of unknown value" if total.unknown else ""
    return f"All positions in {total.currency}: {total.value:,.2f}{missing}"
