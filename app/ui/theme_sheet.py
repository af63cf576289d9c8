"""The style sheet, kept small: the palette does the rest. Pixels are those of a scale of 100 %.

Whatever has the keyboard shows it by a ring of the accent colour that nothing else wears.
"""

from __future__ import annotations

# Panels and bars jump to their place: a glide of Qt's that outlives what it moves ends the program.
SHEET = """
QMainWindow, QDockWidget, QToolBar { widget-animation-duration: 0; }
QMainWindow::separator { background: %(window)s; width: 4px; height: 4px; }
QMainWindow::separator:hover { background: %(accent)s; }
QToolTip { color: %(text)s; background: %(toast)s; border: 1px solid %(border)s; padding: 3px; }
QMenuBar, QStatusBar, QToolBar { background: %(window)s; border: 0; }
QMenuBar::item { padding: 4px 8px; background: transparent; }
QMenuBar::item:selected, QMenuBar::item:pressed { background: %(selection)s;
  color: %(selection_text)s; }
QStatusBar::item { border: 0; }
QMenu { background: %(toast)s; border: 1px solid %(border)s; padding: 4px 0; }
QMenu::item { padding: 4px 28px 4px 28px; }
QMenu::item:selected { background: %(selection)s; color: %(selection_text)s; }
QMenu::item:disabled { color: %(disabled)s; }
QMenu::indicator { width: 14px; height: 14px; left: 8px; }
QMenu::indicator:checked { image: url(%(icons)s/check_menu_%(name)s.svg); }
QMenu::icon { left: 6px; padding: 2px; border: 1px solid transparent; border-radius: 3px; }
QMenu::icon:checked { border-color: %(text)s; }
QMenu::separator { height: 1px; background: %(border)s; margin: 4px 8px; }

QDockWidget { titlebar-close-icon: url(%(icons)s/dock_close.svg);
  titlebar-normal-icon: url(%(icons)s/dock_float.svg); }
QDockWidget::title { background: %(window)s; padding: 4px 8px; text-align: left; }

QTabBar { background: %(window)s; }
QTabBar::tab { background: %(window)s; color: %(muted)s; padding: 5px 12px 6px 12px; border: 0;
  border-top: 2px solid transparent; }
QTabBar::tab:selected { background: %(panel)s; color: %(text)s; border-top-color: %(accent)s; }
QTabBar::tab:hover { color: %(text)s; }
QTabBar::tab:selected:focus { background: %(selection)s; color: %(selection_text)s; }
QHeaderView { background: %(panel)s; border: 0; }
QHeaderView::section { background: %(panel)s; color: %(muted)s; border: 0;
  border-bottom: 1px solid %(border)s; padding: 4px 6px; }
QHeaderView::section:hover { color: %(text)s; }
QTableCornerButton::section { background: %(panel)s; border: 0; }
QAbstractItemView, QGraphicsView { border: 1px solid transparent; outline: 0; }
QAbstractItemView:focus, QGraphicsView:focus { border-color: %(accent)s; }
QTableWidget::item { padding: 0 6px; }
QListView::item, QTreeView::item { padding: 3px 6px; }
QListView::item:selected, QTreeView::item:selected { background: %(selection)s;
  color: %(selection_text)s; }
QWidget[ring="true"] { border: 1px solid transparent; }
QWidget[ring="true"]:focus { border-color: %(accent)s; }
QComboBox QAbstractItemView { background: %(toast)s; border: 1px solid %(border)s;
  selection-background-color: %(selection)s; selection-color: %(selection_text)s; }

QScrollBar { background: transparent; border: 0; }
QScrollBar:vertical { width: 11px; }
QScrollBar:horizontal { height: 11px; }
QScrollBar::handle { background: %(border)s; border-radius: 3px; margin: 2px; }
QScrollBar::handle:hover { background: %(edge)s; }
QScrollBar::handle:vertical { min-height: 26px; }
QScrollBar::handle:horizontal { min-width: 26px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; }

QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit { background: %(field)s;
  border: 1px solid %(border)s; border-radius: 3px; padding: 3px 5px;
  selection-background-color: %(selection)s; selection-color: %(selection_text)s; }
QLineEdit:hover, QAbstractSpinBox:hover, QComboBox:hover { border-color: %(edge)s; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
  border: 2px solid %(accent)s; padding: 2px 4px; }
QLineEdit[wrong="true"], QAbstractSpinBox[wrong="true"], QComboBox[wrong="true"] {
  border: 2px solid %(alarm)s; padding: 2px 4px; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled { color: %(disabled)s;
  background: %(field_off)s; }
QComboBox::drop-down { border: 0; width: 18px; }
QComboBox::down-arrow, QAbstractSpinBox::down-arrow { image: url(%(icons)s/arrow_down.svg);
  width: 10px; height: 10px; }
QAbstractSpinBox::up-arrow { image: url(%(icons)s/arrow_up.svg); width: 10px; height: 10px; }
QAbstractSpinBox::up-arrow:disabled, QAbstractSpinBox::down-arrow:disabled { image: none; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: 0; width: 16px;
  background: transparent; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {
  background: %(raised)s; }

QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QCheckBox, QRadioButton { border: 2px solid transparent; border-radius: 3px; padding: 1px;
  spacing: 7px; }
QCheckBox:focus, QRadioButton:focus { border-color: %(accent)s; }
QCheckBox:disabled, QRadioButton:disabled { color: %(disabled)s; }
QCheckBox::indicator, QGroupBox::indicator, QAbstractItemView::indicator { width: 13px;
  height: 13px; border-radius: 2px; border: 1px solid %(edge)s; background: %(field)s; }
QCheckBox::indicator:checked, QGroupBox::indicator:checked, QAbstractItemView::indicator:checked {
  background: %(accent)s; border-color: %(accent)s; image: url(%(icons)s/check_%(name)s.svg); }
QCheckBox::indicator:disabled, QGroupBox::indicator:disabled { border-color: %(border)s; }
QCheckBox::indicator:checked:disabled { background: %(disabled)s; border-color: %(disabled)s; }
QRadioButton::indicator { width: 13px; height: 13px; border-radius: 7px;
  border: 1px solid %(edge)s; background: %(field)s; }
QRadioButton::indicator:checked { width: 5px; height: 5px; border-radius: 7px;
  border: 5px solid %(accent)s; background: %(accent_text)s; }
QGroupBox { border: 1px solid %(border)s; border-radius: 3px; margin-top: 22px; }
QGroupBox::title { subcontrol-origin: margin; subcontrol-position: top left; padding: 2px; }
QGroupBox::indicator:focus { border: 2px solid %(accent)s; }
QGroupBox::indicator:checked:focus { border: 2px solid %(text)s; }

QPushButton, QToolButton { background: %(raised)s; border: 1px solid %(border)s;
  border-radius: 3px; padding: 4px 10px; }
QPushButton, QToolButton { icon-size: 16px; }
QToolButton { padding: 4px 6px; }
QStatusBar QToolButton { padding: 1px 7px; }
QStatusBar QToolButton:focus { padding: 0 6px; }
QPushButton:hover, QToolButton:hover { border-color: %(muted)s; }
QPushButton:pressed, QToolButton:pressed, QToolButton:checked { background: %(selection)s;
  color: %(selection_text)s; }
QPushButton:default { border-color: %(accent)s; }
QPushButton:disabled, QToolButton:disabled { color: %(disabled)s; border-color: %(border)s; }
QPushButton:focus { border: 2px solid %(accent)s; padding: 3px 9px; outline: 0; }
QToolButton:focus { border: 2px solid %(accent)s; padding: 3px 5px; }
QToolButton::menu-indicator { image: url(%(icons)s/arrow_down.svg); width: 8px; height: 8px;
  subcontrol-position: right center; right: 3px; }
QToolButton[popupMode="2"] { padding-right: 15px; }

QSlider { border: 2px solid transparent; border-radius: 3px; }
QSlider:focus { border-color: %(accent)s; }
QSlider::groove:horizontal { height: 4px; background: %(border)s; border-radius: 2px; }
QSlider::sub-page:horizontal { background: %(accent)s; border-radius: 2px; }
QSlider::handle:horizontal { width: 14px; height: 14px; margin: -5px 0; border-radius: 7px;
  background: %(text)s; }
QProgressBar { background: %(raised)s; border: 0; border-radius: 2px; text-align: center; }
QProgressBar::chunk { background: %(accent)s; border-radius: 2px; }
"""
