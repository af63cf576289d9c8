"""What every table panel shares: a bar above, a filter, the table, its menu, and its state."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, ClassVar
from weakref import WeakSet

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QToolButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.commands.context import Selection
from app.commands.csv_file import Sheet
from app.commands.tables import TABLE_KEYS
from app.ui import format as fmt
from app.ui.actions import CommandAction
from app.ui.desk import Desk
from app.ui.models.grouping import Grouping
from app.ui.models.row_filter import RowFilter, Texts, parse
from app.ui.models.table import RowModel
from app.ui.widgets.bar_layout import BarLayout
from app.ui.widgets.filter_strip import FilterStrip
from app.ui.widgets.table_view import TableView

AGE_REFRESH_MS = 1000
_every: WeakSet[TablePanel] = WeakSet()
_TABLE_MENU = (
    "table.show_instrument",
    "table.copy_rows",
    "table.select_all",
    "file.export_table",
    "table.focus_filter",
    "table.clear_filter",
)


def every_panel() -> list[TablePanel]:
    """The table panels of the program, in no order. GUI thread.

    To look for them among all widgets takes milliseconds, and each of twenty commands asks.
    """
    return [panel for panel in _every if isValid(panel)]


class TablePanel(QWidget):
    """A panel around one table. Subclasses put controls into `bar` and rows into `model`.

    Fulfils `app.commands.tables.TableActs`. `menu_commands` are the ids of what can be done with
    rows, None for a line between; what every table can do follows them. While it is on screen the
    visible rows are painted again once a second, so that ages and stale marks stay true when
    nothing arrives; `on_second` is the place for more of that. GUI thread.
    """

    title: ClassVar[str] = ""
    menu_commands: ClassVar[tuple[str | None, ...]] = ()

    def __init__(
        self,
        model: RowModel[Any],
        *,
        desk: Desk,
        name: str,
        empty_text: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.model = model
        self.focused_at = 0.0  # when it last got the keyboard, 0 for never
        _every.add(self)
        self._desk = desk
        self._empty_text = empty_text
        self._day: date | None = None  # on which times were written last
        self._groupings: dict[str, Grouping[Any]] = {}
        self._texts: Texts | None = None
        self._keyed: dict[QToolButton, str] = {}  # buttons whose tips name a command's key
        model.setParent(self)
        self.setAccessibleName(name)
        self.table = TableView(model, name=name, empty_text=empty_text, parent=self)
        self.table.fill_menu = self._fill_rows_menu
        self.table.columns_key = lambda: desk.keymap.text_of("table.show_columns_menu")
        self.setFocusProxy(self.table)
        self.filter = FilterStrip(name, self)
        self.bar_box = QWidget(self)
        self.bar = BarLayout(self.bar_box)
        self.bar_box.setLayout(self.bar)
        self.bar.setContentsMargins(6, 4, 6, 4)
        self.bar.setSpacing(4)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.setSpacing(0)
        self.box.addWidget(self.bar_box)
        self.box.addWidget(self.filter)
        self.box.addWidget(self.table, 1)
        self._seconds = QTimer(self)
        self._seconds.setInterval(AGE_REFRESH_MS)
        self._seconds.timeout.connect(self.on_second)
        self.table.focused.connect(self._note_focus)
        self.filter.changed.connect(self._on_words)
        self.filter.left.connect(self.focus_rows)
        model.flushed.connect(self._show_hidden)
        desk.commands_changed.connect(self._show_keys)

    # -- for subclasses ------------------------------------------------------------------------

    def add_button(self, text: str, tip: str) -> QToolButton:
        """A button at the end of the bar."""
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        self.bar.addWidget(button)
        return button

    def add_command_button(self, command_id: str, text: str) -> QToolButton:
        """A button that runs a command; its tip names the key."""
        button = self.add_button(text, "")
        button.clicked.connect(lambda: self._desk.run(command_id))
        self._keyed[button] = command_id
        self._show_keys()
        return button

    def add_filter_button(self) -> QToolButton:
        """The button that opens this table's filter."""
        button = self.add_button("Filter", "")
        button.clicked.connect(self.focus_filter)
        self._keyed[button] = "table.focus_filter"
        self._show_keys()
        return button

    def use_groupings(self, groupings: Iterable[Grouping[Any]]) -> None:
        """What the rows can be grouped by, under the names of the commands."""
        self._groupings = {grouping.id: grouping for grouping in groupings}

    def set_empty_text(self, text: str) -> None:
        """What to say while there are no rows and no filter."""
        self._empty_text = text
        self._show_empty()

    def more_menu(self, menu: QMenu, rows: list[Any]) -> None:
        """Entries of a panel's own at the top of the menu of the rows."""

    def place_of(self, row: Any) -> Selection | None:
        """Connection, account and instrument of a row; None where rows have none."""
        return None

    def hidden_words(self, rows: list[Any]) -> str:
        """Which of the rows that the filter hides must not be forgotten; empty for none."""
        return ""

    def on_second(self) -> None:
        """Once a second while on screen."""
        self.model.touch()

    def follow_day(self) -> None:
        """For what shows times of today without a date: at midnight they are yesterday's."""
        today = fmt.in_zone(self._desk.engine.clock.now()).date()
        if self._day not in (None, today):
            self.model.refilter()
            self.model.touch()
        self._day = today

    # -- state ---------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Columns, sorting and groups; subclasses add their own. A filter is not kept."""
        state: dict[str, Any] = {"table": self.table.save_state()}
        if self._groupings:
            state["group_by"] = self.grouped_by
            folded = (group for group in self.model.folded() if isinstance(group, tuple))
            state["folded"] = sorted(list(group) for group in folded)
        return state

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take an arrangement back; what is damaged or unknown is left out."""
        self.clear_filter()
        if isinstance(table := state.get("table"), dict):
            self.table.restore_state(table)
        grouping = state.get("group_by")
        if isinstance(grouping, str) and (grouping in self._groupings or not grouping):
            self._group(grouping, _groups_of(state.get("folded")))

    # -- what commands ask for -------------------------------------------------------------------

    def focus_rows(self) -> None:
        """Give the keyboard to the rows."""
        self.table.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def focus_filter(self) -> None:
        self._note_focus()
        self.filter.begin()
        self._show_hidden()

    def clear_filter(self) -> bool:
        was_on = bool(self.filter.text)
        self.filter.end()
        return was_on

    def copy_rows(self) -> int:
        self.table.copy()
        return len(self.table.selected_rows())

    def select_all(self) -> None:
        self.table.selectAll()

    def can_remove(self) -> bool:
        return False

    def remove_rows(self) -> None:
        """Nothing can be removed here."""

    def sheet(self) -> Sheet:
        self.model.flush()
        columns = self.table.shown_columns()
        return Sheet(
            self.title,
            tuple(column.title for column in columns),
            self.model.chosen_rows(),
            lambda row: [column.exported(row) for column in columns],
            len(self.model.hidden()),
        )

    def open_menu(self) -> None:
        self.focus_rows()
        self.table.open_menu()

    def open_columns_menu(self) -> None:
        self.focus_rows()
        self.table.columns.open_menu()

    def sort_beside(self, step: int) -> None:
        self.table.columns.sort_beside(step)

    def sort_direction(self, *, descending: bool) -> None:
        self.table.columns.sort_direction(descending=descending)

    def groupings(self) -> Sequence[str]:
        return list(self._groupings)

    @property
    def grouped_by(self) -> str:
        return "" if self.model.grouping is None else self.model.grouping.id

    def group_by(self, grouping: str) -> None:
        if grouping != self.grouped_by:
            self._group(grouping, ())

    def fold_all(self, *, folded: bool) -> None:
        for group in self.model.groups():
            self.model.fold(group, folded)

    def chosen_place(self) -> Selection | None:
        rows = self.table.selected_rows()
        return self.place_of(rows[0]) if len(rows) == 1 else None

    # -- inside --------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.clear_filter():
            self.focus_rows()
            return
        super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._seconds.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._seconds.stop()

    def _note_focus(self) -> None:
        self.focused_at = time.monotonic()

    def _group(self, grouping: str, folded: Iterable[Any]) -> None:
        self.model.set_grouping(self._groupings.get(grouping), folded)

    def _on_words(self, words: str) -> None:
        terms = parse(words, self.model.columns)
        if not terms:
            self._texts = None
            self.model.set_search(None)
        else:
            if self._texts is None:
                self._texts = Texts(self.table.shown_columns())
            accepts: Callable[[Any], bool] = RowFilter(
                terms, self._texts, self.model.columns
            ).accepts
            self.model.set_search(accepts)
        self._show_empty()

    def _show_hidden(self) -> None:
        if self.filter.isHidden():
            return
        hidden, shown = self.model.hidden(), self.model.chosen_count()
        self.filter.show_count(shown, shown + len(hidden), self.hidden_words(hidden))

    def _show_empty(self) -> None:
        words = self.filter.text
        text = f"No row holds “{words}”. Esc shows all of them." if words else self._empty_text
        self.table.set_empty_text(text)

    def _show_keys(self) -> None:
        for button, command_id in self._keyed.items():
            command = self._desk.commands.get(command_id)
            key = self._desk.keymap.text_of(command_id)
            button.setToolTip(f"{command.help} ({key})" if key else command.help)

    def _fill_rows_menu(self, menu: QMenu, rows: list[Any]) -> None:
        self.more_menu(menu, rows)
        groups = (None, "table.group_by_nothing", "table.group_by_symbol", "table.group_by_account")
        folds = ("table.fold_groups", "table.open_groups") if self.grouped_by else ()
        ids = [*self.menu_commands, None, *_TABLE_MENU]
        for command_id in [*ids, *(groups if self._groupings else ()), *folds]:
            if command_id is None:
                menu.addSeparator()
            else:
                menu.addAction(self._entry(command_id, menu))

    def _entry(self, command_id: str, menu: QMenu) -> QAction:
        action = CommandAction(self._desk.commands.get(command_id), self._desk, menu)
        action.refresh()
        own = TABLE_KEYS.get(command_id)
        if own and "\t" not in action.text():
            action.setText(f"{action.text()}\t{own}")
        return action


def _groups_of(stored: Any) -> list[tuple[str, ...]]:
    """Folded groups as they were kept; what is damaged is passed over."""
    entries = stored if isinstance(stored, list) else []
    return [tuple(entry) for entry in entries if isinstance(entry, list) and _is_words(entry)]


def _is_words(entry: list[Any]) -> bool:
    return all(isinstance(word, str) for word in entry)
