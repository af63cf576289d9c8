"""What starts with the window where secrets are in a locked file: the others first. GUI thread."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.base.errors import MoorgateError
from app.commands.secrets import wanted_secrets
from app.domain.ids import ConnectionId
from app.domain.reports import Severity
from app.engine.health import ConnectionState
from app.ui.desk import Desk
from app.ui.off_thread import off_thread


class VaultStart(QObject):
    """Connects what is to connect by itself; what needs the locked file waits until it is opened.

    It asks for the passphrase once. Skipped, those connections stay offline until the file is
    unlocked, wherever that happens.
    """

    def __init__(self, desk: Desk, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._window = desk, window
        self._waiting: list[ConnectionId] = []

    async def connect_all(self, *, ask: bool = True) -> None:
        """Begin to connect in the background. `ask`: somebody is there to give a passphrase."""
        connections = self._desk.engine.connections
        self._waiting = await self._held_back()
        connections.connect_automatically(but=self._waiting)
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        self._desk.vault.when_unlocked(lambda: loop.call_soon_threadsafe(self._go_on))
        is_open = ask and await self._ask()
        if not is_open:
            names = ", ".join(self._waiting)
            text = f"{names}: offline, because the vault is locked. Unlock it in Settings > Vault"
            self._desk.notify(Severity.WARNING, text)

    async def _held_back(self) -> list[ConnectionId]:
        vault = self._desk.vault
        if not vault.is_locked:
            return []
        starting = [config for config in self._desk.settings.connections if config.autoconnect]
        wanted = wanted_secrets(starting)
        try:
            held = await off_thread(lambda: vault.held_back(wanted)) if wanted else []
        except MoorgateError as error:
            self._desk.notify(Severity.ERROR, str(error))
            return []
        return list(dict.fromkeys(ConnectionId(connection_id) for connection_id, _ in held))

    async def _ask(self) -> bool:
        from app.ui.settings.passphrase_dialog import unlock_dialog

        names: Sequence[str] = self._waiting
        return await unlock_dialog(self._desk.vault, self._desk.spawn, self._window, names).answer()

    def _go_on(self) -> None:
        """The file is open: connect those that waited, unless somebody saw to them meanwhile."""
        waiting, self._waiting = self._waiting, []
        connections = self._desk.engine.connections
        for connection_id in waiting:
            if connection_id not in connections.ids():
                continue
            if connections.state(connection_id) in (
                ConnectionState.OFFLINE,
                ConnectionState.FAILED,
            ):
                self._desk.spawn(connections.connect(connection_id), f"connect {connection_id}")
