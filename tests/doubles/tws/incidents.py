"""What befalls the line and TWS itself: lost connections to IBKR, garbage, cuts, restarts."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tests.doubles.tws.quirks import Quirk
from tests.doubles.tws.wire import frame, message

if TYPE_CHECKING:
    from tests.doubles.tws.session import Session
    from tests.doubles.tws.world import World

MOMENT_S = 0.02
WHILE_S = 0.4
LOST = "Connectivity between IBKR and Trader Workstation has been lost."
BACK_LOST = (
    "Connectivity between IBKR and Trader Workstation has been restored- data lost. *Market and"
    " account data subscription requests must be resubmitted*"
)
BACK_KEPT = (
    "Connectivity between IBKR and Trader Workstation has been restored- data maintained. All data"
    " farms are connected: usfarm; ushmds; secdefil."
)
FARMS = {
    "market": (2104, 2103, "Market data farm connection is {}:usfarm"),
    "history": (2106, 2105, "HMDS data farm connection is {}:ushmds"),
    "contracts": (2158, 2157, "Sec-def data farm connection is {}:secdefil"),
}
GARBAGE = (
    message("3", "no number", "Submitted", "?"),  # an orderStatus that cannot be read
    message("999", "what is this"),  # no such message
    frame(b"5\0\xff\xfe\x80\0"),  # an openOrder that ends before it began, and no UTF-8
    frame(b""),  # nothing at all
)


def tell_all(world: World, code: int, text: str) -> None:
    """A notice to every client."""
    for session in tuple(world.sessions):
        session.error(-1, code, text)


def lose_ibkr(world: World) -> None:
    """1100: TWS has lost IBKR. Orders and cancels wait in it, and nobody is told anything."""
    tell_all(world, 1100, LOST)
    world.is_ibkr_up = False


def restore_ibkr(world: World, *, kept: bool) -> None:
    """1102 with subscriptions kept, 1101 without; then what has waited is done."""
    world.is_ibkr_up = True
    if not kept:
        for hear in tuple(world.on_data_lost):
            hear()
    tell_all(world, *((1102, BACK_KEPT) if kept else (1101, BACK_LOST)))
    waiting, world.waiting = world.waiting, []
    for run in waiting:
        run()


def set_farm(world: World, farm: str, *, is_ok: bool) -> None:
    """2103, 2105, 2157 and their good counterparts; farm: market, history or contracts."""
    good, bad, text = FARMS[farm]
    if is_ok:
        world.broken_farms.discard(farm)
    else:
        world.broken_farms.add(farm)
    tell_all(world, good if is_ok else bad, text.format("OK" if is_ok else "broken"))


def send_garbage(session: Session, kind: int | None = None) -> None:
    """One unreadable message, or all of them; the stream goes on behind them."""
    for data in GARBAGE if kind is None else GARBAGE[kind : kind + 1]:
        session.write(data)


def send_huge_length(session: Session) -> None:
    """A corrupt length: the client waits for two gigabytes that never come."""
    session.write(struct.pack(">I", 0x7FFFFFFF))


def happen(session: Session, quirk: Quirk) -> None:
    """Let one of LINE_QUIRKS befall the line on which an order has come."""
    world = session.world
    later, faults = world.timing.later, world.faults
    if quirk is Quirk.LINE_CUT:
        later(MOMENT_S, lambda: _cut(world))
    elif quirk is Quirk.HALF_OPEN:
        faults.half_open = True
        later(WHILE_S, lambda: _end_silence(world))
    elif quirk in (Quirk.IBKR_LOST, Quirk.IBKR_LOST_KEPT):
        if world.is_ibkr_up:
            lose_ibkr(world)
            later(WHILE_S, lambda: restore_ibkr(world, kept=quirk is Quirk.IBKR_LOST_KEPT))
    elif quirk is Quirk.RESTART:
        if world.restart is not None:
            restart = world.restart
            later(MOMENT_S, lambda: restart(WHILE_S))
    elif quirk is Quirk.GARBAGE:
        send_garbage(session, 0)
        send_garbage(session, 1)
    elif quirk is Quirk.SPLIT:
        faults.split_bytes = 7
        later(WHILE_S, lambda: _end_split(world))


def _cut(world: World) -> None:
    for session in tuple(world.connections):
        session.abort()


def _end_silence(world: World) -> None:
    world.faults.half_open = False
    _cut(world)


def _end_split(world: World) -> None:
    world.faults.split_bytes = 0
