"""The risk limits, global or of one connection: every rule with a switch and a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from app.base.errors import MoorgateError
from app.commands.risk_rules import RULES, read
from app.domain.ids import ConnectionId
from app.domain.risk_limits import RiskLimits
from app.ui.widgets.risk_rows import RiskRows

Save = Callable[[RiskLimits, ConnectionId | None], None]


class RiskLimitsDialog(QDialog):
    """Edits one set of limits at a time; the stricter of global and connection decides.

    `save` stores a set and raises MoorgateError when it cannot; the dialog then stays open with the
    reason. Open it with `open()`.
    """

    def __init__(
        self,
        limits: Mapping[ConnectionId | None, RiskLimits],
        save: Save,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("risk-limits")
        self.setWindowTitle("Risk Limits")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._limits, self._save = dict(limits), save
        layout = QVBoxLayout(self)
        self._scope = self._build_scope(layout, list(limits))
        self._rows = RiskRows(self)
        layout.addWidget(self._rows)
        self._problem = QLabel()
        self._problem.setObjectName("problem")
        self._problem.setWordWrap(True)
        layout.addWidget(self._problem)
        layout.addWidget(self._build_buttons())
        self._fill()

    def limits(self) -> RiskLimits:
        """What the fields say. Raises UserError naming the field that makes no sense."""
        return read(self._rows.rules(), self._rows.banned())

    def _build_scope(self, layout: QVBoxLayout, scopes: Sequence[ConnectionId | None]) -> QComboBox:
        combo = QComboBox()
        combo.setObjectName("risk-scope")
        combo.setAccessibleName("Limits of")
        for scope in scopes:
            combo.addItem("All connections" if scope is None else f"Connection {scope}", scope)
        combo.currentIndexChanged.connect(self._fill)
        layout.addWidget(QLabel("The stricter of the global limit and the connection's decides."))
        layout.addWidget(combo)
        return combo

    def _build_buttons(self) -> QDialogButtonBox:
        roles = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(roles.Save | roles.Cancel)
        buttons.accepted.connect(self._on_save)
        buttons.rejected.connect(self.reject)
        return buttons

    def _fill(self) -> None:
        self._rows.show_limits(self._limits[self._scope.currentData()])
        self._problem.clear()

    def _on_save(self) -> None:
        try:
            limits = self.limits()
            self._save(limits, self._scope.currentData())
        except MoorgateError as error:
            self._problem.setText(str(error))
            return
        self.accept()


def covered_fields() -> set[str]:
    """The limits that the dialog edits; a test holds this against the record itself."""
    return {rule.field for rule in RULES} | {"banned"}
