"""The pages of the settings dialog, in the order of its list. A page is made when it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from app.ui.desk import Desk


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """One page: `create` makes its widget for a desk, as a child of the given parent."""

    id: str
    title: str
    create: Callable[[Desk, QWidget], QWidget]


def _vault(desk: Desk, parent: QWidget) -> QWidget:
    from app.ui.settings.vault_page import VaultPage

    return VaultPage(desk, parent)


def _hotkeys(desk: Desk, parent: QWidget) -> QWidget:
    from app.ui.settings.hotkeys_page import HotkeysPage

    return HotkeysPage(desk, parent)


PAGES: tuple[SettingsPage, ...] = (
    SettingsPage("vault", "Vault", _vault),
    SettingsPage("hotkeys", "Hotkeys", _hotkeys),
)
