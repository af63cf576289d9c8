"""One set of icons: one grid, one stroke, every name there, sharp at every size and scale."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon, QImage
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.base.paths import resources_dir
from app.store.settings import GeneralSettings
from app.ui import icons, theme

FOLDER = resources_dir() / "icons"
UI = Path(icons.__file__).parent
# Style sheets load these by themselves, so nobody can tint them (see the folder's README.md).
FIXED = re.compile(r"^(arrow|dock|check)_")
OWN_COLORS = "moorgate"
DRAWN = sorted(path.stem for path in FOLDER.glob("*.svg") if path.stem != OWN_COLORS)


@pytest.mark.parametrize("name", DRAWN)
def test_every_icon_is_of_the_set(name: str) -> None:
    text = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert 'viewBox="0 0 16 16"' in text
    assert 'stroke-linecap="round" stroke-linejoin="round"' in text
    if not FIXED.match(name):
        assert 'stroke="currentColor" stroke-width="1.5"' in text
        assert not re.search(r"#[0-9a-fA-F]{3}", text)


def test_the_set_says_whose_it_is() -> None:
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert "MIT" in told
    assert "own licence" in told


def test_every_name_that_the_program_uses_is_drawn() -> None:
    used = {
        name
        for path in UI.rglob("*.py")
        for name in re.findall(
            r"(?:icon\(|icon_name = |setIcon\(icon\()\"(\w+)\"", path.read_text(encoding="utf-8")
        )
    }
    assert used
    assert used <= set(DRAWN)


def test_every_file_that_the_style_sheet_names_is_there(qapp: QApplication) -> None:
    for name in theme.names():
        theme.apply(qapp, name)
        wanted = re.findall(r"url\((.+?)\)", qapp.styleSheet())
        assert wanted
        assert [path for path in wanted if not Path(path).is_file()] == []
    theme.apply(qapp, "dark")


def inked(image: QImage) -> int:
    return sum(
        image.pixelColor(x, y).alpha() > 128
        for x in range(image.width())
        for y in range(image.height())
    )


@pytest.mark.parametrize("percent", [100, 125, 150, 200, 300])
def test_an_icon_is_drawn_for_the_very_size_that_is_asked_for(
    qapp: QApplication, percent: int
) -> None:
    side = 16 * percent // 100
    shown = icons.icon("search").pixmap(QSize(side, side), 1.0)
    assert shown.size() == QSize(side, side)
    assert inked(shown.toImage()) > side  # something is drawn on it
    assert icons.icon("search").availableSizes().count(QSize(side, side)) == 1


def test_an_icon_has_the_color_of_the_theme_and_a_pale_one_for_what_is_disabled(
    qapp: QApplication,
) -> None:
    icon = icons.icon("pause", "alarm")
    for mode, token in ((QIcon.Mode.Normal, "alarm"), (QIcon.Mode.Disabled, "disabled")):
        image = icon.pixmap(QSize(32, 32), 1.0, mode).toImage()
        assert image.pixelColor(10, 16).name() == theme.color(token).name()
    assert icons.icon("no such icon").isNull()


def test_a_label_wears_an_icon_as_sharp_as_its_screen(qtbot: QtBot) -> None:
    label = QLabel()
    qtbot.addWidget(label)
    theme.use(GeneralSettings(ui_scale_percent=200))
    icons.show_on(label, "info", "accent", 16)
    theme.use(GeneralSettings())
    ratio = label.devicePixelRatioF()
    assert label.pixmap().deviceIndependentSize().toSize() == QSize(32, 32)
    assert label.pixmap().width() == round(32 * ratio)
    sharp = icons.pixmap("info", "accent", 16, 2.0)
    assert (sharp.width(), sharp.deviceIndependentSize().toSize()) == (32, QSize(16, 16))
