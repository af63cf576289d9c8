"""The colours by name: two themes, the badges, and a palette for who confuses red and green.

Nobody writes a hex value elsewhere. Text colours keep a contrast of at least 4.5:1 on every ground
(WCAG 2.1, 1.4.3), on a selected row too, badges against their own text, and what is disabled 3:1.
"""

from __future__ import annotations

from collections.abc import Mapping

_DARK = {
    "window": "#12151a",
    "panel": "#191d23",
    "raised": "#242a33",
    "field": "#0f1216",
    "field_off": "#191d23",
    "border": "#343c48",
    "edge": "#77859b",  # around what can be ticked or moved: 3:1 (WCAG 2.1, 1.4.11)
    "grid": "#242a33",
    "text": "#e6eaf0",
    "muted": "#a0abba",
    "disabled": "#7c8796",
    "accent": "#5aa9ff",
    "accent_text": "#08111c",
    "selection": "#1b3553",
    "selection_text": "#ffffff",
    "ok": "#3ecf8e",
    "pending": "#6cb6ff",
    "warning": "#f5b83d",
    "alarm": "#ff7b72",
    "off": "#7c8796",
    "buy": "#5aa9ff",
    "buy_text": "#08111c",
    "sell": "#ff9d5c",
    "sell_text": "#1c0d03",
    "crosshair": "#9aa5b4",
    "toast": "#2b323d",
}
_LIGHT = {
    "window": "#eceff3",
    "panel": "#ffffff",
    "raised": "#f3f5f8",
    "field": "#ffffff",
    "field_off": "#eceff3",
    "border": "#c6cdd6",
    "edge": "#7c8693",
    "grid": "#e4e8ee",
    "text": "#1a2029",
    "muted": "#535e6d",
    "disabled": "#7c8693",
    "accent": "#0a62c4",
    "accent_text": "#ffffff",
    "selection": "#dbe8fb",
    "selection_text": "#0d1620",
    "ok": "#0a7346",
    "pending": "#0a62c4",
    "warning": "#8a5600",
    "alarm": "#c0211c",
    "off": "#7c8693",
    "buy": "#0a62c4",
    "buy_text": "#ffffff",
    "sell": "#a84300",
    "sell_text": "#ffffff",
    "crosshair": "#55606f",
    "toast": "#ffffff",
}
# What good and bad look like to who sees no red or no green: teal, yellow and rose stay apart under
# deuteranopia and protanopia (Machado, Oliveira and Fernandes 2009; a test computes it).
_DARK_COLOR_BLIND = {"ok": "#2ad1c9", "warning": "#f7d34a", "alarm": "#ff7c9a"}
_LIGHT_COLOR_BLIND = {"ok": "#006f76", "warning": "#755b00", "alarm": "#b3123f"}
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
    "dry_run": "#00695c",
    "dry_run_text": "#ffffff",
    "replay": "#4a5a70",
    "replay_text": "#ffffff",
    "banner": "#b3261e",
    "banner_text": "#ffffff",
    "link_a": "#2468c8",
    "link_b": "#b45309",
    "link_c": "#7c3aed",
    "link_d": "#0f766e",
    "link_text": "#ffffff",
}
_THEMES = {"dark": (_DARK, _DARK_COLOR_BLIND), "light": (_LIGHT, _LIGHT_COLOR_BLIND)}
# (dark, light) for each word that the settings may use for up and down.
_MARKET_COLORS = {
    "green": ("#2fbf84", "#0a7346"),
    "red": ("#ff6f6f", "#c12424"),
    "blue": ("#5aa9ff", "#0a62c4"),
    "orange": ("#ff9d5c", "#a84300"),
    "white": ("#e6eaf0", "#1a2029"),
}
_COLOR_BLIND_WORDS = {"green": "blue", "red": "orange"}

THEMES = tuple(_THEMES)
MARKET_COLORS = tuple(_MARKET_COLORS)


def palette(theme: str, up: str, down: str, *, color_blind: bool) -> Mapping[str, str]:
    """Every colour by name as #rrggbb. Raises KeyError for an unknown theme or colour word."""
    plain, mended = _THEMES[theme]
    shade = THEMES.index(theme)
    if color_blind:
        up, down = (_COLOR_BLIND_WORDS.get(word, word) for word in (up, down))
    return {
        **plain,
        **(mended if color_blind else {}),
        **_BADGES,
        "up": _MARKET_COLORS[up][shade],
        "down": _MARKET_COLORS[down][shade],
    }
