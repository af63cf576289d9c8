"""Why the program cannot start, for those who started it without a terminal. Main thread."""

from __future__ import annotations

import os
import sys

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox

from app.ui.icons import app_icon


def is_anybody_watching() -> bool:
    """Whether what is written to standard error is read by a person in a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def has_screen() -> bool:
    """Whether a dialog would be seen by anybody."""
    return os.environ.get("QT_QPA_PLATFORM", "") not in {"offscreen", "minimal"}


def show_startup_error(text: str) -> None:
    """Show `text` until it is closed; it can be selected and copied."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    box = startup_error_box(text)
    box.finished.connect(app.quit)
    box.open()
    app.exec()


def startup_error_box(text: str) -> QMessageBox:
    """The dialog itself."""
    box = QMessageBox()
    box.setObjectName("startup-error")
    box.setWindowTitle("Moorgate cannot start")
    box.setWindowIcon(app_icon())
    box.setIcon(QMessageBox.Icon.Critical)
    box.setText("Moorgate cannot start. Nothing was changed.")
    box.setInformativeText(text)
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.setStandardButtons(QMessageBox.StandardButton.Close)
    return box
