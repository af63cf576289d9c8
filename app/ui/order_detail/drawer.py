"""The drawer beside the Orders table: everything about the order that is selected there."""

from __future__ import annotations

import asyncio
from typing import Any

import shiboken6
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.base.errors import StoreError
from app.commands import order_rows
from app.domain.events import OrderChanged
from app.domain.ids import ClientOrderId
from app.domain.order import Order
from app.domain.order_types import OrderStatus
from app.domain.reports import Severity
from app.ui import theme
from app.ui.desk import Desk
from app.ui.frame import mode_of
from app.ui.models.order_history import Recorded, history_columns, history_rows, read_history
from app.ui.models.table import RowModel
from app.ui.order_detail.fact_list import FactList
from app.ui.order_detail.facts import facts, fill_columns, heading, known_of, standing
from app.ui.order_detail.head import Head
from app.ui.order_detail.steps import step_columns, steps
from app.ui.order_detail.unknown_box import UnknownBox
from app.ui.widgets.table_view import TableView

LEAST_WIDTH, LEAST_HEIGHT = 380, 80
_LEAST_ALONE, _LEAST_CORNER, _CORNER_GAP = 200, 360, 24
_UNBOUND = 16_777_215  # QWIDGETSIZE_MAX
_RESOLVE, _EVENTS, _, _FILLS = range(4)  # the pages
_READ_AGAIN_MS = 150  # a burst of events is read once
_READING = "Reading the journal…"
_NOTHING = "The journal holds nothing of this order."
_NO_FILLS = "Nothing of it has traded."


class OrderDrawer(QFrame):
    """Reads the journal in the background and follows the order while it is open.

    `closed` says that it was closed by Esc or its button. GUI thread.
    """

    closed = Signal()

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("order_drawer")
        self.setAccessibleName("Order detail")
        self._desk = desk
        self._order: Order | None = None
        self._life: list[Recorded] = []
        self.events = RowModel(history_columns(), parent=self)
        self.steps = RowModel(step_columns(), parent=self)
        self.fills = RowModel(fill_columns(), parent=self)
        self._is_alone = False
        theme.follow(self, self._fit_width)
        self._build()
        self._again = QTimer(self, singleShot=True, interval=_READ_AGAIN_MS)
        self._again.timeout.connect(self._load)
        desk.bridge.order_changed.connect(self._on_order_changed)
        theme.changed.connect(self._show_mode)

    @property
    def order_id(self) -> ClientOrderId | None:
        """The order that is shown."""
        return None if self._order is None else self._order.client_order_id

    def show_order(self, order: Order) -> None:
        """Show this one; what the journal tells of it follows."""
        is_other = order.client_order_id != self.order_id
        # What a row shows may be a frame old, and its news may have been told already.
        self._follow(self._desk.engine.orders.book.get(order.client_order_id) or order)
        if is_other:
            self._life = []
            self._show_life()
            self.events_table.set_empty_text(_READING)
            self._load()

    def minimumSizeHint(self) -> QSize:
        """Little: opening it must not push the chart above out of its place."""
        return QSize(LEAST_WIDTH, LEAST_HEIGHT)

    def take_focus(self) -> None:
        """Give the keyboard to the page in front, or to what is to be decided."""
        self.front().setFocus(Qt.FocusReason.OtherFocusReason)

    def be_alone(self, is_alone: bool) -> None:
        """Without rows beside it, it takes what room there is and asks for no more."""
        if is_alone is not self._is_alone:
            self._is_alone = is_alone
            self._fit_width()

    def front(self) -> QWidget:
        """What `take_focus` gives the keyboard to."""
        is_asked = self.pages.currentIndex() == _RESOLVE
        return self.unknown.ask_button if is_asked else self.pages.currentWidget()

    # -- set-up --------------------------------------------------------------------------------

    def _build(self) -> None:
        self.head = Head(self)
        self.heading, self.standing = self.head.heading, self.head.standing
        self.mode, self.close_button = self.head.mode, self.head.close_button
        self.close_button.clicked.connect(self.closed)
        self.unknown = UnknownBox(self)
        self._resolving = QScrollArea(self)
        self._resolving.setWidgetResizable(True)
        self._resolving.setFrameShape(QFrame.Shape.NoFrame)
        self._resolving.setWidget(self.unknown)
        self._resolving.setAccessibleName("Resolve")
        self.unknown.ask_again.connect(self._ask_again)
        self.unknown.write_off.connect(self._write_off)
        self.pages = QTabWidget(self)
        self.pages.setDocumentMode(True)
        self.events_table = self._table(self.events, "Events of the order", _READING)
        self.steps_table = self._table(self.steps, "Times of the order", _READING)
        self.fills_table = self._table(self.fills, "Fills of the order", _NO_FILLS)
        self.facts = FactList(self)
        self.facts.copied.connect(self._on_copied)
        for page, title in (
            (self._resolving, "⚠ Resolve"),
            (self.events_table, "Events"),
            (self.steps_table, "Times"),
            (self.fills_table, "Fills"),
            (self.facts, "Numbers"),
        ):
            self.pages.addTab(page, title)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(8, 2, 2, 0)
        self._box.setSpacing(2)
        self._box.addWidget(self.head)
        self._box.addWidget(self.pages, 1)
        self._corner = QWidget(self)
        self._beside = QHBoxLayout(self._corner)
        self._beside.setContentsMargins(0, 0, 0, 2)
        self.pages.setCornerWidget(self._corner)
        self.pages.setTabVisible(_RESOLVE, False)

    def _table(self, model: RowModel[Any], name: str, empty_text: str) -> TableView:
        return TableView(model, name=name, empty_text=empty_text, parent=self)

    def _fit_width(self) -> None:
        self.setMinimumWidth(theme.px(_LEAST_ALONE if self._is_alone else LEAST_WIDTH))

    def _arrange(self) -> None:
        """Where there is room the head stands beside the tabs and takes no height from the rows."""
        room = self.width() - self.pages.tabBar().sizeHint().width() - theme.px(_CORNER_GAP)
        is_beside = room >= theme.px(_LEAST_CORNER)
        if is_beside:
            self.head.setFixedWidth(room)
        if is_beside is (self.head.parent() is self._corner):
            return
        if is_beside:
            self._beside.addWidget(self.head)
        else:
            self.head.setMinimumWidth(0)
            self.head.setMaximumWidth(_UNBOUND)
            self._box.insertWidget(0, self.head)

    # -- the order -----------------------------------------------------------------------------

    def _follow(self, order: Order) -> None:
        self._order = order
        where = f"{order.request.account_id} at {order.request.connection_id}"
        self.head.show_words(heading(order), f"{standing(order)}. {where}")
        self._show_mode()
        is_unknown = order.status is OrderStatus.UNKNOWN
        self.unknown.known.setText(known_of(order, self._life) if is_unknown else "")
        if is_unknown is not self.pages.isTabVisible(_RESOLVE):
            self.pages.setTabVisible(_RESOLVE, is_unknown)
            self.pages.setCurrentIndex(_RESOLVE if is_unknown else _EVENTS)
        self.facts.show_facts(facts(order))
        self.fills.replace_all({fill.exec_id: fill for fill in order.fills})
        self.pages.setTabText(_FILLS, f"Fills ({len(order.fills)})" if order.fills else "Fills")
        self._arrange()

    def _show_mode(self) -> None:
        if self._order is None:
            return
        connections, where = self._desk.engine.connections, self._order.request.connection_id
        is_paper = connections.is_paper(where) if where in connections.ids() else None
        self.head.show_mode(mode_of(is_paper))

    def _on_order_changed(self, event: OrderChanged) -> None:
        if event.order.client_order_id == self.order_id and self.isVisible():
            self._follow(event.order)
            self._again.start()

    # -- its life ------------------------------------------------------------------------------

    def _load(self) -> None:
        if self.order_id is not None:
            self._desk.spawn(self._read(self.order_id), "order detail")

    async def _read(self, own_id: ClientOrderId) -> None:
        problem, life = "", list[Recorded]()
        try:
            life = await asyncio.to_thread(read_history, self._desk.paths.journal_file, own_id)
        except StoreError as error:
            problem = str(error)
        if not shiboken6.isValid(self) or own_id != self.order_id:
            return  # closed, or another order is looked at meanwhile
        self._life = life
        self._show_life()
        for table in (self.events_table, self.steps_table):
            table.set_empty_text(problem or _NOTHING)

    def _show_life(self) -> None:
        order = self._order
        if order is None:
            return
        was_at_end = self.events_table.verticalScrollBar().value() == (
            self.events_table.verticalScrollBar().maximum()
        )
        events = [one.event for one in self._life]
        rows = history_rows(events, order.request.instrument)
        self.events.replace_all({row.number: row for row in rows})
        handed_at = self._desk.engine.orders.handed_at.get(order.client_order_id)
        self.steps.replace_all(dict(enumerate(steps(self._life, handed_at))))
        self.pages.setTabText(_EVENTS, f"Events ({len(rows)})" if rows else "Events")
        self._arrange()
        if order.status is OrderStatus.UNKNOWN:
            self.unknown.known.setText(known_of(order, self._life))
        if was_at_end:
            self.events_table.scrollToBottom()

    # -- the trader's hand -----------------------------------------------------------------------

    def _ask_again(self) -> None:
        if self._order is not None:
            self._desk.spawn(order_rows.ask_again(self._desk, [self._order]), "resolve order")

    def _write_off(self, evidence: str) -> None:
        if self._order is not None:
            work = order_rows.write_off(self._desk, self._order, evidence)
            self._desk.spawn(work, "write off order")

    def _on_copied(self, name: str) -> None:
        self._desk.notify(Severity.INFO, f"Copied {name.lower()}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
