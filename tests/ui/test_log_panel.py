"""The log panel: lines from any thread, filtered, bounded, and still while it is paused."""

from __future__ import annotations

import logging
import threading

import pytest
from PySide6.QtGui import QGuiApplication

from app.base.log import RING_SIZE, LogLine, RingHandler, ring
from app.domain.events import NoticeRaised
from app.domain.reports import Severity
from app.ui.panels.log import LogFeed, LogPanel
from tests.ui.table_desk import TableDesk, begin, table_desk, texts

__all__ = ["begin", "table_desk"]  # fixtures
log = logging.getLogger("moorgate.logtest")


@pytest.fixture
def panel(table_desk: TableDesk) -> LogPanel:
    ring().clear()
    return table_desk.panel(LogPanel, 900, 240)


def test_lines_from_another_thread_arrive_in_order(table_desk: TableDesk, panel: LogPanel) -> None:
    def speak() -> None:
        for number in range(200):
            log.info("line %d of %s", number, "thread" * (number % 2))

    speaker = threading.Thread(target=speak)
    speaker.start()
    speaker.join()
    said = [line.text for line in ring().records if line.topic.endswith("logtest")]
    table_desk.until(lambda: len(_own(panel)) == len(said))
    assert _own(panel) == said


def _own(panel: LogPanel) -> list[str]:
    panel.model.flush()
    rows = [panel.model.row_at(at) for at in range(panel.model.rowCount())]
    return [row.text for row in rows if row.topic.endswith("logtest")]


def test_what_was_said_before_it_opened_is_there(table_desk: TableDesk) -> None:
    ring().clear()
    log.info("an earlier line")
    panel = table_desk.panel(LogPanel)
    assert texts(panel, "text") == ["an earlier line"]


def test_level_topic_and_text_choose_lines(table_desk: TableDesk, panel: LogPanel) -> None:
    log.info("quiet words")
    log.info("something about INDA")
    logging.getLogger("moorgate.othertest").info("elsewhere")
    table_desk.until(lambda: len(texts(panel, "text")) == 3)
    panel.text.setText("inda")
    assert texts(panel, "text") == ["something about INDA"]
    panel.text.clear()
    panel.topic.setCurrentText("othertest")
    assert texts(panel, "text") == ["elsewhere"]
    panel.topic.setCurrentIndex(0)
    panel.level.setCurrentIndex(2)
    assert texts(panel, "text") == []
    assert "lower level" in panel.table.empty_text


def test_a_notice_is_shown_once_even_if_it_was_logged_too(
    table_desk: TableDesk, panel: LogPanel
) -> None:
    now = table_desk.engine.clock.now()
    table_desk.act(
        lambda: table_desk.engine.bus.publish(
            NoticeRaised(Severity.WARNING, "paper", "the feed is slow", now)
        )
    )
    log.info("orders are read")
    table_desk.act(
        lambda: table_desk.engine.bus.publish(
            NoticeRaised(Severity.INFO, "paper", "orders are read", table_desk.engine.clock.now())
        )
    )
    table_desk.until(lambda: len(texts(panel, "text")) >= 2)
    table_desk.rest(0.1)
    assert sorted(texts(panel, "text")) == ["orders are read", "the feed is slow"]
    assert "⚠ Warning" in texts(panel, "level")


def test_it_follows_the_end_unless_paused_or_scrolled_up(
    table_desk: TableDesk, panel: LogPanel
) -> None:
    bar = panel.table.verticalScrollBar()
    _say(table_desk, panel, "first", 60)
    table_desk.until(lambda: bar.value() == bar.maximum() > 0)
    bar.setValue(0)
    _say(table_desk, panel, "second", 20)
    table_desk.rest(0.1)
    assert bar.value() == 0
    bar.setValue(bar.maximum())
    _say(table_desk, panel, "third", 20)
    table_desk.until(lambda: bar.value() == bar.maximum())
    panel.pause.setChecked(True)
    stood = bar.value()
    _say(table_desk, panel, "fourth", 20)
    table_desk.rest(0.1)
    assert bar.value() == stood < bar.maximum()


def _say(desk: TableDesk, panel: LogPanel, word: str, count: int) -> None:
    before = len(_own(panel))
    for number in range(count):
        log.log(logging.INFO, f"{word} {number}")  # noqa: G004 - many different messages
    desk.until(lambda: len(_own(panel)) == before + count)


def test_it_never_holds_more_than_the_ring(table_desk: TableDesk, panel: LogPanel) -> None:
    panel._put(_made(RING_SIZE + 500))
    panel.model.flush()
    assert len(panel.model) == RING_SIZE
    assert texts(panel, "text")[-1] == f"made {RING_SIZE + 499}"


def _record(text: str) -> logging.LogRecord:
    return logging.LogRecord("moorgate.x", logging.INFO, "here.py", 1, text, (), None)


def _made(count: int) -> list[LogLine]:
    handler = RingHandler(size=count)
    for number in range(count):
        handler.handle(_record(f"made {number}"))
    return list(handler.records)


def test_copy_takes_the_selection_or_everything_shown(
    table_desk: TableDesk, panel: LogPanel
) -> None:
    log.info("one")
    log.info("two")
    table_desk.until(lambda: len(texts(panel, "text")) == 2)
    panel._copy()
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[0] == "Time\tLevel\tTopic\tMessage"
    assert [line.split("\t")[-1] for line in copied[1:]] == ["one", "two"]


def test_the_level_is_kept(table_desk: TableDesk, panel: LogPanel) -> None:
    panel.level.setCurrentIndex(3)
    other = table_desk.panel(LogPanel)
    other.restore_state(panel.save_state())
    assert other.level.currentIndex() == 3
    other.restore_state({"level": "loud"})
    assert other.level.currentIndex() == 3


def test_a_feed_announces_once_until_somebody_takes(table_desk: TableDesk) -> None:
    source = RingHandler()
    feed = LogFeed(source)
    announced: list[None] = []
    feed.arrived.connect(lambda: announced.append(None))
    for number in range(5):
        source.handle(_record(str(number)))
    assert len(announced) == 1
    assert [line.text for line in feed.take()] == ["0", "1", "2", "3", "4"]
    feed.end()
    source.handle(_record("unheard"))
    assert feed.take() == []
