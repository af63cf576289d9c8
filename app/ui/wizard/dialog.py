"""The wizard's window: steps at the left, the page, and the buttons that walk it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractSlider,
    QApplication,
    QDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from app.commands.wizard import Wizard
from app.commands.wizard_save import Clerk, save
from app.commands.wizard_view import Kind, View
from app.domain.ids import ConnectionId
from app.ui import theme
from app.ui.desk import Desk
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.frame import Badge
from app.ui.panels.ticket_style import set_state
from app.ui.settings.passphrase_dialog import with_passphrase
from app.ui.tab_order import step, stops_in
from app.ui.wizard.checklist_page import ChecklistPage
from app.ui.wizard.choice_page import ChoicePage
from app.ui.wizard.finish_page import FinishPage
from app.ui.wizard.form_page import FormPage
from app.ui.wizard.limits_page import LimitsPage
from app.ui.wizard.name_page import NamePage
from app.ui.wizard.option_list import show_badge
from app.ui.wizard.page import WizardPage
from app.ui.wizard.search_page import SearchPage
from app.ui.wizard.steps import StepList
from app.ui.wizard.style import wizard_sheet, words
from app.ui.wizard.trouble_view import TroubleView
from app.ui.wizard.work_bar import WorkBar

SIZE = (860, 600)
_PAGE_KEYS = {
    Qt.Key.Key_PageUp: QAbstractSlider.SliderAction.SliderPageStepSub,
    Qt.Key.Key_PageDown: QAbstractSlider.SliderAction.SliderPageStepAdd,
}
_PAGES: dict[Kind, type[WizardPage]] = {
    Kind.CHOICE: ChoicePage,
    Kind.SEARCH: SearchPage,
    Kind.CHECKLIST: ChecklistPage,
    Kind.FORM: FormPage,
    Kind.LIMITS: LimitsPage,
    Kind.NAME: NamePage,
    Kind.FINISH: FinishPage,
}


class WizardDialog(QDialog):
    """Draws one `Wizard` from its first page to its end; open it with `open()`. GUI thread.

    Enter goes on, Alt+Left back, Esc cancels and asks first where something was entered.
    """

    def __init__(self, desk: Desk, wizard: Wizard, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("wizard")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        name: ConnectionId | None = wizard.editing.id if wizard.editing else None
        title = f"Edit {name}" if name else "New Connection"
        self.setWindowTitle(title)
        self._desk, self.wizard = desk, wizard
        self._page: WizardPage | None = None
        self._page_id = ""
        self._is_asking = False
        self._was_working = False
        self._steps = StepList(title, self)
        self._build()
        self._restyle()
        theme.changed.connect(self._restyle)
        back = QShortcut(QKeySequence("Alt+Left"), self)
        back.activated.connect(self._on_back)
        self.finished.connect(self._on_finished)
        room = self.screen().availableSize() - QSize(20, 50)
        self.resize(QSize(theme.px(SIZE[0]), theme.px(SIZE[1])).boundedTo(room))
        wizard.on_change = self._draw
        wizard.start()

    def reject(self) -> None:
        """Cancel, Esc or the window's own button; never in the middle of saving."""
        if self.wizard.ending.is_saving or self._is_asking:
            return
        if self.wizard.is_touched:
            self._is_asking = True  # from now on: a second Esc comes before the question is up
            self._desk.spawn(self._ask_to_cancel(), "wizard cancel")
        else:
            super().reject()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the button that has the keyboard, else it goes on; held down it does not.

        Qt's own way makes the button that had the keyboard last the default one.
        """
        if event.key() in _PAGE_KEYS:
            bar = self._scroll.verticalScrollBar()
            bar.triggerAction(_PAGE_KEYS[Qt.Key(event.key())])
            return
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
            return
        event.accept()
        here = QApplication.focusWidget()
        if not event.isAutoRepeat():
            (here if isinstance(here, QPushButton) else self._next).click()

    def focusNextPrevChild(self, is_next: bool) -> bool:
        """Tab: the page from its top on, then the buttons; pages are made later than those."""
        if not step(self._tab_stops(), is_next=is_next):
            return False
        here = QApplication.focusWidget()
        if here is not None and self._scroll.isAncestorOf(here):
            self._scroll.ensureWidgetVisible(here)
        return True

    def _tab_stops(self) -> list[QWidget]:
        inside = self._page.findChildren(QWidget) if self._page else []
        buttons = [self._cancel, self._back, self._save_only, self._next]
        return [*stops_in(self._work), self._trouble.retry, *inside, *buttons]

    # ---- how it is made ----

    def _build(self) -> None:
        self._title = words("", "wizard_title", self)
        self._badge = Badge("wizard_badge", self)
        self._text = words("", "wizard_text", self)
        self._trouble = TroubleView(self)
        self._trouble.retry_asked.connect(self._on_retry)
        self._work = WorkBar(self)
        self._work.stop_asked.connect(self.wizard.stop_work)
        self._work.retry_asked.connect(self._on_retry)
        self._problem = words("", "wizard_problem", self)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignTop)
        right = QVBoxLayout()
        right.setContentsMargins(22, 18, 22, 10)
        right.setSpacing(8)
        right.addLayout(head)
        right.addWidget(self._text)
        right.addWidget(self._work)
        right.addWidget(self._scroll_area(), 1)
        right.addWidget(self._problem)
        side = QHBoxLayout()
        side.setSpacing(0)
        side.addWidget(self._steps)
        side.addLayout(right, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(side, 1)
        whole.addWidget(self._foot())

    def _scroll_area(self) -> QScrollArea:
        body = QWidget(self)
        body.setObjectName("wizard_body")
        self._body = QVBoxLayout(body)
        self._body.setContentsMargins(0, 4, 0, 4)
        self._body.setSpacing(10)
        self._body.addWidget(self._trouble)
        self._scroll = QScrollArea(self)
        self._scroll.setObjectName("wizard_scroll")
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(body)
        self._scroll.verticalScrollBar().rangeChanged.connect(self._make_room)
        return self._scroll

    def _make_room(self, _least: int, most: int) -> None:
        """Keep the page off the scroll bar, where there is one."""
        self._body.setContentsMargins(0, 4, 8 if most > 0 else 0, 4)

    def _foot(self) -> QFrame:
        foot = QFrame(self)
        foot.setObjectName("wizard_foot")
        row = QHBoxLayout(foot)
        row.setContentsMargins(16, 10, 22, 10)
        self._cancel = self._button("&Cancel", "wizard_cancel", self.reject)
        self._back = self._button("‹ &Back", "wizard_back", self._on_back)
        self._save_only = self._button("Save &Only", "wizard_save_only", self._on_save_only)
        self._next = self._button("&Next ›", "wizard_next", self._on_next)
        self._back.setToolTip("Back (Alt+Left)")
        self._next.setDefault(True)
        row.addWidget(self._cancel)
        row.addStretch(1)
        for button in (self._back, self._save_only, self._next):
            row.addWidget(button)
        return foot

    def _button(self, text: str, name: str, pressed: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(pressed)
        return button

    def _restyle(self) -> None:
        self.setStyleSheet(wizard_sheet())

    # ---- how it is drawn ----

    def _draw(self) -> None:
        wizard = self.wizard
        view = wizard.view()
        is_new = view.id != self._page_id
        if is_new:
            self._replace_page(view)
        if self._page is not None:
            self._page.show_view(view)
        self._steps.show_steps(wizard.steps())
        self._draw_head(view)
        self._work.show_view(view)
        is_new_trouble = self._trouble.show_trouble(view.trouble, can_retry=view.can_retry)
        self._draw_foot(view, is_new)
        has_ended = self._was_working and not view.is_working
        self._was_working = view.is_working
        if is_new or is_new_trouble or has_ended:
            self._focus(view)

    def _replace_page(self, view: View) -> None:
        if self._page is not None:
            self._body.removeWidget(self._page)
            self._page.hide()
            self._page.deleteLater()
        self._page_id = view.id
        self._page = _PAGES[view.kind](self.wizard, self)
        self._page.setObjectName(f"page_{view.id}")
        self._body.addWidget(self._page, 1)
        self._scroll.verticalScrollBar().setValue(0)

    def _draw_head(self, view: View) -> None:
        self._title.setText(view.title)
        self._text.setText(view.text)
        self._text.setVisible(bool(view.text))
        environment = self.wizard.environment
        self._badge.setVisible(bool(environment))
        if environment:
            show_badge(self._badge, environment)

    def _draw_foot(self, view: View, is_new: bool) -> None:
        is_finish = view.kind is Kind.FINISH
        if is_new:
            set_state(self._problem, "asked", False)
        is_said = view.is_working or (view.trouble and view.trouble.title == view.problem)
        self._problem.setText("" if is_said else view.problem or "")
        self._back.setEnabled(not self.wizard.is_first and not self.wizard.ending.is_saving)
        self._next.setText("&Save and Connect" if is_finish else "&Next ›")
        self._next.setEnabled(not view.is_working)
        self._save_only.setVisible(is_finish)
        self._save_only.setEnabled(not self.wizard.ending.is_saving)

    def _focus(self, view: View) -> None:
        """Try again where something failed, else where the page begins, else the way on."""
        target: QWidget | None = None
        if view.trouble is not None and view.can_retry:
            target = self._trouble.retry
        elif view.is_working:
            target = self._cancel
        elif self._page is not None:
            target = self._page.first_focus()
        target = target or self._next
        target.setFocus(Qt.FocusReason.TabFocusReason)
        self._scroll.verticalScrollBar().setValue(0)

    # ---- what is pressed ----

    def _on_next(self) -> None:
        if self.wizard.is_last:
            self._begin_save(connect=True)
        elif not self.wizard.next():
            set_state(self._problem, "asked", True)

    def _on_back(self) -> None:
        if not self.wizard.ending.is_saving:
            self.wizard.back()

    def _on_retry(self) -> None:
        self.wizard.retry()

    def _on_save_only(self) -> None:
        self._begin_save(connect=False)

    def _begin_save(self, *, connect: bool) -> None:
        self._desk.spawn(self._save(connect), "wizard save")

    async def _save(self, connect: bool) -> None:
        async def in_vault(work: Callable[[], Any]) -> Any:
            try:
                return await with_passphrase(self._desk.vault, work, self._desk.spawn, self)
            finally:
                if isValid(self):
                    self.activateWindow()

        clerk = Clerk(self._ask, in_vault)
        is_saved = await self.wizard.save(lambda plan: save(self._desk, plan, connect, clerk))
        if is_saved and isValid(self):
            self.accept()
            if connect and self.wizard.editing is None:
                self._turn_to(self.wizard.ending.plan().config.id)

    def _turn_to(self, connection_id: ConnectionId) -> None:
        """The new connection is the one to work with; the next thing it wants is a symbol."""
        self._desk.select(connection_id=connection_id, instrument=None)
        self._desk.shell.search_symbol()

    async def _ask_to_cancel(self) -> None:
        question = "Discard what you entered in this window?"
        try:
            is_sure = await self._ask("Discard", question, [], "Discard", "Keep Editing")
        finally:
            self._is_asking = False
        if is_sure and isValid(self):
            super().reject()

    async def _ask(
        self, title: str, question: str, lines: Sequence[str], accept: str, decline: str = ""
    ) -> bool:
        if not isValid(self):
            return False  # it was closed before this came to its turn
        is_sure = await ConfirmDialog(title, question, lines, accept, self, decline).answer()
        if isValid(self):
            self.activateWindow()  # the keyboard comes back, whatever the window system thinks
        return is_sure

    def _on_finished(self) -> None:
        if (below := self.parentWidget()) is not None:
            below.activateWindow()
        self._desk.spawn(self.wizard.close(), "wizard end")
