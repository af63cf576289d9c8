"""Finding a symbol by keyboard, with an engine that answers late, badly or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.base.errors import BrokerError
from app.domain.instrument import AssetClass, Instrument
from app.ui.widgets.symbol_search import SymbolSearch, described

SPY = Instrument("SPY", AssetClass.ETF, "USD", "S&P 500 fund", "ARCA")
SPYG = Instrument("SPYG", AssetClass.ETF, "USD", "Growth fund", "ARCA")
COIN = Instrument("BTC-PERP", AssetClass.CRYPTO, "USDT", "Bitcoin perpetual")


class Desk:
    """A window with the field; answers wait until the test lets them come."""

    def __init__(self, qtbot: QtBot, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.asked: list[str] = []
        self.answers: dict[str, Sequence[Instrument] | Exception] = {}
        self.held: dict[str, asyncio.Future[None]] = {}
        self.picked: list[str] = []
        self.window = QWidget()
        self.window.resize(600, 400)
        qtbot.addWidget(self.window)
        self.tasks: list[asyncio.Task[Any]] = []
        self.search = SymbolSearch(self._find, self._spawn, self.window)
        self.search.picked.connect(lambda instrument: self.picked.append(instrument.symbol))
        self.window.show()
        self.search.setFocus()

    async def _find(self, text: str) -> Sequence[Instrument]:
        self.asked.append(text)
        if text in self.held:
            await self.held[text]
        answer = self.answers.get(text, ())
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _spawn(self, work: Any, name: str) -> object:
        task = self.loop.create_task(work, name=name)
        self.tasks.append(task)
        return task

    def settle(self) -> None:
        self.loop.run_until_complete(asyncio.wait_for(asyncio.gather(*self.tasks), 30))


@pytest.fixture
def desk(qtbot: QtBot, qapp: QApplication, qloop: asyncio.AbstractEventLoop) -> Desk:
    return Desk(qtbot, qloop)


def _type(qtbot: QtBot, desk: Desk, text: str) -> None:
    before = len(desk.asked)
    qtbot.keyClicks(desk.search, text)
    qtbot.waitUntil(lambda: len(desk.asked) > before, timeout=30_000)


def test_typing_asks_once_and_enter_takes_the_chosen_match(qtbot: QtBot, desk: Desk) -> None:
    desk.answers["spy"] = (SPY, SPYG)
    _type(qtbot, desk, "spy")
    desk.settle()
    popup = desk.search.popup
    assert desk.asked == ["spy"]
    assert popup.isVisible()
    assert [popup.list.item(n).text() for n in range(2)] == [described(SPY), described(SPYG)]
    qtbot.keyClick(desk.search, Qt.Key.Key_Down)
    qtbot.keyClick(desk.search, Qt.Key.Key_Down)
    qtbot.keyClick(desk.search, Qt.Key.Key_Return)
    assert desk.picked == ["SPYG"]
    assert (desk.search.text(), popup.isVisible()) == ("", False)


def test_enter_before_the_answer_takes_the_exact_symbol(qtbot: QtBot, desk: Desk) -> None:
    desk.answers["spyg"] = (SPY, SPYG)
    qtbot.keyClicks(desk.search, "spyg")
    qtbot.keyClick(desk.search, Qt.Key.Key_Return)
    desk.settle()
    assert (desk.asked, desk.picked) == (["spyg"], ["SPYG"])


def test_an_unknown_symbol_says_so_and_keeps_what_was_typed(qtbot: QtBot, desk: Desk) -> None:
    qtbot.keyClicks(desk.search, "nonsense")
    qtbot.keyClick(desk.search, Qt.Key.Key_Return)
    desk.settle()
    popup = desk.search.popup
    assert popup.isVisible()
    assert "No instrument matches “nonsense”" in popup.message.text()
    assert (desk.search.text(), desk.picked) == ("nonsense", [])
    qtbot.keyClick(desk.search, Qt.Key.Key_Escape)
    assert not popup.isVisible()
    assert desk.search.text() == "nonsense"
    qtbot.keyClick(desk.search, Qt.Key.Key_Escape)
    assert desk.search.text() == ""


def test_a_search_that_fails_tells_why(qtbot: QtBot, desk: Desk) -> None:
    desk.answers["spy"] = BrokerError("paper is not connected: connect it under Connections")
    _type(qtbot, desk, "spy")
    desk.settle()
    assert desk.search.popup.message.text().startswith("paper is not connected")


def test_an_answer_to_older_text_is_dropped(qtbot: QtBot, desk: Desk) -> None:
    desk.answers |= {"sp": (SPY,), "btc": (COIN,)}
    desk.held["sp"] = desk.loop.create_future()
    _type(qtbot, desk, "sp")
    desk.search.clear()
    _type(qtbot, desk, "btc")
    desk.loop.run_until_complete(asyncio.wait_for(desk.tasks[-1], 30))
    desk.held["sp"].set_result(None)
    desk.settle()
    assert desk.search.popup.list.count() == 1
    qtbot.keyClick(desk.search, Qt.Key.Key_Return)
    assert desk.picked == ["BTC-PERP"]


def test_editing_on_means_the_old_match_is_not_taken(qtbot: QtBot, desk: Desk) -> None:
    desk.answers["spy"] = (SPY,)
    _type(qtbot, desk, "spy")
    desk.settle()
    qtbot.keyClicks(desk.search, "zz")
    qtbot.keyClick(desk.search, Qt.Key.Key_Return)
    desk.settle()
    assert desk.picked == []
    assert desk.asked == ["spy", "spyzz"]


def test_down_on_an_empty_field_offers_everything(qtbot: QtBot, desk: Desk) -> None:
    desk.answers[""] = (SPY, COIN)
    qtbot.keyClick(desk.search, Qt.Key.Key_Down)
    desk.settle()
    assert desk.search.popup.list.count() == 2


def test_a_click_takes_and_the_keyboard_stays_in_the_field(qtbot: QtBot, desk: Desk) -> None:
    desk.answers["s"] = (SPY, SPYG)
    _type(qtbot, desk, "s")
    desk.settle()
    matches = desk.search.popup.list
    at = matches.visualItemRect(matches.item(1)).center()
    assert isinstance(at, QPoint)
    qtbot.mouseClick(matches.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert desk.picked == ["SPYG"]


def test_leaving_the_field_closes_the_list_and_drops_the_question(qtbot: QtBot, desk: Desk) -> None:
    desk.answers["spy"] = (SPY,)
    desk.held["spy"] = desk.loop.create_future()
    _type(qtbot, desk, "spy")
    desk.window.hide()
    desk.held["spy"].set_result(None)
    desk.settle()
    assert not desk.search.popup.isVisible()
    assert desk.picked == []
