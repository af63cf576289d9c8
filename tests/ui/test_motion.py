"""What moves stands still where the trader, or the system, wants it so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.ui import motion

FADES = (Qt.UIEffect.UI_FadeMenu, Qt.UIEffect.UI_AnimateCombo, Qt.UIEffect.UI_FadeTooltip)


@pytest.fixture(autouse=True)
def _as_before(qapp: QApplication) -> Iterator[None]:
    yield
    motion.use("off")


@pytest.mark.parametrize(
    ("setting", "system", "still"),
    [
        *(("on", False, True), ("on", True, True), ("off", True, False), ("off", False, False)),
        *(("system", True, True), ("system", False, False)),
    ],
)
def test_the_setting_decides_or_leaves_it_to_the_system(
    setting: str, system: bool, still: bool
) -> None:
    assert motion.use(setting, lambda: system) is still
    assert motion.is_reduced() is still


def test_menus_tool_tips_and_the_cursor_stand_still_and_move_again(qapp: QApplication) -> None:
    motion.use("off")
    blink_ms = qapp.cursorFlashTime()
    assert blink_ms > 0
    motion.use("on")
    assert not any(qapp.isEffectEnabled(effect) for effect in FADES)
    assert qapp.cursorFlashTime() == 0
    motion.use("off")
    assert qapp.isEffectEnabled(Qt.UIEffect.UI_FadeMenu)
    assert qapp.cursorFlashTime() == blink_ms


@pytest.mark.parametrize(
    ("file", "text", "asks"),
    [
        ("kdeglobals", "[KDE]\nAnimationDurationFactor=0\n", True),
        ("kdeglobals", "[KDE]\nAnimationDurationFactor=0.5\n", False),
        ("gtk-3.0/settings.ini", "[Settings]\ngtk-enable-animations=false\n", True),
        ("gtk-4.0/settings.ini", "[Settings]\ngtk-enable-animations = 0\n", True),
        ("gtk-3.0/settings.ini", "[Settings]\ngtk-enable-animations=1\n", False),
        ("gtk-3.0/settings.ini", "no section\n", False),
        ("other", "", False),
    ],
)
def test_linux_is_asked_by_the_files_of_its_desktops(
    tmp_path: Path, file: str, text: str, asks: bool
) -> None:
    path = tmp_path / ".config" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    assert motion.system_asks("linux", {}, tmp_path) is asks
    elsewhere = {"XDG_CONFIG_HOME": str(tmp_path / "elsewhere")}
    assert motion.system_asks("linux", elsewhere, tmp_path) is False


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_a_system_that_is_not_this_one_asks_for_nothing(platform: str) -> None:
    assert motion.system_asks(platform, {}) in (True, False)
