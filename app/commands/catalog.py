"""Every command of the program in menu order."""

from __future__ import annotations

from collections.abc import Sequence

from app.commands import (
    application,
    arrangement,
    bracket,
    connections,
    journal_commands,
    layout_files,
    link_groups,
    order_rows,
    position_rows,
    replay,
    scale,
    settings,
    settings_files,
    tables,
    trading,
    view,
)
from app.commands.registry import Command, CommandRegistry
from app.domain.ids import ConnectionId

MENUS = ("File", "View", "Trade", "Connections", "Tools", "Window", "Help")


def all_commands(
    panels: Sequence[tuple[str, str]],
    connection_ids: Sequence[ConnectionId],
    layouts: Sequence[str] = (),
) -> CommandRegistry:
    """The registry for these (panel id, title) pairs, configured connections and layouts."""
    registry = CommandRegistry(application.COMMANDS)
    registry.add(view.COMMANDS)
    registry.add(arrangement.layout_commands(layouts))
    registry.add(arrangement.COMMANDS)
    registry.add(link_groups.COMMANDS)
    registry.add(view.panel_commands(panels))
    registry.add(trading.COMMANDS)
    registry.add(bracket.COMMANDS)
    registry.add(connections.connection_commands(connection_ids))
    registry.add(connections.COMMANDS)
    registry.add(replay.COMMANDS)
    registry.add(scale.COMMANDS)
    registry.add(journal_commands.COMMANDS)
    registry.add(order_rows.COMMANDS)
    registry.add(position_rows.COMMANDS)
    registry.add(tables.COMMANDS)
    registry.add(settings.COMMANDS)
    registry.add(settings_files.COMMANDS)
    registry.add(layout_files.COMMANDS)
    return registry


def list_connections(registry: CommandRegistry, connection_ids: Sequence[ConnectionId]) -> None:
    """Bring the commands of single connections into line with the connections that there are."""
    registry.remove([command.id for command in registry if _is_of_one_connection(command)])
    registry.add(connections.connection_commands(connection_ids))


def _is_of_one_connection(command: Command) -> bool:
    return command.menu.startswith("Connections/")
