"""How the wizard looks, in the colours of the theme."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QWidget

from app.ui import theme

_SHEET = """
#wizard { background: %(panel)s; }
#wizard_side { background: %(window)s; border-right: 1px solid %(border)s; }
#wizard_side_title { font-size: 15px; font-weight: 700; }
#step_title { color: %(muted)s; }
#step_title[state="current"] { color: %(text)s; font-weight: 600; }
#step_title[state="done"] { color: %(text)s; }
#step_number { border: 1px solid %(border)s; border-radius: 10px; color: %(muted)s; }
#step_number[state="current"] { background: %(accent)s; border-color: %(accent)s;
  color: %(accent_text)s; font-weight: 700; }
#step_number[state="done"] { color: %(ok)s; border-color: %(ok)s; }
#wizard_title { font-size: 18px; font-weight: 700; }
#wizard_text, #muted { color: %(muted)s; }
#check_row, #summary_box { background: %(raised)s; border: 1px solid %(border)s;
  border-radius: 5px; }
#option_card { background: %(raised)s; border: 2px solid %(raised)s; border-radius: 5px; }
#option_card[chosen="true"] { background: %(selection)s; border-color: %(selection)s; }
#option_card[focused="true"] { border-color: %(accent)s; }
#option_card #muted[chosen="true"] { color: %(text)s; }
#option_card QRadioButton:focus { border-color: transparent; }
#option_card QRadioButton, #check_row QCheckBox { font-weight: 600; background: transparent; }
#option_card QRadioButton:disabled { color: %(disabled)s; }
#option_card QRadioButton::indicator { width: 14px; height: 14px; border-radius: 7px;
  border: 1px solid %(muted)s; background: %(field)s; }
#option_card QRadioButton::indicator:checked { width: 6px; height: 6px; border-radius: 7px;
  border: 5px solid %(accent)s; background: %(accent_text)s; }
#option_card QRadioButton::indicator:disabled { border-color: %(disabled)s; }
#check_row QCheckBox { spacing: 9px; margin-left: 2px; }
#check_title { font-weight: 600; }
#check_path { color: %(text)s; background: %(field)s; border-radius: 3px; padding: 3px 6px; }
#check_state[state="passed"], #finding[state="passed"] { color: %(ok)s; }
#check_state[state="warning"], #finding[state="warning"] { color: %(warning)s; }
#check_state[state="failed"], #finding[state="failed"] { color: %(alarm)s; }
#check_state[state="untested"], #check_state[state="by hand"] { color: %(muted)s; }
#check_state { font-size: 15px; font-weight: 700; }
#trouble { background: %(raised)s; border: 1px solid %(border)s; border-radius: 5px;
  border-left: 4px solid %(warning)s; }
#trouble[blocking="true"] { border-left-color: %(alarm)s; }
#trouble_title { font-size: 14px; font-weight: 700; color: %(warning)s; }
#trouble[blocking="true"] #trouble_title { color: %(alarm)s; }
#wizard_problem { color: %(muted)s; }
#wizard_problem[asked="true"] { color: %(alarm)s; }
#wizard_foot { border-top: 1px solid %(border)s; background: %(window)s; }
#wizard_foot QPushButton { min-width: 84px; padding: 5px 12px; }
#wizard_foot QPushButton:focus { padding: 4px 11px; }
#work_progress { background: %(raised)s; border: 0; border-radius: 2px; }
#work_progress::chunk { background: %(accent)s; border-radius: 2px; }
#wizard_scroll, #wizard_scroll > QWidget > QWidget#wizard_body { background: transparent; }
"""


def wizard_sheet() -> str:
    """The style sheet in the current theme's colours."""
    return theme.sheet(_SHEET)


def words(text: str, name: str, parent: QWidget | None = None) -> QLabel:
    """A label that wraps and takes its text as it is."""
    label = QLabel(text, parent)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(label.textFormat().PlainText)
    return label
