"""Logging: a rotating file, a ring in memory for the Log panel, and no secrets in either.

Topics are plain loggers, `logging.getLogger("moorgate.<topic>")`. Everything that reaches the root
logger, from the broker SDKs too, passes one gate: it redacts, cuts what is too long, and holds back
a message that repeats too fast. Logging never raises: a full disk costs lines in the file, nothing
else.
"""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from app.base.redaction import add_secret, redact

__all__ = ["LogLine", "RingHandler", "add_secret", "configure", "redact", "ring", "shut_down"]

RING_SIZE = 5000
_FILE_BYTES, _FILES_KEPT = 2_000_000, 5
_LONGEST_TEXT = 8_000
# One message may come this often in this many seconds; the rest is counted, not written.
_BURST, _WINDOW_S = 50, 10.0
_formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s")
_formatter.datefmt = "%Y-%m-%dT%H:%M:%S"
_formatter.converter = time.gmtime


@dataclass(frozen=True, slots=True)
class LogLine:
    """One record as kept in memory: redacted, traceback included. `number` only ever grows."""

    number: int
    at: datetime
    level: int
    topic: str
    text: str

    @property
    def level_name(self) -> str:
        """WARNING and so on."""
        return logging.getLevelName(self.level)


class RingHandler(logging.Handler):
    """The last records in memory, for the Log panel and the crash report.

    Listeners are called from whichever thread logs; one that raises is dropped silently, because
    logging must not fail.
    """

    def __init__(self, size: int = RING_SIZE) -> None:
        super().__init__()
        self._lines: deque[LogLine] = deque(maxlen=size)
        self._listeners: list[Callable[[LogLine], None]] = []
        self._number = 0
        self._telling = threading.local()

    @property
    def records(self) -> list[LogLine]:
        """A copy of what is kept, oldest first. Any thread."""
        with self.lock or contextlib.nullcontext():
            return list(self._lines)

    def listen(self, listener: Callable[[LogLine], None]) -> Callable[[], None]:
        """Call `listener` with every new line; the result ends it. Any thread."""
        self._listeners.append(listener)

        def stop() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    def handle(self, record: logging.LogRecord) -> bool:
        """Keep the record under the lock, tell the listeners outside of it."""
        with self.lock or contextlib.nullcontext():
            self._number += 1
            at = datetime.fromtimestamp(record.created, UTC)
            text = record.getMessage()
            if record.exc_text:
                text = f"{text}\n{record.exc_text}"
            line = LogLine(self._number, at, record.levelno, record.name, text)
            self._lines.append(line)
        # A listener that logs would otherwise call itself without end.
        if not getattr(self._telling, "on", False):
            self._telling.on = True
            try:
                self._tell(line)
            finally:
                self._telling.on = False
        return True

    def clear(self) -> None:
        """Forget the lines; the numbers go on."""
        with self.lock or contextlib.nullcontext():
            self._lines.clear()

    def _tell(self, line: LogLine) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(line)
            except Exception:  # noqa: BLE001 - logging the failure of logging would not end
                with contextlib.suppress(ValueError):
                    self._listeners.remove(listener)


class _PrivateFile(RotatingFileHandler):
    """A rotating file that only its owner reads and that never complains."""

    def _open(self) -> io.TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return open(handle, "a", encoding="utf-8", errors="backslashreplace")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - overrides logging
        # A stream that failed may hold half a line for ever: the next record opens a fresh one.
        # (FileHandler.emit does so by itself when there is none.)
        stream, self.stream = self.stream, None
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.close()


class _Noise:
    """Counts how often each message came within the window."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}

    def admit(self, key: tuple[str, int, str], now: float) -> tuple[bool, int]:
        """Whether to write it, and how many like it were held back before."""
        began, count = self._seen.get(key, (now, 0))
        held_back = 0
        if now - began >= _WINDOW_S:
            held_back, began, count = max(0, count - _BURST), now, 0
        if len(self._seen) > 1000:
            self._seen.clear()
        self._seen[key] = (began, count + 1)
        return count < _BURST, held_back


class _Gate(logging.Handler):
    """The only handler on the root logger: cleans a record and hands it to the sinks."""

    def __init__(self, sinks: Sequence[logging.Handler]) -> None:
        super().__init__()
        self._sinks = sinks
        self._noise = _Noise()

    def handle(self, record: logging.LogRecord) -> bool:
        """Never raises. The sinks lock for themselves, so a slow disk holds up no listener."""
        try:
            with self.lock or contextlib.nullcontext():
                key = (record.name, record.levelno, str(record.msg))
                admitted, held_back = self._noise.admit(key, time.monotonic())
            if admitted:
                clean = _cleaned(record, held_back)
                for sink in self._sinks:
                    sink.handle(clean)
        except Exception:  # noqa: BLE001 - logging must never stop what it reports on
            return False
        return admitted

    def close(self) -> None:
        for sink in self._sinks:
            if not isinstance(sink, RingHandler):
                with contextlib.suppress(OSError, ValueError):
                    sink.close()
        super().close()


def _cleaned(record: logging.LogRecord, held_back: int) -> logging.LogRecord:
    clean = copy.copy(record)
    try:
        text = record.getMessage()
    except (TypeError, ValueError, KeyError):
        text = f"{record.msg!s} (with arguments that do not fit)"
    if held_back:
        text += f" (and {held_back} more like it, held back)"
    clean.msg, clean.args = _shortened(redact(text)), None
    if record.exc_info and record.exc_info[0] is not None:
        # In full: the last lines of a traceback tell the most.
        clean.exc_text = redact(_formatter.formatException(record.exc_info))
    elif record.exc_text:
        clean.exc_text = redact(record.exc_text)
    clean.exc_info = None
    if record.stack_info:
        clean.stack_info = redact(record.stack_info)
    return clean


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[:_LONGEST_TEXT]} (and {len(text) - _LONGEST_TEXT} more characters)"


_ring = RingHandler()
_gate: _Gate | None = None


def ring() -> RingHandler:
    """The one ring of this process."""
    return _ring


def configure(log_file: Path | None, level: str = "INFO") -> None:
    """Send every record to the ring and, where `log_file` is given, to that file (mode 0600).

    `level` is for the topics of Moorgate; foreign loggers speak from WARNING on. May be called
    again: the earlier arrangement ends. A file that cannot be opened is a warning in the ring, and
    opening is tried again with each record. Main thread.
    """
    global _gate  # noqa: PLW0603 - logging itself is one for the whole process
    shut_down()
    sinks: list[logging.Handler] = [_ring]
    if log_file is not None:
        file = _PrivateFile(log_file, maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT, delay=True)
        file.setFormatter(_formatter)
        sinks.append(file)
    _gate = _Gate(sinks)
    logging.getLogger().addHandler(_gate)
    logging.getLogger("moorgate").setLevel(level)
    if log_file is not None and (problem := _file_problem(log_file)):
        logging.getLogger("moorgate.log").warning(
            "the log file %s cannot be written (%s): the log is kept in memory only",
            log_file,
            problem,
        )


def shut_down() -> None:
    """Take the gate off again and close the file; the ring keeps its lines."""
    global _gate  # noqa: PLW0603 - the same
    if _gate is not None:
        logging.getLogger().removeHandler(_gate)
        _gate.close()
        _gate = None


def _file_problem(log_file: Path) -> str:
    try:
        os.close(os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    except OSError as error:
        return error.strerror or str(error)
    return ""
