"""Plays a small sound through what the platform has, at the volume of the settings. GUI thread.

Nothing waits for a sound: Windows plays it by itself, elsewhere a detached process does. Where
there is no player the program is silent and the log says so once.
"""

from __future__ import annotations

import logging
import shutil
import sys
import wave
from array import array
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QProcess

from app.base.paths import resources_dir

log = logging.getLogger("moorgate.sounds")

_PLAYERS = {"darwin": ("afplay",), "linux": ("pw-play", "paplay", "aplay")}
FULL_PERCENT = 100


class SoundPlayer:
    """Plays resources/sounds/NAME.wav. `folder` keeps the copies at a lower volume.

    `is_silent` is for a program that nobody sits at.
    """

    def __init__(
        self,
        folder: Path,
        platform: str = sys.platform,
        which: Callable[[str], str | None] = shutil.which,
        *,
        is_silent: bool = False,
    ) -> None:
        self._folder, self._platform, self._which = folder, platform, which
        self._program: str | None = None
        self._is_silent = is_silent

    def play(self, name: str, volume_percent: int) -> bool:
        """Begin to play it; False where nothing can be heard. Raises nothing."""
        if volume_percent <= 0 or self._is_silent:
            return False
        try:
            file = self._at_volume(name, min(volume_percent, FULL_PERCENT))
            is_playing = self._start(file)
        except (OSError, EOFError, wave.Error) as error:
            return self._fall_silent(f"{name} cannot be played: {error}")
        return is_playing or self._fall_silent("there is no program here that plays them")

    def _start(self, file: Path) -> bool:
        if self._platform == "win32":
            return _play_on_windows(file)
        if self._program is None:
            found = map(self._which, _PLAYERS.get(self._platform, _PLAYERS["linux"]))
            self._program = next(filter(None, found), None)
        if self._program is None:
            return False
        process = QProcess()
        process.setProgram(self._program)
        process.setArguments([str(file)])
        process.setStandardOutputFile(QProcess.nullDevice())
        process.setStandardErrorFile(QProcess.nullDevice())
        return bool(process.startDetached())

    def _at_volume(self, name: str, percent: int) -> Path:
        """The file of this loudness, made on its first use: few players know of a volume."""
        original = resources_dir() / "sounds" / f"{name}.wav"
        if percent == FULL_PERCENT:
            return original
        copy = self._folder / f"{name}_{percent}.wav"
        if not copy.is_file():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            for old in self._folder.glob(f"{name}_*.wav"):
                old.unlink()
            _write_softer(original, copy, percent)
        return copy

    def _fall_silent(self, reason: str) -> bool:
        self._is_silent = True
        log.info("sounds are not heard: %s", reason)
        return False


def _write_softer(original: Path, copy: Path, percent: int) -> None:
    with wave.open(str(original), "rb") as source:
        shape, samples = source.getparams(), array("h", source.readframes(source.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    softer = array("h", (sample * percent // FULL_PERCENT for sample in samples))
    if sys.byteorder == "big":
        softer.byteswap()
    with wave.open(str(copy), "wb") as target:
        target.setparams(shape)
        target.writeframes(softer.tobytes())


def _play_on_windows(file: Path) -> bool:
    if sys.platform == "win32":
        import winsound

        how = winsound.SND_FILENAME | winsound.SND_ASYNC | winsound.SND_NODEFAULT
        winsound.PlaySound(str(file), how)
        return True
    return False
