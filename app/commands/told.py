"""Background work whose errors become sentences, and which can be given up at any moment."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import Any

from app.base.errors import MoorgateError


class Told(Coroutine[Any, Any, Any]):
    """Runs `work`; what it raises for the trader goes to `tell`, every other error through.

    A coroutine around a coroutine would lose the inner one, with a warning, where it is ended
    before it began, as at the end of the program. This one hands its own end on. Any thread, but
    one only.
    """

    def __init__(
        self, work: Coroutine[Any, Any, Any], tell: Callable[[MoorgateError], object]
    ) -> None:
        self._work, self._tell = work, tell

    def send(self, value: Any) -> Any:
        try:
            return self._work.send(value)
        except MoorgateError as error:
            self._tell(error)
        raise StopIteration(None)

    def throw(self, kind: Any, value: object = None, traceback: TracebackType | None = None) -> Any:
        error = value if isinstance(value, BaseException) else kind
        try:
            return self._work.throw(error)
        except MoorgateError as told:
            self._tell(told)
        raise StopIteration(None)

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        try:
            return (yield from self._work.__await__())
        except MoorgateError as error:
            self._tell(error)

    def __del__(self) -> None:
        self.close()
