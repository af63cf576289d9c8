"""The program for the monkey, and the same watch over what it leaves behind as in tests/ui."""

from __future__ import annotations

from tests.ui.conftest import _qt_leaks
from tests.ui.shell.conftest import driver, start

__all__ = ["_qt_leaks", "driver", "start"]
