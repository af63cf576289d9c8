"""A text to read and copy: crash reports, reconciliations, about. Never blocks the window."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.domain.reconcile import Reconciliation
from app.ui import format as fmt
from app.ui import theme
from app.ui.crash import CrashReport


class ReportDialog(QDialog):
    """A heading, a text that can be selected, and a button that copies all of it."""

    def __init__(self, name: str, title: str, heading: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self.setWindowTitle(title)
        self._heading = QLabel(heading, self)
        self._heading.setWordWrap(True)
        self._heading.setTextFormat(Qt.TextFormat.PlainText)
        self._text = QPlainTextEdit(text, self)
        self._text.setObjectName("report_text")
        self._text.setReadOnly(True)
        self._text.setAccessibleName(title)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.setObjectName("copy_report")
        copy.setAutoDefault(False)
        copy.clicked.connect(self.copy)
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        for widget in (self._heading, self._text, buttons):
            layout.addWidget(widget)
        wanted = QSize(theme.px(640), theme.px(380))
        self.resize(wanted.boundedTo(self.screen().availableSize() * 0.9))

    @property
    def text(self) -> str:
        """All that it says."""
        return f"{self._heading.text()}\n\n{self._text.toPlainText()}"

    def say(self, heading: str, text: str) -> None:
        """Say something else."""
        self._heading.setText(heading)
        self._text.setPlainText(text)

    def copy(self) -> None:
        """Everything to the clipboard."""
        QGuiApplication.clipboard().setText(self.text)


def crash_dialog(report: CrashReport, parent: QWidget) -> ReportDialog:
    """What went wrong, and that the program goes on."""
    return ReportDialog(
        "crash_dialog", "Moorgate: a fault", crash_heading(report), report.text, parent
    )


def crash_heading(report: CrashReport) -> str:
    """The sentences above a crash report."""
    times = f" It has happened {report.count} times." if report.count > 1 else ""
    return (
        f"Something went wrong in {report.where}: {report.title}.{times}\n"
        "The program goes on. Your orders are with the broker and in the journal; check Orders and"
        " Positions before you trade on. The report below holds no secrets and can be copied."
    )


def reconciliation_dialog(result: Reconciliation, parent: QWidget) -> ReportDialog:
    """What changed at the broker while we were away."""
    heading = f"{result.connection_id}: compared with the broker at {fmt.date_time(result.at)}."
    heading += (
        " Everything was read."
        if result.is_complete
        else " Not everything could be read; trading stays closed until it is."
    )
    return ReportDialog(
        "reconciliation_dialog",
        f"Reconciliation: {result.connection_id}",
        heading,
        _listed("What changed", result.findings) + _listed("Not available", result.unavailable),
        parent,
    )


def _listed(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return "" if title != "What changed" else "Nothing had changed.\n"
    return f"{title}:\n" + "".join(f"  • {line}\n" for line in lines)
