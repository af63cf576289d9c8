"""What can be taken back: small deeds on the window, never orders. No Qt, GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.reports import Severity

MOST = 50


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done, and how it is taken back: `take_back` is False when it cannot be."""

    text: str
    take_back: Callable[[], bool | None]


class UndoStack:
    """The newest deed is taken back first. What the trader is told goes through `tell`.

    For rows, panels and windows only. An order that was sent is never on it.
    """

    def __init__(self, tell: Callable[[Severity, str], None], key: Callable[[], str]) -> None:
        self._tell, self._key = tell, key
        self._deeds: list[Deed] = []

    def __len__(self) -> int:
        return len(self._deeds)

    @property
    def text(self) -> str:
        """What would be taken back next; empty when there is nothing."""
        return self._deeds[-1].text if self._deeds else ""

    def push(self, text: str, take_back: Callable[[], bool | None]) -> None:
        """Note a deed such as "Removed INDA" and tell how it is taken back.

        `take_back` returns False where there is nothing to take back any more.
        """
        self._deeds.append(Deed(text, take_back))
        del self._deeds[:-MOST]
        key = self._key()
        self._tell(Severity.INFO, f"{text}. {key} brings it back" if key else f"{text}.")

    def undo(self) -> bool:
        """Take back the newest deed that still can be; False when there is none."""
        while self._deeds:
            deed = self._deeds.pop()
            if deed.take_back() is not False:
                self._tell(Severity.INFO, f"Taken back: {deed.text[:1].lower()}{deed.text[1:]}")
                return True
        return False
