"""Balances, margins and profit of every account, one row a currency."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QWidget

from app.domain.events import AccountChanged, AccountView, ConnectionRemoved
from app.ui import theme
from app.ui.desk import Desk
from app.ui.models.account_sums import account_lines
from app.ui.models.accounts import BalanceRow, account_columns, balance_rows
from app.ui.models.table import RowModel
from app.ui.widgets.table_panel import TablePanel
from app.ui.widgets.totals_strip import TotalsStrip

_EMPTY = (
    "No account yet. Connect under Connections, or set one up with New Connection… there"
    " (Ctrl+Shift+N): balances appear once the broker has told them."
)


class AccountPanel(TablePanel):
    """Shows what the portfolio knows of every account; a dash is what nobody told. GUI thread."""

    panel_id = "account"
    title = "Account"
    icon_name = "account"

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        model = RowModel(account_columns(desk.engine.clock.now), natural=_by_account)
        super().__init__(model, desk=desk, name="Account", empty_text=_EMPTY, parent=parent)
        self._doubt = QLabel(self)
        self.bar.addWidget(self._doubt)
        self.bar.addStretch(1)
        self.add_filter_button()
        name = "Totals of the accounts in the base currency"
        self.totals = TotalsStrip(name, self.table, model.columns, self)
        self.box.addWidget(self.totals)
        desk.bridge.account_changed.connect(self._on_account)
        desk.bridge.connection_changed.connect(self._on_news)
        desk.bridge.connection_removed.connect(self._on_removed)
        desk.core.settings_changed.connect(self._on_news)
        model.flushed.connect(self._show_doubt)
        model.flushed.connect(self._show_totals)
        theme.changed.connect(self._show_doubt)
        self.reload()
        self._show_doubt()
        self._show_totals()

    def reload(self) -> None:
        """Take over every account the portfolio knows."""
        for account in self._desk.engine.portfolio.accounts():
            self._put(account)
        self.model.flush()

    def on_second(self) -> None:
        super().on_second()
        self._show_totals()  # a rate makes no event of its own

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.reload()

    def _put(self, account: AccountView) -> None:
        """The rows of one account; a currency the broker no longer names leaves the table."""
        rows = {row.key: row for row in balance_rows(account)}
        report = account.report
        for row in self.model.all_rows():
            if row.key[:2] == (report.connection_id, report.account_id) and row.key not in rows:
                self.model.remove(row.key)
        for key, row in rows.items():
            self.model.upsert(key, row)

    def _on_account(self, event: AccountChanged) -> None:
        self._put(event.account)

    def _on_news(self, _event: object) -> None:
        self.reload()

    def _on_removed(self, event: ConnectionRemoved) -> None:
        for row in self.model.all_rows():
            if row.key[0] == event.connection_id:
                self.model.remove(row.key)
        self.model.flush()

    def _accounts(self) -> dict[tuple[str, str], AccountView]:
        return {(row.key[0], row.key[1]): row.account for row in self.model.all_rows()}

    def _show_totals(self) -> None:
        """Over every account, whatever the filter shows."""
        engine = self._desk.engine
        base = engine.settings.general.base_currency
        lines = account_lines(self._accounts().values(), base, engine.portfolio.convert)
        self.totals.show_lines(lines)

    def _show_doubt(self) -> None:
        accounts = self._accounts()
        doubtful = sorted(key[1] for key, view in accounts.items() if not view.is_verified)
        live = sorted(key[1] for key, view in accounts.items() if not view.report.is_paper)
        words = [f"{len(accounts)} account{'' if len(accounts) == 1 else 's'}"]
        if live:
            words.append(f"LIVE: {', '.join(live)}")
        if doubtful:
            words.append(f"⚠ unverified: {', '.join(doubtful)}")
        self._doubt.setText(", ".join(words))
        color = theme.color("warning" if doubtful or live else "muted").name()
        self._doubt.setStyleSheet(f"color: {color}")


def _by_account(row: BalanceRow) -> tuple[str, str, bool, str]:
    return (row.key[0], row.key[1], not row.is_base, row.key[2])
