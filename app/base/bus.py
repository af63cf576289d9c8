"""Events from the engine to whoever listens. One listener's failure never stops the rest."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

log = logging.getLogger("moorgate.bus")
Event = TypeVar("Event")
Unsubscribe = Callable[[], None]


class EventBus:
    """Delivers by exact event type, in subscription order, on the engine's thread only."""

    def __init__(self) -> None:
        self._handlers: dict[type, list[Callable[[Any], None]]] = defaultdict(list)
        self.on_failure: Callable[[BaseException], None] | None = None

    def subscribe(self, kind: type[Event], handler: Callable[[Event], None]) -> Unsubscribe:
        """Call `handler` for every published `kind`; the result ends the subscription."""
        self._handlers[kind].append(handler)

        def unsubscribe() -> None:
            if handler in self._handlers[kind]:
                self._handlers[kind].remove(handler)

        return unsubscribe

    def publish(self, event: object) -> None:
        """Hand `event` to every listener; a listener that raises is logged and announced."""
        for handler in tuple(self._handlers.get(type(event), ())):
            try:
                handler(event)
            except Exception as error:
                log.exception("listener %r failed on %s", handler, type(event).__name__)
                if self.on_failure is not None:
                    self.on_failure(error)
