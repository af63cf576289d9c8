"""Random keys and clicks: with arming off nothing is sent, with arming on nothing unasked for.

MOORGATE_MONKEY_SEED=N begins with another seed, MOORGATE_MONKEY_STEPS=N takes so many steps for
each seed: 1250 make it 10,000 with arming off, and half as many with arming on. So many take
five minutes; every run of all tests takes 4,000 and 2,000.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from PySide6.QtGui import QDesktopServices

from app.store.settings import Settings
from tests.monkey.audit import Audit
from tests.monkey.monkey import Monkey
from tests.ui.shell.conftest import Driver

FIRST = int(os.environ.get("MOORGATE_MONKEY_SEED", "1"))
STEPS = int(os.environ.get("MOORGATE_MONKEY_STEPS", "500"))
SEEDS = range(FIRST, FIRST + 8)


# A window that has become smaller since: QTest says so of what no hand could do.
pytestmark = pytest.mark.qt_log_ignore("^Mouse event at .* occurs outside", extend=True)


@pytest.fixture
def caged(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> Driver:
    """The program, connected; nothing is opened outside of it, and it does not end by itself."""
    monkeypatch.setattr(driver.session.shell, "_on_exit", lambda: None)
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _url: True)
    driver.connect()
    return driver


def crashes(driver: Driver) -> list[str]:
    """Listens to the crash path; the list fills while the program runs."""
    found: list[str] = []
    driver.session.crash.reported.connect(lambda report: found.append(report.text))
    return found


def forbid_arming(driver: Driver) -> None:
    """Whoever arms finds the keys disarmed before anything else can happen."""
    arming = driver.desk.arming
    arming.listen(lambda is_armed, _: arming.disarm("not today") if is_armed else None)


def keep_asking(driver: Driver) -> None:
    """The ticket always asks, so that the audit hears what is answered."""

    def restore(settings: Settings) -> None:
        if not settings.trading.confirm_orders:
            trading = replace(settings.trading, confirm_orders=True)
            driver.engine.apply_settings(replace(settings, trading=trading))

    driver.desk.settings_changed.connect(restore)


def tell(seed: int, monkey: Monkey, audit: Audit) -> None:
    """For whoever reads the output of the test."""
    print(f"seed {seed}: {dict(monkey.log.done)}")
    print(f"dialogs {dict(monkey.log.dialogs)}")
    print(f"slowest {monkey.log.slowest}; {len(audit.sent)} orders; begun {dict(audit.begun)}")


@pytest.mark.timeout(170)
@pytest.mark.parametrize("seed", SEEDS)
def test_with_arming_off_no_order_is_sent(
    seed: int, caged: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_arming(caged)
    audit, failures = Audit(caged, monkeypatch), crashes(caged)
    monkey = Monkey(caged, seed, arms=False)
    try:
        monkey.run(STEPS)
    finally:
        tell(seed, monkey, audit)
    assert failures == []
    assert [str(sent) for sent in audit.sent] == []
    assert caged.orders() == []


@pytest.mark.timeout(170)
@pytest.mark.parametrize("seed", SEEDS)
def test_with_arming_on_every_order_was_asked_for(
    seed: int, caged: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_asking(caged)
    audit, failures = Audit(caged, monkeypatch), crashes(caged)
    monkey = Monkey(caged, seed, arms=True)
    monkey.on_order_question(audit.hear)
    try:
        monkey.run(STEPS // 2)
    finally:
        tell(seed, monkey, audit)
    assert failures == []
    assert audit.unasked() == []
    assert audit.not_reducing_fills() == []
    assert audit.begun.total() > 0
