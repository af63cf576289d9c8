"""The pages of the settings dialog, in the order of its list. A page is made when it is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from app.ui.desk import Desk
from app.ui.settings.setting import Term, terms


def _nothing() -> Sequence[Term]:
    return ()


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """One page: `create` makes its widget for a desk, as a child of the given parent.

    `terms` tells what the search may find on it; its rows are those that `go_to` knows.
    """

    id: str
    title: str
    create: Callable[[Desk, QWidget], QWidget]
    terms: Callable[[], Sequence[Term]] = _nothing


def _general(desk: Desk, parent: QWidget) -> QWidget:
    from app.ui.settings.general_page import GeneralPage

    return GeneralPage(desk, parent)


def _general_terms() -> Sequence[Term]:
    from app.ui.settings.general_page import GROUPS

    return terms(GROUPS)


def _appearance(desk: Desk, parent: QWidget) -> QWidget:
    from app.ui.settings.appearance_page import AppearancePage

    return AppearancePage(desk, parent)


def _appearance_terms() -> Sequence[Term]:
    from app.ui.settings.appearance_page import GROUPS

    return terms(GROUPS)


def _hotkeys(desk: Desk, parent: QWidget) -> QWidget:
    from app.ui.settings.hotkeys_page import HotkeysPage

    return HotkeysPage(desk, parent)


def _hotkeys_terms() -> Sequence[Term]:
    words = "keyboard shortcuts keys bind rebind import export print sheet reset"
    return (Term("", "Keys of commands", words),)


def _trading(desk: Desk, parent: QWidget) -> QWidget:
    from app.ui.settings.trading_page import TradingPage

    return TradingPage(desk, parent)


def _trading_terms() -> Sequence[Term]:
    from app.ui.settings.trading_page import GROUPS

    return terms(GROUPS)


def _confirmations(desk: Desk, parent: QWidget) -> QWidget:
    from app.ui.settings.confirmations_page import ConfirmationsPage

    return ConfirmationsPage(desk, parent)


def _confirmations_terms() -> Sequence[Term]:
    from app.ui.settings.confirmations_page import GROUPS

    return terms(GROUPS)


def _risk(desk: Desk, parent: QWidget) -> QWidget:
    from app.ui.settings.risk_page import RiskPage

    return RiskPage(desk, parent)


def _risk_terms() -> Sequence[Term]:
    from app.ui.settings.risk_page import TERMS

    return TERMS


def _connections(desk: Desk, parent: QWidget) -> QWidget:
    from app.ui.settings.connections_page import ConnectionsPage

    return ConnectionsPage(desk, parent)


def _connections_terms() -> Sequence[Term]:
    from app.ui.settings.connections_page import TERMS

    return TERMS


def _data(desk: Desk, parent: QWidget) -> QWidget:
    from app.ui.settings.data_page import DataPage

    return DataPage(desk, parent)


def _data_terms() -> Sequence[Term]:
    from app.ui.settings.data_page import TERMS

    return TERMS


def _vault(desk: Desk, parent: QWidget) -> QWidget:
    from app.ui.settings.vault_page import VaultPage

    return VaultPage(desk, parent)


def _vault_terms() -> Sequence[Term]:
    words = "secrets API key token keyring passphrase encrypted file lock unlock"
    return (Term("", "Secrets and where they are kept", words),)


def _notifications(desk: Desk, parent: QWidget) -> QWidget:
    from app.ui.settings.notifications_page import NotificationsPage

    return NotificationsPage(desk, parent)


def _notifications_terms() -> Sequence[Term]:
    from app.ui.settings.notifications_page import GROUPS

    return terms(GROUPS)


PAGES: tuple[SettingsPage, ...] = (
    SettingsPage("general", "General", _general, _general_terms),
    SettingsPage("appearance", "Appearance", _appearance, _appearance_terms),
    SettingsPage("hotkeys", "Hotkeys", _hotkeys, _hotkeys_terms),
    SettingsPage("trading", "Trading", _trading, _trading_terms),
    SettingsPage("confirmations", "Confirmations", _confirmations, _confirmations_terms),
    SettingsPage("risk", "Risk Limits", _risk, _risk_terms),
    SettingsPage("connections", "Connections", _connections, _connections_terms),
    SettingsPage("data", "Data", _data, _data_terms),
    SettingsPage("vault", "Vault", _vault, _vault_terms),
    SettingsPage("notifications", "Notifications", _notifications, _notifications_terms),
)
