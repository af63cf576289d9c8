"""Whether our last session with TWS ended in order: what TWS may still hold against us.

A TWS on another computer does not notice that a line broke. It keeps the dead session and refuses
its client id (326) to us as if another program used it, until it notices or is restarted.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path

from app.base.clock import Clock

log = logging.getLogger("moorgate.tws")
HELD_FOR = timedelta(minutes=15)


class LastSession:
    """A file that is there while a session is up, or after it broke. Any thread, small I/O.

    A file that cannot be read or written is no reason not to connect.
    """

    def __init__(self, path: Path, client_id: int, clock: Clock) -> None:
        self._path, self._client_id, self._clock = path, client_id, clock

    def began(self) -> None:
        """A session is up."""
        self._write("")

    def broke(self) -> None:
        """It ended, and TWS may not know."""
        self._write(self._clock.now().isoformat())

    def ended(self) -> None:
        """It ended in order."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            log.info("%s cannot be removed: %s", self._path.name, error)

    def may_be_held(self) -> bool:
        """Whether a refusal of our client id may be meant for our own dead session."""
        try:
            client_id, _, broken_at = self._path.read_text("ascii").partition(" ")
            if client_id != str(self._client_id):
                return False
            if not broken_at:  # this program or computer broke down: it counts from now
                self.broke()
                return True
            return self._clock.now() - datetime.fromisoformat(broken_at) < HELD_FOR
        except FileNotFoundError:
            return False
        except (OSError, ValueError, TypeError) as error:
            log.info("%s cannot be read: %s", self._path.name, error)
            return False

    def _write(self, broken_at: str) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(f"{self._client_id} {broken_at}", "ascii")
        except OSError as error:
            log.info("%s cannot be written: %s", self._path.name, error)
