"""The journal's sums of a period in one line, and what must be known about them below it."""

from __future__ import annotations

from decimal import Decimal
from html import escape

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.analytics.equity import Curve
from app.analytics.trade_sheet import Summary
from app.commands.journal import JournalView, OpenProfit
from app.ui import format as fmt
from app.ui import theme

Sum = tuple[str, str, str | None]  # name, figure, colour word of the theme
_INFINITE = "no loss"


class SummaryStrip(QWidget):
    """Shows the sums of a JournalView; `text` is what a screen reader says. GUI thread."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._shown: tuple[list[Sum], list[str]] = ([], [])
        self.sums = QLabel(self)
        self.sums.setObjectName("journal_sums")
        self.remarks = QLabel(self)
        self.remarks.setObjectName("journal_remarks")
        for label in (self.sums, self.remarks):
            label.setWordWrap(True)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 0, 8, 4)
        box.setSpacing(1)
        box.addWidget(self.sums)
        box.addWidget(self.remarks)
        theme.follow(self, self._dress)

    @property
    def text(self) -> str:
        """Every sum with its name."""
        return ", ".join(f"{name} {figure}" for name, figure, _ in self._shown[0])

    def show_sums(self, sums: list[Sum], remarks: list[str]) -> None:
        """Show these; nothing to show takes no room."""
        if (sums, remarks) != self._shown:
            self._shown = (sums, remarks)
            self._dress()

    def _dress(self) -> None:
        sums, remarks = self._shown
        muted = theme.color("muted").name()
        parts = []
        for name, figure, token in sums:
            color = theme.color(token or "text").name()
            words = f"{name}\u00a0".replace(" ", "\u00a0"), figure.replace(" ", "\u00a0")
            parts.append(
                f'<span style="color:{muted}">{escape(words[0])}</span>'
                f'<span style="color:{color}">{escape(words[1])}</span>'
            )
        self.sums.setFont(theme.number_font())
        self.sums.setText(" &nbsp;&nbsp; ".join(parts))
        self.sums.setAccessibleName(f"Sums of the journal: {self.text}" if sums else "No sums")
        self.sums.setVisible(bool(sums))
        self.remarks.setStyleSheet(f"color: {muted}")
        self.remarks.setText(" · ".join(remarks))
        self.remarks.setVisible(bool(remarks))


def sums_of(view: JournalView, now: OpenProfit | None, curve: Curve | None) -> list[Sum]:
    """The sums of a view in its main currency; `curve` ends with what is open."""
    summary = view.sheet.summaries.get(view.currency)
    if summary is None:
        return []
    mark = "*" if summary.untold_fees or summary.unknown_fills else ""
    sums: list[Sum] = [
        (f"Net {summary.currency}", fmt.profit(summary.net) + mark, fmt.direction(summary.net)),
        ("Fees", fmt.money(summary.fees) + ("*" if summary.untold_fees else ""), None),
    ]
    if now is not None:
        figure = fmt.UNKNOWN if now.unknown else fmt.profit(now.amount)
        token = None if now.unknown else fmt.direction(now.amount)
        sums.append(("Open", figure, token))
    sums += _trip_sums(summary)
    if summary.days > 1 and summary.best is not None and summary.worst is not None:
        for name, (day, net) in (("Best day", summary.best), ("Worst day", summary.worst)):
            sums.append((name, f"{fmt.profit(net)} ({day:%m-%d})", fmt.direction(net)))
    sums.append(("Max drawdown", drawdown_text(curve), None))
    return sums


def _trip_sums(summary: Summary) -> list[Sum]:
    if not summary.trips:
        return [("Round trips", "none closed", None)]
    factor = summary.profit_factor
    percent = fmt.number(summary.win_percent, 0)
    rate = f"{percent}{fmt.THIN_SPACE}% of {fmt.number(summary.trips)}"
    loss = None if summary.average_loss is None else -summary.average_loss
    return [
        ("Won", rate, None),
        ("Avg win", fmt.profit(summary.average_win), fmt.direction(summary.average_win)),
        ("Avg loss", fmt.profit(loss), fmt.direction(loss)),
        ("Profit factor", _INFINITE if factor is None else fmt.number(factor, 2), None),
    ]


def drawdown_text(curve: Curve | None) -> str:
    """The deepest fall from a peak, in money and in percent of that peak."""
    at = None if curve is None else curve.deepest
    if curve is None or at is None:
        return fmt.money(Decimal(0))
    money, percent = fmt.money(float(curve.drawdown[at])), curve.drawdown_percent(at)
    return money if percent is None else f"{money} ({fmt.percent(percent, 1)})"


def remarks_of(view: JournalView, now: OpenProfit | None, words: list[str]) -> list[str]:
    """What the sums leave out, in sentences."""
    summary = view.sheet.summaries.get(view.currency)
    remarks = []
    if summary is not None and summary.unknown_fills:
        remarks.append(
            f"* without the profit of {summary.unknown_fills} fills that closed units nobody told"
            " the cost of"
        )
    if summary is not None and summary.untold_fees:
        remarks.append(f"* the broker has not told the fees of {summary.untold_fees} fills yet")
    others = [s for c, s in view.sheet.summaries.items() if c != view.currency]
    if others:
        listed = ", ".join(fmt.profit(s.net, s.currency) for s in others)
        remarks.append(f"not in the sums: {listed} (no rate to {view.scope.currency} is known)")
    if now is not None and now.unknown:
        remarks.append(f"the open profit of {', '.join(now.unknown)} is not known")
    return remarks + words
