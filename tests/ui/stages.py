"""Everything that the program can show, one after the other, for pictures and for checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QWidget

from app.base.paths import resolve_home
from app.brokers import registry
from app.store.settings import SettingsStore
from app.ui import theme
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
    name: str,
    scale_percent: int,
) -> None:
    """Run the program once for each of `RUNS` and let `look` see every stage.

    The main window is of exactly this size, in the theme `name`. Raises AssertionError where it
    is not.
    """
    for number, acts in enumerate(RUNS):
        with _driver(app, home / str(number), acts[0], name, scale_percent) as driver:
            driver.window.resize(size)
            driver._on_loop(lambda: driver.desk.run("view.reset_layout"))
            for act in acts:
                for stage in act.stages:
                    with shown(driver, stage) as widget:
                        look(stage, widget)
                    crash = driver.session.shell._crash
                    assert crash is None or stage.name == "crash", f"{stage.name}: {crash.text}"
                    _as_asked(driver, stage, size, name, scale_percent)


@contextmanager
def _driver(
    app: QApplication, home: Path, act: Act, name: str, scale_percent: int
) -> Iterator[Driver]:
    """The program in these looks from the start: nothing is resized by a change of them."""
    home.mkdir(parents=True)
    paths = resolve_home(str(home), {})
    store = SettingsStore(paths.settings_file, registry.broker_info, registry.broker_ids)
    store.load()  # writes the file of a first start
    store.save_value("general", "theme", name)
    store.save_value("general", "ui_scale_percent", scale_percent)
    with act.around():
        driver = Driver(app, paths, act.choose)
        try:
            yield driver
        finally:
            driver.end()


def _as_asked(driver: Driver, stage: Stage, size: QSize, name: str, percent: int) -> None:
    """Nothing on the way changed what the pictures are to show."""
    found = driver.window.size(), theme.current_name(), theme.scale_percent()
    assert found == (size, name, percent), f"after {stage.name} it is {found}"
