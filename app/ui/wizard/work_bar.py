"""What a page is doing or has found, with Stop or Look Again."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.commands.wizard_view import Kind, View
from app.ui import theme
from app.ui.wizard.style import words


class WorkBar(QWidget):
    """Hidden on pages that do nothing of their own. GUI thread."""

    stop_asked = Signal()
    retry_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = words("", "work_text", self)
        self._progress = QProgressBar(self)
        self._progress.setObjectName("work_progress")
        self._progress.setRange(0, 0)
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(theme.px(4))
        self._progress.setAccessibleName("Working")
        self._stop = QPushButton("Sto&p", self)
        self._stop.setObjectName("stop_work")
        self._stop.setAutoDefault(False)
        self._stop.clicked.connect(self.stop_asked)
        self.retry = QPushButton("&Look Again", self)
        self.retry.setObjectName("look_again")
        self.retry.setAutoDefault(False)
        self.retry.clicked.connect(self.retry_asked)
        row = QHBoxLayout()
        row.addWidget(self._text, 1)
        row.addWidget(self._stop)
        row.addWidget(self.retry)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addLayout(row)
        box.addWidget(self._progress)

    def show_view(self, view: View) -> None:
        """Bring it up to date; a trouble has its own button."""
        is_working = view.is_working
        self._text.setText(f"{view.progress}…" if is_working else view.found)
        self._text.setAccessibleName(self._text.text())
        self._progress.setVisible(is_working)
        self._stop.setVisible(is_working and view.page is not None)
        self.retry.setVisible(view.can_retry and view.trouble is None)
        has_news = bool(view.found) or (view.can_retry and view.kind is not Kind.CHOICE)
        self.setVisible(is_working or (has_news and view.trouble is None))
