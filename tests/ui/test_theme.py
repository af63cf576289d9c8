"""Both themes can be read: every text colour on every ground, every badge on its own."""

from __future__ import annotations

import re

import pytest
from PySide6.QtGui import QColor, QFontMetricsF, QPalette
from PySide6.QtWidgets import QApplication

from app.ui import theme

TEXTS = (
    *("text", "muted", "accent", "ok", "pending", "warning", "alarm", "up", "down"),
    *("buy", "sell", "crosshair"),
)
GROUNDS = ("window", "panel", "raised", "field", "toast")
BADGES = ("live", "paper", "unknown", "armed", "banner", "selection", "accent")


@pytest.fixture(autouse=True)
def _dark_again(qapp: QApplication) -> object:
    yield
    theme.set_market_colors("green", "red")
    theme.apply(qapp, "dark")


@pytest.mark.parametrize("name", theme.names())
@pytest.mark.parametrize("ground", GROUNDS)
def test_texts_have_contrast_on_every_ground(qapp: QApplication, name: str, ground: str) -> None:
    theme.apply(qapp, name)
    poor = {
        token: round(theme.contrast(theme.color(token), theme.color(ground)), 2)
        for token in TEXTS
        if theme.contrast(theme.color(token), theme.color(ground)) < 4.5
    }
    assert poor == {}


@pytest.mark.parametrize("name", theme.names())
@pytest.mark.parametrize("badge", BADGES)
def test_badges_have_contrast_in_themselves(qapp: QApplication, name: str, badge: str) -> None:
    theme.apply(qapp, name)
    assert theme.contrast(theme.color(badge), theme.color(f"{badge}_text")) >= 4.5


@pytest.mark.parametrize("name", theme.names())
@pytest.mark.parametrize("word", theme.market_color_names())
def test_market_colors_have_contrast(qapp: QApplication, name: str, word: str) -> None:
    other = next(w for w in theme.market_color_names() if w != word)
    theme.apply(qapp, name)
    theme.set_market_colors(word, other)
    assert theme.contrast(theme.color("up"), theme.color("panel")) >= 4.5
    assert theme.contrast(theme.color("up"), theme.color("window")) >= 4.5


def test_contrast_is_the_published_formula() -> None:
    black, white = QColor("#000000"), QColor("#ffffff")
    assert theme.contrast(black, white) == pytest.approx(21.0)
    assert theme.contrast(white, white) == pytest.approx(1.0)
    assert theme.contrast(QColor("#777777"), white) == pytest.approx(4.478, abs=0.001)


def test_both_themes_name_the_same_colors_and_differ(qapp: QApplication) -> None:
    theme.apply(qapp, "dark")
    dark = {token: theme.color(token).name() for token in theme.tokens()}
    theme.apply(qapp, "light")
    light = {token: theme.color(token).name() for token in theme.tokens()}
    assert dark.keys() == light.keys()
    assert dark["panel"] != light["panel"]
    assert dark["live"] == light["live"]


def test_up_and_down_can_be_swapped_but_never_be_one(qapp: QApplication) -> None:
    theme.apply(qapp, "dark")
    green, red = theme.color("up").name(), theme.color("down").name()
    theme.set_market_colors("red", "green")
    assert (theme.color("up").name(), theme.color("down").name()) == (red, green)
    theme.set_market_colors("red", "red")
    assert (theme.color("up").name(), theme.color("down").name()) == (red, green)


def test_applying_tells_and_reaches_the_palette(qapp: QApplication) -> None:
    told: list[str] = []

    def note() -> None:
        told.append(theme.current_name())

    theme.changed.connect(note)
    theme.apply(qapp, "light")
    theme.apply(qapp, "no such theme")
    theme.changed.disconnect(note)
    assert told == ["light", "dark"]
    assert qapp.palette().color(QPalette.ColorRole.Window) == theme.color("window")
    assert not re.search(r"%\(", qapp.styleSheet())


def test_figures_are_of_equal_width(qapp: QApplication) -> None:
    metrics = QFontMetricsF(theme.number_font())
    assert len({round(metrics.horizontalAdvance(digit), 3) for digit in "0123456789"}) == 1
