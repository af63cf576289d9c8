"""Keys by place: what a French, German or Spanish keyboard sends, and keys that are held down.

The events carry what Qt tells of a real X11 keyboard: the number of the key and what it writes.
"""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QMainWindow

from app.commands.key_press import KeyPress
from app.ui.physical_keys import PLACES, is_alt_gr, place_of
from tests.ui.key_events import modifier_presses
from tests.ui.shell.conftest import ALT, CTRL, NONE, SHIFT, Driver
from tests.unit.commands.test_key_press import LAYOUTS

K = Qt.Key
BUY = "trading.buy_market"
CODES = {place: code for code, place in PLACES["x11"].items()}


def event(
    place: str,
    held: Qt.KeyboardModifier = NONE,
    writes: str = "",
    *,
    at_ms: int = 0,
    repeat: bool = False,
    kind: QEvent.Type = QEvent.Type.KeyPress,
) -> QKeyEvent:
    """A key of the keyboard, by its US name; `writes` is what stands on it here."""
    label = writes or place
    text = "" if held & CTRL else label.lower()
    made = QKeyEvent(kind, ord(label.upper()), held, CODES[place], 0, 0, text, repeat)
    made.setTimestamp(at_ms)
    return made


def send(driver: Driver, *events: QKeyEvent, elsewhere: bool = False) -> None:
    """What is held goes down here first, unless it went down `elsewhere`."""
    window = driver.app.focusWindow()
    sent: list[QKeyEvent] = []
    for one in events:
        if one.type() is QEvent.Type.KeyPress and one.key() < K.Key_Escape and not elsewhere:
            sent += modifier_presses(one.modifiers())
        sent.append(one)
    driver._on_loop(lambda: [QApplication.sendEvent(window, one) for one in sent])


def tap(driver: Driver, place: str, held: Qt.KeyboardModifier = NONE, writes: str = "") -> None:
    """Press and let go."""
    up = event(place, held, writes, at_ms=50, kind=QEvent.Type.KeyRelease)
    send(driver, event(place, held, writes), up)


@pytest.fixture
def armed(driver: Driver) -> Driver:
    driver.connect()
    driver.desk.arming.arm()
    driver.window.setFocus()
    return driver


def count(driver: Driver) -> int:
    return len(driver.orders())


# ---- places ----


def test_an_entry_is_where_it_is_on_every_layout(armed: Driver) -> None:
    for number, layout in enumerate(LAYOUTS.values(), 1):
        tap(armed, "B", CTRL | ALT, layout["B"])
        armed.until(lambda number=number: count(armed) == number)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        assert armed.orders()[-1].request.side.value == "buy"


def test_sizes_are_on_the_digit_row_of_every_layout(driver: Driver) -> None:
    driver.connect()
    driver.window.setFocus()
    for layout in LAYOUTS.values():
        for number in (2, 3):
            tap(driver, str(number), CTRL, layout[str(number)])
            assert driver.desk.size == driver.desk.settings.trading.size_presets[number - 1].amount


def test_arming_by_place_and_by_label_means_the_same(driver: Driver) -> None:
    driver.window.setFocus()
    for place, label in (("A", "Q"), ("Q", "A")):  # the French keys at A and at Q
        tap(driver, place, CTRL | SHIFT, label)
        assert driver.desk.arming.is_armed
        driver.desk.arming.disarm("test")


def test_leaving_goes_by_the_label(driver: Driver) -> None:
    asked: list[bool] = []
    driver.desk.shell.request_exit = lambda: asked.append(True)  # type: ignore[method-assign] # only counts
    driver.window.setFocus()
    tap(driver, "Q", CTRL, "A")
    assert asked == []
    tap(driver, "A", CTRL, "Q")
    assert asked == [True]


def test_an_entry_that_is_another_one_by_its_label_is_not_guessed(armed: Driver) -> None:
    armed.desk.keymap.override("trading.buy_market", "Ctrl+Alt+A")
    armed.desk.keymap.override("trading.sell_market", "Ctrl+Alt+Q")
    tap(armed, "A", CTRL | ALT, "Q")
    assert count(armed) == 0
    assert "neither was done" in armed.said()[-1]
    tap(armed, "A", CTRL | ALT, "A")
    armed.until(lambda: count(armed) == 1)


def test_the_symbol_search_is_wherever_the_slash_is(driver: Driver) -> None:
    for place, held in (("7", SHIFT), (".", SHIFT), ("/", NONE)):
        driver.window.setFocus()
        assert not isinstance(QApplication.focusWidget(), QLineEdit)
        tap(driver, place, held, "/")
        focused = QApplication.focusWidget()
        assert isinstance(focused, QLineEdit)
        assert focused.text() == ""


def test_the_key_at_the_slash_is_not_the_search_where_it_writes_something_else(
    driver: Driver,
) -> None:
    driver.window.setFocus()
    tap(driver, "/", NONE, "-")
    assert not isinstance(QApplication.focusWidget(), QLineEdit)


def test_menus_name_the_keys_of_this_keyboard_once_they_are_known(driver: Driver) -> None:
    def entry() -> str:
        actions = driver.window.menus.menu("Trade").actions()
        return next(one.text() for one in actions if one.objectName() == "trading.arm_keys")

    assert entry().endswith("\tCtrl+Shift+A")
    driver.window.setFocus()
    tap(driver, "A", NONE, "Q")
    assert entry().endswith("\tCtrl+Shift+Q")
    tap(driver, "2", SHIFT, "2")  # is not what stands on it without Shift
    tap(driver, "B", NONE, "И")  # a second alphabet changes no names
    assert driver.desk.keymap.labels.moved == {"A": "Q"}
    tap(driver, "A", SHIFT, "A")  # another layout: what was known of the old one is forgotten
    assert entry().endswith("\tCtrl+Shift+A")


def test_alt_gr_writes_and_never_trades(armed: Driver) -> None:
    writing = QKeyEvent(QEvent.Type.KeyPress, K.Key_B, CTRL | ALT, CODES["B"], 0, 0, "€")
    send(armed, writing)
    switched = CTRL | ALT | Qt.KeyboardModifier.GroupSwitchModifier
    send(armed, event("B", switched))
    armed.desk.keymap.override("trading.buy_market", "Ctrl+B")
    send(armed, event("B", CTRL | Qt.KeyboardModifier.GroupSwitchModifier))
    assert count(armed) == 0
    send(armed, event("B", CTRL, at_ms=5_000))  # by now the B of before is let go
    armed.until(lambda: count(armed) == 1)


def test_alt_gr_makes_no_key_of_a_place(driver: Driver) -> None:
    """The German key at the slash writes a dash with AltGr: that is no slash."""
    asked: list[bool] = []
    driver.desk.shell.search_symbol = lambda: asked.append(True)  # type: ignore[method-assign] # only counts
    driver.window.setFocus()
    send(driver, event("/", Qt.KeyboardModifier.GroupSwitchModifier, "–"))
    assert asked == []
    tap(driver, "7", SHIFT, "/")
    assert asked == [True]


# ---- held keys ----


def test_a_key_that_stays_down_while_the_focus_moves_is_one_press(armed: Driver) -> None:
    other = QMainWindow(armed.window)
    other.show()
    send(armed, event("B", CTRL | ALT, at_ms=0))
    armed.until(lambda: count(armed) == 1)
    other.activateWindow()
    armed.until(lambda: armed.app.focusWindow() is other.windowHandle())
    send(armed, event("B", CTRL | ALT, at_ms=500))  # a repetition that is not marked as one
    send(armed, event("B", CTRL | ALT, at_ms=530, repeat=True))
    pair = event("B", CTRL | ALT, at_ms=560, kind=QEvent.Type.KeyRelease)
    send(armed, pair, event("B", CTRL | ALT, at_ms=560))
    assert count(armed) == 1
    other.close()
    other.deleteLater()


def test_keys_work_in_a_second_window(armed: Driver) -> None:
    other = QMainWindow(armed.window)
    other.show()
    other.activateWindow()
    armed.until(lambda: armed.app.focusWindow() is other.windowHandle())
    tap(armed, "B", CTRL | ALT)
    armed.until(lambda: count(armed) == 1)
    keys, behind = armed.session.keys, armed.window.windowHandle()
    assert not keys.eventFilter(other.windowHandle(), press_at(1_000))
    assert keys.eventFilter(behind, press_at(1_100))  # of a double-click that closed the other
    assert not keys.eventFilter(behind, press_at(3_000))
    other.close()
    other.deleteLater()


def elsewhere_and_back(driver: Driver) -> None:
    changed = driver.app.applicationStateChanged
    changed.emit(Qt.ApplicationState.ApplicationInactive)
    changed.emit(Qt.ApplicationState.ApplicationActive)


def test_keys_that_went_down_elsewhere_do_not_send(armed: Driver) -> None:
    """What is held is told by the press itself; what the keyboard says now proves nothing."""
    elsewhere_and_back(armed)
    send(armed, event("B", CTRL | ALT), elsewhere=True)
    assert count(armed) == 0
    assert "held down since before" in armed.said()[-1]
    alt = QKeyEvent(QEvent.Type.KeyPress, K.Key_Alt, CTRL)
    send(armed, alt, event("J", CTRL | ALT, at_ms=100), elsewhere=True)  # Ctrl is still not ours
    assert count(armed) == 0
    tap(armed, "X")  # an event without them: they were let go
    send(armed, event("B", CTRL | ALT, at_ms=9_000))
    armed.until(lambda: count(armed) == 1)


def test_a_modifier_that_repeats_went_down_elsewhere_all_the_same(armed: Driver) -> None:
    elsewhere_and_back(armed)
    marked = QKeyEvent(QEvent.Type.KeyPress, K.Key_Control, NONE, "", autorep=True)
    unmarked = QKeyEvent(QEvent.Type.KeyPress, K.Key_Control, CTRL)  # it was down before, says X11
    alt = QKeyEvent(QEvent.Type.KeyPress, K.Key_Alt, CTRL)
    send(armed, marked, unmarked, alt, event("B", CTRL | ALT), elsewhere=True)
    assert count(armed) == 0


def test_keys_that_stick_count_after_they_were_let_go(armed: Driver) -> None:
    """With sticky keys each goes up again before the next one, and is still held."""
    down, up = QEvent.Type.KeyPress, QEvent.Type.KeyRelease
    sticky = [
        QKeyEvent(down, K.Key_Control, NONE),
        QKeyEvent(up, K.Key_Control, CTRL),
        QKeyEvent(down, K.Key_Alt, CTRL),
        QKeyEvent(up, K.Key_Alt, CTRL | ALT),
    ]
    send(armed, *sticky, event("B", CTRL | ALT), elsewhere=True)
    armed.until(lambda: count(armed) == 1)


def test_ways_out_take_keys_from_elsewhere(driver: Driver) -> None:
    driver.window.setFocus()
    elsewhere_and_back(driver)
    send(driver, QKeyEvent(QEvent.Type.KeyPress, K.Key_Escape, SHIFT), elsewhere=True)
    title = driver.desk.keymap.meaning(KeyPress(None, ("Shift+Esc",)), is_staged=False).command
    assert title is not None
    assert any(text.startswith(title.title) for text in driver.said())


def press_at(at_ms: int) -> QMouseEvent:
    point, left = QPointF(30, 30), Qt.MouseButton.LeftButton
    press = QMouseEvent(QEvent.Type.MouseButtonPress, point, point, left, left, NONE)
    press.setTimestamp(at_ms)
    return press


def late_in_the_menu(driver: Driver, at_ms: int) -> None:
    """A menu is a window of its own, in which the keyboard never is."""
    driver.desk.core.input_age.are_clicks_timed = True
    entry = next(a for a in driver.window.findChildren(QAction) if a.objectName() == BUY)
    point, left = QPointF(-5, -5), Qt.MouseButton.LeftButton
    click = QMouseEvent(QEvent.Type.MouseButtonRelease, point, point, left, left, NONE)
    click.setTimestamp(at_ms)
    menu = entry.parent()
    assert menu is not None
    QApplication.sendEvent(menu, click)
    entry.trigger()


def test_an_entry_that_waited_while_the_window_stood_still_is_not_sent(armed: Driver) -> None:
    now_ms = round(armed.engine.clock.monotonic() * 1000)
    tap(armed, "X")
    send(armed, event("X", at_ms=now_ms))  # read at once: from it the clocks are known
    send(armed, event("B", CTRL | ALT, at_ms=now_ms - 9_000))
    assert count(armed) == 0
    assert "while the window stood still" in armed.said()[-1]
    armed._on_loop(lambda: late_in_the_menu(armed, now_ms - 9_000))
    assert count(armed) == 0
    assert armed.said()[-1].startswith("Buy Market: it was clicked")
    send(armed, event("J", CTRL | ALT, at_ms=round(armed.engine.clock.monotonic() * 1000)))
    armed.until(lambda: count(armed) == 1)


def test_keys_that_waited_for_the_program_meet_a_disarmed_desk(armed: Driver) -> None:
    """The press is read before the timer that would notice the gap."""
    armed.desk.arming._last_beat -= 60
    tap(armed, "B", CTRL | ALT)
    assert count(armed) == 0
    assert "stood still" in armed.said()[-1]


def test_a_key_let_go_elsewhere_is_not_stuck(armed: Driver) -> None:
    send(armed, event("B", CTRL | ALT))
    armed.until(lambda: count(armed) == 1)
    elsewhere_and_back(armed)
    tap(armed, "B", CTRL | ALT)
    armed.until(lambda: count(armed) == 2)


def test_ways_out_run_even_where_a_release_went_missing(driver: Driver) -> None:
    driver.window.setFocus()
    f8 = (QEvent.Type.KeyPress, K.Key_F8, NONE, 74, 0, 0, "")
    send(driver, QKeyEvent(*f8), QKeyEvent(*f8))
    said = [text for text in driver.said() if text.startswith("Cancel All (Account)")]
    assert len(said) == 2


def test_a_dropped_key_is_not_told_again_and_again(armed: Driver) -> None:
    field = QLineEdit(armed.window)
    field.show()
    field.setFocus()
    armed.until(field.hasFocus)
    for _ in range(5):
        tap(armed, "B", CTRL | ALT)
    said = [text for text in armed.said() if "entry keys do nothing" in text]
    assert len(said) == 1
    assert armed.window.toasts.toasts() == []
    assert count(armed) == 0


# ---- numbers ----


@pytest.mark.parametrize(
    ("numbers", "code", "place"),
    [("x11", 24, "Q"), ("x11", 10, "1"), ("x11", 61, "/"), ("x11", 94, None), ("x11", 0, None),
     ("windows", 16, "Q"), ("windows", 43, "\\"), ("windows", 0x11C, None)],
)  # fmt: skip
def test_scan_codes_are_places(numbers: str, code: int, place: str | None) -> None:
    made = QKeyEvent(QEvent.Type.KeyPress, K.Key_Q, NONE, code, 0, 0, "q")
    assert place_of(made, numbers) == place


def test_the_mac_tells_places_by_another_number_that_begins_with_zero() -> None:
    def made(virtual: int, native_modifiers: int) -> QKeyEvent:
        return QKeyEvent(QEvent.Type.KeyPress, K.Key_A, NONE, 0, virtual, native_modifiers, "a")

    assert place_of(made(0, 0x100), "mac") == "A"
    assert place_of(made(0, 0), "mac") is None  # sent by no keyboard
    assert place_of(made(12, 0x100), "mac") == "Q"
    assert len(set(PLACES["mac"].values())) == len(set(PLACES["x11"].values())) == 47


@pytest.mark.parametrize(
    ("held", "writes"), [(0x40 | 0x02, True), (0x04 | 0x02, False), (0x40 | 0x20, False)]
)
def test_the_right_alt_of_windows_is_alt_gr(held: int, writes: bool) -> None:  # fmt: skip
    made = QKeyEvent(QEvent.Type.KeyPress, K.Key_B, CTRL | ALT, 48, 0, held, "")
    assert is_alt_gr(made, "windows") is writes
    assert not is_alt_gr(made, "x11")
