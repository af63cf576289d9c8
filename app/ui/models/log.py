"""The log's rows and columns, and the filter over them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from app.base.log import LogLine
from app.domain.events import NoticeRaised
from app.domain.reports import Severity
from app.ui import format as fmt
from app.ui.models.columns import Column

_PREFIX = "moorgate."
_LEVELS = {
    Severity.INFO: logging.INFO,
    Severity.WARNING: logging.WARNING,
    Severity.ERROR: logging.ERROR,
}
_WORDS = {
    logging.DEBUG: "Debug",
    logging.INFO: "Info",
    logging.WARNING: "⚠ Warning",
    logging.ERROR: "✖ Error",
    logging.CRITICAL: "✖ Critical",
}
_COLORS = {logging.WARNING: "warning", logging.ERROR: "alarm", logging.CRITICAL: "alarm"}


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines are shown: from this level on, one topic or all (empty), holding this text."""

    level: int = logging.INFO
    topic: str = ""
    text: str = ""

    def accepts(self, line: LogLine) -> bool:
        """Whether `line` is shown."""
        if line.level < self.level or (self.topic and topic_of(line) != self.topic):
            return False
        wanted = self.text.casefold()
        return not wanted or wanted in line.text.casefold() or wanted in line.topic.casefold()


def topic_of(line: LogLine) -> str:
    """The topic without the program's own name before it."""
    return line.topic.removeprefix(_PREFIX)


def notice_line(number: int, notice: NoticeRaised) -> LogLine:
    """A notice of the engine as a line of the log; `number` is negative, the ring's are not."""
    return LogLine(number, notice.at, _LEVELS[notice.severity], notice.source, notice.text)


def log_columns() -> Sequence[Column[LogLine]]:
    """Every column of the Log table."""
    return (
        Column("time", "Time", lambda line: line.at,
               lambda line: fmt.clock_time(line.at, millis=True), sample="00:00:00.000",
               tooltip=lambda line: fmt.date_time(line.at, millis=True), color=lambda _: "muted"),
        Column("level", "Level", lambda line: line.level, _level, sample="⚠ Warning",
               color=lambda line: _COLORS.get(line.level)),
        Column("topic", "Topic", topic_of, topic_of, sample="connections.runner",
               color=lambda _: "muted"),
        Column("text", "Message", lambda line: line.text, _first_line, sample="What happened",
               tooltip=lambda line: line.text if "\n" in line.text else "",
               color=lambda line: _COLORS.get(line.level), required=True),
    )  # fmt: skip


def _level(line: LogLine) -> str:
    return _WORDS.get(line.level, line.level_name)


def _first_line(line: LogLine) -> str:
    first, _, rest = line.text.partition("\n")
    return f"{first} …" if rest else first
