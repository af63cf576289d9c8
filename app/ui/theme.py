"""How the program looks: colours by name, fonts for figures, and one scale for all. GUI thread.

`use` takes the trader's settings over at once. Colours come from `color`, lengths from `px`, and a
style sheet of its own from `sheet`; `changed` says that all of these are others than before, and
`follow` keeps a widget in step with them; `scale_changing` comes before another scale. Up and down
can be swapped (they are inverted in parts of Asia) or made blue and orange, and never are told by
colour alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Signal
from PySide6.QtGui import QColor, QFont, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from app.base.paths import resources_dir
from app.store.settings import GeneralSettings
from app.ui import theme_colors
from app.ui.theme_sheet import SHEET

LEAST_SCALE, MOST_SCALE = 80, 200
TEXT_CONTRAST = 4.5
_PIXELS = re.compile(r"(radius: )?(\d+)px")


@dataclass(frozen=True, slots=True)
class _Looks:
    """Everything that decides what a widget looks like."""

    name: str = "dark"
    up: str = "green"
    down: str = "red"
    color_blind: bool = False
    scale_percent: int = 100


@dataclass(slots=True)
class _Dress:
    """What is worn now. `base_points`: the system's own size of text, before any scale."""

    looks: _Looks = _Looks()
    colors: dict[str, QColor] = field(default_factory=dict)
    base_points: float = 0.0
    is_on: bool = False


class _News(QObject):
    changed = Signal()
    scale_changing = Signal()


class _Follower(QObject):
    """Fits its widget now and whenever the looks change, for as long as the widget lives."""

    def __init__(self, widget: QWidget, fit: Callable[[], object]) -> None:
        super().__init__(widget)
        self._fit = fit
        changed.connect(self.fit)
        fit()

    def fit(self) -> None:
        self._fit()


_dress = _Dress()
_news = _News()
changed = _news.changed
scale_changing = _news.scale_changing


def names() -> tuple[str, ...]:
    """The themes there are."""
    return theme_colors.THEMES


def market_color_names() -> tuple[str, ...]:
    """The words that up and down may be set to."""
    return theme_colors.MARKET_COLORS


def current_name() -> str:
    """The theme in use."""
    return _dress.looks.name


def scale_percent() -> int:
    """The scale in use, 80 to 200."""
    return _dress.looks.scale_percent


def color(token: str) -> QColor:
    """The colour of this name in the current theme. Raises KeyError for an unknown name."""
    if not _dress.colors:
        _wear(_dress.looks)
    return _dress.colors[token]


def tokens() -> tuple[str, ...]:
    """Every name that `color` knows."""
    color("text")
    return tuple(_dress.colors)


def px(pixels: float) -> int:
    """A length in logical pixels at the scale in use; what is there at all keeps one pixel."""
    scaled = round(pixels * _dress.looks.scale_percent / 100)
    return max(1, scaled) if pixels > 0 else scaled


def sheet(template: str, **more: str) -> str:
    """A style sheet with `%(token)s` as colours and each length in px scaled; `more` adds names."""
    named = {token: color(token).name() for token in tokens()}
    text = template % {**named, "name": current_name(), "icons": _icons(), **more}
    return _PIXELS.sub(_scaled_pixels, text)


def follow(widget: QWidget, fit: Callable[[], object]) -> None:
    """Run `fit` now and after each change of the looks, until `widget` is no more."""
    _Follower(widget, fit)


def use(general: GeneralSettings) -> None:
    """Dress the whole program as these settings say; cheap where nothing of it changed."""
    wanted = _Looks(
        general.theme if general.theme in theme_colors.THEMES else "dark",
        general.up_color,
        general.down_color,
        general.color_blind,
        min(MOST_SCALE, max(LEAST_SCALE, general.ui_scale_percent)),
    )
    app = QApplication.instance()
    if isinstance(app, QApplication) and (wanted != _dress.looks or not _dress.is_on):
        if wanted.scale_percent != _dress.looks.scale_percent:
            scale_changing.emit()
        _wear(wanted)
        _show(app)


def apply(app: QApplication, name: str) -> None:
    """Dress the whole program in the theme `name`; an unknown name means dark."""
    old = _dress.looks
    chosen = name if name in theme_colors.THEMES else "dark"
    _wear(_Looks(chosen, old.up, old.down, old.color_blind, old.scale_percent))
    _show(app)


def set_market_colors(up: str, down: str) -> None:
    """Choose the colours of rising and falling prices by word; unknown words change nothing."""
    old, known = _dress.looks, theme_colors.MARKET_COLORS
    if up in known and down in known and up != down:
        _wear(_Looks(old.name, up, down, old.color_blind, old.scale_percent))
        changed.emit()


def number_font(point_size: float | None = None, *, bold: bool = False) -> QFont:
    """The program's font with figures of equal width, for anything that is compared by eye.

    Without a size it keeps following the program's own.
    """
    font = QFont()
    font.setFeature(QFont.Tag("tnum"), 1)
    if point_size is not None:
        font.setPointSizeF(point_size)
    if bold:
        font.setBold(True)
    return font


def contrast(first: QColor, second: QColor) -> float:
    """Contrast ratio of two opaque colours, 1 to 21 (WCAG 2.1, relative luminance)."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def over(ground: QColor, tint: QColor, alpha: int) -> QColor:
    """The opaque colour that is seen where `tint` lies over `ground`; `alpha` is 0 to 255."""
    share = alpha / 255
    return QColor.fromRgbF(
        ground.redF() * (1 - share) + tint.redF() * share,
        ground.greenF() * (1 - share) + tint.greenF() * share,
        ground.blueF() * (1 - share) + tint.blueF() * share,
    )


def ink(token: str, ground: QColor) -> QColor:
    """The colour `token` where it can be read on `ground`, else the plain one of chosen rows.

    Nothing is lost by it: whatever a colour says is said by a sign or a word too.
    """
    wanted = color(token)
    return wanted if contrast(wanted, ground) >= TEXT_CONTRAST else color("selection_text")


def _luminance(value: QColor) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value.redF(), value.greenF(), value.blueF())
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _wear(looks: _Looks) -> None:
    named = theme_colors.palette(looks.name, looks.up, looks.down, color_blind=looks.color_blind)
    _dress.looks = looks
    _dress.colors = {token: QColor(value) for token, value in named.items()}


def _show(app: QApplication) -> None:
    _scale_text(app)
    if not _dress.is_on:
        app.setStyle("Fusion")
        _dress.is_on = True
    app.setPalette(_palette())
    app.setStyleSheet(sheet(SHEET))
    changed.emit()


def _scale_text(app: QApplication) -> None:
    if not _dress.base_points:
        _dress.base_points = QFontInfo(app.font()).pointSizeF()
    points = _dress.base_points * _dress.looks.scale_percent / 100
    if abs(app.font().pointSizeF() - points) > 0.01:
        font = QFont(app.font())
        font.setPointSizeF(points)
        app.setFont(font)
        # Widgets are told by an event; who measures texts on `changed` needs it to have come.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.ApplicationFontChange.value)


def _scaled_pixels(found: re.Match[str]) -> str:
    pixels = int(found[2])
    if found[1]:  # rounded down: more than half the side is none to Qt
        return f"{found[1]}{pixels * _dress.looks.scale_percent // 100}px"
    if pixels <= 1:  # a hairline stays one until there is room for two
        return f"{max(pixels, pixels * _dress.looks.scale_percent // 100)}px"
    return f"{px(pixels)}px"


def _icons() -> str:
    return (resources_dir() / "icons").as_posix()


def _palette() -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for target, token in (
        (role.Window, "window"),
        (role.WindowText, "text"),
        (role.Base, "panel"),
        (role.AlternateBase, "raised"),
        (role.ToolTipBase, "toast"),
        (role.ToolTipText, "text"),
        (role.Text, "text"),
        (role.PlaceholderText, "muted"),
        (role.Button, "raised"),
        (role.ButtonText, "text"),
        (role.BrightText, "alarm"),
        (role.Link, "accent"),
        (role.Highlight, "selection"),
        (role.HighlightedText, "selection_text"),
        (role.Accent, "accent"),
        (role.Mid, "border"),
        (role.Midlight, "raised"),
        (role.Light, "raised"),
        (role.Dark, "border"),
        (role.Shadow, "window"),
    ):
        palette.setColor(target, color(token))
    for target in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, target, color("disabled"))
    return palette
