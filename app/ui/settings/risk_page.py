"""Settings > Risk Limits: what no order may exceed, for all connections and for each one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget
from shiboken6 import isValid

from app.base.errors import MoorgateError, UserError
from app.commands.risk_rules import RULES, in_words, loosened, problems, read, read_sense
from app.domain.ids import ConnectionId
from app.domain.reports import Severity
from app.domain.risk_limits import RiskLimits, strictest
from app.engine.health import ConnectionState
from app.store.settings import NO_LIMITS, Settings
from app.ui.desk import Desk, Message
from app.ui.settings.outside import ANEW, taken_over
from app.ui.settings.page import Page
from app.ui.settings.setting import Term
from app.ui.widgets.risk_rows import RiskRows
from app.ui.widgets.sentence import Sentence, as_sentence

_OFF = (ConnectionState.OFFLINE, ConnectionState.FAILED)
ALL = "All connections"
_NONE: Mapping[str, str] = MappingProxyType({})
TERMS = (
    *(Term(rule.field, rule.title, f"limit risk {rule.unit}") for rule in RULES),
    Term("banned", "Never trade", "banned symbols limit risk"),
)
_TEXT = (
    "Where a connection has limits of its own, the stricter of the two decides. A value holds as"
    " soon as you press Enter or leave its field; Esc takes it back."
)


class RiskPage(Page):
    """One set of limits at a time. Raising one on a live account asks once. GUI thread."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__("risk_page", parent)
        self._desk = desk
        self._is_asking = False
        self._scope = self._build_scope()
        self.add_text(_TEXT)
        self._rows = RiskRows(self)
        self._rows.changed.connect(self._on_typed)
        self._rows.entered.connect(self._on_entered)
        self.box.addWidget(self._rows)
        self._problem = Sentence("risk_problem", self, "alarm")
        self.box.addWidget(self._problem)
        self._together = self.add_text("")
        self._together.setObjectName("risk_together")
        self.box.addStretch(1)
        desk.settings_changed.connect(self._on_settings)
        desk.bridge.connection_added.connect(self._list_scopes)
        desk.bridge.connection_removed.connect(self._list_scopes)
        self._list_scopes()

    def go_to(self, row_id: str) -> None:
        self._rows.go_to(row_id)
        self.area.ensureWidgetVisible(self.focusWidget() or self._rows, 0, 40)  # type: ignore[truthy-bool]  # it may well be None

    def scope(self) -> ConnectionId | None:
        """Whose limits are shown; None is for all connections."""
        chosen = self._scope.currentData()
        return None if chosen is None else ConnectionId(chosen)

    def choose_scope(self, connection_id: ConnectionId | None) -> None:
        """Show the limits of a connection, or with None those of all."""
        self._scope.setCurrentIndex(max(0, self._scope.findData(connection_id)))

    def problem(self) -> str:
        """Why what was typed does not hold; empty where it does."""
        return self._problem.text()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show(self._desk.settings)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._is_other():
            self._show(self._desk.settings)
            return
        super().keyPressEvent(event)

    # ---- building and showing ----

    def _build_scope(self) -> QComboBox:
        combo = QComboBox(self)
        combo.setObjectName("risk_scope")
        combo.setAccessibleName("Limits of")
        label = QLabel("&Limits of", self)
        label.setBuddy(combo)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(combo)
        row.addStretch(1)
        self.box.addLayout(row)
        combo.currentIndexChanged.connect(lambda: self._show(self._desk.settings))
        return combo

    def _list_scopes(self, _event: object = None) -> None:
        chosen = self.scope()
        self._scope.blockSignals(True)
        self._scope.clear()
        self._scope.addItem(ALL, None)
        for connection_id in self._desk.engine.connections.ids():
            self._scope.addItem(f"Connection {connection_id}", connection_id)
        self._scope.setCurrentIndex(max(0, self._scope.findData(chosen)))
        self._scope.blockSignals(False)
        self._show(self._desk.settings)

    def _held(self, settings: Settings) -> RiskLimits:
        scope = self.scope()
        if scope is None:
            return settings.risk
        return settings.connection_risk.get(scope, NO_LIMITS)

    def _on_settings(self, settings: Settings) -> None:
        """Show what holds now; what makes no sense stands until it is mended or taken back."""
        self._show(settings, but=problems(self._rows.rules()))

    def _show(self, settings: Settings, but: Mapping[str, str] = _NONE) -> None:
        self._rows.show_limits(self._held(settings), but)
        self._tell(but, "")
        scope = self.scope()
        self._together.setVisible(scope is not None)
        if scope is not None:
            limits = in_words(strictest([settings.risk, self._held(settings)]))
            said = "; ".join(f"{title.lower()} {value}" for title, value in limits)
            self._together.setText(f"Together with those of all connections: {said}.")

    # ---- changing ----

    def _is_other(self) -> bool:
        """Whether the fields say something else than what holds."""
        try:
            return read(self._rows.rules(), self._rows.banned()) != self._held(self._desk.settings)
        except UserError:
            return True

    def _on_typed(self) -> None:
        """Say what is wrong while it is typed; it holds only when it is entered."""
        self._tell(problems(self._rows.rules()), "")

    def _tell(self, wrong: Mapping[str, str], then: str) -> None:
        """Every field that makes no sense, and beside it that it does not."""
        self._rows.show_problems(wrong)
        said = " ".join(map(as_sentence, wrong.values()))
        self._problem.say(f"{said}{then}" if wrong else "", "alarm")

    def _on_entered(self) -> None:
        """What makes sense holds; of the rest what held before."""
        rules, held = self._rows.rules(), self._held(self._desk.settings)
        limits = read_sense(rules, self._rows.banned(), held)
        self._tell(problems(rules), " Nothing was changed." if limits == held else "")
        if limits == held or self._is_asking:
            return
        raised = loosened(held, limits)
        live = [one for one in self._touched() if self._is_live(one)]
        if raised and live:
            self._is_asking = True
            self._desk.spawn(self._ask(limits, self.scope(), raised, live), "risk question")
        else:
            self._save(limits, self.scope())

    def _touched(self) -> list[ConnectionId]:
        scope = self.scope()
        return self._desk.engine.connections.ids() if scope is None else [scope]

    def _is_live(self, connection_id: ConnectionId) -> bool:
        """Whether real money may be traded there now: whatever is not proved to be paper."""
        connections = self._desk.engine.connections
        if connection_id not in connections.ids():
            return False
        is_off = connections.state(connection_id) in _OFF
        return not is_off and connections.is_paper(connection_id) is not True

    async def _ask(
        self,
        limits: RiskLimits,
        scope: ConnectionId | None,
        raised: list[str],
        live: list[ConnectionId],
    ) -> None:
        names = ", ".join(live)
        question = f"{names} trades real money. Let it risk more from now on?"
        try:
            is_sure = await self._desk.shell.confirm(
                "Raise Risk Limits", question, raised, "Raise", where=live
            )
        finally:
            self._is_asking = False
        if is_sure:
            self._save(limits, scope)
        elif isValid(self):
            self._show(self._desk.settings)

    def _is_other_now(self) -> bool:
        """Whether the file says something else than is shown: saving would take that away."""
        try:
            changed = taken_over(self._desk)
        except MoorgateError:
            return False  # saving fails for the same reason, and says it
        if changed and isValid(self):
            self._show(self._desk.settings)
            self._problem.say(f"{changed} {ANEW}", "alarm")
        return bool(changed)

    def _save(self, limits: RiskLimits, scope: ConnectionId | None) -> None:
        desk, said = self._desk, list[Message]()
        store = desk.settings_store
        if self._is_other_now():
            return
        desk.noticed.connect(said.append)
        try:
            is_saved = desk.save_settings(lambda: store.save_risk(limits, scope))
        finally:
            desk.noticed.disconnect(said.append)
        if is_saved:
            where = ALL.lower() if scope is None else scope
            desk.engine.risk.limits_changed(f"the risk limits of {where} were changed")
            text = f"Risk limits of {where} are saved and hold from now on"
            desk.notify(Severity.INFO, text)
        elif isValid(self):
            self._show(desk.settings)
            self._problem.say(" ".join(as_sentence(one.text) for one in said), "alarm")
