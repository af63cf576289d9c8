"""A bar whose controls go on in the next row where one is too short. GUI thread."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QSpacerItem, QWidget

_Row = list[tuple[QLayoutItem, int]]  # an item, and how wide it is


class FlowLayout(QLayout):
    """From left to right, then from top to bottom; used as a QHBoxLayout is.

    It asks for the width of its widest control only, so that no bar keeps a panel from being made
    narrow: at a large scale, or on a small screen, it takes more height instead.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._stretched: set[int] = set()

    def addWidget(self, widget: QWidget, stretch: int = 0) -> None:
        """Append a widget; with `stretch` it takes the room that is left in its row."""
        super().addWidget(widget)
        if stretch:
            self._stretched.add(len(self._items) - 1)

    def addStretch(self, _stretch: int = 1) -> None:
        """Push what follows to the right end of the row."""
        policy = QSizePolicy.Policy
        self._stretched.add(len(self._items))
        self.addItem(QSpacerItem(0, 0, policy.Expanding, policy.Minimum))

    def addSpacing(self, pixels: int) -> None:
        """Room before the next control, unless that begins a row."""
        policy = QSizePolicy.Policy
        self.addItem(QSpacerItem(pixels, 0, policy.Fixed, policy.Minimum))

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        if not 0 <= index < len(self._items):
            return None
        self._stretched = {at - 1 if at > index else at for at in self._stretched if at != index}
        return self._items.pop(index)

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation.Horizontal

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        margins = self.contentsMargins()
        rows = self._rows(width - margins.left() - margins.right())
        heights = sum(map(_height, rows)) + self._gap() * max(0, len(rows) - 1)
        return heights + margins.top() + margins.bottom()

    def sizeHint(self) -> QSize:
        margins = self.contentsMargins()
        shown = [item for item in self._items if not _is_hidden(item)]
        wide = sum(item.sizeHint().width() for item in shown) + self._gap() * max(0, len(shown) - 1)
        return QSize(
            wide + margins.left() + margins.right(),
            _height([(item, 0) for item in shown]) + margins.top() + margins.bottom(),
        )

    def minimumSize(self) -> QSize:
        margins = self.contentsMargins()
        shown = [item for item in self._items if not _is_hidden(item)]
        wide = max((item.minimumSize().width() for item in shown), default=0)
        return QSize(wide + margins.left() + margins.right(), self.sizeHint().height())

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        inner = rect.marginsRemoved(self.contentsMargins())
        top = inner.top()
        for row in self._rows(inner.width()):
            height, left = _height(row), inner.left()
            for item, width in self._widened(row, inner.width()):
                own = min(height, max(item.sizeHint().height(), item.minimumSize().height()))
                item.setGeometry(QRect(left, top + (height - own) // 2, width, own))
                left += width + self._gap()
            top += height + self._gap()

    def _gap(self) -> int:
        return max(0, self.spacing())

    def _rows(self, room: int) -> list[_Row]:
        rows: list[_Row] = [[]]
        used = 0
        for item in self._items:
            if _is_hidden(item):
                continue
            width = min(item.sizeHint().width(), max(room, item.minimumSize().width()))
            before = self._gap() if rows[-1] else 0
            if rows[-1] and used + before + width > room:
                rows.append([])
                used = before = 0
            if not rows[-1] and len(rows) > 1 and item.spacerItem() is not None:
                continue  # a row that goes on begins at the left
            rows[-1].append((item, width))
            used += before + width
        return rows

    def _widened(self, row: _Row, room: int) -> _Row:
        """The row with what is left of it given to what stretches."""
        used = sum(width for _, width in row) + self._gap() * max(0, len(row) - 1)
        greedy = [item for item, _ in row if self._items.index(item) in self._stretched]
        extra = max(0, room - used) // len(greedy) if greedy else 0
        return [(item, width + extra if item in greedy else width) for item, width in row]


def _is_hidden(item: QLayoutItem) -> bool:
    return item.spacerItem() is None and item.isEmpty()


def _height(row: _Row) -> int:
    return max((item.sizeHint().height() for item, _ in row), default=0)
