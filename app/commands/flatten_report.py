"""What was asked for when everything was flattened, and what became of each part of it. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum

from app.commands.open_list import NOT_KNOWN, position_value
from app.commands.ticket import describe, plain_price
from app.domain.events import PositionView
from app.domain.ids import AccountId, ClientOrderId, ConnectionId, InstrumentKey
from app.domain.order import Order
from app.domain.order_types import OrderStatus
from app.domain.verdict import Deed, Verdict
from app.engine.engine import Engine

Place = tuple[ConnectionId, AccountId, InstrumentKey]


class Stage(Enum):
    """How far one part has come."""

    WAITING = "under way"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Line:
    """One order or position: what it was, what was asked for, where, and what happened.

    `order_id` is the order that is canceled, or the one that closes the position once it is known.
    `value` is that of the position when it was asked for, signed and in `currency`; None for an
    order, and where it was not known. Where `is_paper` is False it may be real money.
    """

    what: str
    asked: str
    place: Place
    order_id: ClientOrderId | None
    deed: Deed
    stage: Stage = Stage.WAITING
    text: str = "asked"
    verdict: Verdict | None = None
    value: Decimal | None = None
    currency: str = ""
    is_paper: bool = False

    @property
    def where(self) -> str:
        """Account and connection, and whose money it is."""
        mode = "PAPER" if self.is_paper else "LIVE"
        return f"{self.place[1]} at {self.place[0]} ({mode})"

    @property
    def worth(self) -> str:
        """The value in words, empty for an order."""
        if self.deed is Deed.CANCEL:
            return ""
        return NOT_KNOWN if self.value is None else f"{self.value:,.2f} {self.currency}"


class FlattenReport:
    """A line for each order and position that is open when it is made. GUI thread.

    `take` brings in the verdicts of one place as they come, `refresh` what has become of it since.
    """

    def __init__(
        self, engine: Engine, title: str, views: Iterable[PositionView], orders: Iterable[Order]
    ) -> None:
        self._engine, self.title = engine, title
        self.began_at = engine.clock.now()
        self.is_over = False  # whether every verdict is in
        self.lines: list[Line] = [_order(order) for order in orders]
        self.lines += [_position(view) for view in views]
        paper = {name for name in engine.connections.ids() if engine.connections.is_paper(name)}
        self.lines = [replace(line, is_paper=line.place[0] in paper) for line in self.lines]

    @property
    def is_final(self) -> bool:
        """Whether nothing of it is under way any more."""
        return all(line.stage is not Stage.WAITING for line in self.lines)

    def count(self, stage: Stage) -> int:
        """How many lines have come so far."""
        return sum(line.stage is stage for line in self.lines)

    @property
    def heading(self) -> str:
        """All of it in one sentence."""
        done, failed = self.count(Stage.DONE), self.count(Stage.FAILED)
        waiting = self.count(Stage.WAITING)
        parts = [f"{done} of {len(self.lines)} done"]
        parts += [f"{waiting} under way"] if waiting else []
        parts += [f"{failed} failed: see below"] if failed else []
        return f"{self.title}: {', '.join(parts)}"

    @property
    def text(self) -> str:
        """Everything as plain text, a line for each part."""
        rows = [
            f"{line.stage.value}\t{line.asked}\t{line.what}\t{line.worth}\t{line.where}\t{line.text}"
            for line in self.lines
        ]
        return "\n".join([self.heading, f"asked at {self.began_at.isoformat()}", *rows])

    def take(self, place: Place, verdicts: Sequence[Verdict]) -> None:
        """The verdicts of one place are in."""
        by_order = {v.order.client_order_id: v for v in verdicts if v.order is not None}
        # What says of no order what became of it goes for the whole place.
        rest = [v for v in verdicts if v.deed is not Deed.CANCEL]
        for at, line in enumerate(self.lines):
            if line.place != place:
                continue
            if line.deed is Deed.CANCEL and line.order_id is not None:
                verdict = by_order.get(line.order_id, _lost(verdicts))
            else:
                verdict = rest[-1] if rest else _lost(verdicts)
            self.lines[at] = _told(line, verdict)
        self.refresh()

    def end(self) -> None:
        """No more verdicts come."""
        self.is_over = True
        self.refresh()

    def refresh(self) -> None:
        """Ask book and portfolio anew what has become of each line."""
        for at, line in enumerate(self.lines):
            look = self._look_at_order if line.deed is Deed.CANCEL else self._look_at_position
            stage, text = look(line)
            self.lines[at] = replace(line, stage=stage, text=text)

    def _look_at_order(self, line: Line) -> tuple[Stage, str]:
        order = self._engine.orders.book.get(line.order_id)
        if order is None:
            return Stage.FAILED, "the journal does not know it any more"
        status = order.status
        if status is OrderStatus.UNKNOWN:
            return Stage.FAILED, f"Unknown: {order.reason}. Resolve it in Orders".replace(
                ": .", "."
            )
        if status.is_closed:
            return Stage.DONE, _closed(order)
        verdict = line.verdict
        if verdict is not None and not verdict.ok:
            return Stage.FAILED, verdict.text
        return Stage.WAITING, f"{status.words}, waiting for the broker"

    def _look_at_position(self, line: Line) -> tuple[Stage, str]:
        verdict, order = line.verdict, self._engine.orders.book.get(line.order_id)
        if self._is_flat(line.place):
            return Stage.DONE, "flat" if order is None else f"flat: {_closed(order)}"
        if verdict is None:
            return Stage.WAITING, "waiting for the cancels of its orders"
        if order is None:
            return Stage.FAILED if not verdict.ok else Stage.WAITING, verdict.text
        if order.status is OrderStatus.FILLED:
            return Stage.WAITING, f"{_closed(order)}; waiting for the position to follow"
        if order.status.is_closed or order.status is OrderStatus.UNKNOWN or not verdict.ok:
            return Stage.FAILED, f"still held. {_closed(order)}"
        return Stage.WAITING, f"{describe(order.request)}: {_closed(order)}"

    def _is_flat(self, place: Place) -> bool:
        view = self._engine.portfolio.position(*place)
        return view is None or not view.quantity


def _order(order: Order) -> Line:
    request = order.request
    place = request.connection_id, request.account_id, request.instrument.key
    return Line(describe(request), "Cancel", place, order.client_order_id, Deed.CANCEL)


def _position(view: PositionView) -> Line:
    side = "long" if view.quantity > 0 else "short"
    what = f"{side} {abs(view.quantity).normalize():f} {view.instrument.symbol}"
    place = view.connection_id, view.account_id, view.instrument.key
    return Line(
        *(what, "Close at the market", place, None, Deed.CLOSE),
        value=position_value(view),
        currency=view.instrument.currency.upper(),
    )


def _told(line: Line, verdict: Verdict) -> Line:
    """The line with its verdict, and with the order that closes the position."""
    if line.deed is Deed.CANCEL or verdict.order is None:
        return replace(line, verdict=verdict)
    return replace(line, verdict=verdict, order_id=verdict.order.client_order_id)


def _closed(order: Order) -> str:
    """What became of an order: its status, its fill, and why."""
    words = order.status.words
    if order.cum_quantity and order.average_price is not None:
        filled, whole = order.cum_quantity.normalize(), order.quantity.normalize()
        price = plain_price(order.request, order.average_price)
        words += f", {filled:f} of {whole:f} filled at {price}"
    return f"{words}: {order.reason}" if order.reason else words


def _lost(verdicts: Sequence[Verdict]) -> Verdict:
    """For what no verdict names: the word that goes for the whole place."""
    why = next((verdict.text for verdict in verdicts if not verdict.ok), "no verdict came")
    return Verdict(False, why)
