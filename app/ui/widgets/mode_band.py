"""The band that says over a question whose money it is about: LIVE or PAPER, and which account."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from app.domain.ids import ConnectionId
from app.engine.connections import Connections
from app.ui import theme

_SHEET = """
background: %(back)s; color: %(front)s; font-weight: 800; letter-spacing: 2px; padding: 3px;
border-radius: 3px;
"""


class ModeBand(QLabel):
    """`text` in the colour of live or paper money. GUI thread."""

    def __init__(self, text: str, parent: QWidget, *, is_paper: bool) -> None:
        super().__init__(text, parent)
        self.setObjectName("mode-badge")
        self.setProperty("mode", "paper" if is_paper else "live")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self._token = "paper" if is_paper else "live"
        theme.follow(self, self._dress)

    def _dress(self) -> None:
        back, front = theme.color(self._token), theme.color(f"{self._token}_text")
        self.setStyleSheet(theme.sheet(_SHEET, back=back.name(), front=front.name()))


def band_words(connections: Connections, where: Sequence[ConnectionId]) -> tuple[str, bool]:
    """What the band says of these connections, and whether all of them are paper.

    Whatever is not proved to be paper is called live.
    """
    known = [one for one in dict.fromkeys(where) if one in connections.ids()]
    live = [one for one in known if connections.is_paper(one) is not True]
    if not live:
        return f"PAPER — {', '.join(known)}", True
    paper = [one for one in known if one not in live]
    rest = f", PAPER — {', '.join(paper)}" if paper else ""
    return f"LIVE — {', '.join(live)}{rest}", False
