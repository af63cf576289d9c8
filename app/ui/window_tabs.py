"""Where Tab leads in a window of panels: as it is read, and never behind a tab. GUI thread.

Qt keeps a panel that stands behind another tab visible, but outside of the window, and its own ring
leads into all of them: the keyboard would be where nobody sees it.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QStatusBar, QTabBar, QToolBar, QWidget

from app.ui.tab_order import stops_in

_PARTS = (QToolBar, QDockWidget, QTabBar, QStatusBar)


def window_stops(window: QMainWindow) -> list[QWidget]:
    """What Tab stops at: bars, panels, their tabs and the status bar, from the top to the bottom
    and from left to right, and so in each of them."""
    near = Qt.FindChildOption.FindDirectChildrenOnly
    parts = [
        part
        for part in window.findChildren(QWidget, options=near)
        if isinstance(part, _PARTS) and not part.isWindow() and _is_seen(part, window)
    ]
    read = (_as_read(stops_in(part), window) for part in _as_read(parts, window))
    return list(dict.fromkeys(stop for stops in read for stop in stops))  # each but once


def _is_seen(part: QWidget, window: QWidget) -> bool:
    if isinstance(part, QTabBar) and not part.count():
        return False  # Qt keeps one for the next time
    return not part.visibleRegion().isEmpty() and window.rect().intersects(part.geometry())


def _as_read(widgets: Sequence[QWidget], window: QWidget) -> list[QWidget]:
    """Line by line: what begins above the middle of a line's first one is on that line."""
    spots = {one: QRect(one.mapTo(window, QPoint(0, 0)), one.size()) for one in widgets}
    lines: list[list[QWidget]] = []
    for one in sorted(widgets, key=lambda widget: spots[widget].top()):
        if lines and spots[one].top() < spots[lines[-1][0]].center().y():
            lines[-1].append(one)
        else:
            lines.append([one])
    return [one for line in lines for one in sorted(line, key=lambda w: spots[w].left())]
