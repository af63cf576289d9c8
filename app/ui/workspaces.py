"""The layouts that come with the program: which panels stand where, and how much room they get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QToolBar

from app.ui import theme
from app.ui.dock import PanelDock
from app.ui.panels import PanelSpec

DAY, SCALP, OVERVIEW = SHIPPED = ("Day", "Scalp", "Overview")
_SIDE, _BELOW = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
# Width and height, in pixels at 100 %, below which a panel is of little use: a price beside each
# symbol, four rows of a table, a chart that is higher than its bars of buttons.
_LEAST = {"watchlist": (210, 170), "chart": (340, 240), "ticket": (270, 300), "journal": (320, 230)}
_LEAST_TABLE = (260, 210)


@dataclass(frozen=True, slots=True)
class Tabs:
    """Panels behind one another, the first in front."""

    panels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Parts side by side or one below the other; `shares` is the room of each."""

    orientation: Qt.Orientation
    parts: tuple[Split | Tabs, ...]
    shares: tuple[int, ...]


def shipped(name: str, specs: Sequence[PanelSpec]) -> Split:
    """The arrangement called `name` of these panels. Raises KeyError for another name."""
    return {DAY: _day, SCALP: _scalp, OVERVIEW: _overview}[name](specs)


def _placed(specs: Sequence[PanelSpec], place: str) -> Tabs:
    return Tabs(tuple(spec.id for spec in specs if spec.place == place))


def _day(specs: Sequence[PanelSpec]) -> Split:
    """Watchlist and chart above the tabs of tables, Orders in front; the ticket beside all.

    The ticket takes the whole height, so that its button is in sight on small screens too.
    """
    top = Split(_SIDE, (_placed(specs, "left"), _placed(specs, "center")), (250, 860))
    middle = Split(_BELOW, (top, _placed(specs, "bottom")), (660, 240))
    return Split(_SIDE, (middle, _placed(specs, "right")), (1110, 290))


def _scalp(_specs: Sequence[PanelSpec]) -> Split:
    """A large chart over two short tables, and the ticket: what is needed to be quick."""
    tables = Split(_SIDE, (Tabs(("orders", "executions")), Tabs(("positions",))), (3, 2))
    middle = Split(_BELOW, (Tabs(("chart",)), tables), (600, 250))
    return Split(_SIDE, (middle, Tabs(("ticket",))), (1110, 290))


def _overview(_specs: Sequence[PanelSpec]) -> Split:
    """What is held, what it is worth and what has happened: all large, nothing to trade with."""
    held = Split(_BELOW, (Tabs(("positions",)), Tabs(("orders", "executions"))), (3, 2))
    told = Split(_BELOW, (Tabs(("account",)), Tabs(("journal", "log"))), (2, 3))
    return Split(_SIDE, (held, told), (3, 2))


def beside(kind: str) -> Qt.Orientation:
    """On which side one more panel of a kind opens: lists below, all else at the right."""
    return _BELOW if kind == "watchlist" else _SIDE


def arrange(window: QMainWindow, docks: Sequence[PanelDock], tree: Split) -> None:
    """Put the docks of the tree into the window in its order and close all others."""
    by_id = {dock.objectName(): dock for dock in docks}
    for dock in docks:
        if dock.isFloating():
            dock.setFloating(False)
        window.removeDockWidget(dock)
    known = _known(tree, by_id)
    if known is None:
        return
    first = _first(known, by_id)
    window.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, first)
    _split(window, known, by_id)
    shown = _tabs(known)
    for tabs in shown:
        for name in tabs.panels:
            by_id[name].show()
        by_id[tabs.panels[0]].raise_()
    for name in set(by_id) - {name for tabs in shown for name in tabs.panels}:
        window.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, by_id[name])
        window.tabifyDockWidget(_peer(by_id[name], shown, by_id), by_id[name])
        by_id[name].hide()
    share(window, docks, tree)


def share(window: QMainWindow, docks: Sequence[PanelDock], tree: Split) -> None:
    """Give each part its room; takes effect once the window is shown."""
    by_id = {dock.objectName(): dock for dock in docks}
    known = _known(tree, by_id)
    if isinstance(known, Split):
        _share(window, known, by_id, _room(window))


def _known(part: Split | Tabs, by_id: dict[str, PanelDock]) -> Split | Tabs | None:
    """The same without the panels that there are not."""
    if isinstance(part, Tabs):
        panels = tuple(name for name in part.panels if name in by_id)
        return Tabs(panels) if panels else None
    kept = [
        (known, room)
        for one, room in zip(part.parts, part.shares, strict=True)
        if (known := _known(one, by_id)) is not None
    ]
    if len(kept) < 2:
        return kept[0][0] if kept else None
    return Split(part.orientation, tuple(one for one, _ in kept), tuple(room for _, room in kept))


def _first(part: Split | Tabs, by_id: dict[str, PanelDock]) -> PanelDock:
    while isinstance(part, Split):
        part = part.parts[0]
    return by_id[part.panels[0]]


def _tabs(part: Split | Tabs) -> list[Tabs]:
    if isinstance(part, Tabs):
        return [part]
    return [tabs for one in part.parts for tabs in _tabs(one)]


def _split(window: QMainWindow, part: Split | Tabs, by_id: dict[str, PanelDock]) -> None:
    """Divide the place of the part's first panel; the outer division comes first."""
    if isinstance(part, Tabs):
        for name in part.panels[1:]:
            window.tabifyDockWidget(by_id[part.panels[0]], by_id[name])
        return
    leads = [_first(one, by_id) for one in part.parts]
    for before, lead in pairwise(leads):
        window.splitDockWidget(before, lead, part.orientation)
    for one in part.parts:
        _split(window, one, by_id)


def divide(whole: int, shares: Sequence[int], least: Sequence[int]) -> list[int]:
    """`whole` pixels in proportion to `shares`, but to nobody less than `least` while there is
    enough for that; else in proportion to `least`."""
    if sum(least) >= whole:
        shares, least = least, [0] * len(least)
    given: dict[int, int] = {}
    while True:
        left = whole - sum(given.values())
        claims = sum(share for at, share in enumerate(shares) if at not in given)
        parts = {at: left * share // claims for at, share in enumerate(shares) if at not in given}
        short = {at: least[at] for at, size in parts.items() if size < least[at]}
        if not short:
            return [{**parts, **given}[at] for at in range(len(shares))]
        given |= short


def _least(part: Split | Tabs) -> tuple[int, int]:
    """The width and height that a part should have, in pixels."""
    if isinstance(part, Tabs):
        sizes = [_LEAST.get(name, _LEAST_TABLE) for name in part.panels]
        return theme.px(max(w for w, _ in sizes)), theme.px(max(h for _, h in sizes))
    widths, heights = zip(*map(_least, part.parts), strict=True)
    is_side = part.orientation == _SIDE
    return (sum(widths), max(heights)) if is_side else (max(widths), sum(heights))


def _room(window: QMainWindow) -> QSize:
    """What menus and bars leave of a window for its docks; before it is shown, nearly so."""
    near = Qt.FindChildOption.FindDirectChildrenOnly
    bars = [window.menuBar(), window.statusBar(), *window.findChildren(QToolBar, options=near)]
    taken = sum(bar.sizeHint().height() for bar in bars if not bar.isHidden())
    margins = window.contentsMargins()
    return window.size().shrunkBy(margins) - QSize(0, taken)


def _share(window: QMainWindow, part: Split, by_id: dict[str, PanelDock], room: QSize) -> None:
    """Divide `room` among the parts; Qt wants pixels, and takes too few of them badly."""
    is_side = part.orientation == _SIDE
    whole = room.width() if is_side else room.height()
    sizes = divide(whole, part.shares, [_least(one)[0 if is_side else 1] for one in part.parts])
    leads: list[QDockWidget] = [_last_lead(one, part.orientation, by_id) for one in part.parts]
    window.resizeDocks(leads, sizes, part.orientation)
    for one, size in zip(part.parts, sizes, strict=True):
        if isinstance(one, Split):
            inner = QSize(size, room.height()) if is_side else QSize(room.width(), size)
            _share(window, one, by_id, inner)


def _last_lead(
    part: Split | Tabs, orientation: Qt.Orientation, by_id: dict[str, PanelDock]
) -> PanelDock:
    """A panel of the part whose nearest division of this orientation is the outer one."""
    while isinstance(part, Split):
        inner = [
            one
            for one in part.parts
            if not (isinstance(one, Split) and one.orientation == orientation)
        ]
        part = (inner or part.parts)[0]
    return by_id[part.panels[0]]


def _peer(dock: PanelDock, shown: Sequence[Tabs], by_id: dict[str, PanelDock]) -> PanelDock:
    """Where a closed panel opens: with the others of its place, else in the last group."""
    names = [tabs.panels[0] for tabs in shown]
    alike = [name for name in names if by_id[name].spec.place == dock.spec.place]
    return by_id[(alike or names)[-1]]
