"""Every command of the program in menu order."""

from __future__ import annotations

from collections.abc import Sequence

from app.commands import application, connections, replay, trading, view
from app.commands.registry import CommandRegistry
from app.domain.ids import ConnectionId

MENUS = ("File", "View", "Trade", "Connections", "Tools", "Window", "Help")


def all_commands(
    panels: Sequence[tuple[str, str]], connection_ids: Sequence[ConnectionId]
) -> CommandRegistry:
    """The registry for these (panel id, title) pairs and configured connections."""
    registry = CommandRegistry(application.COMMANDS)
    registry.add(view.COMMANDS)
    registry.add(view.panel_commands(panels))
    registry.add(trading.COMMANDS)
    registry.add(connections.connection_commands(connection_ids))
    registry.add(connections.COMMANDS)
    registry.add(replay.COMMANDS)
    return registry
