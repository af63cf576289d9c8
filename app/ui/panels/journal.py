"""The trade journal: fills by trading day with what they earned, notes, and the profit curve."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QSplitter, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.analytics.equity import Curve
from app.analytics.trade_sheet import AccountKey
from app.commands.journal import JournalView
from app.commands.journal_filters import Filters
from app.domain.events import NoteSaved
from app.ui import theme
from app.ui.desk import Desk
from app.ui.journal.columns import Line, order_of
from app.ui.journal.equity_plot import EquityPlot
from app.ui.journal.filter_bar import FilterBar
from app.ui.journal.model import JournalModel
from app.ui.journal.summary import SummaryStrip, remarks_of, sums_of
from app.ui.journal.table import JournalTable
from app.ui.journal.table_acts import JournalActs

REFRESH_MS, SOON_MS = 1000, 200
_NARROW, _NARROWEST, _TALL = 760, 560, 300
_SPLIT, _BELOW = [720, 280], [580, 420]
_READING = "Reading the fills…"
_EMPTY = (
    "No fills yet. Connect an account and trade, or play a replay: every fill appears here under"
    " its trading day, with what it earned. Notes and tags may be written beside days and fills."
)
_HIDDEN = "No fill of these accounts fits. “Clear” above shows all of them again."


class _Page:
    """What commands see of the panel; outlives it by a moment, and then does nothing."""

    def __init__(self, panel: JournalPanel) -> None:
        self._panel = panel

    @property
    def filters(self) -> Filters:
        return self._panel.bar.filters

    def focus_filter(self) -> None:
        self._panel.come_forward()
        self._panel.focus_filter()

    def edit(self, what: str) -> None:
        self._panel.come_forward()
        self._panel.edit(what)

    def expand_all(self, expanded: bool) -> None:
        self._panel.come_forward()
        self._panel.fold_all(folded=not expanded)


class JournalPanel(JournalActs):
    """Shows `desk.journal`. GUI thread; the sums are made beside it, at most once a second.

    While a note is being written the rows stay as they are.
    """

    panel_id = "journal"
    title = "Journal"
    icon_name = "journal"

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._journal = desk, desk.journal
        self.view = None
        self._signature: tuple[object, ...] | None = None
        self._is_reading = self._is_stale = False
        self._plot: EquityPlot | None = None
        self._curve: Curve | None = None
        self._sizes, self._is_split = list(_SPLIT), False
        self._build()
        self._seconds = QTimer(self, interval=REFRESH_MS)
        self._seconds.timeout.connect(self._on_second)
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(self.refresh)
        # The curve is painted in a turn of its own: rows and curve at once would hold up the keys.
        self._drawing = QTimer(self, singleShot=True, interval=0)
        self._drawing.timeout.connect(self._draw)
        self._connect()
        page = _Page(self)
        pages = self._journal.pages
        pages.append(page)
        self.destroyed.connect(lambda: pages.remove(page))

    # -- what it offers ------------------------------------------------------------------------

    def first_focus(self) -> QWidget:
        """Where the keyboard goes when the panel is chosen."""
        return self.table

    def come_forward(self) -> None:
        """Be in sight, with the keyboard."""
        self._desk.shell.show_panel(self.panel_id)

    @property
    def plot(self) -> EquityPlot:
        """The curve; made with the first look at the panel, because it takes its time."""
        if self._plot is None:
            self._plot = EquityPlot(self)
            self.splitter.addWidget(self._plot)
            self.splitter.setStretchFactor(1, 1)
        return self._plot

    def refresh(self) -> None:
        """Read the journal anew, one reading at a time; out of sight when it is next seen."""
        if not self.isVisible():
            self._signature = None
            return
        if self._is_reading:
            self._is_stale = True
            return
        self._is_reading, self._is_stale = True, False
        self._signature = self._journal.signature()
        self._desk.spawn(self._read(), "read the journal")

    def edit(self, what: str) -> None:
        """Edit the "note" or the "tags" of the current line, or the "order" note of its fill."""
        self.table.edit_cell(what)

    def save_state(self) -> dict[str, Any]:
        """Filters, columns and the split."""
        return {
            "filters": self.bar.filters.to_json(),
            "table": self.table.headings.save_state(),
            "split": self.splitter.sizes() if self._is_split else self._sizes,
        }

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take an arrangement back; what is damaged or unknown is left out."""
        if isinstance(filters := state.get("filters"), dict):
            self.bar.set_filters(Filters.from_json(filters))
        if isinstance(table := state.get("table"), dict):
            self.table.headings.restore_state(table)
        sizes = state.get("split")
        if isinstance(sizes, list) and len(sizes) == 2 and all(isinstance(s, int) for s in sizes):
            self._sizes, self._is_split = sizes, False
        self.refresh()

    # -- set-up --------------------------------------------------------------------------------

    def _build(self) -> None:
        self.setAccessibleName(self.title)
        self.bar = FilterBar(self)
        for command_id in ("journal.export_days", "journal.export_executions"):
            command = self._desk.commands.get(command_id)
            action = self.bar.export_menu.addAction(command.title)
            action.triggered.connect(lambda _=False, name=command_id: self._desk.run(name))
        self.model = JournalModel(self._journal, self)
        self.table = JournalTable(self.model, self)
        self.table.set_empty_text(_READING)
        self.table.fill_menu = self._fill_menu
        self.strip = SummaryStrip(self)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.table)
        self.splitter.setStretchFactor(0, 3)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.bar)
        box.addWidget(self.strip)
        box.addWidget(self.splitter, 1)

    def _connect(self) -> None:
        bridge = self._desk.bridge
        bridge.execution_booked.connect(self._on_news)
        bridge.note_saved.connect(self._on_note)
        self._desk.settings_changed.connect(self._on_settings)
        self.bar.changed.connect(self.refresh)
        self.bar.left.connect(self.table.setFocus)
        self.table.editing_ended.connect(self._on_edited)

    # -- news ----------------------------------------------------------------------------------

    def _on_news(self, _event: object) -> None:
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def _on_note(self, event: NoteSaved) -> None:
        self.model.notes_changed()
        view = self.view
        if view is not None and (view.filters.tag or set(event.note.tags) - set(view.tags)):
            self.refresh()

    def _on_settings(self, _settings: object) -> None:
        self.model.notes_changed()
        self.refresh()

    def _on_edited(self) -> None:
        self.model.notes_changed()
        if self._is_stale:
            self.refresh()

    def _on_second(self) -> None:
        # Corrections, another method of profit and the journal of old make no event of their own.
        if self._journal.signature() != self._signature:
            self.refresh()
        self._show_now()

    # -- reading and showing -------------------------------------------------------------------

    async def _read(self) -> None:
        try:
            view = await self._journal.read(self.bar.filters, self._selected(), self.model.expanded)
        finally:
            self._is_reading = False
        if not isValid(self):  # it was closed for good meanwhile
            return
        if self.table.is_editing or view.filters != self.bar.filters:
            self._is_stale = True  # the rows wait for the editor; other filters are read next
        else:
            self._show(view)
        if self._is_stale and not self.table.is_editing:
            self.refresh()

    def _show(self, view: JournalView) -> None:
        self.view = view
        self.bar.show_choices(view)
        self.table.set_empty_text(_HIDDEN if view.total else _EMPTY)
        self.model.set_rows(view.sheet.rows)
        self._show_now()

    def _show_now(self) -> None:
        """Sums and curve up to this moment, with what is open."""
        view = self.view
        if view is None:
            return
        curve = view.sheet.curves.get(view.currency)
        now = self._journal.open_profit(view) if view.is_open else None
        if curve is not None and now is not None and not now.unknown:
            curve = curve.with_now(self._journal.now.timestamp(), float(now.amount))
        words = self._journal.broker_words(view)
        self.strip.show_sums(sums_of(view, now, curve), remarks_of(view, now, words))
        self._curve = curve
        self._drawing.start()

    def _draw(self) -> None:
        if not self._is_split:  # before it is laid out a splitter shares its room as it likes
            self.splitter.setSizes(self._sizes)
            self._is_split = True
        if self.view is not None:
            self.plot.show_curve(self._curve, self.view.currency)

    def _selected(self) -> AccountKey | None:
        chosen = self._desk.selection
        if chosen.connection_id is None or chosen.account_id is None:
            return None
        return chosen.connection_id, chosen.account_id

    # -- the trader's hand ---------------------------------------------------------------------

    def _fill_menu(self, menu: QMenu, line: Line) -> None:
        menu.addAction("Edit Note\tF2", lambda: self.edit("note"))
        menu.addAction("Edit Tags\tT", lambda: self.edit("tags"))
        order = menu.addAction("Edit Note of Order\tShift+F2", lambda: self.edit("order"))
        order.setEnabled(order_of(line) is not None)
        menu.addSeparator()
        show = menu.addAction("Show Instrument on the Desk", self._show_instrument)
        show.setEnabled(self.chosen_place() is not None)
        menu.addAction("Expand All Days", lambda: self.fold_all(folded=False))
        menu.addAction("Collapse All Days", lambda: self.fold_all(folded=True))

    def _show_instrument(self) -> None:
        place = self.chosen_place()
        if place is not None:
            self._desk.select(
                instrument=place.instrument,
                connection_id=place.connection_id,
                account_id=place.account_id,
            )

    # -- Qt ------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.clear_filter():
            self.table.setFocus()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._plot is not None:
            self._arrange()

    def _arrange(self) -> None:
        """Where days and curve do not fit beside each other it stands below, or not at all."""
        is_tall = self.height() >= theme.px(_TALL)
        is_below = is_tall and self.width() < theme.px(_NARROW)
        self.plot.setVisible(is_tall or self.width() >= theme.px(_NARROWEST))
        wanted = Qt.Orientation.Vertical if is_below else Qt.Orientation.Horizontal
        if wanted is not self.splitter.orientation():
            self.splitter.setOrientation(wanted)
            self._sizes, self._is_split = list(_BELOW if is_below else _SPLIT), False
            self._drawing.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._arrange()
        self._seconds.start()
        self._on_second()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        for timer in (self._seconds, self._soon, self._drawing):
            timer.stop()
