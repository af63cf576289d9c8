"""A monkey at the desk: random keys, clicks, wheels, drags and resizes, the same for a seed.

It works the real window through the window system's own events, and never leaves the program:
dialogs that open files or end something are closed, and what it broke on the way (a closed
connection, a halted desk, no instrument) is put right now and then, so that it goes on trading.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import shiboken6
from PySide6.QtCore import QEvent, QKeyCombination, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QWheelEvent, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QGroupBox,
    QLineEdit,
    QSlider,
    QTabBar,
    QWidget,
)

from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dialogs.confirm_order import ConfirmOrderDialog
from tests.ui.key_events import modifier_presses
from tests.ui.shell.conftest import PAPER, Driver

K = Qt.Key
LEFT = Qt.MouseButton.LeftButton
TRACE = bool(os.environ.get("MOORGATE_MONKEY_TRACE"))
NONE = Qt.KeyboardModifier.NoModifier
HELD = (
    NONE,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
)
KEYS = (
    *(Qt.Key(K.Key_A + at) for at in range(26)),
    *(Qt.Key(K.Key_0 + at) for at in range(10)),
    *(Qt.Key(K.Key_F1 + at) for at in range(12)),
    *(K.Key_Escape, K.Key_Return, K.Key_Enter, K.Key_Tab, K.Key_Backtab, K.Key_Space, K.Key_Delete),
    *(K.Key_Up, K.Key_Down, K.Key_Left, K.Key_Right, K.Key_Home, K.Key_End, K.Key_PageUp),
    *(K.Key_PageDown, K.Key_Backspace, K.Key_Slash, K.Key_Period, K.Key_Plus, K.Key_Minus),
)
TEXTS = ("inda", "btc", "6eh4", "100", "54.3", "-1", "0", "1e9", "ä€", " ", "x" * 40, "$500", "10%")
CLICKABLE = (
    *(QAbstractButton, QAbstractItemView, QAbstractSpinBox, QComboBox),
    *(QGroupBox, QLineEdit, QSlider, QTabBar),
)
ROWS = (  # tables, and what is done with their rows
    ("view.focus_orders", ("orders.", "trading.cancel_selected", "trading.change_selected")),
    ("view.focus_positions", ("trading.close_", "trading.flatten_sel", "trading.reverse_sel")),
    ("view.focus_executions", "table."),
    ("view.focus_watchlist", "table."),
    ("view.focus_journal", "journal."),
)
DECLINED = ("Exit Moorgate", "Remove")  # what these dialogs ask, a monkey may not decide
LOOK_EVERY, MEND_EVERY = 20, 50
STEP_S = 0.01
LONGEST_MODAL, LONGEST_POPUP = 15, 5  # steps that a dialog or a menu may stay open


@dataclass
class Log:
    """What the monkey did, and how long the window took for its slowest answers."""

    done: Counter[str] = field(default_factory=Counter)
    dialogs: Counter[str] = field(default_factory=Counter)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    last: list[str] = field(default_factory=list)

    def begin(self, step: int, what: str) -> None:
        self.last = [*self.last[-11:], what]
        if TRACE:  # a crash of Qt itself leaves nothing else behind
            print(step, what, file=sys.stderr, flush=True)

    def note(self, what: str, seconds: float) -> None:
        self.done[what] += 1
        self.slowest = sorted([*self.slowest, (round(seconds, 3), self.last[-1])])[-3:]


class Monkey:
    """Random hands. `arms` keeps the entry keys armed, `dry` says whether in a dry run.

    They never rest: to a question about an order STEP_S pass between two steps, however slow the
    computer is, because an answer after a pause to read would be no random one.
    """

    def __init__(self, driver: Driver, seed: int, *, arms: bool, dry: bool = False) -> None:
        self.driver, self.arms, self.dry = driver, arms, dry
        self.log = Log()
        self._random = random.Random(seed)
        self._step = self._modal_since = self._popup_since = 0
        self._what = ""
        self._top: QWidget | None = None
        self._targets: list[QWidget] = []
        self._on_new_dialog: Callable[[ConfirmOrderDialog], None] = lambda _: None
        self._known_dialogs: set[int] = set()
        self._deeds: list[tuple[int, str, Callable[[], None]]] = [
            (18, "bound key", self._bound_key),
            (24, "trading key", self._trading_key),
            (4, "row", self._row),
            (14, "key", self._any_key),
            (5, "text", self._text),
            (12, "click", self._click_anywhere),
            (22, "aimed click", self._click_target),
            (3, "double click", self._double_click),
            (4, "right click", self._right_click),
            (5, "wheel", self._wheel),
            (4, "drag", self._drag),
            (4, "menu entry", self._menu_entry),
            (4, "palette", self._palette),
            (2, "command", self._command),
            (1, "resize", self._resize),
            (1, "focus", self._focus),
        ]

    def run(self, steps: int) -> None:
        """So many steps, each inside the running loop, with the program's own work between."""
        for _ in range(steps):
            self._step += 1
            if self._step % MEND_EVERY == 1:
                self._mend()
            self._in_loop(self._one_step)

    def on_order_question(self, hear: Callable[[ConfirmOrderDialog], None]) -> None:
        """Tell `hear` of every dialog that asks about an order, before anybody can answer it."""
        self._on_new_dialog = hear

    # -- one step ------------------------------------------------------------------------------

    def _in_loop(self, deed: Callable[[], None]) -> None:
        """While the loop runs, as everything in the program does, but inside no task."""
        done: list[bool] = []
        self.driver.session.loop.call_soon(deed)
        self.driver.session.loop.call_soon(lambda: done.append(True))
        while not done:
            self.driver.do(asyncio.sleep(0))

    def _one_step(self) -> None:
        self._look_after_dialogs()
        weights = [weight for weight, _, _ in self._deeds]
        [(_, what, deed)] = self._random.choices(self._deeds, weights)
        self._what = what
        began = time.perf_counter()
        try:
            deed()
        except RuntimeError as error:
            if "already deleted" not in str(error):  # what it reached for has gone meanwhile
                raise
        self.log.note(what, time.perf_counter() - began)

    def _say(self, detail: object = "") -> None:
        """What is about to be done."""
        self.log.begin(self._step, f"{self._what} {detail}".strip())

    def _window(self) -> QWindow:
        """Where the next event goes: the open popup, the open dialog, or any window."""
        popup, modal = QApplication.activePopupWidget(), QApplication.activeModalWidget()
        main = self.driver.window.windowHandle()
        for top in (popup, modal):
            if top is not None and top.isVisible():
                self._top = top  # its window is gone for Python as soon as this reference is
                return top.windowHandle()
        shown = [window for window in QApplication.topLevelWindows() if window.isVisible()]
        others = [window for window in shown if window is not main]
        if others and self._random.random() < 0.2:
            return self._random.choice(others)
        return main

    def _keyboard(self) -> QWindow:
        return QApplication.focusWindow() or self._window()  # type: ignore[truthy-bool]  # the stubs know no None

    # -- keys ----------------------------------------------------------------------------------

    def _bound_key(self) -> None:
        """A key that means something to some command."""
        self._press_one_of("")

    def _trading_key(self) -> None:
        """The same, of those that have to do with orders; while one is staged, of its own ones."""
        is_staged = self.driver.desk.staging.staged is not None
        self._press_one_of("trading.", while_staged=is_staged and self._random.random() < 0.5)

    def _press_one_of(self, area: str, *, while_staged: bool | None = None) -> None:
        keymap = self.driver.desk.keymap
        commands = [
            c
            for c in self.driver.desk.commands
            if c.id.startswith(area)
            and while_staged in (None, c.while_staged)
            and keymap.keys_of(c.id)
        ]
        key = self._random.choice(keymap.keys_of(self._random.choice(commands).id))
        pressed: QKeyCombination = QKeySequence(key)[0]  # type: ignore[index]  # not in the stubs
        self._say(key)
        self._press(pressed.key(), pressed.keyboardModifiers())

    def _row(self) -> None:
        """Choose a row of a table by keys, and do something that its menu offers."""
        panel, areas = self._random.choice(ROWS)
        commands = [c.id for c in self.driver.desk.commands if c.id.startswith(areas)]
        command_id = self._random.choice(commands)
        self._say(f"{panel} {command_id}")
        if QApplication.activeModalWidget() or QApplication.activePopupWidget():
            return
        self.driver.desk.run(panel)
        for key in (K.Key_Home, K.Key_Down)[: self._random.choice((1, 2))]:
            self._press(key, NONE)
        self.driver.desk.run(command_id)

    def _any_key(self) -> None:
        key, held = self._random.choice(KEYS), self._random.choice(HELD)
        times = self._random.choice((1, 1, 1, 2, 3))
        self._say(f"{key.name} {held} {times} times")
        for _ in range(times):
            self._press(key, held)

    def _press(self, key: Qt.Key, held: Qt.KeyboardModifier) -> None:
        """Press and release, as Qt hands it on. QTest would not notice that a window went away."""
        for one in modifier_presses(held):
            QApplication.sendEvent(self._keyboard(), one)
        text = chr(key.value) if held in (NONE, HELD[1]) and key.value < 0x80 else ""
        for kind in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            popup = QApplication.activePopupWidget()
            target: QObject = self._keyboard() if popup is None else popup
            QApplication.sendEvent(target, QKeyEvent(kind, key, held, text))

    def _click(
        self, window: QWindow, at: QPoint, held: Qt.KeyboardModifier = NONE,
        button: Qt.MouseButton = LEFT,
    ) -> None:  # fmt: skip
        QTest.mousePress(window, button, held, at)
        QTest.mouseRelease(self._alive(window), button, held, at)

    def _alive(self, window: QWindow) -> QWindow:
        """The window, or the main one when it has gone: a button that is down must come up."""
        address = shiboken6.getCppPointer(window)[0]
        is_there = any(shiboken6.getCppPointer(w)[0] == address for w in QApplication.allWindows())
        return window if is_there else self.driver.window.windowHandle()

    def _text(self) -> None:
        text = self._random.choice(TEXTS)
        self._say(text)
        for character in text:
            key = Qt.Key(min(ord(character.upper()), 0xFF))
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                QApplication.sendEvent(self._keyboard(), QKeyEvent(kind, key, NONE, character))

    # -- pointer -------------------------------------------------------------------------------

    def _point(self, window: QWindow) -> QPoint:
        random_ = self._random
        return QPoint(random_.randrange(window.width()), random_.randrange(window.height()))

    def _click_anywhere(self) -> None:
        window = self._window()
        at, held = self._point(window), self._random.choice((NONE, NONE, NONE, *HELD))
        self._say(f"{at.x()},{at.y()} {held} {window.title()}")
        self._click(window, at, held)

    def _click_target(self) -> None:
        widget = self._target()
        if widget is None:
            self._click_anywhere()
            return
        rect, window = widget.rect(), widget.window()
        inside = QPoint(self._random.randrange(rect.width()), self._random.randrange(rect.height()))
        at = widget.mapTo(window, inside)
        self._say(f"{type(widget).__name__} {widget.objectName()!r} at {at.x()},{at.y()}")
        if window.rect().contains(at):  # a scrolled panel holds more than the window shows
            self._click(window.windowHandle(), at)

    def _target(self) -> QWidget | None:
        """A widget that a click does something to, in the window that takes clicks now."""
        top = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if self._step % LOOK_EVERY == 0 or not self._targets or top is not None:
            root = top or self.driver.window
            self._targets = [w for w in root.findChildren(QWidget) if isinstance(w, CLICKABLE)]
        found = [w for w in self._targets if _can_be_clicked(w)]
        return self._random.choice(found) if found else None

    def _double_click(self) -> None:
        window = self.driver.window.windowHandle()
        at = self._point(window)
        self._say(f"{at.x()},{at.y()}")
        if QApplication.activePopupWidget() is None:
            QTest.mouseDClick(window, LEFT, NONE, at)

    def _right_click(self) -> None:
        window = self._window()
        at = self._point(window)
        self._say(f"{at.x()},{at.y()}")
        self._click(window, at, NONE, Qt.MouseButton.RightButton)

    def _wheel(self) -> None:
        window = self._window()
        at, turn = QPointF(self._point(window)), self._random.choice((-120, 120, -360, 360, 15))
        held = self._random.choice(HELD)
        event = QWheelEvent(
            at, window.mapToGlobal(at), QPoint(0, 0), QPoint(0, turn),
            Qt.MouseButton.NoButton, held, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        self._say(f"{turn} {held} at {at.x()},{at.y()}")
        QApplication.sendEvent(window, event)

    def _drag(self) -> None:
        window = self._window()
        begin, end = self._point(window), self._point(window)
        held = self._random.choice((NONE, NONE, *HELD))
        self._say(f"{begin.x()},{begin.y()} to {end.x()},{end.y()} {held}")
        QTest.mousePress(window, LEFT, held, begin)
        for part in (0.05, 0.3, 0.7, 1.0):
            QTest.mouseMove(self._alive(window), begin + (end - begin) * part)
        QTest.mouseRelease(self._alive(window), LEFT, held, end)

    # -- window --------------------------------------------------------------------------------

    def _menu_entry(self) -> None:
        """Any entry of any menu, unless a dialog stands before the window."""
        if QApplication.activeModalWidget() or QApplication.activePopupWidget():
            self._say()
            return
        actions = [
            action
            for action in self.driver.window.menuBar().findChildren(QAction)
            if action.isEnabled() and action.isVisible() and action.menu() is None
        ]
        action = self._random.choice(actions)
        self._say(action.text().partition("\t")[0])
        action.trigger()

    def _palette(self) -> None:
        """Some letters into the palette, and Enter on whatever it finds."""
        if QApplication.activeModalWidget() or QApplication.activePopupWidget():
            self._say()
            return
        self.driver.desk.run("application.show_palette")
        title = self._random.choice(list(self.driver.desk.commands)).title.rstrip("…").lower()
        self._say(title)
        for character in title:
            key = Qt.Key(min(ord(character.upper()), 0xFF))
            event = QKeyEvent(QEvent.Type.KeyPress, key, NONE, character)
            QApplication.sendEvent(self._keyboard(), event)
        if self._random.random() < 0.8:  # else whatever comes next meets an open palette
            self._press(K.Key_Return, NONE)

    def _command(self) -> None:
        """Any command at all, as whatever else may ask for it; entries too."""
        command = self._random.choice(list(self.driver.desk.commands))
        self._say(command.id)
        if QApplication.activeModalWidget() is None:
            self.driver.desk.run(command.id)

    def _resize(self) -> None:
        window = self.driver.window
        width, height = self._random.randrange(640, 1700), self._random.randrange(480, 1100)
        self._say(f"{width}x{height}")
        if not window.isFullScreen():
            window.resize(width, height)

    def _focus(self) -> None:
        """The keyboard goes to another window, as when a person looks something up elsewhere."""
        self._say()
        self._window().requestActivate()

    # -- looking after it ----------------------------------------------------------------------

    def _look_after_dialogs(self) -> None:
        modal, popup = QApplication.activeModalWidget(), QApplication.activePopupWidget()
        self._modal_since = self._modal_since or self._step if modal is not None else 0
        self._popup_since = self._popup_since or self._step if popup is not None else 0
        if popup is not None and self._step - self._popup_since > LONGEST_POPUP:
            popup.close()
        for dialog in self.driver.app.topLevelWidgets():
            if isinstance(dialog, QDialog) and dialog.isVisible():
                self._look_after(dialog)

    def _look_after(self, dialog: QDialog) -> None:
        is_end = isinstance(dialog, ConfirmDialog) and dialog.windowTitle().startswith(DECLINED)
        if isinstance(dialog, QFileDialog) or is_end:
            self.log.dialogs[dialog.windowTitle()] += 1
            dialog.reject()
            return
        if id(dialog) not in self._known_dialogs:
            self._known_dialogs.add(id(dialog))
            at = id(dialog)
            dialog.destroyed.connect(lambda: self._known_dialogs.discard(at))
            self.log.dialogs[dialog.windowTitle()] += 1
            if isinstance(dialog, ConfirmOrderDialog):
                if dialog.guard is not None:
                    dialog.guard.now = self._now
                self._on_new_dialog(dialog)
        if dialog.isModal() and self._step - self._modal_since > LONGEST_MODAL:
            self._modal_since = 0
            is_loss = isinstance(dialog, ConfirmDialog) and dialog.windowTitle() == "Discard"
            dialog.accept() if is_loss else dialog.reject()  # else Settings would never close

    def _now(self) -> float:
        return self._step * STEP_S

    def _mend(self) -> None:
        """Bring back what trading needs, as a person would before going on."""
        driver, desk = self.driver, self.driver.desk
        connections = desk.engine.connections
        if PAPER in connections.ids() and connections.is_trading_open(PAPER):
            driver.do(connections.connect(PAPER))
        if desk.selection.account_id is None or desk.selection.instrument is None:
            instruments = driver.do(desk.engine.instruments.search(PAPER, "INDA"))
            desk.select(connection_id=PAPER, instrument=instruments[0])
        if driver.window.isMinimized() or driver.window.isFullScreen():
            driver.window.showNormal()
        desk.run("trading.resume_trading")
        if self.dry is not desk.dry_run.is_on:
            desk.run("trading.toggle_dry_run")
        if self.arms and not desk.arming.is_armed:
            desk.run("trading.arm_keys")


def _can_be_clicked(widget: QWidget) -> bool:
    try:
        return widget.isVisible() and widget.isEnabled() and widget.rect().isValid()
    except RuntimeError:
        return False  # deleted since it was looked for
