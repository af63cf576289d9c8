"""The settings dialog: a search and the pages on the left, the chosen one on the right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.base.errors import MoorgateError
from app.ui import theme
from app.ui.desk import Desk
from app.ui.icons import icon
from app.ui.settings.form import FormPage
from app.ui.settings.found_list import FoundList
from app.ui.settings.outside import taken_over
from app.ui.settings.page import Page
from app.ui.settings.pages import PAGES, SettingsPage
from app.ui.settings.remembered import Remembered
from app.ui.tab_order import step, stops_in
from app.ui.widgets.sentence import Sentence, as_sentence

_SIDE_WIDTH = 190
_ICONS = {"risk": "risk_limits", "connections": "connect"}  # the others are called as their page
_SIZE = QSize(900, 600)


class SettingsDialog(QDialog):
    """Open it with `open()`; a page saves by itself, so there is nothing but Close. GUI thread.

    Ctrl+F searches all pages, Ctrl+PgUp and Ctrl+PgDn turn them. Where settings.toml was changed
    by other hands, that holds, is told and is shown as soon as the dialog is looked at, the first
    time too.
    """

    def __init__(
        self, desk: Desk, parent: QWidget, pages: Sequence[SettingsPage] = PAGES, page: str = ""
    ) -> None:
        super().__init__(parent)
        self.setObjectName("settings_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Settings")
        self._desk, self._specs = desk, list(pages)
        self._made: dict[str, QWidget] = {}
        self._remembered = Remembered(desk.paths)
        self._file_as_read: tuple[int, int] | None = None  # then it is read at once
        self._search = self._build_search()
        self._list = self._build_list()
        self._found = FoundList(self._specs, self)
        self._found.chosen.connect(self._go_to)
        self._sides = QStackedWidget(self)
        self._stack = QStackedWidget(self)
        self._said = Sentence("settings_said", self, "alarm")
        self._reset = QPushButton("&Reset Page…", self)
        self._buttons = self._build_buttons()
        self._arrange()
        self.finished.connect(self._on_finished)
        size, last = self._remembered.read()
        usual = _SIZE * theme.px(100) / 100
        self.resize((size or usual).boundedTo(self._room()))
        self._take_over_file()
        self.show_page(page or last or self._specs[0].id)
        if self._list.currentRow() < 0:
            self._list.setCurrentRow(0)
        self._list.setFocus()

    def show_page(self, page_id: str) -> None:
        """Turn to a page; an unknown one changes nothing."""
        ids = [spec.id for spec in self._specs]
        if page_id in ids:
            self._search.clear()
            self._list.setCurrentRow(ids.index(page_id))

    def page(self, page_id: str) -> QWidget:
        """The widget of a page that was shown. Raises KeyError for others."""
        return self._made[page_id]

    def current_page(self) -> str:
        """The id of the page that is shown."""
        return self._specs[max(0, self._list.currentRow())].id

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and self.isActiveWindow():
            self._take_over_file()

    def focusNextPrevChild(self, is_next: bool) -> bool:
        """Tab: the search, the pages, then all of the page shown, and last the buttons below."""
        shown = (self._stack, self._buttons)
        stops = [self._search, self._list, self._found, *chain.from_iterable(map(stops_in, shown))]
        is_moved = step(stops, is_next=is_next)
        here, page = QApplication.focusWidget(), self._stack.currentWidget()
        if isinstance(page, Page) and here is not None and page.area.isAncestorOf(here):
            page.area.ensureWidgetVisible(here)
        return is_moved

    # ---- building ----

    def _build_search(self) -> QLineEdit:
        search = QLineEdit(self)
        search.setObjectName("settings_search")
        search.setAccessibleName("Search settings")
        search.setPlaceholderText("Search settings (Ctrl+F)")
        search.setClearButtonEnabled(True)
        search.textChanged.connect(self._on_search)
        return search

    def _build_list(self) -> QListWidget:
        pages = QListWidget(self)
        pages.setObjectName("settings_pages")
        pages.setAccessibleName("Pages of the settings")
        pages.addItems([spec.title for spec in self._specs])
        theme.follow(pages, lambda: self._dress_list(pages))
        pages.currentRowChanged.connect(self._turn)
        return pages

    def _dress_list(self, pages: QListWidget) -> None:
        pages.setIconSize(QSize(theme.px(16), theme.px(16)))
        for row, spec in enumerate(self._specs):
            pages.item(row).setIcon(icon(_ICONS.get(spec.id, spec.id), "muted"))
            pages.item(row).setSizeHint(QSize(0, 2 * self.fontMetrics().lineSpacing()))

    def _arrange(self) -> None:
        self._sides.addWidget(self._list)
        self._sides.addWidget(self._found)
        left = QVBoxLayout()
        left.addWidget(self._search)
        left.addWidget(self._sides, 1)
        side = QWidget(self)
        theme.follow(side, lambda: side.setFixedWidth(theme.px(_SIDE_WIDTH)))
        side.setLayout(left)
        left.setContentsMargins(0, 0, 0, 0)
        columns = QHBoxLayout()
        columns.addWidget(side)
        columns.addWidget(self._stack, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(columns, 1)
        self._said.hide()
        layout.addWidget(self._said)
        layout.addWidget(self._buttons)
        self._add_shortcuts()

    def _build_buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setAutoDefault(False)
        self._reset.setObjectName("settings_reset_page")
        self._reset.setAutoDefault(False)
        self._reset.setToolTip("Everything on this page back to its default, after asking")
        self._reset.clicked.connect(self._on_reset)
        buttons.addButton(self._reset, QDialogButtonBox.ButtonRole.ResetRole)
        buttons.rejected.connect(self.reject)
        return buttons

    def _add_shortcuts(self) -> None:
        for keys, act in (
            (QKeySequence(QKeySequence.StandardKey.Find), self._start_search),
            (QKeySequence("Ctrl+PgDown"), lambda: self._turn_by(1)),
            (QKeySequence("Ctrl+PgUp"), lambda: self._turn_by(-1)),
        ):
            shortcut = QShortcut(keys, self)
            shortcut.activated.connect(act)
        found = self._found
        for key, by in (("Down", 1), ("Up", -1)):
            move = QShortcut(QKeySequence(key), self._search)
            move.setContext(Qt.ShortcutContext.WidgetShortcut)
            move.activated.connect(lambda by=by: found.step(by))
        self._search.returnPressed.connect(found.choose)

    def _room(self) -> QSize:
        screen = self.screen().availableSize()
        return QSize(screen.width() - 20, screen.height() - 50)

    # ---- pages and search ----

    def _turn(self, row: int) -> None:
        if row < 0:
            return
        spec = self._specs[row]
        if spec.id not in self._made:
            self._made[spec.id] = spec.create(self._desk, self)
            self._stack.addWidget(self._made[spec.id])
        self._stack.setCurrentWidget(self._made[spec.id])
        self._reset.setVisible(isinstance(self._made[spec.id], FormPage))

    def _turn_by(self, rows: int) -> None:
        row = (self._list.currentRow() + rows) % self._list.count()
        self._search.clear()
        self._list.setCurrentRow(row)

    def _start_search(self) -> None:
        self._search.setFocus()
        self._search.selectAll()

    def _on_search(self, text: str) -> None:
        is_searching = bool(text.strip())
        if is_searching:
            self._found.search(text)
        self._sides.setCurrentWidget(self._found if is_searching else self._list)

    def _go_to(self, page_id: str, row_id: str) -> None:
        self.show_page(page_id)
        page = self._made[page_id]
        if isinstance(page, Page):
            page.go_to(row_id)
        else:
            page.setFocus()

    def reject(self) -> None:
        """Esc leaves a search first, then the dialog."""
        if self._search.text():
            self._search.clear()
            self._list.setFocus()
        else:
            super().reject()

    # ---- saving ----

    def _on_reset(self) -> None:
        page = self._stack.currentWidget()
        if isinstance(page, FormPage):
            self._desk.spawn(self._ask_to_reset(page), "reset settings")

    async def _ask_to_reset(self, page: FormPage) -> None:
        held = self._desk.settings
        lines = [
            f"{one.title}: {one.text(one.held(held))} → {one.text(one.default)}"
            for one in page.changed_settings()
        ]
        if not lines:
            self._say("Everything on this page is at its default already.", "muted")
            return
        title = f"Reset {self._list.currentItem().text()}"
        if await self._desk.shell.confirm(title, "Back to the defaults?", lines, "Reset"):
            page.reset()

    def _file_state(self) -> tuple[int, int]:
        try:
            found = self._desk.settings_store.path.stat()
        except OSError:
            return 0, 0
        return found.st_mtime_ns, found.st_size

    def _take_over_file(self) -> None:
        """Let hold what an editor has written into settings.toml meanwhile."""
        state = self._file_state()
        if state == self._file_as_read:
            return
        is_newer = self._file_as_read is not None
        self._file_as_read = state
        try:
            self._say(taken_over(self._desk, is_newer=is_newer))
        except MoorgateError as error:
            self._say(as_sentence(str(error)), "alarm")

    def _say(self, text: str, token: str = "text") -> None:
        self._said.say(text, token)
        self._said.setVisible(bool(text))

    def _on_finished(self) -> None:
        self._remembered.write(self.size(), self.current_page())
