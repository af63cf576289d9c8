"""A bar of controls in one row; the buttons that do not fit are in a menu at its end."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLayout,
    QLayoutItem,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QSpacerItem,
    QToolButton,
    QWidget,
    QWidgetItem,
)

from app.ui import theme

_FIELD, _TIGHT = 70, 44  # what a field keeps at least, and where a panel has no room, at 100 %


class BarLayout(QLayout):
    """Used as a QHBoxLayout is, above a table or a chart. GUI thread.

    It asks for the width of what is no button only, so that no bar keeps a panel from being made
    narrow, at whatever scale. Buttons give way from the end, the checked one last. What a bar
    shows or hides by itself it must not hide elsewhere: disable a button that is of no use.
    """

    def __init__(self, owner: QWidget) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._stretched: set[int] = set()
        self._away: list[QAbstractButton] = []
        self.more = QToolButton(owner)
        self.more.setObjectName("bar_more")
        self.more.setText("»")
        self.more.setAccessibleName("More buttons of this bar")
        self.more.setToolTip("The buttons for which there is no room")
        self.more.clicked.connect(self._show_menu)
        self.more.hide()
        theme.changed.connect(self.invalidate)

    def addWidget(self, widget: QWidget, stretch: int = 0) -> None:
        """Append a widget; with `stretch` it takes the room that is left."""
        # The item is ours. Of one that Qt makes Python learns no end: what stood for it was taken
        # for the next bar's, at the same address, and went with the bar that was gone.
        self.addChildWidget(widget)
        self.addItem(QWidgetItem(widget))
        if stretch:
            self._stretched.add(len(self._items) - 1)

    def addStretch(self, _stretch: int = 1) -> None:
        """Push what follows to the right end."""
        policy = QSizePolicy.Policy
        self._stretched.add(len(self._items))
        self.addItem(QSpacerItem(0, 0, policy.Expanding, policy.Minimum))

    def addSpacing(self, pixels: int) -> None:
        """Room before the next control."""
        policy = QSizePolicy.Policy
        self.addItem(QSpacerItem(pixels, 0, policy.Fixed, policy.Minimum))

    def put_away(self) -> list[QAbstractButton]:
        """The buttons that are in the menu now, in their order."""
        return list(self._away)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        if not 0 <= index < len(self._items):
            return None
        self._stretched = {at - (at > index) for at in self._stretched if at != index}
        return self._items.pop(index)

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation.Horizontal

    def sizeHint(self) -> QSize:
        return self._around(sum(map(_wanted, self._shown())), self._shown())

    def minimumSize(self) -> QSize:
        shown = self._shown()
        fixed = [item for item in shown if _button(item) is None]
        wide = sum(map(_tightest, fixed))
        if len(fixed) < len(shown):
            wide += self._more_width()
        return self._around(wide, fixed)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        inner = rect.marginsRemoved(self.contentsMargins())
        self._choose(inner.width())
        left, height = inner.left(), inner.height()
        for item, width in self._widths(inner.width()):
            own = min(height, _hint(item).height())
            item.setGeometry(QRect(left, inner.top() + (height - own) // 2, width, own))
            left += width + (self._gap() if item.spacerItem() is None else 0)
        if self._away:
            wide, own = self._more_width() - self._gap(), min(height, _size(self.more).height())
            top = inner.top() + (height - own) // 2
            self.more.setGeometry(inner.right() + 1 - wide, top, wide, own)

    def _choose(self, room: int) -> None:
        """Put buttons away from the end until the rest fits; the checked one goes last."""
        shown = self._shown()
        kept, away = list(shown), list[QLayoutItem]()
        buttons = [item for item in reversed(shown) if _button(item) is not None]
        buttons.sort(key=_is_checked)
        while buttons and self._needed(kept, bool(away)) > room:
            item = buttons.pop(0)
            kept.remove(item)
            away.append(item)
        chosen = [button for item in shown if item in away and (button := _button(item))]
        for item in shown:
            button = _button(item)
            if button is not None and (button in chosen) is not (button in self._away):
                button.setVisible(button not in chosen)
        self._away = chosen
        self.more.setVisible(bool(chosen))

    def _needed(self, kept: list[QLayoutItem], has_more: bool) -> int:
        wide = sum(map(_least, kept)) + self._gaps(kept)
        return wide + (self._more_width() if has_more else 0)

    def _more_width(self) -> int:
        """With the gap before it."""
        return _size(self.more).width() + self._gap()

    def _widths(self, room: int) -> list[tuple[QLayoutItem, int]]:
        """Every item that is on the bar with its width: what it wants, or less down to its least.

        A field to write in gives first, a choice would be cut. What is left goes to what stretches.
        """
        if self._away:
            room -= self.more.sizeHint().width() + self._gap()
        items = [
            item for item in self._shown() if _button(item) not in self._away or not self._away
        ]
        widths = [_wanted(item) for item in items]
        spare = room - sum(widths) - self._gaps(items)
        in_turn = sorted(range(len(items)), key=lambda at: not _is_field(items[at]))
        for least, at in [(of(items[at]), at) for of in (_least, _tightest) for at in in_turn]:
            if spare < 0:
                given = min(-spare, max(0, widths[at] - least))
                widths[at] -= given
                spare += given
        greedy = [at for at, one in enumerate(items) if self._items.index(one) in self._stretched]
        for at in greedy:
            widths[at] += max(0, spare) // len(greedy)
        return list(zip(items, widths, strict=True))

    def _shown(self) -> list[QLayoutItem]:
        """What is there, on the bar or put away; not what a panel has hidden."""
        return [
            item
            for item in self._items
            if item.spacerItem() is not None or not item.isEmpty() or _button(item) in self._away
        ]

    def _around(self, width: int, items: list[QLayoutItem]) -> QSize:
        margins = self.contentsMargins()
        height = max((_hint(item).height() for item in self._shown()), default=0)
        wide = width + self._gaps(items) + margins.left() + margins.right()
        return QSize(wide, height + margins.top() + margins.bottom())

    def _gaps(self, items: list[QLayoutItem]) -> int:
        """Between the controls; a spacer is a gap already."""
        controls = sum(item.spacerItem() is None for item in items)
        return self._gap() * max(0, controls - 1)

    def _gap(self) -> int:
        return max(0, self.spacing())

    def _show_menu(self) -> None:
        menu = QMenu(self.more)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button in self._away:
            own = button.menu() if isinstance(button, QToolButton) else None
            if own is not None:
                menu.addMenu(own).setText(button.text())
                continue
            action = menu.addAction(button.text() or button.accessibleName(), button.click)
            action.setToolTip(button.toolTip())
            action.setEnabled(button.isEnabled())
            action.setCheckable(button.isCheckable())
            action.setChecked(button.isChecked())
        menu.setToolTipsVisible(True)
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))


def _button(item: QLayoutItem) -> QAbstractButton | None:
    """The button of an item; a check box is none, because a menu shows it badly."""
    widget = item.widget()
    is_one = isinstance(widget, QToolButton) or type(widget).__name__ == "QPushButton"
    return widget if is_one and isinstance(widget, QAbstractButton) else None


def _is_checked(item: QLayoutItem) -> bool:
    button = _button(item)
    return button is not None and button.isChecked()


def _is_field(item: QLayoutItem) -> bool:
    return isinstance(item.widget(), QLineEdit)


def _hint(item: QLayoutItem) -> QSize:
    widget = item.widget()
    return item.sizeHint() if widget is None else _size(widget)


def _size(widget: QWidget) -> QSize:
    """What a widget wants, hidden or not: an item of a hidden one wants nothing."""
    wanted = widget.sizeHint().expandedTo(widget.minimumSizeHint())
    return wanted.boundedTo(widget.maximumSize()).expandedTo(widget.minimumSize())


def _wanted(item: QLayoutItem) -> int:
    return _hint(item).width()


def _tightest(item: QLayoutItem) -> int:
    return _least(item, _TIGHT)


def _least(item: QLayoutItem, field: int = _FIELD) -> int:
    if _button(item) is not None:
        return _wanted(item)
    widget = item.widget()
    if isinstance(widget, QComboBox | QLineEdit):  # can be used when cut, unlike a label
        return min(_wanted(item), max(widget.minimumWidth(), theme.px(field)))
    return 0 if widget is None else item.minimumSize().width()
