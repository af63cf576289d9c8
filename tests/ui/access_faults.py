"""What somebody without a mouse or without eyes misses in a window: names, and ways to get in."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget


def focusable(root: QWidget) -> list[QWidget]:
    """Every widget in sight that Tab leads to; not the insides of another such as a table's."""
    return [
        widget
        for widget in root.findChildren(QWidget)
        if widget.isVisible() and widget.isEnabled() and has_tab(widget)
    ]


def has_tab(widget: QWidget) -> bool:
    """Whether Tab leads to it, and not to another widget that stands for it."""
    is_meant = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return is_meant and not isinstance(widget.focusProxy(), QWidget)


def name_of(widget: QWidget) -> str:
    """What a screen reader is told: its own name, its text, or that of its label."""
    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)


def called(widget: QWidget) -> str:
    """Where it is, for who reads a failure."""
    parents: list[str] = []
    at: QWidget | None = widget
    while at is not None and len(parents) < 4:
        parents.append(at.objectName() or type(at).__name__)
        at = at.parentWidget()
    return " in ".join(parents)


def nameless(root: QWidget) -> list[str]:
    """What the keyboard reaches and nobody can say the name of."""
    return [called(one) for one in focusable(root) if not name_of(one).strip()]
