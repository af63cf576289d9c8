"""How large the settings dialog was, and which page it showed last."""

from __future__ import annotations

import contextlib
from typing import Any

from PySide6.QtCore import QSize

from app.base.errors import MoorgateError
from app.base.paths import Paths
from app.store.layouts import Layouts

_NAME = "settings"
_LEAST, _MOST = QSize(520, 320), 10_000


class Remembered:
    """Kept in a file below the layouts. Losing it costs nothing, so nothing is said of it."""

    def __init__(self, paths: Paths) -> None:
        self._folder = paths.layouts_dir / "dialogs"
        self._layouts = Layouts(self._folder)

    def read(self) -> tuple[QSize | None, str]:
        """Size and page; None and "" for what is not known or makes no sense."""
        stored: dict[str, Any] = {}
        with contextlib.suppress(MoorgateError):
            stored = self._layouts.load(_NAME) or {}
        width, height, page = (stored.get(name) for name in ("width", "height", "page"))
        size = None
        if isinstance(width, int) and isinstance(height, int) and max(width, height) < _MOST:
            size = QSize(width, height).expandedTo(_LEAST)
        return size, page if isinstance(page, str) else ""

    def write(self, size: QSize, page: str) -> None:
        """Keep them for the next time."""
        with contextlib.suppress(MoorgateError, OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            layout = {"width": size.width(), "height": size.height(), "page": page}
            self._layouts.save(_NAME, layout)
