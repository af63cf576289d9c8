"""What a test must not leave behind or say by the way: log records, threads, open files.

Nothing here needs Qt; tests/ui/conftest.py adds timers, QThreads and windows.
"""

from __future__ import annotations

import gc
import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OPEN_FILES = Path("/proc/self/fd")  # Linux only; elsewhere open files are not checked
THREAD_GRACE_S = 10.0


def collect_garbage_here() -> None:
    """Where Python's own collections are off, do one now, in the thread of the tests.

    What survives is frozen: it is modules and fixtures for the most part, and looking at them
    again after every test would take longer than the tests.
    """
    if not gc.isenabled():
        gc.collect()
        gc.freeze()


@dataclass(frozen=True)
class Expectation:
    """One announced kind of record: a part of its text, its level, its logger."""

    fragment: str
    level: int
    logger: str

    def fits(self, record: logging.LogRecord) -> bool:
        named = record.name == self.logger or record.name.startswith(self.logger + ".")
        return (
            record.levelno == self.level
            and (not self.logger or named)
            and self.fragment in record.getMessage()
        )


class LogWatch:
    """Sees every record as it is created, so no `propagate = False` hides one from it."""

    def __init__(self) -> None:
        self.records: list[logging.LogRecord] = []
        self._whole_test: list[Expectation] = []
        self._factory: Callable[..., logging.LogRecord] = logging.getLogRecordFactory()

    def install(self) -> None:
        def make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
            record = self._factory(*args, **kwargs)
            if record.levelno >= logging.WARNING:
                self.records.append(record)
            return record

        logging.setLogRecordFactory(make_record)

    def remove(self) -> None:
        logging.setLogRecordFactory(self._factory)

    @contextmanager
    def __call__(
        self,
        fragment: str,
        level: str = "WARNING",
        logger: str = "",
        count: int | None = None,
    ) -> Iterator[list[logging.LogRecord]]:
        """Expect `fragment` inside the block: exactly `count` times, or at least once."""
        wanted = Expectation(fragment, logging.getLevelNamesMapping()[level], logger)
        found: list[logging.LogRecord] = []
        start = len(self.records)
        yield found
        found.extend(record for record in self.records[start:] if wanted.fits(record))
        for record in found:
            self.records.remove(record)
        if count is None:
            assert found, f"nothing was logged that fits {wanted}; saw {self.surprises()}"
        else:
            assert len(found) == count, f"{len(found)} records fit {wanted}, expected {count}"

    def during_test(self, fragment: str, level: str = "WARNING", logger: str = "") -> None:
        """Expect `fragment` at least once before the end of the test, clean-up included."""
        wanted = Expectation(fragment, logging.getLevelNamesMapping()[level], logger)
        self._whole_test.append(wanted)

    def surprises(self) -> list[str]:
        """What nobody expected, and what was expected and never came."""
        fits = [[wanted.fits(record) for wanted in self._whole_test] for record in self.records]
        said = [
            f"{record.levelname} {record.name}: {record.getMessage()}"
            + (f" [{record.exc_info[1]!r}]" if record.exc_info else "")
            for record, row in zip(self.records, fits, strict=True)
            if not any(row)
        ]
        missing = [
            f"expected but never logged: {wanted}"
            for at, wanted in enumerate(self._whole_test)
            if not any(row[at] for row in fits)
        ]
        return said + missing


class LeakWatch:
    """Threads, sockets and files under `folders` that are open now and were not at the start."""

    def __init__(self, *folders: Path) -> None:
        self._folders = tuple(str(folder.resolve()) for folder in folders)
        self._threads = set(threading.enumerate())
        self._files = self._open_files()

    def left(self) -> list[str]:
        """Descriptions of what is still there, after threads had a moment to end."""
        leaks = [f"thread {thread.name}" for thread in self._late_threads()]
        if self._new_files():
            gc.collect()  # a cycle may hold a socket that nobody can reach any more
            leaks += sorted(self._new_files())
        return leaks

    def _late_threads(self) -> list[threading.Thread]:
        deadline = time.monotonic() + THREAD_GRACE_S
        late = []
        for thread in set(threading.enumerate()) - self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                late.append(thread)
        return late

    def _new_files(self) -> set[str]:
        return {what for fd, what in self._open_files().items() if self._files.get(fd) != what}

    def _open_files(self) -> dict[int, str]:
        if not OPEN_FILES.exists():
            return {}
        found = {}
        for name in os.listdir(OPEN_FILES):
            try:
                target = os.readlink(OPEN_FILES / name)
                mode = os.fstat(int(name)).st_mode
            except OSError:
                continue  # the descriptor that lists the folder is gone by now
            if stat.S_ISSOCK(mode):
                found[int(name)] = target
            elif stat.S_ISREG(mode) and target.startswith(self._folders):
                found[int(name)] = f"open file {target}"
        return found
