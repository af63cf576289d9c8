"""One path for everything that was not foreseen: four sinks, one report, and the program goes on.

The sinks are sys.excepthook (slots and virtuals), threading.excepthook (broker threads), the
loop's exception handler, and failed background tasks. The report is shown without blocking and
can be copied; secrets are taken out before anybody sees it.
"""

from __future__ import annotations

import asyncio
import logging
import platform
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject, Signal

from app import __version__

log = logging.getLogger("moorgate.crash")

LOG_LINES = 60


@dataclass(frozen=True, slots=True)
class CrashReport:
    """One failure as shown; `text` is complete and free of secrets."""

    title: str
    text: str
    where: str
    count: int


class CrashPath(QObject):
    """Collects failures from any thread and shows each kind once, counting repetitions.

    `redact` takes secrets out of a text, `recent_lines` gives the newest log lines.
    """

    reported = Signal(object)
    _arrived = Signal(object, str)

    def __init__(
        self,
        redact: Callable[[str], str],
        recent_lines: Callable[[int], Sequence[str]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._redact, self._recent_lines = redact, recent_lines
        self._seen: dict[str, int] = {}
        self._arrived.connect(self._take)
        self._old_hooks: tuple[Any, Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Become the sink of this process and of `loop`."""
        self._old_hooks = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._from_python
        threading.excepthook = self._from_thread
        loop.set_exception_handler(self._from_loop)
        self._loop = loop

    def uninstall(self) -> None:
        """Give the hooks back; for the end of the program and of tests."""
        if self._old_hooks is not None:
            sys.excepthook, threading.excepthook = self._old_hooks
            self._old_hooks = None
        if self._loop is not None:
            self._loop.set_exception_handler(None)
            self._loop = None

    def take(self, error: BaseException, where: str) -> None:
        """A failure from anywhere, any thread."""
        self._arrived.emit(error, where)

    def _from_python(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        if issubclass(kind, KeyboardInterrupt | SystemExit):
            sys.__excepthook__(kind, error, trace)
            return
        self.take(error.with_traceback(trace), "the window")

    def _from_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            name = args.thread.name if args.thread is not None else "unknown"
            self.take(args.exc_value, f"thread {name!r}")

    def _from_loop(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        message = str(context.get("message", "the event loop reported a failure"))
        self.take(error if isinstance(error, BaseException) else RuntimeError(message), message)

    def _take(self, error: BaseException, where: str) -> None:
        log.error("unforeseen failure in %s", where, exc_info=error)
        key = _fingerprint(error)
        self._seen[key] = count = self._seen.get(key, 0) + 1
        title = self._redact(f"{type(error).__name__}: {error}")
        self.reported.emit(CrashReport(title, self._text(error, where), where, count))

    def _text(self, error: BaseException, where: str) -> str:
        trace = "".join(traceback.format_exception(error))
        lines = "\n".join(self._recent_lines(LOG_LINES))
        return self._redact(
            f"Moorgate {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
            f"{datetime.now(UTC).isoformat(timespec='seconds')} in {where}\n\n"
            f"{trace}\nLast log lines:\n{lines}\n"
        )


def _fingerprint(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    last = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}@{last}"
