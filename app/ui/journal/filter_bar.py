"""The line above the journal: accounts, period, symbol, tag and currency. GUI thread."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from PySide6.QtCore import QDate, QSignalBlocker, QTimer, Signal
from PySide6.QtGui import QKeyEvent, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QLabel,
    QLineEdit,
    QMenu,
    QToolButton,
    QWidget,
)

from app.commands.journal import JournalView
from app.commands.journal_filters import Filters, Period
from app.ui import theme
from app.ui.widgets.bar_layout import BarLayout

_DELAY_MS = 150
_PERIODS = (
    (Period.ALL, "All days"),
    (Period.TODAY, "Today"),
    (Period.WEEK, "This week"),
    (Period.MONTH, "This month"),
    (Period.LAST_30, "Last 30 days"),
    (Period.YEAR, "This year"),
    (Period.CUSTOM, "From … to …"),
)


class _Search(QLineEdit):
    """Tells Esc, and Enter or Down, which lead to the days."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down}:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class FilterBar(QWidget):
    """`changed` says that `filters` are others now; `left` that the keyboard goes to the days."""

    changed = Signal()
    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.filters = Filters()
        self._build()
        self._delay = QTimer(self, singleShot=True, interval=_DELAY_MS)
        self._delay.timeout.connect(self._take)
        self.search.textChanged.connect(self._wait)
        self.search.left.connect(self.left)
        for box in (self.accounts, self.period, self.tag, self.currency):
            box.currentIndexChanged.connect(self._take)
        for edit in (self.first, self.last):
            edit.dateChanged.connect(self._wait)
        self.clear_button.clicked.connect(self.clear)
        theme.follow(self, self._fit)
        self._show_dates()

    def set_filters(self, filters: Filters) -> None:
        """Show these; nothing is announced."""
        self.filters = filters
        widgets = (self.search, self.period, self.first, self.last)
        blockers = [QSignalBlocker(widget) for widget in widgets]
        self.search.setText(filters.symbol)
        self.period.setCurrentIndex(self.period.findData(filters.period.value))
        for edit, day in ((self.first, filters.first), (self.last, filters.last)):
            if day is not None:
                edit.setDate(QDate(day.year, day.month, day.day))
        del blockers
        self._show_dates()

    def show_choices(self, view: JournalView) -> None:
        """What there is to choose from now."""
        chosen = "" if view.choice is None else view.choice.key
        accounts = [(choice.title, choice.key) for choice in view.choices]
        _fill(self.accounts, accounts or [("No account has traded", "")], chosen)
        tags = [("All tags", ""), *((f"#{tag}", tag) for tag in view.tags)]
        if view.filters.tag and view.filters.tag not in view.tags:
            tags.append((f"#{view.filters.tag}", view.filters.tag))
        _fill(self.tag, tags, view.filters.tag)
        several = f"All in {view.scope.currency}" if len(view.currencies) > 1 else "All currencies"
        alone = [(f"{currency} alone", currency) for currency in view.currencies]
        listed = [(several, ""), *(alone if len(alone) > 1 else ())]
        _fill(self.currency, listed, view.filters.currency)
        self.currency.setVisible(len(listed) > 1)
        self.tag.setVisible(len(tags) > 1)
        self.clear_button.setEnabled(view.filters.is_narrowed)

    def clear(self) -> None:
        """Show everything of the accounts again."""
        self.set_filters(replace(Filters(), accounts=self.filters.accounts))
        self.changed.emit()

    def _build(self) -> None:
        self.search = _Search(self)
        self.search.setObjectName("journal_search")
        self.search.setPlaceholderText("Symbol")
        self.search.setClearButtonEnabled(True)
        self.accounts = self._box("Accounts", "Live and paper are never added up")
        self.period = self._box("Period", "By the market's trading day")
        for period, title in _PERIODS:
            self.period.addItem(title, period.value)
        self.tag = self._box("Tag", "Fills that carry it, or whose order or day does")
        self.currency = self._box(
            "Currency", "Amounts are converted where a rate is known, at the rate of now"
        )
        self.first, self.last = self._date("First day"), self._date("Last day")
        self.to = QLabel("to", self)
        _name(self.search, "Find in journal", "Fills whose symbol holds this (Ctrl+F)")
        self.clear_button = self._button("Clear", "Show everything of these accounts again")
        self.export_button = self._button("Export", "Write what is shown to a CSV file")
        self.export_menu = QMenu(self.export_button)
        self.export_button.setMenu(self.export_menu)
        self.export_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row = BarLayout(self)
        self.setLayout(row)
        row.setContentsMargins(6, 4, 6, 2)
        row.setSpacing(6)
        for widget in (
            *(self.accounts, self.period, self.first, self.to, self.last, self.search),
            *(self.tag, self.currency, self.clear_button),
        ):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.export_button)
        self.tag.hide()  # until there is something to choose from
        self.currency.hide()

    def _box(self, name: str, hint: str) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName(f"journal_{name.lower()}")
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        _name(box, name, hint)
        return box

    def _date(self, name: str) -> QDateEdit:
        edit = QDateEdit(QDate.currentDate(), self)
        edit.setDisplayFormat("yyyy-MM-dd")
        edit.setCalendarPopup(True)
        _name(edit, name, f"{name} of the period")
        return edit

    def _button(self, text: str, hint: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        _name(button, text, hint)
        return button

    def _fit(self) -> None:
        self.search.setMaximumWidth(theme.px(150))

    def _show_dates(self) -> None:
        is_custom = self.filters.period is Period.CUSTOM
        for widget in (self.first, self.to, self.last):
            widget.setVisible(is_custom)

    def _wait(self, _value: object) -> None:
        self._delay.start()

    def _take(self) -> None:
        """Read every widget; announce it when something is different."""
        period = Period(self.period.currentData() or Period.ALL.value)
        is_custom = period is Period.CUSTOM
        taken = Filters(
            accounts=self.accounts.currentData() or "",
            symbol=self.search.text(),
            tag=self.tag.currentData() or "",
            period=period,
            first=_day(self.first) if is_custom else None,
            last=_day(self.last) if is_custom else None,
            currency=self.currency.currentData() or "",
        )
        if taken != self.filters:
            self.filters = taken
            self._show_dates()
            self.changed.emit()


def _fill(box: QComboBox, entries: list[tuple[str, str]], chosen: str) -> None:
    """Other entries, only when they are others; nothing is announced."""
    blocker = QSignalBlocker(box)
    if [(box.itemText(at), box.itemData(at)) for at in range(box.count())] != entries:
        box.clear()
        for title, key in entries:
            box.addItem(title, key)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    del blocker


def _name(widget: QWidget, name: str, hint: str) -> None:
    widget.setAccessibleName(name)
    widget.setAccessibleDescription(hint)
    widget.setToolTip(hint)


def _day(edit: QDateEdit) -> date:
    chosen = edit.date()
    return date(chosen.year(), chosen.month(), chosen.day())
