"""The names of secrets that were put into the keyring, which cannot list them. No values."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from app.base.paths import atomic_write


class SecretNames:
    """A small file beside the settings. Only a help for listing: damage to it loses nothing.

    Any thread. `add` and `remove` raise StoreError when the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()

    def all(self) -> set[str]:
        """Every name, be its secret still there or not."""
        try:
            names = json.loads(self._path.read_bytes())["names"]
            return {name for name in names if isinstance(name, str)}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return set()

    def add(self, name: str) -> None:
        """Remember a name."""
        with self._turn:
            self._write(self.all(), self.all() | {name})

    def remove(self, name: str) -> None:
        """Forget a name."""
        with self._turn:
            self._write(self.all(), self.all() - {name})

    def _write(self, before: set[str], after: set[str]) -> None:
        if after != before:
            atomic_write(self._path, json.dumps({"names": sorted(after)}) + "\n")
