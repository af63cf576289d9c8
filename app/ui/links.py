"""One Desk for each link group that is in use. GUI thread."""

from __future__ import annotations

from typing import Any

from app.commands.context import Selection
from app.commands.link_groups import is_own
from app.ui import window_state
from app.ui.desk import Desk
from app.ui.desk_core import DeskCore


class Links:
    """Makes the Desk of a group when its first panel comes, and ends that of a single panel."""

    def __init__(self, core: DeskCore) -> None:
        self._core = core

    def desk(self, group: str, like: Desk | None = None) -> Desk:
        """The group's Desk; a new one begins with what `like` (else the active one) shows."""
        found = self.find(group)
        if found is None:
            found = Desk(self._core, group)
            model = like or self._core.active
            _choose(found, model.selection)
            found.choose_size(model.size_choice)
        return found

    def find(self, group: str) -> Desk | None:
        """The group's Desk, None where the group was never used."""
        return next((desk for desk in self._core.desks if desk.group == group), None)

    def leave(self, group: str) -> None:
        """A panel has left: a group of its own ends with it."""
        desk = self.find(group)
        if desk is not None and is_own(group):
            self._core.remove(desk)
            desk.deleteLater()

    def save(self, *, own: bool) -> dict[str, Any]:
        """What the groups show: those of single panels, or all others."""
        return {
            desk.group: window_state.selection_to_json(desk.selection, desk.size_choice)
            for desk in self._core.desks
            if is_own(desk.group) is own
        }

    def take(self, group: str, stored: object) -> None:
        """Let a group show what was stored; what cannot be shown any more is left out."""
        if not isinstance(stored, dict):
            return
        desk = self.desk(group)
        selection, size = window_state.selection_from_json(stored)
        if selection.connection_id in self._core.engine.connections.ids():
            _choose(desk, selection)
        if size is not None:
            desk.choose_size(size)


def _choose(desk: Desk, selection: Selection) -> None:
    desk.select(
        connection_id=selection.connection_id,
        account_id=selection.account_id,
        instrument=selection.instrument,
    )
