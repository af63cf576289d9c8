"""A page of settings that is made from a list of them: saved at once, shown as they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from app.store.settings import Settings
from app.ui.desk import Desk, Message
from app.ui.settings.page import Page
from app.ui.settings.row import Row
from app.ui.settings.setting import Group, Question, Setting
from app.ui.widgets.sentence import as_sentence


class FormPage(Page):
    """Rows for `groups`. What is wrong is said in its row and changes nothing. GUI thread."""

    def __init__(self, name: str, desk: Desk, groups: Sequence[Group], parent: QWidget) -> None:
        super().__init__(name, parent)
        self._desk = desk
        self._rows: dict[str, Row] = {}
        for group in groups:
            self.add_heading(group.title)
            for setting in group.settings:
                self._add(setting)
        self.box.addStretch(1)
        desk.settings_changed.connect(self._show)
        self._show(desk.settings)

    def go_to(self, row_id: str) -> None:
        row = self._rows.get(row_id)
        if row is not None:
            self.area.ensureWidgetVisible(row, 0, 40)
            row.mark()

    def row(self, row_id: str) -> Row:
        """The row of `section.key`. Raises KeyError for one of another page."""
        return self._rows[row_id]

    def changed_settings(self) -> list[Setting]:
        """Those of this page that are not at their default."""
        held = self._desk.settings
        settings = (row.setting for row in self._rows.values())
        return [one for one in settings if one.held(held) != one.default]

    def reset(self) -> None:
        """Everything on this page back to its default."""
        for setting in self.changed_settings():
            self._save(self._rows[setting.id], setting.default)

    def hideEvent(self, event: QHideEvent) -> None:
        for row in self._rows.values():
            row.editor.flush()
        super().hideEvent(event)

    def _add(self, setting: Setting) -> None:
        row = Row(setting, self)
        row.wanted.connect(self._on_wanted)
        self._rows[setting.id] = row
        self.box.addWidget(row)

    def _show(self, settings: Settings) -> None:
        for row in self._rows.values():
            row.show_value(row.setting.held(settings))

    def _on_wanted(self, row: Row, value: Any) -> None:
        setting = row.setting
        if value == setting.held(self._desk.settings):
            row.show_value(value)
            return
        question = setting.question(value) if setting.question is not None else None
        if question is None:
            self._save(row, value)
        else:
            self._desk.spawn(self._ask(row, value, question), "settings question")

    async def _ask(self, row: Row, value: Any, question: Question) -> None:
        is_sure = await self._desk.shell.confirm(
            question.title, question.text, question.lines, question.accept
        )
        if not isValid(self):
            return
        if is_sure:
            self._save(row, value)
        else:
            row.show_value(row.setting.held(self._desk.settings))

    def _save(self, row: Row, value: Any) -> None:
        setting, said = row.setting, list[Message]()
        self._desk.noticed.connect(said.append)
        try:
            is_saved = self._desk.save_setting(setting.section, setting.key, value)
        finally:
            self._desk.noticed.disconnect(said.append)
        if not is_saved:
            row.show_value(setting.held(self._desk.settings))
            row.say(" ".join(as_sentence(message.text) for message in said))
