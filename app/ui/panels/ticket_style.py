"""How ticket and confirmation tell buy from sell and live from paper at a glance."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.ui import theme

_SHEET = """
QPushButton[side="buy"]:checked, #ticket-send[side="buy"], #confirm-send[side="buy"] {
  background: %(buy)s; color: %(buy_text)s; border-color: %(buy)s; font-weight: 700; }
QPushButton[side="sell"]:checked, #ticket-send[side="sell"], #confirm-send[side="sell"] {
  background: %(sell)s; color: %(sell_text)s; border-color: %(sell)s; font-weight: 700; }
#ticket-send:disabled, QPushButton[side]:checked:disabled {
  background: %(raised)s; color: %(disabled)s; border-color: %(border)s; }
#ticket-buy, #ticket-sell { padding: 6px; font-weight: 600; border-radius: 0; }
#ticket-send[staged="true"] { border: 2px dashed %(text)s; }
QPushButton[side]:focus, #ticket-send:focus, #confirm-send:focus { border: 2px solid %(text)s; }
#ticket-bid, #ticket-ask { font-size: 14px; font-weight: 600; padding: 2px; }
#ticket-bid { color: %(sell)s; }
#ticket-ask { color: %(buy)s; }
#ticket-bid[old="true"], #ticket-ask[old="true"] { color: %(muted)s; }
#ticket-bid:disabled, #ticket-ask:disabled { color: %(disabled)s; }
QPushButton[small="true"] { padding: 1px 2px; min-width: 20px; }
QPushButton[small="true"][chosen="true"] { border: 2px solid %(accent)s; padding: 0 1px; }
QPushButton[small="true"][chosen="true"]:disabled { border-color: %(border)s; }
#mode-badge { font-weight: 800; letter-spacing: 2px; padding: 3px; border-radius: 3px; }
#mode-badge[mode="paper"] { background: %(paper)s; color: %(paper_text)s; }
#mode-badge[mode="live"] { background: %(live)s; color: %(live_text)s; }
#mode-badge[mode="off"] { background: %(raised)s; color: %(muted)s; }
#ticket-symbol { font-size: 14px; }
TicketEstimate QLabel { color: %(muted)s; }
#ticket-message[problem="true"] { color: %(alarm)s; }
#ticket-message { color: %(muted)s; }
#order-line { font-size: 15px; font-weight: 700; padding: 4px 0; }
#order-line[side="buy"] { color: %(buy)s; }
#order-line[side="sell"] { color: %(sell)s; }
"""


def ticket_sheet() -> str:
    """The style sheet in the current theme's colours and scale."""
    return theme.sheet(_SHEET)


def set_state(widget: QWidget, name: str, value: str | bool) -> None:
    """Set a property that the style sheet asks for, and dress the widget anew."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
