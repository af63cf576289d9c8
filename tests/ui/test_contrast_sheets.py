"""No style sheet and no painter writes a colour on a ground that nobody has looked at.

`test_contrast` computes every text on every ground. Here the style sheets of the whole program are
read: each rule's own pair is computed, and what stands alone must be one of those texts or grounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from PySide6.QtGui import QColor

from app.ui import theme, theme_colors
from tests.ui.test_contrast import BADGES, BUTTONS, GROUNDS, TEXTS

UI = Path(theme.__file__).parent
RULE = re.compile(r"([^{}\n][^{}]*)\{([^{}]*)\}")
TEXT = re.compile(r"(?<![-\w])color: %\((\w+)\)s")
GROUND = re.compile(r"(?<![-\w])background(?:-color)?: %\((\w+)\)s")
CODE_TEXT = re.compile(r"(?<![-\w])color: \{?theme\.color\([\"'](\w+)")
CODE_PEN = re.compile(r"setPen\(theme\.color\([\"'](\w+)")
INACTIVE = ":disabled"
# Parts that carry no text: they are seen, not read.
GRAPHIC = (
    *("::handle", "::chunk", "::groove", "::sub-page", "::separator", "::indicator"),
    *("#work_progress", "QProgressBar"),
)
# Names that a widget fills in itself: its pairs are computed in test_contrast, by badge.
FILLED_IN = {("ground", "ink"), ("back", "front")}
LOOKS = [
    theme_colors.palette(name, up, down, color_blind=color_blind)
    for name, (up, down), color_blind in product(
        theme_colors.THEMES, (("green", "red"), ("red", "green")), (False, True)
    )
]
# What words are written in on the strip of a dry run, on link chips and on price tags.
PAINTED = (
    *(("window", "warning"), ("warning", "window"), ("muted", "raised"), ("text", "toast")),
    *(("accent_text", "accent"), ("armed_text", "armed"), ("crosshair", "panel")),
    *(("link_text", f"link_{group}") for group in "abcd"),
    *(("panel", token) for token in ("up", "down", "buy", "sell", "alarm", "text", "pending")),
)


@dataclass(frozen=True)
class Rule:
    """One rule of a style sheet: who is dressed, in what text colour, on what ground."""

    file: str
    who: str
    text: str
    ground: str

    @property
    def is_graphic(self) -> bool:
        return all(any(part in one for part in GRAPHIC) for one in self.who.split(","))


def rules() -> Iterator[Rule]:
    for path in sorted(UI.rglob("*.py")):
        for who, body in RULE.findall(path.read_text(encoding="utf-8")):
            if "%(" in body:
                text, ground = TEXT.search(body), GROUND.search(body)
                yield Rule(
                    path.name,
                    " ".join(who.split()),
                    text[1] if text else "",
                    ground[1] if ground else "",
                )


RULES = [rule for rule in rules() if rule.text or rule.ground]


def ratio(text: str, ground: str) -> float:
    """The least contrast of the two in any theme and palette."""
    pairs = [(QColor(look[text]), QColor(look[ground])) for look in LOOKS]
    return round(min(theme.contrast(one, other) for one, other in pairs), 2)


def test_the_style_sheets_are_found() -> None:
    assert {"theme_sheet.py", "ticket_style.py", "style.py"} <= {rule.file for rule in RULES}
    assert len(RULES) > 50


def test_what_a_rule_writes_can_be_read_on_the_ground_it_gives() -> None:
    poor = [
        (rule, ratio(rule.text, rule.ground))
        for rule in RULES
        if rule.text and rule.ground and (rule.ground, rule.text) not in FILLED_IN
        if ratio(rule.text, rule.ground) < (3.0 if INACTIVE in rule.who else 4.5)
    ]
    assert poor == []


def test_a_text_without_a_ground_of_its_own_is_one_that_is_looked_at_on_all() -> None:
    known = {*TEXTS, "selection_text", "buy_text", "sell_text"}
    strange = [
        rule
        for rule in RULES
        if rule.text and not rule.ground and rule.text not in known
        if not (rule.text == "disabled" and all(INACTIVE in w for w in rule.who.split(",")))
        if rule.text != "banner_text"  # on the banner, see its badge
    ]
    assert strange == []


def test_a_ground_without_a_text_of_its_own_is_one_that_all_are_looked_at_on() -> None:
    known = {*GROUNDS, *BADGES, *BUTTONS}
    strange = [
        rule
        for rule in RULES
        if rule.ground and not rule.text and rule.ground not in known and not rule.is_graphic
    ]
    assert strange == []


def test_what_code_writes_by_itself_is_looked_at_on_all_grounds() -> None:
    written = {
        token
        for path in UI.rglob("*.py")
        for pattern in (CODE_TEXT, CODE_PEN)
        for token in pattern.findall(path.read_text(encoding="utf-8"))
    }
    badge_texts = {f"{badge}_text" for badge in (*BADGES, "link")}
    assert {"muted", "warning"} <= written
    assert written - set(TEXTS) - badge_texts - {"border"} == set()


@pytest.mark.parametrize(("text", "ground"), PAINTED)
def test_what_is_painted_can_be_read(text: str, ground: str) -> None:
    assert ratio(text, ground) >= 4.5


def test_every_colour_has_its_place() -> None:
    """A new one must be judged here or in test_contrast before anybody uses it."""
    judged = {
        *TEXTS,
        *GROUNDS,
        *BADGES,
        *BUTTONS,
        *(f"{badge}_text" for badge in (*BADGES, *BUTTONS, "link")),
        *(f"link_{group}" for group in "abcd"),
        *("disabled", "off", "edge", "border", "grid"),  # seen, not read
    }
    assert set(LOOKS[0]) - judged == set()
