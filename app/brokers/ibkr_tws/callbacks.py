"""What the SDK's decoder calls, in place of the SDK's own book-keeping.

Both libraries look `wrapper.<name>` up for every message; this object stands there instead of
their Wrapper, knows no name of its own and passes everything on to those who asked for it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from datetime import UTC
from types import SimpleNamespace
from typing import Any

Handler = Callable[..., object]
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


class Callbacks:
    """The decoder's wrapper. Adapter's thread.

    `on_failure(name, error)` hears of a handler that raised, inside of the except clause;
    `on_torn(name)` of a message that had too few fields for a handler.
    """

    def __init__(
        self, on_failure: Callable[[str, Exception], None], on_torn: Callable[[str], None]
    ) -> None:
        self._on_failure, self._on_torn = on_failure, on_torn
        self._handlers: dict[str, list[tuple[Handler, int]]] = {}
        # The decoders read these two; times are made whole before they see them.
        self.ib = SimpleNamespace(TimezoneTWS="UTC")
        self.defaultTimezone = UTC

    def __getattr__(self, name: str) -> Handler:
        """What nobody has asked for is heard and forgotten."""
        if name.startswith("__"):
            raise AttributeError(name)
        self.__dict__[name] = _ignore
        return _ignore

    def on(self, name: str, handler: Handler) -> None:
        """Let `handler` hear one callback; several may."""
        handlers = self._handlers.setdefault(name, [])
        handlers.append((handler, _needs(handler)))
        self.__dict__[name] = self._caller(name, handlers)

    def clear(self) -> None:
        """Forget everybody: nothing is heard any more."""
        for name, handlers in self._handlers.items():
            handlers.clear()
            self.__dict__[name] = _ignore

    def _caller(self, name: str, handlers: list[tuple[Handler, int]]) -> Handler:
        def call(*arguments: Any) -> None:
            for handler, needs in handlers:
                if len(arguments) < needs:
                    self._on_torn(name)
                    return
                try:
                    handler(*arguments)
                except Exception as error:  # noqa: BLE001 - one that raises stops nobody else
                    self._on_failure(name, error)

        return call


def unescaped(text: str) -> str:
    r"""TWS writes everything but ASCII as \uXXXX, characters beyond the 16 bits as two of them."""
    if "\\u" not in text:
        return text
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _ignore(*_: Any) -> None:
    """Nobody listens."""


def _needs(handler: Handler) -> int:
    """How many positional arguments `handler` cannot do without."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(handler).parameters.values()
    return sum(p.kind in positional and p.default is p.empty for p in parameters)
