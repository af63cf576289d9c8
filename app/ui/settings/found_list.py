"""What the search over all pages of the settings finds."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from app.ui.settings.pages import SettingsPage
from app.ui.settings.setting import Term

_PLACE = int(Qt.ItemDataRole.UserRole)


class FoundList(QListWidget):
    """Settings by any words of their title, explanation or page. GUI thread.

    Signals:
        chosen(str, str): the page and the row that the trader wants to see.
    """

    chosen = Signal(str, str)

    def __init__(self, pages: Sequence[SettingsPage], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("settings_found")
        self.setAccessibleName("Settings found")
        self.setWordWrap(True)
        self._pages = pages
        self.itemActivated.connect(self._tell)
        self.itemClicked.connect(self._tell)

    def search(self, text: str) -> None:
        """List what has all these words, titles first."""
        words = text.casefold().split()
        found = [
            (not all(word in term.title.casefold() for word in words), page, term)
            for page in self._pages
            for term in [Term("", page.title), *page.terms()]
            if _has(words, page, term)
        ]
        found.sort(key=lambda one: one[0])
        self.clear()
        for _, page, term in found:
            title = (
                term.title
                if not term.row and term.title == page.title
                else (f"{term.title}\n   {page.title}")
            )
            item = QListWidgetItem(title, self)
            item.setData(_PLACE, (page.id, term.row))
        if not found:
            item = QListWidgetItem("Nothing is called so.", self)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.setCurrentRow(0 if found else -1)

    def step(self, rows: int) -> None:
        """One further up or down, while the keyboard is in the search."""
        self.setCurrentRow(max(0, min(self.count() - 1, self.currentRow() + rows)))

    def choose(self) -> None:
        """Go to the one that is marked."""
        if (item := self.currentItem()) is not None:
            self._tell(item)

    def _tell(self, item: QListWidgetItem) -> None:
        place = item.data(_PLACE)
        if place is not None:
            self.chosen.emit(*place)


def _has(words: Sequence[str], page: SettingsPage, term: Term) -> bool:
    everything = f"{term.title} {term.text} {page.title}".casefold()
    return all(word in everything for word in words)
