"""What became of each order and position when everything was flattened, until all is final."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.commands.flatten_report import FlattenReport, Line, Stage
from app.ui import format as fmt
from app.ui import theme
from app.ui.bridge import EngineBridge
from app.ui.widgets.enter_guard import EnterGuard
from app.ui.widgets.sentence import Sentence

_COLUMNS = ("", "Asked", "What", "Value", "Where", "What happened")
_VALUE = _COLUMNS.index("Value")
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_SIGNS = {Stage.WAITING: "…", Stage.DONE: "✓", Stage.FAILED: "✗"}
_TOKENS = {Stage.WAITING: "pending", Stage.DONE: "ok", Stage.FAILED: "alarm"}
_REFRESH_MS = 150
_HIGHEST, _LEAST = 10_000, 160
_BESIDE, _ABOVE = 18, 8  # the room around the text of a cell


class FlattenReportDialog(QDialog):
    """Lists `report` and follows it; it stands beside the window and blocks nothing. GUI thread."""

    def __init__(self, report: FlattenReport, bridge: EngineBridge, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("flatten_report")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self.setWindowTitle(report.title)
        self.report = report
        self.guard = EnterGuard(self)
        self._soon = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._soon.timeout.connect(self.refresh)
        self._heading = Sentence("flatten_heading", self)
        self._table = self._build_table()
        layout = QVBoxLayout(self)
        layout.addWidget(self._heading)
        layout.addWidget(self._table, 1)
        layout.addWidget(self._build_buttons())
        self.resize(
            QSize(theme.px(900), theme.px(340)).boundedTo(self.screen().availableSize() * 0.9)
        )
        self._table.horizontalHeader().sectionResized.connect(self._fit_rows)
        bridge.order_changed.connect(self._refresh_soon)
        bridge.position_changed.connect(self._refresh_soon)
        theme.changed.connect(self._fill)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_rows()

    def refresh(self) -> None:
        """Ask anew what has become of it; while verdicts are to come it asks again by itself."""
        self.report.refresh()
        self._fill()
        if not self.report.is_over:
            self._soon.start()

    def copy(self) -> None:
        """All of it to the clipboard."""
        QGuiApplication.clipboard().setText(self.report.text)

    def _build_table(self) -> QTableWidget:
        table = QTableWidget(0, len(_COLUMNS), self)
        table.setObjectName("flatten_lines")
        table.setAccessibleName("Orders and positions")
        table.setHorizontalHeaderLabels(_COLUMNS)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setWordWrap(True)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(_COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        title = QTableWidgetItem(_COLUMNS[_VALUE])
        title.setTextAlignment(_RIGHT)
        table.setHorizontalHeaderItem(_VALUE, title)
        theme.follow(table, lambda: table.setFont(theme.number_font()))
        return table

    def _build_buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        copy = buttons.addButton("&Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.setObjectName("copy_report")
        copy.setAutoDefault(False)
        copy.clicked.connect(self.copy)
        buttons.rejected.connect(self.close)
        return buttons

    def _refresh_soon(self, _event: object = None) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _fill(self) -> None:
        has_failed = self.report.count(Stage.FAILED) > 0
        token = "alarm" if has_failed else "ok" if self.report.is_final else "text"
        self._heading.say(self.report.heading, token)
        self._table.setRowCount(len(self.report.lines))
        for row, line in enumerate(self.report.lines):
            self._show_line(row, line)
        self._fit_rows()

    def _fit_rows(self) -> None:
        """A verdict that is longer than its column has further lines: its price stands at its end.

        Qt's own fitting forgets the padding of a cell, and cuts what needs only just a line more.
        """
        table, last = self._table, len(_COLUMNS) - 1
        header, least = table.horizontalHeader(), theme.px(_LEAST)
        fits = table.viewport().width() - header.sectionPosition(last) >= least
        mode = QHeaderView.ResizeMode.Stretch if fits else QHeaderView.ResizeMode.Interactive
        if header.sectionResizeMode(last) is not mode:
            header.setSectionResizeMode(last, mode)
        if not fits:  # then it is scrolled to
            table.setColumnWidth(last, least)
        room = QRect(0, 0, table.columnWidth(last) - theme.px(_BESIDE), _HIGHEST)
        for row, line in enumerate(self.report.lines):
            text = table.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, line.text)
            table.setRowHeight(row, text.height() + theme.px(_ABOVE))

    def _show_line(self, row: int, line: Line) -> None:
        texts = (_SIGNS[line.stage], line.asked, line.what, _worth(line), line.where, line.text)
        for column, text in enumerate(texts):
            item = self._table.item(row, column)
            if item is None:
                item = QTableWidgetItem()
                self._table.setItem(row, column, item)
                if column == _VALUE:
                    item.setTextAlignment(_RIGHT)
            if item.text() != text:
                item.setText(text)
            is_verdict = column in (0, len(texts) - 1)
            item.setForeground(theme.color(_TOKENS[line.stage] if is_verdict else "text"))
        sign = self._table.item(row, 0)
        if sign is not None:
            sign.setToolTip(line.stage.value)


def _worth(line: Line) -> str:
    is_known = line.value is not None
    return fmt.money(line.value, line.currency) if is_known else line.worth
