"""Everything that the program can show, one after the other, for pictures and for checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QWidget

from app.base.paths import resolve_home
from app.store.settings import Settings
from tests.ui.shell.conftest import Driver
from tests.ui.stages_acting import Act, Stage, shown
from tests.ui.stages_day import DAY
from tests.ui.stages_first import FIRST
from tests.ui.stages_live import LIVE_ACT
from tests.ui.stages_trouble import TROUBLE
from tests.ui.stages_wizard import WIZARD

RUNS: tuple[tuple[Act, ...], ...] = ((FIRST, DAY, TROUBLE), (LIVE_ACT,), (WIZARD,))


def show_all(
    app: QApplication,
    home: Path,
    look: Callable[[Stage, QWidget], None],
    *,
    size: QSize,
    theme: str,
    scale_percent: int,
) -> None:
    """Run the program once for each of `RUNS` and let `look` see every stage.

    The main window is of exactly this size. Raises AssertionError where it is not.
    """
    for number, acts in enumerate(RUNS):
        with _driver(app, home / str(number), acts[0], theme, scale_percent) as driver:
            driver.window.resize(size)
            driver._on_loop(lambda: driver.desk.run("view.reset_layout"))
            for act in acts:
                for stage in act.stages:
                    with shown(driver, stage) as widget:
                        look(stage, widget)
                    crash = driver.session.shell._crash
                    assert crash is None or stage.name == "crash", f"{stage.name}: {crash.text}"
                    found = driver.window.size()
                    assert found == size, f"{stage.name}: the window is {found} and not {size}"


@contextmanager
def _driver(
    app: QApplication, home: Path, act: Act, theme: str, scale_percent: int
) -> Iterator[Driver]:
    """The program in these looks from the start: nothing is resized by a change of them."""

    def choose(settings: Settings) -> Settings:
        chosen = act.choose(settings)
        general = replace(chosen.general, theme=theme, ui_scale_percent=scale_percent)
        return replace(chosen, general=general)

    home.mkdir(parents=True)
    with act.around():
        driver = Driver(app, resolve_home(str(home), {}), choose)
        try:
            yield driver
        finally:
            driver.end()
