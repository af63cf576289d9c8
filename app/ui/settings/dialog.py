"""The settings dialog: pages on the left, the chosen one on the right."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QListWidget,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.ui.desk import Desk
from app.ui.settings.pages import PAGES, SettingsPage

_LIST_WIDTH = 150


class SettingsDialog(QDialog):
    """Open it with `open()`; a page saves by itself, so there is nothing but Close. GUI thread."""

    def __init__(
        self, desk: Desk, parent: QWidget, pages: Sequence[SettingsPage] = PAGES, page: str = ""
    ) -> None:
        super().__init__(parent)
        self.setObjectName("settings_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Settings")
        self._desk, self._specs = desk, list(pages)
        self._made: dict[str, QWidget] = {}
        self._list = self._build_list()
        self._stack = QStackedWidget(self)
        columns = QHBoxLayout()
        columns.addWidget(self._list)
        columns.addWidget(self._stack, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(columns, 1)
        layout.addWidget(self._build_buttons())
        self.resize(860, 580)
        self.show_page(page or self._specs[0].id)

    def show_page(self, page_id: str) -> None:
        """Turn to a page; an unknown one changes nothing."""
        ids = [spec.id for spec in self._specs]
        if page_id in ids:
            self._list.setCurrentRow(ids.index(page_id))

    def page(self, page_id: str) -> QWidget:
        """The widget of a page that was shown. Raises KeyError for others."""
        return self._made[page_id]

    def _build_list(self) -> QListWidget:
        pages = QListWidget(self)
        pages.setObjectName("settings_pages")
        pages.setAccessibleName("Pages of the settings")
        pages.setFixedWidth(_LIST_WIDTH)
        pages.addItems([spec.title for spec in self._specs])
        for row in range(pages.count()):
            pages.item(row).setSizeHint(QSize(0, 2 * self.fontMetrics().lineSpacing()))
        pages.currentRowChanged.connect(self._turn)
        return pages

    def _build_buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setAutoDefault(False)
        buttons.rejected.connect(self.reject)
        return buttons

    def _turn(self, row: int) -> None:
        spec = self._specs[row]
        if spec.id not in self._made:
            self._made[spec.id] = spec.create(self._desk, self)
            self._stack.addWidget(self._made[spec.id])
        self._stack.setCurrentWidget(self._made[spec.id])
