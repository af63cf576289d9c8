"""The menu of a dock's title: its link group, its window, and the way out. GUI thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu

from app.commands.link_groups import GROUPS, color_token, is_own
from app.ui import theme
from app.ui.dock import PanelDock
from app.ui.panels import MULTIPLE

if TYPE_CHECKING:
    from app.ui.arranger import Arranger

_PX = 14


def panel_menu(arranger: Arranger, dock: PanelDock, *, only_links: bool) -> QMenu:
    """What can be done with this panel; whoever shows it deletes it."""
    menu = QMenu(dock)
    menu.setObjectName("panel_menu")
    links = menu if only_links else menu.addMenu("Link Group")
    _fill_links(links, arranger, dock)
    if only_links:
        return menu
    _fill_windows(menu.addMenu("Move to Window"), arranger, dock)
    kind = dock.spec.kind or dock.spec.id
    if kind in MULTIPLE:
        title = arranger.panels.specs[kind].title
        menu.addAction(f"New {title}", lambda: arranger.add_panel(kind))
    menu.addSeparator()
    word = "Dock" if dock.isFloating() else "Float"
    menu.addAction(word, lambda: dock.setFloating(not dock.isFloating()))
    menu.addAction("Close", dock.close)
    return menu


def show_menu(arranger: Arranger, dock: PanelDock, at: QPoint, *, only_links: bool) -> None:
    """Show it at a place on the screen, without blocking."""
    menu = panel_menu(arranger, dock, only_links=only_links)
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(at)


def _fill_links(menu: QMenu, arranger: Arranger, dock: PanelDock) -> None:
    panels, keymap = arranger.panels, arranger.keymap
    for group in GROUPS:
        key = keymap.text_of(f"view.link_group_{group.id}")
        ratio = dock.devicePixelRatioF()
        action = menu.addAction(_chip(group.id, group.letter, ratio), f"{group.title}\t{key}")
        action.setCheckable(True)
        action.setChecked(dock.group == group.id)
        action.triggered.connect(lambda _=False, chosen=group.id: panels.link(dock, chosen))
    menu.addSeparator()
    action = menu.addAction(f"Not linked\t{keymap.text_of('view.unlink_panel')}")
    action.setCheckable(True)
    action.setChecked(is_own(dock.group))
    action.triggered.connect(lambda _=False: panels.link(dock, None))


def _fill_windows(menu: QMenu, arranger: Arranger, dock: PanelDock) -> None:
    windows = arranger.windows
    for window in windows.all():
        action = menu.addAction(windows.title(window))
        action.setEnabled(window is not dock.window_of)
        action.triggered.connect(lambda _=False, to=window: arranger.move_to(dock, to))
    menu.addSeparator()
    menu.addAction("New Window", lambda: arranger.move_to_new_window(dock))


def _chip(group: str, letter: str, pixel_ratio: float) -> QIcon:
    side = theme.px(_PX)
    pixmap = QPixmap(QSize(side, side) * pixel_ratio)
    pixmap.setDevicePixelRatio(pixel_ratio)
    pixmap.fill(theme.color(color_token(group)))
    painter = QPainter(pixmap)
    painter.setPen(theme.color("link_text"))
    font = painter.font()
    font.setPixelSize(side - 3)
    font.setBold(True)
    painter.setFont(font)
    painter.drawText(QRect(0, 0, side, side), Qt.AlignmentFlag.AlignCenter, letter)
    painter.end()
    return QIcon(pixmap)
