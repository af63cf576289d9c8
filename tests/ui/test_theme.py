"""One look for all: what the settings say holds at once, lengths scale, figures line up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtGui import QColor, QFontInfo, QFontMetricsF, QPalette
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.store.settings import GeneralSettings
from app.ui import theme
from app.ui.theme_sheet import SHEET
from app.ui.wizard.style import wizard_sheet


@pytest.fixture(autouse=True)
def _as_before(qapp: QApplication) -> Iterator[None]:
    theme.use(GeneralSettings())
    yield
    theme.use(GeneralSettings())


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


def test_settings_are_taken_over_whole_and_only_where_something_changed() -> None:
    told: list[str] = []

    def note() -> None:
        told.append(theme.current_name())

    theme.changed.connect(note)
    looks = GeneralSettings(theme="light", up_color="red", color_blind=True, ui_scale_percent=150)
    theme.use(looks)
    up = theme.color("up").name()
    theme.use(replace(looks, timezone="UTC", confirm_exit=False))
    assert told == ["light"]
    theme.use(replace(looks, up_color="green"))
    theme.changed.disconnect(note)
    assert (theme.color("down").name(), len(told)) == (up, 2)


def test_blue_and_orange_take_the_place_of_green_and_red() -> None:
    theme.use(GeneralSettings())
    usual = {token: theme.color(token).name() for token in ("up", "down", "ok", "alarm")}
    theme.use(GeneralSettings(color_blind=True))
    assert theme.color("up") == theme.color("buy")
    assert theme.color("down") == theme.color("sell")
    assert all(theme.color(token).name() != name for token, name in usual.items())


@pytest.mark.parametrize("percent", [80, 100, 150, 200])
def test_text_and_lengths_follow_the_scale(qapp: QApplication, percent: int) -> None:
    usual = QFontInfo(qapp.font()).pointSizeF()
    theme.use(GeneralSettings(ui_scale_percent=percent))
    assert theme.scale_percent() == percent
    assert qapp.font().pointSizeF() == pytest.approx(usual * percent / 100)
    assert theme.px(100) == percent
    assert theme.px(0) == 0
    assert theme.px(0.2) == 1
    assert theme.sheet("a { margin: 100px; color: %(text)s }") == (
        f"a {{ margin: {percent}px; color: {theme.color('text').name()} }}"
    )


def test_a_hairline_stays_one_until_there_is_room_for_two_and_nothing_vanishes() -> None:
    for percent, wanted in ((80, "0px 1px"), (150, "0px 1px"), (200, "0px 2px")):
        theme.use(GeneralSettings(ui_scale_percent=percent))
        assert theme.sheet("0px 1px") == wanted


def test_a_scale_out_of_bounds_is_the_nearest_one_there_is() -> None:
    theme.use(GeneralSettings(ui_scale_percent=1000))
    assert theme.scale_percent() == theme.MOST_SCALE
    theme.use(GeneralSettings(ui_scale_percent=1))
    assert theme.scale_percent() == theme.LEAST_SCALE


def test_a_widget_that_follows_is_fitted_now_and_after_each_change(qtbot: QtBot) -> None:
    label = QLabel("1 234.50")
    qtbot.addWidget(label)
    theme.follow(label, lambda: label.setMinimumWidth(theme.px(40)))
    label.setFont(theme.number_font())
    label.show()
    before = label.fontMetrics().horizontalAdvance("1 234.50")
    assert label.minimumWidth() == 40
    theme.use(GeneralSettings(ui_scale_percent=200))
    assert label.minimumWidth() == 80
    assert label.fontMetrics().horizontalAdvance("1 234.50") > 1.8 * before


def test_figures_are_of_equal_width() -> None:
    metrics = QFontMetricsF(theme.number_font())
    assert len({round(metrics.horizontalAdvance(digit), 3) for digit in "0123456789"}) == 1
    assert theme.number_font(21.0, bold=True).pointSizeF() == 21.0
    assert theme.number_font(bold=True).bold()


ROUND = re.compile(r"([^{}]+)\{([^{}]*border-radius: (\d+)px[^{}]*)\}")


@pytest.mark.parametrize("percent", range(theme.LEAST_SCALE, theme.MOST_SCALE + 1, 5))
def test_what_is_round_stays_round_at_every_scale(percent: int) -> None:
    """A radius of more than half the side is none to Qt: the mark becomes a square."""
    theme._wear(replace(theme._dress.looks, scale_percent=percent))
    square, seen = [], 0
    for who, body, radius in ROUND.findall(theme.sheet(SHEET) + wizard_sheet()):
        side = re.search(r"(?<!-)width: (\d+)px", body)
        if side:
            seen += 1
            border = re.search(r"border: (\d+)px", body)
            whole = int(side[1]) + 2 * (int(border[1]) if border else 0)
            square += [who.strip()] if 2 * int(radius) > whole else []
    assert seen > 5
    assert square == []
