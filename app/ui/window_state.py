"""Where everything stood: captured at the end, put back at the start, never off the screen."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QByteArray, QRect, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow, QWidget

from app.base.errors import MoorgateError
from app.commands.context import Selection
from app.domain.ids import AccountId, ConnectionId
from app.domain.instrument import Instrument
from app.domain.sizing import SizePreset, parse_size
from app.store.codec import decode, encode
from app.ui import theme
from app.ui.scale_room import room_of

log = logging.getLogger("moorgate.window")

# Raise it when docks or tool bars get other names: an older arrangement is then left aside.
STATE_VERSION = 1
DEFAULT_SIZE = QSize(1440, 900)
# What the desktop puts around a window; nobody knows it before the window is shown.
_FRAME = QSize(16, 44)
# So much of a window's upper edge must be on a screen to be taken hold of.
_EDGE_PX, _GRIP = 40, QSize(120, 20)


def capture(window: QMainWindow) -> dict[str, Any]:
    """Geometry and dock arrangement as JSON; `room` is how the docks are meant to be divided,
    where another scale than `scale` left them otherwise."""
    state = {
        "geometry": _text(window.saveGeometry()),
        "docks": _text(window.saveState(STATE_VERSION)),
        "scale": theme.scale_percent(),
    }
    room = room_of(window)
    return state if room is None or room.wanted.isEmpty() else {**state, "room": _text(room.wanted)}


def restore_geometry(window: QMainWindow, state: dict[str, Any]) -> bool:
    """Put the window where it stood; one that would lie off every screen comes onto the first.

    False when that cannot be known, or when the screens are of quite other sizes now (Qt's word):
    the window then stands as it did.
    """
    is_read = window.restoreGeometry(_bytes(state.get("geometry")))
    if is_read:
        rescue(window)
    return is_read


def restore_docks(window: QMainWindow, state: dict[str, Any]) -> bool:
    """Put the docks where they stood; False when their arrangement could not be read.

    At another scale than they stood at they are divided as they were meant to be.
    """
    docks, meant = _bytes(state.get("docks")), _bytes(state.get("room"))
    is_same_scale = state.get("scale", theme.scale_percent()) == theme.scale_percent()
    used = docks if is_same_scale or meant.isEmpty() else meant
    room = room_of(window)
    if room is not None:
        room.forget()
        room.wanted = meant if is_same_scale else used
    return window.restoreState(used, STATE_VERSION)


def rescue(window: QWidget, screens: Sequence[QRect] | None = None) -> bool:
    """Move a window that nobody could take hold of onto the first screen; whether it was moved."""
    areas = list(screens) if screens is not None else _screens()
    frame = window.frameGeometry()
    edge = QRect(frame.topLeft(), QSize(frame.width(), _EDGE_PX))
    for area in areas:
        seen = edge.intersected(area)
        if seen.width() >= _GRIP.width() and seen.height() >= _GRIP.height():
            return False
    if not areas:
        return False
    home = areas[0]
    size = window.size().boundedTo(home.size())
    window.resize(size)
    window.move(home.center() - QRect(0, 0, size.width(), size.height()).center())
    return True


def fitting_size() -> QSize:
    """The size of a first start: the default, or what the screen has room for."""
    screens = _screens()
    return DEFAULT_SIZE.boundedTo(screens[0].size() - _FRAME) if screens else DEFAULT_SIZE


def selection_to_json(selection: Selection, size: SizePreset) -> dict[str, Any]:
    """What was chosen, for the next start."""
    instrument = selection.instrument
    return {
        "connection": selection.connection_id,
        "account": selection.account_id,
        "instrument": None if instrument is None else encode(instrument),
        "size": str(size),
    }


def selection_from_json(state: dict[str, Any]) -> tuple[Selection, SizePreset | None]:
    """What was chosen at the last end; parts that cannot be read are left out."""
    connection, account = state.get("connection"), state.get("account")
    instrument = None
    if isinstance(stored := state.get("instrument"), dict):
        try:
            instrument = decode(Instrument, stored)
        except (MoorgateError, ValueError) as error:
            log.info("the last instrument cannot be read and is left out: %s", error)
    try:
        size = parse_size(str(state["size"]))
    except (KeyError, ValueError):
        size = None
    selection = Selection(
        ConnectionId(connection) if isinstance(connection, str) else None,
        AccountId(account) if isinstance(account, str) else None,
        instrument,
    )
    return selection, size


def _screens() -> list[QRect]:
    return [screen.availableGeometry() for screen in QGuiApplication.screens()]


def _text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode("ascii")


def _bytes(text: object) -> QByteArray:
    if not isinstance(text, str):
        return QByteArray()
    return QByteArray.fromBase64(QByteArray(text.encode("ascii", "ignore")))
