"""Tab through a window whose parts are made, or swapped, after its buttons. GUI thread.

Qt's own ring is the order in which widgets were made: a page that is made when it is first shown
comes behind the buttons below it. A window that has such pages overrides `focusNextPrevChild`,
names what Tab stops at in the order in which it is read, and calls `step`.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget


def is_stop(widget: QWidget) -> bool:
    """Whether Tab leads to it now, and not to another widget that stands for it."""
    is_meant = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    has_proxy = isinstance(widget.focusProxy(), QWidget)
    return is_meant and not has_proxy and widget.isVisible() and widget.isEnabled()


def stops_in(root: QWidget) -> list[QWidget]:
    """What Tab stops at inside of `root`, in the order in which it was made."""
    found = [root] if is_stop(root) else []
    first = root.window()
    here = first.nextInFocusChain()
    while here is not None and here is not first:
        if root.isAncestorOf(here) and is_stop(here):
            found.append(here)
        here = here.nextInFocusChain()
    return found


def step(stops: Sequence[QWidget], *, is_next: bool) -> bool:
    """Go to the next of them, or the one before, round and round; False when there is none."""
    here = QApplication.focusWidget()
    wanted = [one for one in stops if is_stop(one)]
    if not wanted:
        return False
    by = 1 if is_next else -1
    at = wanted.index(here) + by if here in wanted else (0 if is_next else -1)
    reason = Qt.FocusReason.TabFocusReason if is_next else Qt.FocusReason.BacktabFocusReason
    wanted[at % len(wanted)].setFocus(reason)
    return True
