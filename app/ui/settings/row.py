"""One setting on a page: title, editor, a way back to its default, and what is wrong with it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from app.store.settings_fields import Refused, checked
from app.ui import theme
from app.ui.panels.ticket_style import set_state
from app.ui.settings.editors import make_editor
from app.ui.settings.page import muted
from app.ui.settings.setting import Setting

_TITLE_WIDTH = 190
_MARK_MS = 1600
_EDITOR_WIDTH = 130
_BELOW = ("sizes",)  # kinds whose editor is wide and stands below its title


class Row(QWidget):
    """Shows what holds and tells what is wanted instead. GUI thread.

    Signals:
        wanted(object, object): this row and a value that the schema allows.
    """

    wanted = Signal(object, object)

    def __init__(self, setting: Setting, parent: QWidget) -> None:
        super().__init__(parent)
        self.setting = setting
        self.setObjectName(f"row_{setting.key}")
        self._marked = QTimer(self, singleShot=True, interval=_MARK_MS)
        self._marked.timeout.connect(self.update)
        self.editor = make_editor(setting, self)
        self.editor.widget.setObjectName(f"set_{setting.key}")
        self.editor.widget.setAccessibleName(setting.title)
        self.editor.widget.setAccessibleDescription(setting.help)
        self.editor.widget.setToolTip(setting.help)
        self._problem = QLabel(self)
        self._problem.setObjectName("settings_row_problem")
        self._problem.setWordWrap(True)
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._problem.hide()
        self._reset = self._build_reset()
        self._arrange()
        self.editor.entered.connect(self._on_entered)
        self.editor.pending.connect(self._take_back_problem)

    def show_value(self, value: Any) -> None:
        """Show what holds; whatever was wrong before is forgotten."""
        self.editor.show_value(value)
        self._take_back_problem()
        self._reset.setVisible(value != self.setting.default)

    def say(self, text: str) -> None:
        """Why what was entered does not hold."""
        self.editor.is_wrong = True
        set_state(self.editor.widget, "wrong", True)
        self.editor.widget.setAccessibleDescription(f"{text} {self.setting.help}")
        self._problem.setText(text)
        self._problem.show()

    def problem(self) -> str:
        """What is said to be wrong; empty for nothing."""
        return "" if self._problem.isHidden() else self._problem.text()

    def _take_back_problem(self) -> None:
        set_state(self.editor.widget, "wrong", False)
        self.editor.widget.setAccessibleDescription(self.setting.help)
        self._problem.hide()

    def mark(self) -> None:
        """Give it the keyboard, and light it up for a moment."""
        self.editor.widget.setFocus(Qt.FocusReason.OtherFocusReason)
        self._marked.start()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._marked.isActive():
            painter = QPainter(self)
            painter.fillRect(0, 0, 3, self.height(), theme.color("accent"))
            painter.end()

    def _build_reset(self) -> QToolButton:
        setting = self.setting
        button = QToolButton(self)
        button.setObjectName("settings_reset")
        button.setText("Reset")
        button.setAccessibleName(f"Reset {setting.title}")
        button.setToolTip(f"Back to the default: {setting.text(setting.default)}")
        policy = button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        button.setSizePolicy(policy)
        button.clicked.connect(self._on_reset)
        return button

    def _arrange(self) -> None:
        setting, widget = self.setting, self.editor.widget
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 2, 0, 2)
        grid.setVerticalSpacing(1)
        theme.follow(self, lambda: grid.setColumnMinimumWidth(0, theme.px(_TITLE_WIDTH)))
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._reset, 0, 2, Qt.AlignmentFlag.AlignTop)
        words = muted(setting.help, self)
        words.setVisible(bool(setting.help))
        if setting.schema.kind == "bool":
            grid.addWidget(widget, 0, 0, 1, 2)
            words.setContentsMargins(20, 0, 0, 0)
            grid.addWidget(words, 1, 0, 1, 2)
        elif setting.schema.kind in _BELOW:
            grid.addWidget(self._title(), 0, 0, 1, 2)
            grid.addWidget(words, 1, 0, 1, 2)
            grid.addWidget(widget, 3, 0, 1, 2)
        else:
            widget.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            theme.follow(widget, lambda: widget.setMinimumWidth(theme.px(_EDITOR_WIDTH)))
            grid.addWidget(self._title(), 0, 0)
            grid.addWidget(widget, 0, 1, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(words, 1, 1)
        grid.addWidget(self._problem, 2, 0 if setting.schema.kind == "bool" else 1, 1, 2)

    def _title(self) -> QLabel:
        label = QLabel(self.setting.title, self)
        label.setWordWrap(True)
        label.setBuddy(self.editor.widget)
        return label

    def _on_reset(self) -> None:
        self.editor.widget.setFocus()
        self.wanted.emit(self, self.setting.default)

    def _on_entered(self, value: Any) -> None:
        try:
            used = checked(self.setting.schema, value)
        except Refused as refused:
            self.say(f"Allowed: {refused.allowed}. Nothing was changed.")
            return
        self._take_back_problem()
        self.wanted.emit(self, used)
