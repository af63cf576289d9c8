"""A line of sums for each currency, below a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.ui import theme

Sum = tuple[str, str, str | None]  # name, text, colour word of the theme or None


@dataclass(frozen=True, slots=True)
class Total:
    """The sums of one currency."""

    currency: str
    sums: tuple[Sum, ...]


class TotalsStrip(QWidget):
    """Shows Totals as a grid: currency, then name and figure of every sum. GUI thread."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._shown: list[Total] = []
        self._labels: list[QLabel] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(8, 3, 8, 4)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(1)
        self.hide()
        theme.changed.connect(self._dress)

    def show_totals(self, totals: Sequence[Total]) -> None:
        """Show these; nothing to sum hides the strip."""
        if list(totals) == self._shown:
            return
        self._shown = list(totals)
        needed = [cell for total in totals for cell in _cells(total)]
        if len(needed) != len(self._labels):
            self._rebuild([len(_cells(total)) for total in totals])
        self._dress()
        self.setAccessibleDescription(self.text())
        self.setVisible(bool(totals))

    def text(self) -> str:
        """What is shown, as one text."""
        return "; ".join(
            f"{total.currency} " + ", ".join(f"{name} {text}" for name, text, _ in total.sums)
            for total in self._shown
        )

    def _rebuild(self, widths: Sequence[int]) -> None:
        for label in self._labels:
            self._grid.removeWidget(label)
            label.deleteLater()
        self._labels = []
        for line, width in enumerate(widths):
            for at in range(width):
                label = QLabel(self)
                is_figure = at > 0 and at % 2 == 0
                side = Qt.AlignmentFlag.AlignRight if is_figure else Qt.AlignmentFlag.AlignLeft
                self._grid.addWidget(label, line, at, side | Qt.AlignmentFlag.AlignVCenter)
                self._labels.append(label)
        self._grid.setColumnStretch(max(widths, default=0), 1)

    def _dress(self) -> None:
        cells = [cell for total in self._shown for cell in _cells(total)]
        for label, (text, token) in zip(self._labels, cells, strict=True):
            label.setFont(theme.number_font())
            label.setText(text)
            label.setStyleSheet(f"color: {theme.color(token).name()}")


def _cells(total: Total) -> list[tuple[str, str]]:
    cells = [(f"Total {total.currency}", "text")]
    for name, text, token in total.sums:
        cells += [(name, "muted"), (text, token or "text")]
    return cells
