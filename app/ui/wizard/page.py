"""What every page of the wizard is to its dialog."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.commands.wizard import Wizard
from app.commands.wizard_view import View


class WizardPage(QWidget):
    """Draws one kind of page; made anew for every page, and told of every change. GUI thread.

    What is entered goes straight to `wizard`. Subclasses put their parts into `box`.
    """

    def __init__(self, wizard: Wizard, parent: QWidget) -> None:
        super().__init__(parent)
        self.wizard = wizard
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.setSpacing(8)

    def show_view(self, view: View) -> None:
        """Draw the page as it stands; what did not change keeps its cursor and its focus.

        Every subclass does; a page of nothing but fixed words has nothing to draw anew.
        """

    def first_focus(self) -> QWidget | None:
        """Where the keyboard begins, None for the button that goes on."""
        return None
