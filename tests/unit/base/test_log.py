"""The log: a private file, a ring in memory, no secrets, no flood, and never an exception."""

from __future__ import annotations

import errno
import logging
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.base import log as base_log
from app.base.log import LogLine, RingHandler, add_secret, configure, ring
from app.base.redaction import MASK, forget_secrets

log = logging.getLogger("moorgate.test")
foreign = logging.getLogger("some_sdk.client")


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    level = logging.getLogger("moorgate").level
    ring().clear()  # the ring is one for the process, and other tests have written into it
    yield
    base_log.shut_down()
    ring().clear()
    forget_secrets()
    logging.getLogger("moorgate").setLevel(level)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "moorgate.log"


def texts() -> list[str]:
    return [line.text for line in ring().records]


def test_a_record_reaches_file_and_ring(file: Path) -> None:
    configure(file)
    log.info("order %s filled", "o1")
    (line,) = ring().records
    assert (line.topic, line.level_name, line.text) == ("moorgate.test", "INFO", "order o1 filled")
    assert line.at.tzinfo is not None
    (written,) = file.read_text().splitlines()
    assert written.endswith("Z INFO    moorgate.test: order o1 filled")
    assert written.startswith(line.at.strftime("%Y-%m-%dT%H:%M:%S"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_levels_are_kept_apart(file: Path, expected_logs: Callable[..., Any]) -> None:
    configure(file, "DEBUG")
    log.debug("detail")
    configure(file, "INFO")
    log.debug("hidden")
    foreign.info("chatter")
    with expected_logs("line dropped", logger="some_sdk"):
        foreign.warning("line dropped")
    assert texts() == ["detail", "line dropped"]
    assert len(file.read_text().splitlines()) == 2


def test_without_a_file_the_ring_still_works(tmp_path: Path) -> None:
    configure(None)
    log.info("only here")
    assert texts() == ["only here"]
    assert list(tmp_path.iterdir()) == []


def test_a_traceback_is_kept_and_redacted(file: Path, expected_logs: Callable[..., Any]) -> None:
    configure(file)
    add_secret("hunter2hunter2")
    with expected_logs("it failed", level="ERROR"):
        try:
            raise ValueError("bad login hunter2hunter2")  # noqa: TRY301 - a traceback is wanted
        except ValueError:
            log.exception("it failed with %s", "hunter2hunter2")
    for text in (texts()[0], file.read_text()):
        assert "hunter2hunter2" not in text
        assert f"it failed with {MASK}" in text
        assert f"ValueError: bad login {MASK}" in text
        assert "Traceback" in text


def test_a_stack_and_a_traceback_that_came_as_text_are_redacted(file: Path) -> None:
    configure(file)
    gate = base_log._gate
    assert gate is not None
    record = log.makeRecord("moorgate.test", logging.INFO, "f", 1, "from afar", (), None)
    record.exc_text, record.stack_info = "ValueError: password=hunter2", "line with token=abcd"
    gate.handle(record)
    written = file.read_text()
    assert f"ValueError: password={MASK}" in written
    assert f"line with token={MASK}" in written
    assert texts() == [f"from afar\nValueError: password={MASK}"]


def test_other_listeners_of_the_record_see_it_unchanged(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    configure(file)
    with caplog.at_level(logging.INFO, "moorgate"):
        log.info("token=%s", "abcdef")
    assert caplog.records[-1].args == ("abcdef",)
    assert texts() == [f"token={MASK}"]


def test_a_flood_is_held_back_and_counted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("app.base.log.time.monotonic", lambda: now[0])
    configure(file)
    for number in range(500):
        log.info("tick %d", number)
    log.info("something else")
    assert texts() == [f"tick {n}" for n in range(50)] + ["something else"]
    now[0] += 10
    log.info("tick %d", 500)
    log.info("tick %d", 501)
    assert texts()[-2:] == ["tick 500 (and 450 more like it, held back)", "tick 501"]
    assert len(file.read_text().splitlines()) == 53


def test_many_kinds_of_message_do_not_fill_the_memory(file: Path) -> None:
    configure(None)
    for number in range(3000):
        log.info(f"message {number}")  # noqa: G004 - a different template each time, on purpose
    assert len(texts()) == 3000
    gate = base_log._gate
    assert gate is not None
    assert len(gate._noise._seen) <= 1001


def test_a_long_text_is_cut(file: Path) -> None:
    configure(file)
    log.info("x" * 10_000)
    assert texts() == ["x" * 8000 + " (and 2000 more characters)"]


def test_a_secret_does_not_show_at_the_cut() -> None:
    configure(None)
    add_secret("abcdefghijkl")
    log.info("%s", "x" * 7995 + " abcdefghijkl")
    assert "abc" not in texts()[0]


def test_arguments_that_do_not_fit_are_no_accident(file: Path) -> None:
    configure(file)
    gate = base_log._gate
    assert gate is not None
    record = log.makeRecord("moorgate.test", logging.INFO, "f", 1, "%d apples", ("no",), None)
    assert gate.handle(record)
    assert texts() == ["%d apples (with arguments that do not fit)"]


def test_the_ring_keeps_the_newest() -> None:
    small = RingHandler(size=3)
    for number in range(5):
        small.handle(logging.LogRecord("t", logging.INFO, "f", 1, f"{number}", None, None))
    assert [(line.number, line.text) for line in small.records] == [(3, "2"), (4, "3"), (5, "4")]


def test_listeners_hear_until_they_stop() -> None:
    configure(None)
    heard: list[LogLine] = []
    stop = ring().listen(heard.append)
    log.info("one")
    stop()
    stop()
    log.info("two")
    assert [line.text for line in heard] == ["one"]


def test_a_listener_that_fails_is_dropped_and_the_others_go_on() -> None:
    configure(None)
    heard: list[str] = []

    def fail(line: LogLine) -> None:
        heard.append("failed")
        raise RuntimeError

    ring().listen(fail)
    stop = ring().listen(lambda line: heard.append(line.text))
    log.info("one")
    log.info("two")
    stop()
    assert heard == ["failed", "one", "two"]


def test_a_listener_that_logs_ends() -> None:
    configure(None)
    heard: list[str] = []

    def echo(line: LogLine) -> None:
        heard.append(line.text)
        log.info("heard %s", line.text)

    stop = ring().listen(echo)
    log.info("one")
    stop()
    assert heard == ["one"]
    assert texts() == ["one", "heard one"]


def test_many_threads_lose_no_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(file)

    def write(number: int) -> None:
        for step in range(40):
            log.info("%d-%d", number, step)

    monkeypatch.setattr("app.base.log._BURST", 1000)
    threads = [threading.Thread(target=write, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(texts())) == 200
    assert len(file.read_text().splitlines()) == 200


def test_the_file_turns_over(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.base.log._FILE_BYTES", 4000)
    configure(file)
    for number in range(400):
        log.info(f"line {number} " + "x" * 50)  # noqa: G003 - no template may repeat
    files = sorted(path.name for path in file.parent.iterdir())
    assert files == ["moorgate.log", *(f"moorgate.log.{n}" for n in range(1, 6))]
    assert all(path.stat().st_size <= 4000 for path in file.parent.iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()} == {0o600}
    assert "line 399" in file.read_text()


def test_a_file_that_cannot_be_opened_is_one_warning(
    tmp_path: Path, expected_logs: Callable[..., Any]
) -> None:
    with expected_logs("cannot be written", count=1):
        configure(tmp_path / "nowhere" / "moorgate.log")
    log.info("goes on")
    assert texts()[1:] == ["goes on"]
    # Once the folder is there, so is the log.
    (tmp_path / "nowhere").mkdir()
    log.info("and on")
    assert "and on" in (tmp_path / "nowhere" / "moorgate.log").read_text()


class FullStream:
    """A stream on a disk without room."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    flush = close = tell = seek = write


def test_a_full_disk_costs_lines_in_the_file_and_nothing_else(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(file)
    log.info("before")
    gate = base_log._gate
    assert gate is not None
    handler: Any = gate._sinks[1]
    handler.stream.close()
    handler.stream = FullStream()
    log.info("during")
    log.info("after")
    assert texts() == ["before", "during", "after"]
    lines = file.read_text().splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["before", "after"]
    assert capsys.readouterr() == ("", "")


def test_half_characters_do_not_stop_the_file(file: Path) -> None:
    configure(file)
    log.info("file %s", "\udcff.csv")
    assert "file \\udcff.csv" in file.read_text()


def test_whatever_goes_wrong_the_caller_goes_on(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(file)

    def fail(text: str) -> str:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("app.base.log.redact", fail)
    log.info("lost")
    monkeypatch.undo()
    log.info("there")
    assert texts() == ["there"]


def test_configuring_again_ends_the_first_arrangement(file: Path, tmp_path: Path) -> None:
    handlers = list(logging.getLogger().handlers)
    configure(file)
    configure(tmp_path / "second.log")
    log.info("here")
    assert file.read_text() == ""
    assert "here" in (tmp_path / "second.log").read_text()
    base_log.shut_down()
    assert logging.getLogger().handlers == handlers
    assert not os.path.exists(tmp_path / "third.log")
