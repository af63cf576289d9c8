"""The transport of a replay: play, step, speed, loop, another file."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from app.base.errors import UserError
from app.commands.context import CommandContext
from app.commands.registry import Command
from app.domain.ids import ConnectionId
from app.domain.reports import Severity
from app.engine.health import ConnectionState

MENU = "Tools/Replay"
SPEEDS = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0)
STEP_S = 60


def replay_connection(context: CommandContext) -> ConnectionId | None:
    """The connected connection whose data is a replay: the chosen one if it is, else the first."""
    connections = context.engine.connections
    ids = list(connections.ids())
    chosen = context.selection.connection_id
    if chosen in ids:
        ids.insert(0, chosen)
    for connection_id in ids:
        is_up = connections.state(connection_id) is ConnectionState.READY
        if is_up and connections.capabilities(connection_id).replay:
            return connection_id
    return None


def needs_replay(context: CommandContext) -> str | None:
    """A connected paper broker must be there."""
    return None if replay_connection(context) else "no connection replays recorded data"


async def control(context: CommandContext, command: str, **arguments: Any) -> Any:
    """Send one transport command to the replay. Raises UserError when there is no replay."""
    connection_id = replay_connection(context)
    if connection_id is None:
        raise UserError("no connection replays recorded data: connect the paper account first")
    return await context.engine.connections.call(
        connection_id, lambda broker: broker.control(command, **arguments)
    )


def next_speed(speed: float, *, up: bool) -> float:
    """The neighbour of `speed` on the ladder; its end where there is none."""
    if up:
        return next((value for value in SPEEDS if value > speed), SPEEDS[-1])
    return next((value for value in reversed(SPEEDS) if value < speed), SPEEDS[0])


async def _play_or_pause(context: CommandContext) -> None:
    state = await control(context, "replay.state")
    await control(context, "replay.play" if state["paused"] else "replay.pause")


async def _change_speed(context: CommandContext, *, up: bool) -> None:
    state = await control(context, "replay.state")
    speed = next_speed(float(state["speed"]), up=up)
    await control(context, "replay.speed", value=speed)
    context.notify(Severity.INFO, f"Replay at {speed:g}x")


async def _toggle_loop(context: CommandContext) -> None:
    state = await control(context, "replay.state")
    await control(context, "replay.loop", on=not state["loop"])


async def _open(context: CommandContext) -> None:
    path = await context.shell.choose_file(
        "Open Market Data", "Bars or ticks (*.csv *.csv.gz *.parquet);;All files (*)"
    )
    if path is not None:
        await control(context, "replay.open", path=str(path))
        context.notify(Severity.INFO, f"Replaying {path.name}")


def _step(context: CommandContext) -> Coroutine[Any, Any, Any]:
    return control(context, "replay.step", seconds=STEP_S)


COMMANDS: tuple[Command, ...] = (
    Command(
        "replay.play_pause",
        "Play or Pause",
        _play_or_pause,
        needs_replay,
        menu=MENU,
        default_key="Ctrl+Shift+Space",
    ),
    Command(
        "replay.step_forward",
        "Step One Minute",
        _step,
        needs_replay,
        menu=MENU,
        default_key="Ctrl+Shift+Right",
    ),
    Command(
        "replay.speed_up",
        "Faster",
        lambda context: _change_speed(context, up=True),
        needs_replay,
        menu=MENU,
        default_key="Ctrl+Shift+Up",
    ),
    Command(
        "replay.slow_down",
        "Slower",
        lambda context: _change_speed(context, up=False),
        needs_replay,
        menu=MENU,
        default_key="Ctrl+Shift+Down",
    ),
    Command("replay.toggle_loop", "Loop On or Off", _toggle_loop, needs_replay, menu=MENU),
    Command(
        "replay.open_file",
        "Open Market Data…",
        _open,
        needs_replay,
        menu=MENU,
        section=1,
        help="Replay any CSV or Parquet file of bars or ticks",
    ),
)
