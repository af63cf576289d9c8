"""The program's own icons, drawn as SVG and coloured by the theme. GUI thread."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.base.paths import resources_dir
from app.ui import theme

SIZES = (16, 24, 32, 48)
APP_SIZES = (16, 24, 32, 48, 64, 128, 256)


def icon(name: str, token: str = "text") -> QIcon:
    """The icon `name` in the theme's colour `token`; an empty icon when there is no such file."""
    return _icon(name, theme.color(token).name())


@cache
def app_icon() -> QIcon:
    """The program's icon in its own colours."""
    return _rendered(_source("moorgate"), APP_SIZES)


@cache
def _icon(name: str, color: str) -> QIcon:
    return _rendered(_source(name).replace("currentColor", color), SIZES)


def _source(name: str) -> str:
    path = resources_dir() / "icons" / f"{name}.svg"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _rendered(source: str, sizes: tuple[int, ...]) -> QIcon:
    drawn = QIcon()
    if not source:
        return drawn
    renderer = QSvgRenderer(QByteArray(source.encode()))
    for size in sizes:
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(0, 0, size, size))
        painter.end()
        drawn.addPixmap(pixmap)
    return drawn
