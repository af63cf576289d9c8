"""What is wrong with how a window is laid out: texts and figures cut off, widgets that overlap,
stick out or stand askew, windows larger than the screen.

`faults(window)` looks at everything that can be seen in it. A text that is cut and says itself
whole in a tool tip is none, nor is what can be scrolled to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLayout,
    QLayoutItem,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QStyle,
    QStyleOptionButton,
    QStyleOptionComboBox,
    QStyleOptionGroupBox,
    QTabBar,
    QTableView,
    QToolButton,
    QWidget,
)

SLACK_PX = 2  # rounding of fonts and frames
HEADER_MARGIN_PX = 4  # on either side of a column's title
HINTED = Qt.TextFlag.TextShowMnemonic
# What is read or pressed on one line with its neighbours.
_ON_A_LINE = (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit)


def faults(window: QWidget) -> list[str]:
    """Every fault of the visible widgets below `window`, each in a line."""
    found = [f"{_name(window)}: {text}" for text in _larger_than_screen(window)]
    for widget in [window, *window.findChildren(QWidget)]:
        if (
            widget.window() is window
            and widget.isVisible()
            and not widget.visibleRegion().isEmpty()
        ):
            found += [f"{_name(widget)}: {text}" for text in _of(widget)]
    return found


def _of(widget: QWidget) -> Iterator[str]:
    for kind, check in _CHECKS:
        if isinstance(widget, kind):
            yield from check(widget)
            break
    yield from _cut_by_parent(widget)
    yield from _overlaps(widget)
    yield from _askew(widget)


def _label(label: QLabel) -> Iterator[str]:
    text = label.text()
    if not text or label.toolTip() or not label.pixmap().isNull() or _is_scrolled_away(label):
        return
    if label.wordWrap():
        needed = label.heightForWidth(label.width())
        if needed > label.height() + SLACK_PX:
            yield f"{_short(text)} needs {needed} px of height, has {label.height()}"
        return
    needed = label.sizeHint().width()
    if needed > label.width() + SLACK_PX:
        yield f"{_short(text)} needs {needed} px, has {label.width()}"
    if label.sizeHint().height() > label.height() + 2 * SLACK_PX:
        yield f"{_short(text)} needs {label.sizeHint().height()} px of height, has {label.height()}"


def _button(button: QAbstractButton) -> Iterator[str]:
    text = button.text()
    is_icon_only = (
        isinstance(button, QToolButton)
        and button.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonIconOnly
        and not button.icon().isNull()
    )
    if not text or is_icon_only or _is_scrolled_away(button):
        return
    lines = [button.fontMetrics().size(HINTED.value, line) for line in text.split("\n")]
    size = QSize(max(line.width() for line in lines), sum(line.height() for line in lines))
    room = _room(button)
    if size.width() > room.width() + SLACK_PX:
        yield f"{_short(text)} needs {size.width()} px, has {room.width()}"
    if size.height() > button.height() + SLACK_PX:
        yield f"{_short(text)} needs {size.height()} px of height, has {button.height()}"


def _room(button: QAbstractButton) -> QRect:
    """Where a button draws its words."""
    style = button.style()
    if isinstance(button, QCheckBox | QRadioButton | QPushButton):
        option = QStyleOptionButton()
        button.initStyleOption(option)
        part = QStyle.SubElement.SE_PushButtonContents
        if isinstance(button, QCheckBox):
            part = QStyle.SubElement.SE_CheckBoxContents
        elif isinstance(button, QRadioButton):
            part = QStyle.SubElement.SE_RadioButtonContents
        return style.subElementRect(part, option, button)
    return button.rect()


def _combo(combo: QComboBox) -> Iterator[str]:
    text = combo.currentText() or combo.placeholderText()
    option = QStyleOptionComboBox()
    combo.initStyleOption(option)
    room = combo.style().subControlRect(
        QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, combo
    )
    needed = combo.fontMetrics().horizontalAdvance(text)
    if not combo.toolTip() and needed > room.width() + SLACK_PX:
        yield f"{_short(text)} needs {needed} px, has {room.width()}"


def _line(edit: QLineEdit) -> Iterator[str]:
    text = edit.text() or edit.placeholderText()
    is_number = isinstance(edit.parentWidget(), QAbstractSpinBox)
    if edit.text() and not edit.isReadOnly() and not is_number:
        return  # a person may write as much as they like
    room = edit.width() - 2 * SLACK_PX
    needed = edit.fontMetrics().horizontalAdvance(text)
    if not edit.toolTip() and needed > room:
        yield f"{_short(text)} needs {needed} px, has {room}"


def _tabs(tabs: QTabBar) -> Iterator[str]:
    for at in range(tabs.count()):
        needed = tabs.fontMetrics().size(HINTED.value, tabs.tabText(at)).width()
        room = tabs.tabRect(at).width()
        if tabs.isTabVisible(at) and needed > room and not tabs.tabToolTip(at):
            yield f"tab {_short(tabs.tabText(at))} needs {needed} px, has {room}"


def _group(group: QGroupBox) -> Iterator[str]:
    option = QStyleOptionGroupBox()
    group.initStyleOption(option)
    room = group.style().subControlRect(
        QStyle.ComplexControl.CC_GroupBox, option, QStyle.SubControl.SC_GroupBoxLabel, group
    )
    needed = group.fontMetrics().size(HINTED.value, group.title()).width()
    width = min(room.width(), group.width() - room.x())
    if needed > width + SLACK_PX:
        yield f"title {_short(group.title())} needs {needed} px, has {width}"


def _header(header: QHeaderView) -> Iterator[str]:
    """Titles of columns; a narrow one tells its title in a tool tip."""
    if header.orientation() is not Qt.Orientation.Horizontal or not header.count():
        return
    model = header.model()
    for section in range(header.count()):
        title = str(model.headerData(section, header.orientation()) or "")
        tip = model.headerData(section, header.orientation(), Qt.ItemDataRole.ToolTipRole)
        needed = header.fontMetrics().horizontalAdvance(title) + 2 * HEADER_MARGIN_PX
        room = header.sectionSize(section)
        if not header.isSectionHidden(section) and not tip and title and needed > room:
            yield f"column {title!r} needs {needed} px, has {header.sectionSize(section)}"


def _cells(table: QTableView) -> Iterator[str]:
    """Figures that are cut: what is left of one is another figure."""
    model, view = table.model(), table.viewport().rect()
    for row in range(model.rowCount()):
        for column in range(model.columnCount()):
            index = model.index(row, column)
            rect = table.visualRect(index)
            if not rect.isValid() or not view.intersects(rect):
                continue
            if rect.left() < view.left() or rect.right() > view.right():
                continue  # partly scrolled away
            text = str(model.data(index) or "")
            side = model.data(index, Qt.ItemDataRole.TextAlignmentRole) or 0
            is_figure = bool(Qt.AlignmentFlag(side) & Qt.AlignmentFlag.AlignRight)
            needed = table.fontMetrics().horizontalAdvance(text)
            if is_figure and needed > rect.width():
                yield f"cell {_short(text)} needs {needed} px, has {rect.width()}"


def _extension(button: QToolButton) -> Iterator[str]:
    """The button of a tool bar that had no room for all of its widgets."""
    if button.objectName() == "qt_toolbar_ext_button":
        yield "something in this bar has no room"
    else:
        yield from _button(button)


def _scroll(area: QScrollArea) -> Iterator[str]:
    """What is wider than its view, with no way to scroll there."""
    inner: QWidget | None = area.widget()
    off = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    if inner is None or area.horizontalScrollBarPolicy() is not off:
        return
    if inner.width() > area.viewport().width() + SLACK_PX:
        yield f"shows {area.viewport().width()} px of {inner.width()}"


def _cut_by_parent(widget: QWidget) -> Iterator[str]:
    """Sticks out of what holds it, where nothing scrolls."""
    parent = widget.parentWidget()
    if parent is None or widget.isWindow() or _is_in_scroll_area(widget):
        return
    shown = parent.rect().adjusted(-SLACK_PX, -SLACK_PX, SLACK_PX, SLACK_PX)
    if not shown.contains(widget.geometry()) and parent.rect().intersects(widget.geometry()):
        yield f"{_words(widget.geometry())} sticks out of {_name(parent)} {_words(parent.rect())}"


def _overlaps(parent: QWidget) -> Iterator[str]:
    """Two widgets of one layout over each other."""
    layout: QLayout | None = parent.layout()
    if (
        not isinstance(layout, QLayout)
        or parent.inherits("QMainWindow")
        or parent.inherits("QStackedWidget")
    ):
        return
    children = [
        child
        for child in parent.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        if child.isVisible() and layout.indexOf(child) >= 0
    ]
    for at, one in enumerate(children):
        for other in children[at + 1 :]:
            common = one.geometry().intersected(other.geometry())
            if common.width() > SLACK_PX and common.height() > SLACK_PX:
                yield f"{_name(one)} lies over {_name(other)} by {_words(common)}"


def _larger_than_screen(window: QWidget) -> Iterator[str]:
    room, size = window.screen().availableSize(), window.size()
    if window.isWindow() and (size.width() > room.width() or size.height() > room.height()):
        yield f"is {size.width()}x{size.height()} on a screen of {room.width()}x{room.height()}"


def _askew(parent: QWidget) -> Iterator[str]:
    """What stands side by side in a row, but not on one line."""
    for row in [parent.layout(), *parent.findChildren(QHBoxLayout)]:
        if not isinstance(row, QHBoxLayout) or row.parentWidget() is not parent:
            continue
        widgets = [one for at in range(row.count()) if (one := _on_line(row.itemAt(at)))]
        middles = [one.geometry().center().y() for one in widgets]
        if middles and max(middles) - min(middles) > SLACK_PX:
            places = ", ".join(f"{_name(one)} {_words(one.geometry())}" for one in widgets)
            yield f"a row is askew: {places}"


def _on_line(item: QLayoutItem | None) -> QWidget | None:
    """What an item of a row puts on the row's middle line, None for all else."""
    widget = None if item is None else item.widget()
    if item is None or not isinstance(widget, _ON_A_LINE) or not widget.isVisible():
        return None
    return None if item.alignment() & Qt.AlignmentFlag.AlignVertical_Mask else widget


def _is_in_scroll_area(widget: QWidget) -> bool:
    above = widget.parentWidget()
    while above is not None and not above.isWindow():
        if isinstance(above, QAbstractScrollArea):
            return True
        above = above.parentWidget()
    return False


def _is_scrolled_away(widget: QWidget) -> bool:
    """Partly behind the edge of a scroll area, where it can be scrolled to."""
    if not _is_in_scroll_area(widget):
        return False
    return widget.visibleRegion().boundingRect().size() != widget.size()


def _name(widget: QWidget) -> str:
    """Its own name, and the nearest one above it that tells where it is."""
    own = widget.objectName() or type(widget).__name__
    above = widget.parentWidget()
    while above is not None and (not above.objectName() or above.objectName().startswith("qt_")):
        above = above.parentWidget()
    return own if above is None or widget.isWindow() else f"{above.objectName()} > {own}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:39]}…")


def _words(rect: QRect) -> str:
    corner: QPoint = rect.topLeft()
    return f"{rect.width()}x{rect.height()}+{corner.x()}+{corner.y()}"


_CHECKS: tuple[tuple[type[QWidget], Callable[..., Iterator[str]]], ...] = (
    (QLabel, _label),
    (QToolButton, _extension),
    (QAbstractButton, _button),
    (QComboBox, _combo),
    (QLineEdit, _line),
    (QTabBar, _tabs),
    (QGroupBox, _group),
    (QScrollArea, _scroll),
    (QHeaderView, _header),
    (QTableView, _cells),
)
