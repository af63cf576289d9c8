"""The journal's sums of a period in one line, and what must be known about them."""

from __future__ import annotations

from decimal import Decimal
from html import escape

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.analytics.equity import Curve
from app.analytics.trade_sheet import Summary
from app.commands.journal import JournalView, OpenProfit
from app.ui import format as fmt
from app.ui import theme
from app.ui.models.positions import FEES, GROSS, INCOMPLETE, REALIZED

Sum = tuple[str, str, str | None]  # name, figure, colour word of the theme
# What a name is short for: screen readers and hovering say it.
_IN_FULL = {
    "Gross": GROSS,
    "Fees": FEES,
    "Unrealized": "profit of what is held now",
    "Won": "round trips, from flat to flat, that made money after fees",
    "Avg win": "average winning round trip",
    "Avg loss": "average losing round trip",
    "Factor": "profit factor: what winners won for one that losers lost",
    "Best": "best trading day",
    "Worst": "worst trading day",
    "Max DD": "maximum drawdown: the deepest fall from a peak, and in percent of that peak",
}
_INFINITE = "no loss"


class SummaryStrip(QWidget):
    """Shows the sums of a JournalView; `text` is what a screen reader says. GUI thread."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._shown: tuple[list[Sum], list[str]] = ([], [])
        self.sums = QLabel(self)
        self.sums.setObjectName("journal_sums")
        self.sums.setWordWrap(True)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 0, 8, 4)
        box.addWidget(self.sums)
        theme.follow(self, self._dress)

    @property
    def text(self) -> str:
        """Every sum with its name."""
        return ", ".join(f"{name} {figure}" for name, figure, _ in self._shown[0])

    @property
    def remarks(self) -> str:
        """What must be known about the sums."""
        return " · ".join(self._shown[1])

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
            words = _unbroken(f"{name} "), _unbroken(figure)
            parts.append(
                f'<span style="color:{muted}">{escape(words[0])}</span>'
                f'<span style="color:{color}">{escape(words[1])}</span>'
            )
        self.sums.setFont(theme.number_font())
        parts += [f'<span style="color:{muted}">{escape(remark)}</span>' for remark in remarks]
        self.sums.setText(" &nbsp;&nbsp; ".join(parts))
        self.sums.setAccessibleName(f"Sums of the journal: {self.text}" if sums else "No sums")
        told = [f"{sums[0][0]}: {REALIZED}"] if sums else []
        told += [f"{name}: {_IN_FULL[name]}" for name, _, _ in sums if name in _IN_FULL]
        self.sums.setToolTip("\n".join(told))
        self.sums.setAccessibleDescription(". ".join([*told, *remarks]))
        self.sums.setVisible(bool(parts))


def _unbroken(text: str) -> str:
    """Text that stays in one line; Qt breaks lines at the narrow space of numbers."""
    return text.replace(" ", "\u00a0").replace(fmt.THIN_SPACE, "\u00a0")


def sums_of(view: JournalView, now: OpenProfit | None, curve: Curve | None) -> list[Sum]:
    """The sums of a view in its main currency; `curve` ends with what is open."""
    summary = view.sheet.summaries.get(view.currency)
    if summary is None:
        return []
    net = summary.net
    mark = INCOMPLETE if summary.untold_fees or summary.unknown_fills else ""
    doubt = INCOMPLETE if summary.unknown_fills else ""
    sums: list[Sum] = [
        (f"Realized {summary.currency}", fmt.profit(net) + mark, fmt.direction(net)),
        ("Gross", fmt.profit(summary.profit) + doubt, fmt.direction(summary.profit)),
        ("Fees", fmt.money(summary.fees) + (INCOMPLETE if summary.untold_fees else ""), None),
    ]
    if now is not None:
        figure = fmt.UNKNOWN if now.unknown else fmt.profit(now.amount)
        token = None if now.unknown else fmt.direction(now.amount)
        sums.append(("Unrealized", figure, token))
    sums += _trip_sums(summary)
    if summary.days > 1 and summary.best is not None and summary.worst is not None:
        for name, (day, net) in (("Best", summary.best), ("Worst", summary.worst)):
            sums.append((name, f"{fmt.profit(net)} ({day:%m-%d})", fmt.direction(net)))
    sums.append(("Max DD", drawdown_text(curve), None))
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
        ("Factor", _INFINITE if factor is None else fmt.number(factor, 2), None),
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
            f"* without the profit of {summary.unknown_fills} fills: nobody told the cost of what"
            " they closed"
        )
    if summary is not None and summary.untold_fees:
        remarks.append(f"* the broker has not told the fees of {summary.untold_fees} fills yet")
    others = [s for c, s in view.sheet.summaries.items() if c != view.currency]
    if others:
        listed = ", ".join(fmt.profit(s.net, s.currency) for s in others)
        remarks.append(f"not in the sums: {listed} (no rate to {view.scope.currency})")
    if now is not None and now.unknown:
        remarks.append(f"the unrealized profit of {', '.join(now.unknown)} is not known")
    return remarks + words
