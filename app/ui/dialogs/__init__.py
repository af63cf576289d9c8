"""Dialogs: opened with `open()` or `show()`, never `exec()`: the loop is not re-entered."""
