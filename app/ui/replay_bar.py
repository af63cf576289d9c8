"""The transport of a replay, plainly labelled, with the market's own date and time. GUI thread."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QComboBox, QLabel, QSlider, QToolBar, QToolButton, QWidget

from app.base.errors import MoorgateError
from app.commands.replay import SPEEDS, STEP_S, control, replay_connection
from app.domain.reports import Severity
from app.ui import format as fmt
from app.ui import theme
from app.ui.desk import Desk
from app.ui.frame import Badge
from app.ui.icons import icon
from app.ui.widgets.elided_label import ElidedLabel

POLL_MS = 250
_SLIDER_STEPS = 1000


class ReplayBar(QToolBar):
    """Shown while the chosen connection replays recorded data; asks it four times a second how it
    stands. Beside an account of the market itself it would only mislead."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__("Replay", parent)
        self.setObjectName("replay_bar")
        theme.follow(self, lambda: self.setIconSize(QSize(theme.px(16), theme.px(16))))
        self._desk = desk
        self._state: dict[str, Any] = {}
        self._is_asking = False
        self._badge = Badge("replay_badge", self)
        self._moment, self._title = QLabel(self), ElidedLabel("", self)
        self._title.setObjectName("replay_title")
        self._moment.setObjectName("replay_moment")
        self._moment.setFont(theme.number_font(bold=True))
        self._play = self._button("pause", "Play or pause", "replay.play_pause")
        self._step = self._button("step", f"Step {STEP_S} s", "replay.step_forward")
        self._loop = self._button("loop", "Start again at the end", "replay.toggle_loop")
        self._open = self._button("open", "Replay another file", "replay.open_file")
        self._loop.setCheckable(True)
        self._speed = self._speed_box()
        self._seek = self._seek_slider()
        for widget in (
            *(self._badge, self._moment, self._play, self._step, self._speed),
            *(self._seek, self._loop, self._open, self._title),
        ):
            self.addWidget(widget)
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._ask)
        desk.bridge.connection_changed.connect(self._on_connection)
        desk.bridge.connection_removed.connect(self._on_connection)
        desk.selection_changed.connect(self._on_selection)
        theme.changed.connect(self._draw)
        self._appear()

    def stop(self) -> None:
        """Ask no more; for the end of the window."""
        self._timer.stop()

    def show_state(self, state: dict[str, Any]) -> None:
        """Draw what the replay says of itself."""
        self._state = state
        self._draw()

    def _draw(self) -> None:
        state = self._state
        if not state:
            self._badge.show_word(
                "REPLAY", "replay", "replay_text", "Recorded data, not the market"
            )
            return
        is_replay = state["kind"] == "replay"
        word = "REPLAY" if is_replay else "SYNTHETIC"
        tip = "Recorded data, not the market" if is_replay else "Invented data, not the market"
        self._badge.show_word(word, "replay", "replay_text", tip)
        self._moment.setText(f" {fmt.date_time(self._moment_of(state))} ")
        self._title.setText(f" {state['title']}")
        self._title.setToolTip(state["title"])
        self._title.setStyleSheet(f"color: {theme.color('muted').name()};")
        paused = bool(state["paused"])
        self._play.setIcon(icon("play" if paused else "pause"))
        self._play.setAccessibleName("Play" if paused else "Pause")
        self._step.setIcon(icon("step"))
        self._loop.setIcon(icon("loop"))
        self._open.setIcon(icon("open"))
        self._loop.setChecked(bool(state["loop"]))
        self._draw_speed(float(state["speed"]))
        self._draw_position(state)

    def _moment_of(self, state: dict[str, Any]) -> datetime:
        """What time it is for the chosen instrument: every recording keeps its own dates."""
        instrument = self._desk.selection.instrument
        date = None if instrument is None else state.get("dates", {}).get(instrument.key)
        if isinstance(date, str):
            return datetime.fromisoformat(date)
        return datetime.fromtimestamp(float(state["position_s"]), UTC)

    def _draw_speed(self, speed: float) -> None:
        at = self._speed.findData(speed)
        self._speed.blockSignals(True)
        if at < 0:
            self._speed.addItem(f"{speed:g}x", speed)
            at = self._speed.count() - 1
        self._speed.setCurrentIndex(at)
        self._speed.blockSignals(False)

    def _draw_position(self, state: dict[str, Any]) -> None:
        span = float(state["end_s"]) - float(state["start_s"])
        self._seek.setEnabled(span > 0)
        if span > 0 and not self._seek.isSliderDown():
            done = (float(state["position_s"]) - float(state["start_s"])) / span
            self._seek.blockSignals(True)
            self._seek.setValue(round(min(1.0, max(0.0, done)) * _SLIDER_STEPS))
            self._seek.blockSignals(False)

    def _button(self, name: str, tip: str, command_id: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(command_id)
        button.setIcon(icon(name))
        key = self._desk.keymap.text_of(command_id)
        button.setToolTip(f"{tip} ({key})" if key else tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setProperty("command", command_id)
        button.clicked.connect(self._on_button)
        return button

    def _speed_box(self) -> QComboBox:
        box = QComboBox(self)
        box.setObjectName("replay_speed")
        box.setToolTip("How much faster than the market it runs")
        box.setAccessibleName("Replay speed")
        for speed in SPEEDS:
            box.addItem(f"{speed:g}x", speed)
        box.activated.connect(self._on_speed)
        return box

    def _seek_slider(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal, self)
        slider.setObjectName("replay_seek")
        slider.setRange(0, _SLIDER_STEPS)
        theme.follow(slider, lambda: slider.setMinimumWidth(theme.px(80)))
        theme.follow(slider, lambda: slider.setMaximumWidth(theme.px(320)))
        slider.setToolTip("Jump to another moment of the recording")
        slider.setAccessibleName("Position in the recording")
        slider.sliderReleased.connect(self._on_seek)
        slider.actionTriggered.connect(self._on_slider_key)
        return slider

    def _on_button(self) -> None:
        button = self.sender()
        if isinstance(button, QToolButton):
            self._desk.run(button.property("command"))
            self._ask()

    def _on_speed(self, index: int) -> None:
        self._send("replay.speed", value=float(self._speed.itemData(index)))

    def _on_seek(self) -> None:
        if not self._state:
            return
        start_s, end_s = float(self._state["start_s"]), float(self._state["end_s"])
        share = self._seek.value() / _SLIDER_STEPS
        self._send("replay.seek", at_s=start_s + share * (end_s - start_s))

    def _on_slider_key(self, action: int) -> None:
        if action != QSlider.SliderAction.SliderMove.value and not self._seek.isSliderDown():
            # The new value is in place only after this signal.
            QTimer.singleShot(0, self, self._on_seek)

    def _send(self, command: str, **arguments: Any) -> None:
        self._desk.spawn(self._sent(command, arguments), command)

    async def _sent(self, command: str, arguments: dict[str, Any]) -> None:
        await control(self._desk, command, **arguments)
        await self._refresh()

    def _ask(self) -> None:
        if not self._is_asking and not self.isHidden():
            self._desk.spawn(self._refresh(), "replay.state")

    async def _refresh(self) -> None:
        if self._is_asking:
            return
        self._is_asking = True
        try:
            self.show_state(await control(self._desk, "replay.state"))
        except MoorgateError as error:
            self._appear()
            self._desk.notify(Severity.INFO, f"the replay does not answer: {error}")
        finally:
            self._is_asking = False

    def _on_connection(self, _event: object) -> None:
        self._appear()

    def _on_selection(self, _selection: object) -> None:
        self._appear()
        self._draw()

    def _appear(self) -> None:
        chosen = self._desk.selection.connection_id
        is_there = chosen is not None and replay_connection(self._desk) == chosen
        self.setVisible(is_there)
        if is_there and not self._timer.isActive():
            self._timer.start()
            self._ask()
        elif not is_there:
            self._timer.stop()
