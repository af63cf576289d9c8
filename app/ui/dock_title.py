"""The title of a dock: the chip of its link group, its name, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.commands.link_groups import color_token, is_own, letter_of, title_of
from app.ui import theme
from app.ui.frame import Badge
from app.ui.icons import icon

_CHIP, _BUTTON = QSize(20, 18), QSize(20, 18)


class DockTitle(QWidget):
    """Drawn in place of Qt's own title; Qt still drags it. GUI thread.

    `menu_asked` carries the place (on the screen) where the menu of the panel should appear, and
    whether it is the one of the link groups; `pressed` says that the trader took hold of it.
    """

    menu_asked = Signal(QPoint, bool)
    float_asked = Signal()
    close_asked = Signal()
    pressed = Signal()

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("dock_title")
        self._group, self._is_active = "", False
        self._title = title
        self._chip = self._button("link_chip", "", _CHIP)
        self._name = QLabel(title, self)
        self._name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._menu = self._button("dock_menu", "⋯", _BUTTON)
        self._float = self._button("dock_float", "", _BUTTON)
        self._close = self._button("dock_close", "", _BUTTON)
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(0)
        row = QHBoxLayout()
        self._lines.addLayout(row)
        row.setContentsMargins(6, 2, 4, 2)
        row.setSpacing(3)
        self.badge = Badge("dock_mode", self)
        for widget in (self._chip, self._name, self.badge, self._menu, self._float, self._close):
            row.addWidget(widget, 1 if widget is self._name else 0)
        self._chip.clicked.connect(self._ask_links)
        self._menu.clicked.connect(self._ask_menu)
        self._float.clicked.connect(self.float_asked)
        self._close.clicked.connect(self.close_asked)
        self._say(self._menu, f"Menu of {title}")
        self._say(self._float, f"Float or dock {title}")
        self._say(self._close, f"Close {title}")
        theme.changed.connect(self._dress)
        self._dress()

    @property
    def chip(self) -> QToolButton:
        """Shows the letter of the link group; a click changes it."""
        return self._chip

    def add_line(self, line: QWidget) -> None:
        """Put one more line below."""
        self._lines.addWidget(line)

    def show_group(self, group: str) -> None:
        """Colour and letter of the group that the panel is in."""
        self._group = group
        self._chip.setText(letter_of(group))
        self._say(self._chip, f"{self._title}: {title_of(group)}. Click to change")
        self._dress()

    def show_active(self, is_active: bool) -> None:
        """Whether the keyboard was here last."""
        if is_active is not self._is_active:
            self._is_active = is_active
            self._dress()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_name()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(event.globalPos(), False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()
        event.ignore()  # Qt drags the dock

    def _button(self, name: str, text: str, size: QSize) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setText(text)
        theme.follow(button, lambda: button.setFixedSize(size * theme.px(100) / 100))
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # by keyboard: the View and Window menus
        return button

    @staticmethod
    def _say(button: QToolButton, text: str) -> None:
        button.setToolTip(text)
        button.setAccessibleName(text)

    def _ask_links(self) -> None:
        self.menu_asked.emit(self._chip.mapToGlobal(self._chip.rect().bottomLeft()), True)

    def _ask_menu(self) -> None:
        self.menu_asked.emit(self._menu.mapToGlobal(self._menu.rect().bottomLeft()), False)

    def _dress(self) -> None:
        plain = not self._group or is_own(self._group)
        ground = theme.color(color_token(self._group) if self._group else "raised").name()
        ink = theme.color("muted" if plain else "link_text").name()
        edge = theme.color("muted").name() if plain else ground
        self._chip.setStyleSheet(
            f"background: {ground}; color: {ink}; border: 1px solid {edge}; border-radius: 3px;"
            " padding: 0; font-weight: 700;"
        )
        for button in (self._menu, self._float, self._close):
            button.setStyleSheet("QToolButton { border: 0; padding: 0; background: transparent; }")
        self._float.setIcon(icon("float", "muted"))
        self._close.setIcon(icon("close", "muted"))
        palette = self._name.palette()
        token = "text" if self._is_active else "muted"
        palette.setColor(QPalette.ColorRole.WindowText, theme.color(token))
        self._name.setPalette(palette)
        font = self._name.font()
        font.setBold(self._is_active)
        self._name.setFont(font)
        self._fit_name()

    def _fit_name(self) -> None:
        """Where the name has no room it ends in dots, and a tool tip says it whole."""
        metrics, room = self._name.fontMetrics(), self._name.width()
        shown = metrics.elidedText(self._title, Qt.TextElideMode.ElideRight, room)
        self._name.setText(shown)
        self._name.setToolTip("" if shown == self._title else self._title)
