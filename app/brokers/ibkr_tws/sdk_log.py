"""What the SDK wants to log, said in our topic and at our level.

The libraries log at ERROR what is routine here (a refused connect, a peer that closes) and what we
report ourselves in better words; so nothing of theirs is louder than DEBUG.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

log = logging.getLogger("moorgate.tws.sdk")


class SdkLog:
    """Stands in for a logger of the library. `on_exception` hears what it caught and swallowed."""

    def __init__(self, on_exception: Callable[[BaseException | None], None]) -> None:
        self._on_exception = on_exception

    def isEnabledFor(self, _level: int) -> bool:  # noqa: N802 - logging's name
        """Never: every message, accounts included, would be written out."""
        return False

    def debug(self, text: str, *arguments: Any) -> None:
        """Logged at DEBUG, as all of them."""
        log.debug("%s", text % arguments if arguments else text)

    info = warning = error = debug

    def exception(self, _text: str, *_: Any) -> None:
        """The library dropped something; told to whoever watches."""
        self._on_exception(sys.exception())
