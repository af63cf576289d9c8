"""Options as cards with a radio button each: arrows move, a click anywhere on a card chooses."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app.brokers.setup import Option
from app.ui import theme
from app.ui.frame import Badge
from app.ui.panels.ticket_style import set_state
from app.ui.wizard.style import words

_INDENT_PX = 21


def show_badge(badge: Badge, word: str) -> None:
    """PAPER and LIVE as everywhere in the program, other words quietly."""
    token = word.lower()
    if token in ("paper", "live"):
        money = "Simulated money" if token == "paper" else "Real money"
        badge.show_word(word.upper(), token, f"{token}_text", money)
    else:
        badge.show_word(word, "border", "text", word)


class OptionCard(QFrame):
    """One option; `picked` when it is clicked anywhere."""

    picked = Signal(str)

    def __init__(self, option: Option, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("option_card")
        self.option = option
        self.radio = QRadioButton(option.title.replace("&", "&&"), self)
        self.radio.setObjectName(f"option_{option.value}")
        spoken = ". ".join(part for part in (option.title, option.badge, option.text) if part)
        self.radio.setAccessibleName(spoken)
        self.radio.setEnabled(option.is_available)
        self.radio.clicked.connect(self._pick)
        self.radio.installEventFilter(self)
        top = QHBoxLayout()
        top.addWidget(self.radio, 1)
        if option.badge:
            badge = Badge("option_badge", self)
            show_badge(badge, option.badge)
            top.addWidget(badge)
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 9, 12, 9)
        box.setSpacing(3)
        box.addLayout(top)
        self._text = words(option.text, "muted", self)
        self._text.setContentsMargins(theme.px(_INDENT_PX), 0, 0, 0)
        self._text.setVisible(bool(option.text))
        box.addWidget(self._text)
        if option.is_available:
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_chosen(self, is_chosen: bool) -> None:
        """Mark it, or not."""
        set_state(self, "chosen", is_chosen)
        set_state(self._text, "chosen", is_chosen)
        self.radio.setChecked(is_chosen)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            set_state(self, "focused", event.type() is QEvent.Type.FocusIn)
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.option.is_available:
            self.radio.setFocus(Qt.FocusReason.MouseFocusReason)
            self._pick()
        event.accept()

    def _pick(self) -> None:
        self.picked.emit(self.option.value)


class OptionList(QWidget):
    """All options of a page; `picked` carries the value that the trader chose."""

    picked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._cards: list[OptionCard] = []
        self._group = QButtonGroup(self)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(8)

    def show_options(self, options: Sequence[Option], chosen: str | None) -> None:
        """Draw them; cards are made anew only where the options are others than before."""
        if [card.option for card in self._cards] != list(options):
            had_focus = any(card.radio.hasFocus() for card in self._cards)
            self._replace(options)
            self._mark(chosen)
            if had_focus and (target := self.focus_target()) is not None:
                target.setFocus()
        else:
            self._mark(chosen)

    def focus_target(self) -> QRadioButton | None:
        """The chosen option, else the first that can be had."""
        can = [card for card in self._cards if card.option.is_available]
        chosen = [card for card in can if card.radio.isChecked()]
        return next((card.radio for card in chosen + can), None)

    def _replace(self, options: Sequence[Option]) -> None:
        for card in self._cards:
            self._group.removeButton(card.radio)
            self._box.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards = [OptionCard(option, self) for option in options]
        for card in self._cards:
            self._group.addButton(card.radio)
            card.picked.connect(self.picked)
            self._box.addWidget(card)

    def _mark(self, chosen: str | None) -> None:
        # An exclusive group keeps one button checked, also where nothing is chosen any more.
        self._group.setExclusive(False)
        for card in self._cards:
            card.show_chosen(card.option.value == chosen)
        self._group.setExclusive(True)
