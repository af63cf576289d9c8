"""Every page with its real widgets, by keyboard."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QWidget,
)
from shiboken6 import isValid

from app.brokers.setup import Check, CheckState, Progress, Trouble, WorkResult
from app.ui import theme
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.frame import Badge
from app.ui.wizard.checklist_page import CheckRow
from app.ui.wizard.steps import StepList
from app.ui.wizard.style import wizard_sheet
from tests.doubles.scripted_setup import (
    ALL_FOUND,
    CHECKS,
    CHECKS_MADE,
    CLIENT,
    DATA,
    NO_PROGRAM,
    PROGRAM,
    Script,
)
from tests.ui.find import child
from tests.ui.shell.conftest import NONE
from tests.ui.wizard.pages import DOWN, ENTER, ESC, SPACE, TAB, UP, Pages, wizard_threads

ALT = Qt.KeyboardModifier.AltModifier
ON_SCREEN = (860, 600)
ALL = ("Scripted family", "Paper account")


def to_checks(pages: Pages) -> None:
    pages.on(2)
    assert pages.wizard.current == CHECKS


def to_data(pages: Pages) -> None:
    to_checks(pages)
    pages.press(SPACE)
    pages.on(2)
    assert pages.wizard.current == DATA


def to_limits(pages: Pages) -> None:
    to_data(pages)
    pages.on()


def test_arrows_choose_and_enter_goes_on(pages: Pages) -> None:
    assert pages.focused == "option_Scripted family"
    pages.press(DOWN)
    assert pages.view.chosen == "Paper account"
    pages.press(UP)
    assert pages.view.chosen == "Scripted family"
    pages.on()
    assert pages.focused == "option_7497", "paper is proposed, and has the keyboard"
    assert pages.find(QRadioButton, "option_7497").isChecked()
    pages.press(UP)
    assert pages.view.chosen == "7496"
    assert pages.said("wizard_title") == "Program"


def test_a_key_that_is_held_down_does_not_rush_through(pages: Pages) -> None:
    pages.on()

    def repeat() -> None:
        for _ in range(5):
            event = QKeyEvent(QKeyEvent.Type.KeyPress, ENTER, NONE, "\r", autorep=True)
            QApplication.sendEvent(pages.dialog.windowHandle(), event)

    pages.driver._on_loop(repeat)
    assert pages.wizard.current == PROGRAM


def test_long_pages_scroll_by_page(pages: Pages) -> None:
    pages.press(DOWN)
    pages.on()
    bar = pages.find(QScrollArea, "wizard_scroll").verticalScrollBar()
    pages.press(TAB)
    pages.press(Qt.Key.Key_PageDown)
    assert bar.value() > 0
    pages.press(Qt.Key.Key_PageUp)
    assert bar.value() == 0


def test_the_words_of_the_chosen_card_are_the_bright_ones(pages: Pages) -> None:
    def bright() -> list[str]:
        cards = [child(pages.dialog, QRadioButton, f"option_{name}").parentWidget() for name in ALL]
        labels = [child(card, QLabel, "muted") for card in cards if card is not None]
        return [label.text() for label in labels if label.palette().windowText().color() == text]

    text = theme.color("text")
    first = bright()
    pages.press(DOWN)
    assert (len(first), len(bright())) == (1, 1)
    assert bright() != first
    pages.press(UP)
    assert bright() == first


def test_a_click_anywhere_on_a_card_chooses(pages: Pages) -> None:
    card = pages.find(QRadioButton, "option_Paper account").parentWidget()
    assert card is not None
    pages.driver._on_loop(lambda: QTest.mouseClick(card, Qt.MouseButton.LeftButton))
    assert pages.view.chosen == "Paper account"


def test_paper_and_live_look_as_everywhere(pages: Pages) -> None:
    pages.on()
    badges = {b.text(): b.styleSheet() for b in pages.dialog.findChildren(Badge) if b.text()}
    for word in ("paper", "live"):
        assert theme.color(word).name() in badges[word.upper()]


def test_by_hand_opens_the_fields(pages: Pages) -> None:
    pages.on()
    assert not pages.find(QLineEdit, "field_port").isVisible()
    pages.press(DOWN)
    assert pages.view.chosen == ""
    assert pages.find(QLineEdit, "field_port").isVisible()
    pages.press(TAB)
    assert pages.focused == "field_host"
    pages.press(TAB)
    pages.type("4oo2")
    pages.press(ENTER)
    assert pages.wizard.current == PROGRAM
    assert "Port: found" in pages.said("wizard_problem")
    assert pages.find(QLabel, "wizard_problem").property("asked") is True
    pages.type("4002")
    pages.on()
    view = pages.back()
    assert (view.chosen, view.values["port"]) == ("", "4002")
    assert pages.find(QLineEdit, "field_port").text() == "4002"


def test_work_shows_that_it_goes_on_and_can_be_stopped(pages: Pages, script: Script) -> None:
    script.progress[PROGRAM] = Progress("Asking port 7496", (ALL_FOUND.options[0],))
    script.hold()
    pages.press(ENTER)
    pages.driver.until(lambda: pages.said("work_text") == "Asking port 7496…")
    assert pages.find(QRadioButton, "option_7496").isVisible(), "what is found so far is shown"
    assert not pages.find(QPushButton, "wizard_next").isEnabled()
    pages.press(Qt.Key.Key_P, ALT)
    pages.driver.until(lambda: pages.said("trouble_title") == "Stopped")
    script.release()
    assert pages.focused == "try_again"
    pages.press(ENTER)
    pages.idle()
    assert not pages.find(QWidget, "trouble").isVisible()
    assert pages.said("work_text") == "2 programs found"


def test_late_results_change_nothing(pages: Pages, script: Script) -> None:
    script.hold()
    pages.press(ENTER)
    pages.driver.until(lambda: script.asked == [PROGRAM])
    pages.back()
    assert pages.said("wizard_title") == "Broker"
    script.release()
    pages.driver.until(lambda: script.canceled)
    pages.driver.do(asyncio.sleep(0.02))
    assert pages.said("wizard_title") == "Broker"
    assert pages.focused == "option_Scripted family"


def test_a_trouble_has_its_steps_and_the_keyboard(pages: Pages, script: Script) -> None:
    script.results[PROGRAM] = [WorkResult(trouble=NO_PROGRAM), ALL_FOUND]
    pages.on()
    assert pages.said("trouble_title") == NO_PROGRAM.title
    assert pages.said("trouble_text") == NO_PROGRAM.text
    steps = [label.text() for label in pages.dialog.findChildren(QLabel, "trouble_step")]
    assert tuple(steps) == NO_PROGRAM.steps
    assert pages.find(QWidget, "trouble").accessibleName().startswith(NO_PROGRAM.title)
    assert pages.focused == "try_again"
    pages.press(ENTER)
    pages.idle()
    assert not pages.find(QWidget, "trouble").isVisible()
    assert pages.focused == "option_7497"


def test_beside_a_trouble_a_wrong_field_still_says_what_is_wrong(
    pages: Pages, script: Script
) -> None:
    script.results[PROGRAM] = [WorkResult(trouble=NO_PROGRAM)]
    pages.on()
    pages.find(QLineEdit, "field_port").setFocus()
    pages.type("4oo2")
    pages.press(ENTER)
    assert pages.find(QWidget, "trouble").isVisible()
    assert "Port: found" in pages.said("wizard_problem")
    assert pages.find(QLabel, "wizard_problem").property("asked") is True


def test_the_same_trouble_again_is_shown_again(pages: Pages, script: Script) -> None:
    script.results[PROGRAM] = [WorkResult(trouble=NO_PROGRAM)]
    pages.on()
    pages.press(ENTER)
    pages.idle()
    assert len(script.asked) == 2
    assert pages.find(QWidget, "trouble").isVisible()
    assert pages.focused == "try_again"


def test_a_mild_trouble_can_be_passed_over(pages: Pages, script: Script) -> None:
    mild = Trouble("competing", "Another session", "It has the data.", ("End it.",), False)
    script.results[CLIENT] = [WorkResult(trouble=mild)]
    to_checks(pages)
    pages.press(SPACE)
    pages.on()
    assert pages.said("trouble_title") == "Another session"
    assert pages.find(QWidget, "trouble").property("blocking") is False
    pages.press(Qt.Key.Key_N, ALT)
    pages.driver.until(lambda: pages.wizard.current == DATA)


def test_space_ticks_what_no_probe_can_tell(pages: Pages) -> None:
    to_checks(pages)
    assert pages.focused == "check_restart"
    rows = {row.check.id: row for row in pages.dialog.findChildren(CheckRow)}
    assert [rows[one.id].check.state for one in CHECKS_MADE] == [one.state for one in CHECKS_MADE]
    assert rows["read"].accessibleName() == (
        "Read-only off: works with a limit. orders are refused while it is on"
    )
    pages.press(ENTER)
    assert pages.wizard.current == CHECKS
    assert pages.said("wizard_problem") == "Tick Auto restart when it is set"
    pages.press(SPACE)
    assert pages.find(QCheckBox, "check_restart").isChecked()
    pages.on()
    pages.back()
    assert pages.find(QCheckBox, "check_restart").isChecked()


def test_menu_paths_can_be_selected(pages: Pages) -> None:
    to_checks(pages)
    paths = pages.dialog.findChildren(QLabel, "check_path")
    assert [path.text() for path in paths] == [check.path for check in CHECKS_MADE]
    flag = Qt.TextInteractionFlag.TextSelectableByMouse
    assert all(path.textInteractionFlags() & flag for path in paths)


def test_what_was_found_stands_in_its_field(pages: Pages) -> None:
    to_checks(pages)
    pages.press(SPACE)
    pages.on()
    field = pages.find(QLineEdit, "field_client_id")
    assert (field.text(), pages.focused) == ("18", "field_client_id")
    pages.type("nine")
    assert "Client id: found" in pages.said("wizard_problem")
    pages.type("9")
    pages.on()
    assert pages.wizard.answers()["client_id"] == 9


def test_secrets_are_hidden_until_they_are_to_be_seen(pages: Pages) -> None:
    to_data(pages)
    field = pages.find(QLineEdit, "field_token")
    assert field.echoMode() is QLineEdit.EchoMode.Password
    pages.type("s3cret")
    pages.press(TAB)
    pages.press(SPACE)
    assert field.echoMode() is QLineEdit.EchoMode.Normal
    pages.press(TAB)
    assert pages.focused == "field_market_data"
    pages.press(DOWN)
    assert pages.find(QComboBox, "field_market_data").currentData() == "delayed"
    pages.on()
    assert pages.wizard.answers()["token"] == "s3cret"
    assert pages.wizard.answers()["market_data"] == "delayed"


def test_limits_are_edited_as_in_the_dialog_of_limits(pages: Pages) -> None:
    to_limits(pages)
    assert isinstance(pages.driver.app.focusWidget(), QCheckBox)
    pages.press(SPACE)
    pages.press(TAB)
    assert pages.focused == "risk-max_order_quantity"
    pages.type("lots")
    pages.press(ENTER)
    assert "'lots' is not a number" in pages.said("wizard_problem")
    pages.type("25")
    pages.on()
    pages.back()
    assert pages.find(QLineEdit, "risk-max_order_quantity").text() == "25"
    pages.on(2)
    shown = [label.text() for label in pages.dialog.findChildren(QLabel, "summary_value")]
    assert "25 units" in shown


def test_a_name_must_be_free_and_well_formed(pages: Pages) -> None:
    to_limits(pages)
    pages.on()
    assert pages.focused == "connection_id"
    assert pages.find(QLineEdit, "connection_id").text() == "scripted-paper"
    pages.type("paper")
    pages.press(ENTER)
    assert "already a connection 'paper'" in pages.said("wizard_problem")
    pages.type("my_ib")
    pages.press(ENTER)
    assert "lower-case letters" in pages.said("wizard_problem")
    pages.type("my-ib")
    pages.press(TAB)
    pages.press(SPACE)
    view = pages.on()
    assert view.summary is not None
    assert dict(view.summary.lines)["Name"] == "my-ib"
    assert dict(view.summary.lines)["Connect at start"] == "no"


def test_the_badge_says_paper_or_live_before_it_is_saved(pages: Pages) -> None:
    badge = pages.find(Badge, "wizard_badge")
    pages.on()
    assert not badge.isVisible()
    pages.press(UP)
    pages.on()
    pages.press(SPACE)
    pages.on(2)
    assert (badge.text(), badge.isVisible()) == ("LIVE", True)
    assert pages.view.limits is not None
    assert pages.view.limits.rules["max_order_value"] == (True, "10000"), "cautious where it counts"
    pages.on(2)
    assert pages.focused == "wizard_next"
    assert pages.find(QPushButton, "wizard_next").text() == "&Save and Connect"


def test_steps_tell_where_one_is(pages: Pages) -> None:
    steps = pages.dialog.findChildren(StepList)[0]
    assert steps.accessibleName() == "Step 1 of 8: Broker"
    pages.on(2)
    assert steps.accessibleName() == "Step 3 of 8: Settings"
    states = {label.property("state") for label in steps.findChildren(QLabel, "step_number")}
    assert states == {"done", "current", "ahead"}
    pages.back()
    pages.press(UP)
    assert steps.accessibleName() == "Step 2 of 7: Program"


def test_esc_closes_at_once_where_nothing_was_entered(pages: Pages) -> None:
    pages.on()
    pages.press(ESC)
    pages.until_closed()


def test_esc_asks_where_something_was_entered(pages: Pages) -> None:
    to_checks(pages)
    pages.press(SPACE)
    pages.press(ESC)
    question = pages.question()
    assert question.accept_button.text() == "Discard"
    assert question.cancel_button.text() == "Keep Editing"
    pages.press(ESC)
    pages.driver.until(lambda: not isValid(question))
    assert pages.is_open
    assert pages.view.ticks == {"restart"}
    pages.press(ESC)
    pages.agree()
    pages.until_closed()


def test_esc_pressed_twice_at_once_asks_once(pages: Pages) -> None:
    to_checks(pages)
    pages.press(SPACE)

    def twice() -> None:
        pages.dialog.reject()
        pages.dialog.reject()

    pages.driver._on_loop(twice)
    pages.question()
    assert len(pages.dialog.findChildren(ConfirmDialog)) == 1
    pages.agree()
    pages.until_closed()


def test_closing_the_program_in_the_middle_of_work_leaves_nothing(
    pages: Pages, script: Script
) -> None:
    script.hold()
    pages.press(ENTER)
    pages.driver.until(lambda: script.asked)
    pages.driver.end()
    assert not wizard_threads()
    assert script.canceled == 1


@pytest.mark.parametrize("name", ["dark", "light"])
def test_every_page_fits_and_can_be_read_aloud(pages: Pages, name: str) -> None:
    pages.driver._on_loop(lambda: theme.apply(pages.driver.app, name))
    assert pages.dialog.styleSheet() == wizard_sheet()
    while True:
        if pages.wizard.current == CHECKS:
            pages.press(SPACE)
        hint = pages.dialog.minimumSizeHint()
        assert (hint.width() <= ON_SCREEN[0], hint.height() <= ON_SCREEN[1]) == (True, True)
        for widget in reachable(pages.dialog):
            assert spoken(widget), f"{widget} has no name"
        assert not clashes(pages.dialog), pages.wizard.current
        if pages.wizard.is_last:
            break
        pages.on()
    pages.driver._on_loop(lambda: theme.apply(pages.driver.app, "dark"))


def reachable(dialog: QWidget) -> list[QWidget]:
    """Everything that Tab stops at."""
    return [
        widget
        for widget in dialog.findChildren(QWidget)
        if widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]


def spoken(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return widget.accessibleName() or text


def clashes(dialog: QWidget) -> list[str]:
    """Letters that two visible things want for Alt."""
    buttons = [one for one in dialog.findChildren(QAbstractButton) if one.isEnabled()]
    labels = [one for one in dialog.findChildren(QLabel) if one.buddy() is not None]
    texts = [one.text() for one in buttons if one.isVisible()]
    texts += [one.text() for one in labels if one.isVisible()]
    letters = [text[text.index("&") + 1].lower() for text in texts if "&" in text]
    return sorted({letter for letter in letters if letters.count(letter) > 1})


def test_a_failed_check_says_so_without_colour(pages: Pages, script: Script) -> None:
    failed = Check("api", "Enable socket clients", "", "", CheckState.FAILED, "it is off")
    script.results[CHECKS] = [WorkResult(checks=(failed,))]
    to_checks(pages)
    assert pages.said("check_state") == "✗"
    assert pages.said("finding") == "it is off"
