"""What is heard: what happens now, once, at the volume that is set, by what the platform has."""

from __future__ import annotations

import stat
import wave
from array import array
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.bus import EventBus
from app.base.paths import resources_dir
from app.domain import order_events as ev
from app.domain.events import ConnectionChanged, ConnectionRemoved, ExecutionBooked, OrderChanged
from app.domain.order import apply, initialize
from app.domain.reports import Health
from app.store.settings import NotificationSettings
from app.ui.bridge import EngineBridge
from app.ui.sound_player import SoundPlayer
from app.ui.sounds import DISCONNECT, FILL, NEWS_S, REJECT, Sounds
from tests.doubles import orders as made
from tests.doubles.clock import FakeClock

KINDS = (FILL, REJECT, DISCONNECT)


class Loudspeaker:
    """Fits `sounds.Player`: notes what would be heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []

    def play(self, name: str, volume_percent: int) -> bool:
        self.heard.append((name, volume_percent))
        return True


class Room:
    """Sounds on a real bus, with a clock that the test moves."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.bus = clock, EventBus()
        self.settings, self.ready = NotificationSettings(), {made.CONNECTION}
        self.speaker, self.bridge = Loudspeaker(), EngineBridge(self.bus)
        self.sounds = Sounds(
            self.bridge, clock, lambda: self.settings, self.ready.__contains__, self.speaker
        )

    def fill(self, number: int, *, revision: int = 0, age_s: float = 0.0) -> None:
        at = self.clock.now() - timedelta(seconds=age_s)
        execution = made.fill(exec_id=f"E{number}", revision=revision, at=at)
        self.bus.publish(ExecutionBooked(execution))

    def refuse(self, *, reconciliation: bool = False, denied: bool = False) -> None:
        now = self.clock.now()
        order = initialize(made.born())
        told: ev.OrderEvent
        if denied:
            told = ev.OrderDenied(client_order_id=made.OWN, at=now, rule="size", reason="too large")
        else:
            order = apply(order, made.submitted())
            told = ev.OrderRejected(
                client_order_id=made.OWN, at=now, reason="no", reconciliation=reconciliation
            )
        self.bus.publish(OrderChanged(apply(order, told), told))

    def line(self, *states: str) -> None:
        for state in states:
            is_open = state == "ready"
            self.bus.publish(ConnectionChanged(made.CONNECTION, state, Health(), is_open, True))

    @property
    def heard(self) -> list[str]:
        return [name for name, _ in self.speaker.heard]


@pytest.fixture
def room(qapp: QApplication, clock: FakeClock) -> Room:
    return Room(clock)


def test_a_burst_of_fills_is_one_sound_and_one_that_goes_on_is_heard_again(room: Room) -> None:
    for number in range(20):
        room.fill(number)
        room.clock.advance(0.2)
    assert room.heard == [FILL]
    for number in range(20, 30):
        room.fill(number)
        room.clock.advance(0.2)
    assert room.heard == [FILL, FILL]
    room.clock.advance(1.5)
    room.fill(30)
    assert room.heard == [FILL, FILL, FILL]


def test_a_fill_rings_once_though_its_fee_or_a_correction_comes_later(room: Room) -> None:
    room.fill(1)
    room.clock.advance(3)
    room.fill(1)
    room.clock.advance(3)
    room.fill(1, revision=1)
    assert room.heard == [FILL]


def test_what_is_read_at_connecting_is_silent(room: Room) -> None:
    room.ready.clear()
    room.fill(1)
    room.ready.add(made.CONNECTION)
    room.fill(2, age_s=NEWS_S + 1)
    room.refuse(reconciliation=True)
    assert room.heard == []
    room.fill(3)
    assert room.heard == [FILL]


@pytest.mark.parametrize("denied", [False, True])
def test_a_refusal_of_the_broker_or_of_our_own_rings(room: Room, denied: bool) -> None:
    room.refuse(denied=denied)
    assert room.heard == [REJECT]


def test_a_line_rings_when_it_breaks_and_not_when_it_is_ended_or_never_was_up(room: Room) -> None:
    room.line("connecting", "failed", "connecting", "reconciling", "ready", "offline")
    assert room.heard == []
    room.line("connecting", "ready", "reconnecting", "connecting", "reconnecting")
    assert room.heard == [DISCONNECT]
    room.bus.publish(ConnectionRemoved(made.CONNECTION))
    room.clock.advance(10)
    room.line("failed")
    assert room.heard == [DISCONNECT]


def everything(room: Room) -> list[str]:
    """What is heard of one of each."""
    room.clock.advance(60)
    before = len(room.heard)
    room.fill(round(room.clock.monotonic()))
    room.refuse()
    room.line("ready", "failed")
    return room.heard[before:]


def test_each_can_be_switched_off_and_all_together(room: Room) -> None:
    assert everything(room) == list(KINDS)
    for kind in KINDS:
        room.settings = replace(NotificationSettings(), **{f"sound_on_{kind}": False})
        assert everything(room) == [one for one in KINDS if one != kind]
    room.settings = NotificationSettings(sounds=False)
    assert everything(room) == []


def test_the_volume_is_the_one_that_is_set_now(room: Room) -> None:
    room.settings = NotificationSettings(volume_percent=35)
    room.fill(1)
    assert room.speaker.heard == [(FILL, 35)]


# -- the player --------------------------------------------------------------------------------


def samples(path: Path) -> array[int]:
    with wave.open(str(path), "rb") as file:
        return array("h", file.readframes(file.getnframes()))


@pytest.mark.parametrize("kind", KINDS)
def test_the_sounds_are_small_short_and_not_cut(kind: str) -> None:
    path = resources_dir() / "sounds" / f"{kind}.wav"
    assert path.stat().st_size < 40_000
    with wave.open(str(path), "rb") as file:
        assert file.getnframes() / file.getframerate() < 1.0
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
    loudest = max(map(abs, samples(path)))
    assert 12_000 < loudest < 32_767
    assert abs(samples(path)[-1]) < 500  # ends in silence, without a click


def a_player(folder: Path) -> tuple[Path, Path]:
    """A program that notes what it was told to play, and where it notes it."""
    program, note = folder / "paplay", folder / "played.txt"
    program.write_text(f'#!/bin/sh\necho "$1" >> {note}\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program, note


def only(name: str, program: Path) -> Callable[[str], str | None]:
    return lambda wanted: str(program) if wanted == name else None


def test_a_sound_is_played_by_the_first_program_there_is(qtbot: QtBot, tmp_path: Path) -> None:
    program, note = a_player(tmp_path)
    player = SoundPlayer(tmp_path / "sounds", "linux", only("paplay", program))
    assert player.play(FILL, 100)
    qtbot.waitUntil(lambda: note.is_file() and note.read_text() != "", timeout=20_000)
    assert note.read_text().split() == [str(resources_dir() / "sounds" / "fill.wav")]
    assert player.play(FILL, 40)
    qtbot.waitUntil(lambda: len(note.read_text().split()) == 2, timeout=20_000)
    softer = Path(note.read_text().split()[1])
    assert softer.parent == tmp_path / "sounds"
    loud = max(map(abs, samples(resources_dir() / "sounds" / "fill.wav")))
    assert max(map(abs, samples(softer))) == pytest.approx(0.4 * loud, abs=1)


def test_only_the_copy_of_the_volume_in_use_is_kept(tmp_path: Path) -> None:
    program, _ = a_player(tmp_path)
    player = SoundPlayer(tmp_path / "sounds", "linux", only("paplay", program))
    for percent in (10, 20, 30):
        player.play(FILL, percent)
        player.play(REJECT, percent)
    names = sorted(path.name for path in (tmp_path / "sounds").iterdir())
    assert names == ["fill_30.wav", "reject_30.wav"]


def test_without_a_player_it_is_silent_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []

    def nothing(name: str) -> None:
        asked.append(name)

    player = SoundPlayer(tmp_path / "sounds", "linux", nothing)
    with caplog.at_level("INFO", logger="moorgate.sounds"):
        assert [player.play(kind, 60) for kind in KINDS] == [False] * 3
    assert asked == ["pw-play", "paplay", "aplay"]
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_a_folder_that_cannot_be_written_only_costs_the_sound(tmp_path: Path) -> None:
    (tmp_path / "sounds").write_text("in the way", encoding="utf-8")
    player = SoundPlayer(tmp_path / "sounds", "linux", only("aplay", tmp_path / "aplay"))
    assert not player.play(FILL, 60)


def test_no_volume_is_no_sound_and_no_file(tmp_path: Path) -> None:
    player = SoundPlayer(tmp_path / "sounds", "linux", only("aplay", tmp_path / "aplay"))
    assert not player.play(FILL, 0)
    assert not (tmp_path / "sounds").exists()


def test_the_mac_has_a_player_of_its_own(tmp_path: Path) -> None:
    asked: list[str] = []

    def nothing(name: str) -> None:
        asked.append(name)

    SoundPlayer(tmp_path, "darwin", nothing).play(FILL, 100)
    assert asked == ["afplay"]
