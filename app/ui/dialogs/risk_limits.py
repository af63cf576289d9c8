"""The risk limits, global or of one connection: every rule with a switch and a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.base.errors import MoorgateError, UserError
from app.domain.ids import ConnectionId
from app.domain.risk_limits import RiskLimits

Save = Callable[[RiskLimits, ConnectionId | None], None]


@dataclass(frozen=True, slots=True)
class _Rule:
    field: str
    title: str
    unit: str
    kind: type


_RULES = (
    _Rule("max_order_quantity", "Largest order", "units", Decimal),
    _Rule("max_order_value", "Largest order value", "instrument currency", Decimal),
    _Rule("price_collar_percent", "Price at most this far from the market", "%", Decimal),
    _Rule("quote_max_age_s", "Oldest quote that counts as fresh", "seconds", float),
    _Rule("max_position_quantity", "Largest position", "units", Decimal),
    _Rule("max_position_value", "Largest position value", "instrument currency", Decimal),
    _Rule("max_open_orders", "Open orders at most", "orders", int),
    _Rule("max_daily_loss", "Daily loss at most", "account currency", Decimal),
    _Rule("max_orders_per_minute", "Orders a minute at most", "orders", int),
    _Rule("duplicate_window_s", "Same order again only after", "seconds", float),
)


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
        self._rows: dict[str, tuple[QCheckBox, QLineEdit]] = {}
        layout = QVBoxLayout(self)
        self._scope = self._build_scope(layout, list(limits))
        layout.addLayout(self._build_rules())
        self._problem = QLabel()
        self._problem.setObjectName("problem")
        self._problem.setWordWrap(True)
        layout.addWidget(self._problem)
        layout.addWidget(self._build_buttons())
        self._fill()

    def limits(self) -> RiskLimits:
        """What the fields say. Raises UserError naming the field that makes no sense."""
        values: dict[str, Any] = {}
        for rule in _RULES:
            box, edit = self._rows[rule.field]
            values[rule.field] = _value(rule, edit.text()) if box.isChecked() else None
        symbols = self._banned.text().replace(",", " ").upper().split()
        return RiskLimits(**values, banned=tuple(dict.fromkeys(symbols)))

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

    def _build_rules(self) -> QGridLayout:
        grid = QGridLayout()
        for row, rule in enumerate(_RULES):
            box = QCheckBox(rule.title)
            edit = QLineEdit()
            edit.setObjectName(f"risk-{rule.field}")
            edit.setAccessibleName(f"{rule.title}, {rule.unit}")
            edit.setAlignment(Qt.AlignmentFlag.AlignRight)
            box.toggled.connect(edit.setEnabled)
            grid.addWidget(box, row, 0)
            grid.addWidget(edit, row, 1)
            grid.addWidget(QLabel(rule.unit), row, 2)
            self._rows[rule.field] = (box, edit)
        self._banned = QLineEdit()
        self._banned.setObjectName("risk-banned")
        self._banned.setAccessibleName("Banned symbols")
        self._banned.setPlaceholderText("symbols, separated by spaces")
        grid.addWidget(QLabel("Never trade"), len(_RULES), 0)
        grid.addWidget(self._banned, len(_RULES), 1, 1, 2)
        return grid

    def _build_buttons(self) -> QDialogButtonBox:
        roles = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(roles.Save | roles.Cancel)
        buttons.accepted.connect(self._on_save)
        buttons.rejected.connect(self.reject)
        return buttons

    def _fill(self) -> None:
        limits = self._limits[self._scope.currentData()]
        for rule in _RULES:
            box, edit = self._rows[rule.field]
            value = getattr(limits, rule.field)
            box.setChecked(value is not None)
            edit.setEnabled(value is not None)
            edit.setText("" if value is None else _text(value))
        self._banned.setText(" ".join(limits.banned))
        self._problem.clear()

    def _on_save(self) -> None:
        try:
            limits = self.limits()
            self._save(limits, self._scope.currentData())
        except MoorgateError as error:
            self._problem.setText(str(error))
            return
        self.accept()


def _text(value: Decimal | float) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else f"{value:g}"


def _value(rule: _Rule, text: str) -> Decimal | float | int:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise UserError(f"{rule.title}: {text!r} is not a number") from None
    if not value.is_finite() or value <= 0:
        raise UserError(f"{rule.title}: must be more than zero, was {text}; untick to switch off")
    if rule.kind is int and value != value.to_integral_value():
        raise UserError(f"{rule.title}: must be a whole number, was {text}")
    return value if rule.kind is Decimal else int(value) if rule.kind is int else float(value)


def covered_fields() -> set[str]:
    """The limits that the dialog edits; a test holds this against the record itself."""
    return {rule.field for rule in _RULES} | {"banned"}
