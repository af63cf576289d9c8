"""Which layouts there are, which one is shown, and what was changed in each. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.base.errors import StoreError, UserError
from app.store.layouts import Layouts

LAST = "last"  # what the program itself keeps of its last end

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entered:
    """A layout to show: its state, None for the one that comes with the program.

    `is_modified` says that it differs from what is saved; `problem` why it is another than wanted.
    """

    name: str
    state: State | None
    is_modified: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was changed and not saved where layouts came from a file, for an undo."""

    working: dict[str, State]
    shown: str
    was_modified: bool


class LayoutBook:
    """The layouts that come with the program (`shipped`) and the trader's own files. GUI thread.

    What was changed in a layout and not saved stays as its working state until it is saved or
    reset, so that switching loses nothing.
    """

    def __init__(self, store: Layouts, shipped: Sequence[str]) -> None:
        self._store, self._shipped = store, tuple(shipped)
        self._working: dict[str, State] = {}
        self.current = self._shipped[0]
        self.is_modified = False

    def names(self) -> list[str]:
        """Every layout: those that come with the program first, then the trader's own."""
        own = [name for name in self._store.names() if not self._is_reserved(name)]
        shipped = {name.casefold() for name in self._shipped}
        return [*self._shipped, *(name for name in own if name.casefold() not in shipped)]

    def comes_along(self, name: str) -> bool:
        """Whether a layout of this name comes with the program."""
        return name in self._shipped

    def is_saved(self) -> bool:
        """Whether the layout that is shown is in a file of the trader's own."""
        return any(name.casefold() == self.current.casefold() for name in self._store.names())

    def save(self, name: str, state: State) -> None:
        """Keep what is shown; it is the layout that is shown from now on.

        Raises UserError for a name that cannot be used, StoreError when the disk refuses.
        """
        name = name.strip()
        if self._is_reserved(name):
            raise UserError(f"{name!r} is what Moorgate keeps of its last end; choose another name")
        self._store.save(name, state)
        self._working.pop(name, None)
        self.current, self.is_modified = name, False

    def leave(self, state: State) -> None:
        """Remember what is not saved of the layout that is shown."""
        if self.is_modified:
            self._working[self.current] = state

    def enter(self, name: str) -> Entered:
        """Show another layout as it was left. Raises UserError when there is none of that name.

        One that is broken gives the first layout in its place, and says why.
        """
        if name not in self.names():
            raise UserError(f"there is no layout {name!r}")
        if name in self._working:
            return self._show(Entered(name, self._working.pop(name), is_modified=True))
        return self._show(self._saved(name))

    def reset(self) -> Entered:
        """The layout that is shown as it was saved, or as it came."""
        self._working.pop(self.current, None)
        return self._show(self._saved(self.current))

    def delete(self) -> State:
        """Forget the saved layout that is shown; what was saved, for an undo.

        Raises UserError where nothing was saved under its name, StoreError when the disk refuses.
        """
        name = self.current
        saved = self._store.load(name)
        if saved is None:
            raise UserError(f"{name} comes with Moorgate and cannot be deleted")
        self._store.remove(name)
        self._working.pop(name, None)
        return saved

    def restore(self, name: str, saved: State) -> None:
        """Take back a deletion. Raises StoreError when the disk refuses."""
        self._store.save(name, saved)

    # -- to files and from them ------------------------------------------------------------

    def saved(self) -> tuple[dict[str, State], list[str]]:
        """Every layout that is in a file of the trader's, and why others cannot be read."""
        found: dict[str, State] = {}
        problems: list[str] = []
        for name in self.names():
            try:
                state = self._store.load(name)
            except StoreError as error:
                problems.append(str(error))
            else:
                found |= {name: state} if state is not None else {}
        return found, problems

    def as_named_here(self, layouts: Mapping[str, State]) -> dict[str, State]:
        """The same in the spelling of those that there are. UserError for a reserved name."""
        here = {name.casefold(): name for name in self.names()}
        reserved = next(filter(self._is_reserved, layouts), None)
        if reserved is not None:
            raise UserError(f"a layout {reserved!r} is what Moorgate keeps of its last end")
        return {here.get(name.casefold(), name): state for name, state in layouts.items()}

    def write_all(self, layouts: Mapping[str, State | None]) -> dict[str, State | None]:
        """All of them on the disk, None for none; what was there. Any thread.

        Raises UserError and StoreError, and then nothing was changed.
        """
        return self._store.replace(layouts)

    def took_over(self, names: Iterable[str]) -> Dropped:
        """These were written: what was changed in them goes, and what is shown is a change."""
        names = set(names)
        working = {name: self._working.pop(name) for name in names & set(self._working)}
        dropped = Dropped(working, self.current, self.is_modified)
        self.is_modified = self.is_modified or self.current in names
        return dropped

    def gave_back(self, before: Mapping[str, State | None], dropped: Dropped) -> None:
        """These are as they were before `took_over`. What is shown of one that is gone counts as a
        change of the first layout."""
        self._working = {n: s for n, s in self._working.items() if n not in before}
        self._working |= dropped.working
        if self.current not in before:
            return
        if before[self.current] is None and not self.comes_along(self.current):
            self.current, self.is_modified = self._shipped[0], True
        else:
            self.is_modified = dropped.was_modified or dropped.shown != self.current

    # -- for the next start ----------------------------------------------------------------

    def to_json(self) -> State:
        """What the next start should know."""
        return {
            "current": self.current,
            "modified": self.is_modified,
            "working": {name: self._working[name] for name in sorted(self._working)},
        }

    def take_json(self, stored: object) -> str:
        """What the last start knew; parts that cannot be read are left out.

        Where the layout that was shown is gone, its arrangement counts as a change of the first
        one, and the sentence for the trader is the answer; else it is empty.
        """
        if not isinstance(stored, dict):
            return ""
        names, working = self.names(), stored.get("working")
        if isinstance(working, dict):
            self._working = {
                name: state
                for name, state in working.items()
                if name in names and isinstance(state, dict)
            }
        wanted = stored.get("current")
        if not isinstance(wanted, str):
            return ""
        known = next((name for name in names if name.casefold() == wanted.casefold()), None)
        self.current = known or self._shipped[0]
        self.is_modified = stored.get("modified") is True or known is None
        if known is not None:
            return ""
        return f"The layout {wanted} is gone; the panels stand as they did, as {self.current} *"

    def _saved(self, name: str) -> Entered:
        try:
            state = self._store.load(name)
        except StoreError as error:
            return Entered(name if self.comes_along(name) else self._shipped[0], None, False,
                           str(error))  # fmt: skip
        if state is None and not self.comes_along(name):
            return Entered(self._shipped[0], None, False, f"The layout {name} is gone")
        return Entered(name, state)

    def _show(self, entered: Entered) -> Entered:
        self.current, self.is_modified = entered.name, entered.is_modified
        return entered

    @staticmethod
    def _is_reserved(name: str) -> bool:
        return name.strip().casefold() == LAST
