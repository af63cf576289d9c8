"""The program's own icons, drawn as SVG and coloured by the theme. GUI thread.

They stand in resources/icons, one grid and one stroke for all; its README.md says how.
"""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QLabel

from app.base.paths import resources_dir
from app.ui import theme

# Drawn at every size that a scale or a screen of 100 to 300 % asks for: none is ever stretched.
SIZES = (13, 14, 16, 20, 24, 28, 32, 40, 48, 64)
APP_SIZES = (16, 24, 32, 48, 64, 128, 256)


def icon(name: str, token: str = "text") -> QIcon:
    """The icon `name` in the theme's colour `token`; an empty icon when there is no such file."""
    return _icon(name, theme.color(token).name(), theme.color("disabled").name())


def pixmap(name: str, token: str, size: int, pixel_ratio: float) -> QPixmap:
    """The icon for a label: `size` in logical pixels, as sharp as `pixel_ratio` allows."""
    colored = _source(name).replace("currentColor", theme.color(token).name())
    drawn = _drawn(colored, round(size * pixel_ratio))
    drawn.setDevicePixelRatio(pixel_ratio)
    return drawn


def show_on(label: QLabel, name: str, token: str, size: int = 16) -> None:
    """Let a label wear the icon, `size` at a scale of 100 %."""
    label.setPixmap(pixmap(name, token, theme.px(size), label.devicePixelRatioF()))


@cache
def app_icon() -> QIcon:
    """The program's icon in its own colours."""
    drawn = QIcon()
    for size in APP_SIZES:
        drawn.addPixmap(_drawn(_source("moorgate"), size))
    return drawn


@cache
def _icon(name: str, color: str, disabled: str) -> QIcon:
    drawn = QIcon()
    source = _source(name)
    if source:
        # Of a mode that is not given Qt makes a paler one by itself: Selected stays as it is.
        inks = (
            (QIcon.Mode.Normal, color),
            (QIcon.Mode.Selected, color),
            (QIcon.Mode.Disabled, disabled),
        )
        for mode, ink in inks:
            for size in SIZES:
                drawn.addPixmap(_drawn(source.replace("currentColor", ink), size), mode)
    return drawn


@cache
def _source(name: str) -> str:
    path = resources_dir() / "icons" / f"{name}.svg"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _drawn(source: str, size: int) -> QPixmap:
    picture = QPixmap(QSize(size, size))
    picture.fill(Qt.GlobalColor.transparent)
    if source:
        painter = QPainter(picture)
        QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(0, 0, size, size))
        painter.end()
    return picture
