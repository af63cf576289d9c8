"""A row whose widgets get their room by rank: what matters most is cut last."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget, QWidgetItem


class RankedRow(QLayout):
    """Used as a QHBoxLayout is. GUI thread.

    The lowest rank is served first, from left to right where ranks are equal, each with all that
    it wants. Whoever would get less than its least is not shown; the last of all gets the rest.
    Only what has rank 0 keeps a window from being made narrow.
    """

    def __init__(self, owner: QWidget, spacing: int) -> None:
        super().__init__(owner)
        self._items: list[QLayoutItem] = []
        self._ranks: list[int] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def add(self, widget: QWidget, rank: int) -> None:
        """Append a widget."""
        self.addChildWidget(widget)
        self._ranks.append(rank)
        self.addItem(QWidgetItem(widget))

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        if not 0 <= index < len(self._items):
            return None
        self._ranks.pop(index)
        return self._items.pop(index)

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation.Horizontal

    def sizeHint(self) -> QSize:
        return self._around(self._items)

    def minimumSize(self) -> QSize:
        pairs = zip(self._items, self._ranks, strict=True)
        return self._around([item for item, rank in pairs if rank == 0])

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        left = rect.left()
        for item, width in zip(self._items, self._widths(rect.width()), strict=True):
            high = min(rect.height(), item.sizeHint().height())
            top = rect.top() + (rect.height() - high) // 2
            item.setGeometry(QRect(left, top, width, high))
            left += width + (self.spacing() if width else 0)

    def _widths(self, room: int) -> list[int]:
        widths = [0] * len(self._items)
        room += self.spacing()
        order = sorted(range(len(widths)), key=self._ranks.__getitem__)
        for at in order:
            least, left = self._items[at].minimumSize().width(), room - self.spacing()
            wanted = left if at == order[-1] else self._items[at].sizeHint().width()
            if wanted and left >= least:
                widths[at] = min(wanted, left)
                room -= widths[at] + self.spacing()
        return widths

    def _around(self, items: list[QLayoutItem]) -> QSize:
        hints = [item.sizeHint() for item in items]
        wide = sum(hint.width() + self.spacing() for hint in hints) - self.spacing()
        return QSize(wide, max((one.sizeHint().height() for one in self._items), default=0))
