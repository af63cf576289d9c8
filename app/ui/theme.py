"""Colours, fonts and the small style sheet: dark by default, light by choice. GUI thread.

Every colour has a name; nobody writes a hex value elsewhere. Text colours keep a contrast of at
least 4.5:1 on "panel" and on "window" (WCAG 2.1, 1.4.3), badges keep it against their own text.
Up and down can be swapped (they are inverted in parts of Asia) or made blue and orange.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from app.base.paths import resources_dir

_DARK = {
    "window": "#12151a",
    "panel": "#191d23",
    "raised": "#242a33",
    "field": "#0f1216",
    "border": "#343c48",
    "grid": "#242a33",
    "text": "#e6eaf0",
    "muted": "#9aa5b4",
    "disabled": "#6b7684",
    "accent": "#5aa9ff",
    "accent_text": "#08111c",
    "selection": "#24405f",
    "selection_text": "#ffffff",
    "ok": "#3ecf8e",
    "pending": "#6cb6ff",
    "warning": "#f5b83d",
    "alarm": "#ff7b72",
    "off": "#6b7684",
    "buy": "#5aa9ff",
    "sell": "#ff9d5c",
    "crosshair": "#9aa5b4",
    "toast": "#2b323d",
}
_LIGHT = {
    "window": "#eceff3",
    "panel": "#ffffff",
    "raised": "#f3f5f8",
    "field": "#ffffff",
    "border": "#c6cdd6",
    "grid": "#e4e8ee",
    "text": "#1a2029",
    "muted": "#55606f",
    "disabled": "#8f99a6",
    "accent": "#0a62c4",
    "accent_text": "#ffffff",
    "selection": "#cfe2fb",
    "selection_text": "#0d1620",
    "ok": "#0b7a4b",
    "pending": "#0a62c4",
    "warning": "#8f5a00",
    "alarm": "#c0211c",
    "off": "#8f99a6",
    "buy": "#0a62c4",
    "sell": "#a84300",
    "crosshair": "#55606f",
    "toast": "#ffffff",
}
# Badges look the same in both themes: what they say must never be mistaken.
_BADGES = {
    "live": "#f59f00",
    "live_text": "#1a1200",
    "paper": "#1f5fa8",
    "paper_text": "#ffffff",
    "unknown": "#6d28d9",
    "unknown_text": "#ffffff",
    "armed": "#d32f2f",
    "armed_text": "#ffffff",
    "banner": "#b3261e",
    "banner_text": "#ffffff",
}
_THEMES = {"dark": _DARK, "light": _LIGHT}
# (dark, light) for each word that the settings may use for up and down.
_MARKET_COLORS = {
    "green": ("#2fbf84", "#0b7a4b"),
    "red": ("#ff6b6b", "#c62828"),
    "blue": ("#5aa9ff", "#0a62c4"),
    "orange": ("#ff9d5c", "#a84300"),
    "white": ("#e6eaf0", "#1a2029"),
}


class _State(QObject):
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.name = "dark"
        self.up, self.down = "green", "red"
        self.colors: dict[str, QColor] = {}


_state = _State()
changed = _state.changed


def names() -> tuple[str, ...]:
    """The themes there are."""
    return tuple(_THEMES)


def market_color_names() -> tuple[str, ...]:
    """The words that up and down may be set to."""
    return tuple(_MARKET_COLORS)


def current_name() -> str:
    """The theme in use."""
    return _state.name


def color(token: str) -> QColor:
    """The colour of this name in the current theme. Raises KeyError for an unknown name."""
    if not _state.colors:
        _load(_state.name)
    return _state.colors[token]


def tokens() -> tuple[str, ...]:
    """Every name that `color` knows."""
    color("text")
    return tuple(_state.colors)


def set_market_colors(up: str, down: str) -> None:
    """Choose the colours of rising and falling prices by word; unknown words change nothing."""
    if up in _MARKET_COLORS and down in _MARKET_COLORS and up != down:
        _state.up, _state.down = up, down
        _load(_state.name)
        _state.changed.emit()


def apply(app: QApplication, name: str) -> None:
    """Dress the whole program in the theme `name`; an unknown name means dark."""
    _load(name if name in _THEMES else "dark")
    app.setStyle("Fusion")
    app.setPalette(_palette())
    app.setStyleSheet(_style_sheet())
    _state.changed.emit()


def number_font(point_size: float | None = None, *, bold: bool = False) -> QFont:
    """The program's font with figures of equal width, for anything that is compared by eye."""
    font = QFont(QApplication.font())
    font.setFeature(QFont.Tag("tnum"), 1)
    if point_size is not None:
        font.setPointSizeF(point_size)
    font.setBold(bold)
    return font


def contrast(first: QColor, second: QColor) -> float:
    """Contrast ratio of two opaque colours, 1 to 21 (WCAG 2.1, relative luminance)."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(value: QColor) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value.redF(), value.greenF(), value.blueF())
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _load(name: str) -> None:
    shade = 0 if name == "dark" else 1
    words = {
        **_THEMES[name],
        **_BADGES,
        "up": _MARKET_COLORS[_state.up][shade],
        "down": _MARKET_COLORS[_state.down][shade],
    }
    _state.name = name
    _state.colors = {token: QColor(value) for token, value in words.items()}


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


def _style_sheet() -> str:
    named = {token: value.name() for token, value in _state.colors.items()}
    named["name"] = _state.name
    named["icons"] = (resources_dir() / "icons").as_posix()
    return _SHEET % named


# Kept small: the palette does the rest. The focus ring must stay visible everywhere.
_SHEET = """
QMainWindow::separator { background: %(window)s; width: 4px; height: 4px; }
QMainWindow::separator:hover { background: %(accent)s; }
QToolTip { color: %(text)s; background: %(toast)s; border: 1px solid %(border)s; padding: 3px; }
QMenuBar, QStatusBar, QToolBar { background: %(window)s; border: 0; }
QMenu { background: %(toast)s; border: 1px solid %(border)s; padding: 4px 0; }
QMenu::item { padding: 4px 28px 4px 24px; }
QMenu::item:selected { background: %(selection)s; color: %(selection_text)s; }
QMenu::item:disabled { color: %(disabled)s; }
QMenu::separator { height: 1px; background: %(border)s; margin: 4px 8px; }
QTabBar::tab { background: %(window)s; color: %(muted)s; padding: 4px 12px; border: 0;
  border-top: 2px solid transparent; }
QTabBar::tab:selected { background: %(panel)s; color: %(text)s; border-top-color: %(accent)s; }
QTabBar::tab:hover { color: %(text)s; }
QHeaderView::section { background: %(panel)s; color: %(muted)s; border: 0;
  border-bottom: 1px solid %(border)s; padding: 3px 6px; }
QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit { background: %(field)s;
  border: 1px solid %(border)s; border-radius: 3px; padding: 2px 5px;
  selection-background-color: %(selection)s; selection-color: %(selection_text)s; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus {
  border: 1px solid %(accent)s; }
QComboBox::drop-down { border: 0; width: 18px; }
QComboBox::down-arrow, QAbstractSpinBox::down-arrow { image: url(%(icons)s/arrow_down.svg);
  width: 10px; height: 10px; }
QAbstractSpinBox::up-arrow { image: url(%(icons)s/arrow_up.svg); width: 10px; height: 10px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: 0; width: 16px;
  background: transparent; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {
  background: %(raised)s; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QCheckBox::indicator, QGroupBox::indicator { width: 13px; height: 13px; border-radius: 2px;
  border: 1px solid %(muted)s; background: %(field)s; }
QCheckBox::indicator:checked, QGroupBox::indicator:checked { background: %(accent)s;
  border-color: %(accent)s; image: url(%(icons)s/check_%(name)s.svg); }
QCheckBox::indicator:focus { border-color: %(accent)s; }
QCheckBox::indicator:disabled { border-color: %(disabled)s; }
QPushButton, QToolButton { background: %(raised)s; border: 1px solid %(border)s;
  border-radius: 3px; padding: 3px 10px; }
QToolButton { padding: 3px 6px; }
QPushButton:hover, QToolButton:hover { border-color: %(muted)s; }
QPushButton:focus, QToolButton:focus { border: 1px solid %(accent)s; }
QPushButton:pressed, QToolButton:pressed, QToolButton:checked { background: %(selection)s; }
QPushButton:default { border-color: %(accent)s; }
QPushButton:disabled, QToolButton:disabled { color: %(disabled)s; }
"""
