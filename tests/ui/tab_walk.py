"""Where Tab leads in a dialog, and whether that is how it is read. GUI thread.

`tab_ring` presses Tab until it comes round; `misread(root, ring)` names the pairs that are reached
in another order than they are seen: from top to bottom and from left to right, a column at the
right after the whole column at the left. `missed` names what Tab never comes to.
"""

from __future__ import annotations

from itertools import combinations

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

MOST_STOPS = 90
SAME_LINE_PX = 6


def tab_ring(root: QWidget) -> list[QWidget]:
    """Every widget that Tab comes to, from where the keyboard is until it is there again.

    Call it on the loop. Raises AssertionError where it leaves `root` or never comes round.
    """
    here = _inside(root)
    ring: list[QWidget] = []
    while here not in ring:
        assert len(ring) < MOST_STOPS, "Tab never comes round"
        ring.append(here)
        QTest.keyClick(root.windowHandle(), Qt.Key.Key_Tab)
        here = _inside(root)
    return ring[ring.index(here) :]


def _inside(root: QWidget) -> QWidget:
    here = QApplication.focusWidget()
    assert here is not None, "nothing has the keyboard"
    assert root.isAncestorOf(here), f"the keyboard is in {called(here)}"
    return here


def from_first(root: QWidget, ring: list[QWidget]) -> list[QWidget]:
    """The ring begun at what is read first."""
    spots = [_spot(root, one, None) for one in ring]
    first = min(range(len(ring)), key=lambda at: (spots[at].top() // 20, spots[at].left()))
    return ring[first:] + ring[:first]


def misread(root: QWidget, ring: list[QWidget]) -> list[str]:
    """Each pair of which the later one is read before the earlier one."""
    return [
        f"{called(second)} comes after {called(first)}"
        for first, second in combinations(ring, 2)
        if _is_read_before(*_spots(root, second, first))
    ]


def called(widget: QWidget) -> str:
    """Its name, and that of what it stands in."""
    above = widget.parentWidget()
    while above is not None and (not above.objectName() or above.objectName().startswith("qt_")):
        above = above.parentWidget()
    own = widget.objectName() or type(widget).__name__
    return own if above is None else f"{above.objectName()} > {own}"


def _is_read_before(one: QRect, other: QRect) -> bool:
    line = min(one.bottom(), other.bottom()) - max(one.top(), other.top())
    if line > SAME_LINE_PX:
        return one.right() <= other.left()
    return one.bottom() <= other.top() + SAME_LINE_PX and one.left() < other.right()


def _spots(root: QWidget, one: QWidget, other: QWidget) -> tuple[QRect, QRect]:
    """Where both are seen; what scrolls stands for its contents towards all outside of it."""
    return _spot(root, one, other), _spot(root, other, one)


def _spot(root: QWidget, widget: QWidget, other: QWidget | None) -> QRect:
    shown: QWidget = widget
    above = widget.parentWidget()
    while above is not None and above is not root:
        if isinstance(above, QScrollArea) and (other is None or not above.isAncestorOf(other)):
            shown = above
        above = above.parentWidget()
    return QRect(shown.mapTo(root, QPoint(0, 0)), shown.size())
