"""Taking back what was done to the window."""

from __future__ import annotations

import pytest

from app.commands import undo
from app.commands.undo import UndoStack
from app.domain.reports import Severity


class Trader:
    """Hears what is said and counts what came back."""

    def __init__(self, key: str = "Ctrl+Z") -> None:
        self.said: list[str] = []
        self.back: list[str] = []
        self.stack = UndoStack(self._hear, lambda: key)

    def _hear(self, _severity: Severity, text: str) -> None:
        self.said.append(text)

    def did(self, what: str, answer: bool | None = None) -> None:
        def take_back() -> bool | None:
            self.back.append(what)
            return answer

        self.stack.push(what, take_back)


@pytest.mark.parametrize(
    ("key", "sentence"),
    [("Ctrl+Z", "Removed INDA. Ctrl+Z brings it back"), ("", "Removed INDA.")],
)
def test_a_deed_is_told_with_the_key_that_takes_it_back(key: str, sentence: str) -> None:
    trader = Trader(key)
    trader.did("Removed INDA")
    assert trader.said == [sentence]
    assert trader.stack.text == "Removed INDA"


def test_the_newest_comes_back_first_and_each_once() -> None:
    trader = Trader()
    trader.did("Removed INDA")
    trader.did("Closed Chart 2")
    assert trader.stack.undo()
    assert trader.stack.undo()
    assert not trader.stack.undo()
    assert trader.back == ["Closed Chart 2", "Removed INDA"]
    assert trader.said[-1] == "Taken back: removed INDA"
    assert trader.stack.text == ""


def test_what_cannot_be_taken_back_any_more_is_passed_over() -> None:
    trader = Trader()
    trader.did("Removed INDA")
    trader.did("Closed Ticket", answer=False)
    assert trader.stack.undo()
    assert trader.back == ["Closed Ticket", "Removed INDA"]
    trader.did("Closed Ticket", answer=False)
    assert not trader.stack.undo()


def test_old_deeds_are_forgotten() -> None:
    trader = Trader()
    for number in range(undo.MOST + 5):
        trader.did(str(number))
    assert len(trader.stack) == undo.MOST
