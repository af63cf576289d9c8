"""The settings dialog of a running program."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication

from app.ui import format as fmt
from app.ui import theme
from tests.ui.settings.opened import Opened
from tests.ui.shell.conftest import Driver, driver, start

__all__ = ["driver", "start"]


@pytest.fixture
def opened(driver: Driver) -> Iterator[Callable[[str], Opened]]:
    """Opens the settings at a page."""
    yield lambda page: Opened(driver, page)
    fmt.use_zone("local")
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, "dark")
