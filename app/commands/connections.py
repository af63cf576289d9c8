"""The Connections menu: connect, disconnect, and drills of the embedded broker."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

from app.base.errors import MoorgateError
from app.commands.context import Availability, CommandContext
from app.commands.registry import Command
from app.commands.wizard_save import remove
from app.domain.ids import ConnectionId
from app.domain.reports import Severity
from app.engine.health import ConnectionState


def connection_commands(connection_ids: Sequence[ConnectionId]) -> list[Command]:
    """Connect, disconnect and drills for every configured connection."""
    commands: list[Command] = []
    for connection_id in connection_ids:
        commands += _one(connection_id)
    return commands


def _one(connection_id: ConnectionId) -> list[Command]:
    menu = f"Connections/{connection_id}"
    name = connection_id.replace("-", "_")  # ids have dashes, command ids have none

    def connect(context: CommandContext) -> Coroutine[Any, Any, object]:
        return context.engine.connections.connect(connection_id)

    def disconnect(context: CommandContext) -> Coroutine[Any, Any, None]:
        return context.engine.connections.disconnect(connection_id)

    can_connect = _unless(connection_id, ConnectionState.READY, "connected")
    can_disconnect = _unless(connection_id, ConnectionState.OFFLINE, "offline")

    def drills(context: CommandContext) -> None:
        context.shell.show_dialog(f"drills:{connection_id}")

    def edit(context: CommandContext) -> None:
        context.shell.show_dialog(f"connection:{connection_id}")

    def removal(context: CommandContext) -> Coroutine[Any, Any, None]:
        return remove(context, connection_id)

    def has_drills(context: CommandContext) -> str | None:
        capabilities = context.engine.connections.capabilities(connection_id)
        if not capabilities.faults:
            return "only the paper broker has drills"
        return None

    return [
        Command(f"connections.connect_{name}", "Connect", connect, can_connect, menu=menu),
        Command(
            f"connections.disconnect_{name}", "Disconnect", disconnect, can_disconnect, menu=menu
        ),
        Command(
            f"connections.edit_{name}",
            "Edit…",
            edit,
            menu=menu,
            section=1,
            help="Change its settings, its risk limits, or whether it connects at start",
        ),
        Command(
            f"connections.remove_{name}",
            "Remove…",
            removal,
            menu=menu,
            section=1,
            help="Take it out of the settings and delete its secrets; its history stays",
        ),
        Command(
            f"connections.drill_{name}",
            "Drills…",
            drills,
            has_drills,
            menu=menu,
            section=2,
            help="Faults on purpose: lost acknowledgements, doubled fills, a dead feed",
        ),
    ]


def _unless(connection_id: ConnectionId, state: ConnectionState, word: str) -> Availability:
    """Available in every state but one."""

    def available(context: CommandContext) -> str | None:
        is_so = context.engine.connections.state(connection_id) is state
        return f"{connection_id} is {word}" if is_so else None

    return available


async def _each(context: CommandContext, *, up: bool) -> None:
    connections = context.engine.connections
    for connection_id in connections.ids():
        try:
            if up:
                await connections.connect(connection_id)
            else:
                await connections.disconnect(connection_id)
        except MoorgateError as error:
            context.notify(Severity.ERROR, f"{connection_id}: {error}")


COMMANDS: tuple[Command, ...] = (
    Command(
        "connections.new",
        "New Connection…",
        lambda context: context.shell.show_dialog("new_connection"),
        menu="Connections",
        section=8,
        more_menus=(("File", -1),),
        default_key="Ctrl+Shift+N",
        help="Set up another account, step by step",
    ),
    Command(
        "connections.connect_all",
        "Connect All",
        lambda context: _each(context, up=True),
        menu="Connections",
        section=9,
        help="Open every configured connection",
    ),
    Command(
        "connections.disconnect_all",
        "Disconnect All",
        lambda context: _each(context, up=False),
        menu="Connections",
        section=9,
        help="Close every connection; orders at the broker keep working",
    ),
)
