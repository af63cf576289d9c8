"""The size presets of the settings as a row of small buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.sizing import SizePreset
from app.ui.panels.ticket_style import set_state

IN_A_ROW = 5
_SIDES_PX = 8  # what stands beside the text


class SizeButton(QPushButton):
    """One preset. Its tool tip is worked out when it is asked for: it may hang on the market."""

    def __init__(self, preset: SizePreset, number: int, words: Callable[[int], str]) -> None:
        super().__init__(str(preset))
        self._number, self._words = number, words
        self.setObjectName(f"ticket-preset-{number}")
        self.setProperty("small", True)
        self.setAccessibleName(f"Size preset {number}: {preset}")

    def mark(self, *, is_chosen: bool) -> None:
        """Show whether it sizes the next order."""
        set_state(self, "chosen", is_chosen)
        self.setAccessibleDescription("chosen" if is_chosen else "")

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip:
            self.setToolTip(self._words(self._number))
        return super().event(event)

    def minimumSizeHint(self) -> QSize:
        """Its text is never cut."""
        wide = self.fontMetrics().horizontalAdvance(self.text()) + _SIDES_PX
        return QSize(wide, super().minimumSizeHint().height())


class SizeButtons(QWidget):
    """A button for each preset, numbered like their keys.

    `words` answers what the preset with a number means now.

    Signals:
        chosen(int): the number of the preset that was clicked.
    """

    chosen = Signal(int)

    def __init__(self, words: Callable[[int], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._presets: tuple[SizePreset, ...] = ()
        self._buttons: list[SizeButton] = []
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(3)

    def show_chosen(self, choice: SizePreset | None) -> None:
        """Mark the one that sizes the next order; None marks none."""
        for button, preset in zip(self._buttons, self._presets, strict=True):
            button.mark(is_chosen=preset == choice)

    def show_presets(self, presets: Sequence[SizePreset]) -> None:
        """Offer these from now on."""
        if tuple(presets) == self._presets:
            return
        self._presets = tuple(presets)
        for button in self._buttons:
            button.setParent(None)
            button.deleteLater()
        while (row := self._rows.takeAt(0)) is not None:
            row.deleteLater()  # type: ignore[attr-defined] # only rows were put in
        self._buttons = [self._button(p, n) for n, p in enumerate(self._presets, start=1)]
        for start in range(0, len(self._buttons), IN_A_ROW):
            row = QHBoxLayout()
            row.setSpacing(3)
            for button in self._buttons[start : start + IN_A_ROW]:
                row.addWidget(button)
            self._rows.addLayout(row)

    def _button(self, preset: SizePreset, number: int) -> SizeButton:
        button = SizeButton(preset, number, self._words)
        button.clicked.connect(lambda: self.chosen.emit(number))
        return button
