"""Every text can be read on every ground it stands on, in both themes and every palette.

Contrast is that of WCAG 2.1: 4.5:1 for text, 3:1 for what is disabled and for what is no text. The
colours of good and bad are also looked at with the eyes of who sees no green or no red.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from app.store.settings import GeneralSettings
from app.ui import theme

TEXTS = (
    *("text", "muted", "accent", "ok", "pending", "warning", "alarm", "up", "down"),
    *("buy", "sell", "crosshair"),
)
GROUNDS = ("window", "panel", "raised", "field", "field_off", "toast", "selection")
BADGES = ("live", "paper", "unknown", "armed", "dry_run", "replay", "banner", "selection", "accent")
BUTTONS = ("buy", "sell")
# What is painted over a cell's ground, how strongly, and in what colours its text may be.
TINTS: dict[tuple[str, int], tuple[str, ...]] = {
    ("paper", 90): ("text",),
    ("live", 90): ("text",),
    ("warning", 34): ("text", "muted", "up", "down"),
    ("muted", 26): ("muted",),
    ("alarm", 36): ("text", "muted", "alarm", "buy", "sell"),
    ("up", 56): ("text",),
    ("down", 56): ("text",),
}
LOOKS = [
    GeneralSettings(theme=name, up_color=up, color_blind=color_blind)
    for name, up, color_blind in product(("dark", "light"), ("green", "red"), (False, True))
]
UI = Path(theme.__file__).parent


@pytest.fixture(params=LOOKS, ids=lambda g: f"{g.theme}-{g.up_color}-{g.color_blind}")
def looks(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[GeneralSettings]:
    theme.use(request.param)
    yield request.param
    theme.use(GeneralSettings())


def ratio(token: str, ground: str) -> float:
    return round(theme.contrast(theme.color(token), theme.color(ground)), 2)


def on_tint(token: str, ground: str, tint: str, alpha: int) -> tuple[float, float]:
    """Contrast of what the tables paint, and of the colour that was asked for."""
    under = theme.over(theme.color(ground), theme.color(tint), alpha)
    shown = theme.contrast(theme.ink(token, under), under)
    return round(shown, 2), round(theme.contrast(theme.color(token), under), 2)


@pytest.mark.usefixtures("looks")
@pytest.mark.parametrize("ground", GROUNDS)
def test_texts_have_contrast_on_every_ground(ground: str) -> None:
    assert {token: ratio(token, ground) for token in TEXTS if ratio(token, ground) < 4.5} == {}


@pytest.mark.usefixtures("looks")
def test_texts_have_contrast_on_every_tint_on_rows_chosen_or_not() -> None:
    asked = [
        (ground, token, tint, on_tint(token, ground, tint, alpha))
        for (tint, alpha), tokens in TINTS.items()
        for ground in ("panel", "selection")
        for token in tokens
    ]
    assert [one for one in asked if one[-1][0] < 4.5] == []
    # On a row that is not chosen the colour itself must do, or the table could not tell anything.
    assert [one for one in asked if one[0] == "panel" and one[-1][1] < 4.5] == []


def test_paint_over_paint_is_what_is_seen() -> None:
    black, white = QColor("#000000"), QColor("#ffffff")
    assert theme.over(black, white, 255) == white
    assert theme.over(black, white, 0) == black
    assert theme.over(black, white, 128).red() == pytest.approx(128, abs=1)


def test_every_tint_of_the_tables_is_looked_at_here() -> None:
    found = {
        (token, int(alpha))
        for path in UI.rglob("*.py")
        for call in re.findall(r"Tint\((.+?), (\d+)\)", path.read_text(encoding="utf-8"))
        for alpha in (call[1],)
        for token in re.findall(r'"(\w+)"', call[0])
    }
    assert found == set(TINTS)


@pytest.mark.usefixtures("looks")
def test_badges_and_filled_buttons_have_contrast_in_themselves() -> None:
    poor = {
        badge: ratio(f"{badge}_text", badge)
        for badge in (*BADGES, *BUTTONS)
        if ratio(f"{badge}_text", badge) < 4.5
    }
    assert poor == {}


@pytest.mark.usefixtures("looks")
def test_the_price_on_the_axis_can_be_read() -> None:
    assert min(ratio("panel", "up"), ratio("panel", "down")) >= 4.5


@pytest.mark.usefixtures("looks")
@pytest.mark.parametrize("ground", GROUNDS[:-1])
def test_what_is_disabled_and_what_is_no_text_can_be_seen(ground: str) -> None:
    for token in ("disabled", "off", "edge", "accent"):
        assert ratio(token, ground) >= 3.0, token


def test_no_other_file_writes_a_color() -> None:
    pattern = re.compile(r"#[0-9a-fA-F]{6}\b")
    named = {
        path.relative_to(UI).as_posix()
        for path in UI.rglob("*.py")
        if pattern.search(path.read_text(encoding="utf-8"))
    }
    assert named == {"theme_colors.py"}


# -- with other eyes ---------------------------------------------------------------------------

# Machado, Oliveira, Fernandes: A Physiologically-based Model for Simulation of Color Vision
# Deficiency, 2009, table of severity 1.0; rows make linear red, green and blue.
EYES = {
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
}
PAIRS = (
    *(("up", "down"), ("buy", "sell"), ("ok", "alarm"), ("ok", "warning"), ("warning", "alarm")),
    *(("ok", "pending"), ("pending", "alarm")),
)
# A difference of about 2 is just seen side by side; 15 is plain for dots some pixels wide.
PLAIN = 15.0
Linear = tuple[float, float, float]


def linear(color: QColor) -> Linear:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (color.redF(), color.greenF(), color.blueF())
    )
    return red, green, blue


def seen(light: Linear, eyes: str) -> Linear:
    red, green, blue = (
        min(1.0, max(0.0, sum(share * part for share, part in zip(row, light, strict=True))))
        for row in EYES[eyes]
    )
    return red, green, blue


def lab(light: Linear) -> Linear:
    """CIE 1976 L*a*b* of linear sRGB under D65."""
    red, green, blue = light
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (
        t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z)
    )
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def difference(first: str, second: str, eyes: str) -> float:
    one, other = (lab(seen(linear(theme.color(token)), eyes)) for token in (first, second))
    return float(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5)


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("name", theme.names())
def test_good_and_bad_stay_apart_for_who_sees_no_red_or_no_green(
    qapp: QApplication, name: str, eyes: str
) -> None:
    theme.use(GeneralSettings(theme=name, color_blind=True))
    alike = {pair: round(difference(*pair, eyes)) for pair in PAIRS}
    theme.use(GeneralSettings())
    assert {pair: how for pair, how in alike.items() if how < PLAIN} == {}


def test_these_eyes_confuse_what_they_should(qapp: QApplication) -> None:
    """Green and red of the usual palette: close to one another for who sees no green."""
    theme.use(GeneralSettings(theme="light"))
    assert difference("up", "down", "no green") < difference("buy", "sell", "no green") / 2
    theme.use(GeneralSettings())
