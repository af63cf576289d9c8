"""Settings > Appearance: theme, the colours of up and down, size, motion, with a small preview."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.ui.desk import Desk
from app.ui.settings.color_preview import ColorPreview
from app.ui.settings.form import FormPage
from app.ui.settings.setting import Group, Setting

GROUPS = (
    Group(
        "Colours",
        (
            Setting(
                "general",
                "theme",
                "Theme",
                words={"dark": "Dark", "light": "Light"},
            ),
            Setting(
                "general",
                "up_color",
                "Rising prices are",
                "Falling prices take the other colour. Red for rising is usual in parts of Asia.",
                words={"green": "Green", "red": "Red"},
            ),
            Setting(
                "general",
                "color_blind",
                "Colours for colour-blind eyes",
                "Blue and orange in place of green and red. Arrows and signs say the same as"
                " colours everywhere.",
            ),
        ),
    ),
    Group(
        "Size and motion",
        (
            Setting(
                "general",
                "ui_scale_percent",
                "Size of everything",
                "From 80 to 200 %, on top of what the desktop itself has set.",
                unit=" %",
            ),
            Setting(
                "general",
                "reduced_motion",
                "Reduce motion",
                "Nothing flashes or slides: changes are shown at once.",
                words={"system": "As the desktop says", "on": "On", "off": "Off"},
            ),
        ),
    ),
)


class AppearancePage(FormPage):
    """The preview stands below the colours and follows them. GUI thread."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__("appearance_page", desk, GROUPS, parent)
        below = self.box.indexOf(self.row("general.color_blind"))
        self.box.insertWidget(below + 1, ColorPreview(self))
