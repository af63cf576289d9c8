"""What the program and its brokers said, filtered, in memory and bounded."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QMenu, QToolButton, QWidget

from app.base.log import RING_SIZE, LogLine, RingHandler, ring
from app.domain.events import NoticeRaised
from app.ui import format as fmt
from app.ui import theme
from app.ui.desk import Desk
from app.ui.models.log import LogFilter, log_columns, notice_line, topic_of
from app.ui.models.table import RowModel
from app.ui.widgets.table_panel import TablePanel

_EMPTY = "Nothing to show at this level. Choose a lower level or clear the filter."
_LEVELS = (
    ("Debug", logging.DEBUG),
    ("Info", logging.INFO),
    ("Warning", logging.WARNING),
    ("Error", logging.ERROR),
)
_ALL_TOPICS = "All topics"
_FRAME_MS = 50
_SAME_S = 2.0


class LogFeed(QObject):
    """Brings lines from any thread to the GUI thread, many at a time.

    `arrived` tells that `take` has something; it is emitted once until somebody takes. `end` ends
    the listening; it outlives the object, so that its end can be bound to another's.
    """

    arrived = Signal()

    def __init__(self, source: RingHandler, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: deque[LogLine] = deque(maxlen=RING_SIZE)
        self._lock = threading.Lock()
        self._is_announced = False
        self.end = source.listen(self._on_line)

    def take(self) -> list[LogLine]:
        """Everything that arrived since the last time, oldest first. GUI thread."""
        with self._lock:
            lines = list(self._lines)
            self._lines.clear()
            self._is_announced = False
        return lines

    def _on_line(self, line: LogLine) -> None:
        with self._lock:
            self._lines.append(line)
            is_first, self._is_announced = not self._is_announced, True
        if is_first:
            self.arrived.emit()


class LogPanel(TablePanel):
    """Shows the ring of `base.log` and the engine's notices. GUI thread."""

    panel_id = "log"
    title = "Log"
    icon_name = "log"

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        model = RowModel(log_columns(), frame_ms=_FRAME_MS, capacity=RING_SIZE)
        super().__init__(model, desk=desk, name="Log", empty_text=_EMPTY, parent=parent)
        self._filter = LogFilter()
        self._notices = 0
        self._topics: set[str] = set()
        self._is_at_end = True
        self._feed = LogFeed(ring(), self)
        self._build()
        self._connect(desk)
        self.model.set_filter(self._filter.accepts)
        self._put(ring().records)
        self.model.flush()
        self.table.scrollToBottom()

    def save_state(self) -> dict[str, Any]:
        return {**super().save_state(), "level": self._filter.level}

    def restore_state(self, state: dict[str, Any]) -> None:
        super().restore_state(state)
        at = next((n for n, (_, level) in enumerate(_LEVELS) if level == state.get("level")), -1)
        if at >= 0:
            self.level.setCurrentIndex(at)

    def on_second(self) -> None:
        """Nothing here ages."""

    def focus_filter(self) -> None:
        """The log has a field of its own, always in sight."""
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.text.selectAll()

    def clear_filter(self) -> bool:
        was_on = bool(self.text.text())
        self.text.clear()
        return was_on

    # -- set-up --------------------------------------------------------------------------------

    def _build(self) -> None:
        self.level = QComboBox(self)
        self.level.addItems([f"{name} and above" for name, _ in _LEVELS[:-1]] + ["Errors only"])
        self.level.setCurrentIndex(1)
        self.topic = QComboBox(self)
        self.topic.addItem(_ALL_TOPICS)
        self.text = QLineEdit(self)
        self.text.setPlaceholderText("Filter by text")
        self.text.setClearButtonEnabled(True)
        self.pause = self._button("Pause", "Keep the view where it is while lines arrive")
        self.pause.setCheckable(True)
        copy = self._button("Copy", "Copy the selected lines, or all that are shown (Ctrl+C)")
        copy.clicked.connect(self._copy)
        self._count = QLabel(self)
        for widget, name, tip in (
            (self.level, "Log level", "The least serious lines to show"),
            (self.topic, "Log topic", "Which part of the program to show"),
            (self.text, "Log text filter", "Show only lines that hold this text"),
        ):
            widget.setAccessibleName(name)
            widget.setToolTip(tip)
            self.bar.addWidget(widget)
        self.bar.addWidget(self.pause)
        self.bar.addWidget(copy)
        self.bar.addSpacing(8)
        self.bar.addWidget(self._count)
        self.bar.addStretch(1)
        theme.follow(self.text, lambda: self.text.setMaximumWidth(theme.px(280)))
        self.text.returnPressed.connect(self.focus_rows)

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        return button

    def _connect(self, desk: Desk) -> None:
        desk.bridge.notice_raised.connect(self._on_notice)
        self._feed.arrived.connect(self._on_lines)
        self.destroyed.connect(self._feed.end)
        self.level.currentIndexChanged.connect(self._on_filter)
        self.topic.currentIndexChanged.connect(self._on_filter)
        self.text.textChanged.connect(self._on_filter)
        self.model.rowsAboutToBeInserted.connect(self._note_end)
        self.model.rowsAboutToBeRemoved.connect(self._note_end)
        self.model.flushed.connect(self._on_flushed)

    # -- lines ---------------------------------------------------------------------------------

    def _on_lines(self) -> None:
        self._put(self._feed.take())

    def _on_notice(self, notice: NoticeRaised) -> None:
        if self._was_logged(notice):
            return
        self._notices += 1
        self._put([notice_line(-self._notices, notice)])

    def _was_logged(self, notice: NoticeRaised) -> bool:
        """Whether the same words have just come through the log."""
        for line in reversed(ring().records[-20:]):
            if abs((notice.at - line.at).total_seconds()) <= _SAME_S and notice.text in line.text:
                return True
        return False

    def _put(self, lines: list[LogLine]) -> None:
        for line in lines:
            self.model.upsert(line.number, line)
            if (topic := topic_of(line)) not in self._topics:
                self._topics.add(topic)
                self.topic.addItem(topic)

    def _on_filter(self) -> None:
        topic = self.topic.currentText() if self.topic.currentIndex() > 0 else ""
        level = _LEVELS[self.level.currentIndex()][1]
        self._filter = replace(self._filter, level=level, topic=topic, text=self.text.text())
        self.model.set_filter(self._filter.accepts)
        self._on_flushed()
        if not self.pause.isChecked():
            self.table.scrollToBottom()

    # -- the view ------------------------------------------------------------------------------

    def _note_end(self) -> None:
        bar = self.table.verticalScrollBar()
        self._is_at_end = bar.value() >= bar.maximum() - bar.singleStep()

    def _on_flushed(self) -> None:
        shown, kept = self.model.rowCount(), len(self.model)
        self._count.setText(f"{fmt.number(shown)} of {fmt.number(kept)} lines")
        QTimer.singleShot(0, self, self._follow)

    def _follow(self) -> None:
        """Go to the newest line, once the table has taken it in."""
        if self._is_at_end and not self.pause.isChecked():
            self.table.scrollToBottom()

    def _copy(self) -> None:
        if not self.table.selectionModel().hasSelection():
            self.table.selectAll()
        self.table.copy()

    def more_menu(self, menu: QMenu, rows: list[LogLine]) -> None:
        if len(rows) == 1:
            topic = topic_of(rows[0])
            menu.addAction(f"Only {topic}", lambda: self.topic.setCurrentText(topic))
        menu.addAction("All topics", lambda: self.topic.setCurrentIndex(0))
        menu.addSeparator()
