"""Random keys and clicks: with arming off nothing is sent, with arming on nothing unasked for.

MOORGATE_MONKEY_SEED=N begins with another seed, MOORGATE_MONKEY_STEPS=N takes so many steps for
each seed: 1250 make it 10,000 with arming off, and half as many with arming on. So many take
some minutes; every run of all tests takes 1,200 and 800, and 400 more with arming off on a desk
where something is open, with fewer seeds. Each seed has a way of its own to send (see
WAYS), the same for every fourth one; MOORGATE_MONKEY_WAY=staged takes one way for all.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import pytest
from PySide6.QtGui import QDesktopServices

from app.store.settings import Settings
from tests.monkey.audit import Audit
from tests.monkey.monkey import Monkey
from tests.ui.shell.conftest import Driver

FIRST = int(os.environ.get("MOORGATE_MONKEY_SEED", "1"))
ASKED = os.environ.get("MOORGATE_MONKEY_STEPS")
STEPS, CALM_STEPS = int(ASKED or "400"), int(ASKED or "300")
SEEDS = range(FIRST, FIRST + (8 if ASKED else 4))
FEWEST = SEEDS[: len(SEEDS) // 2]


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


def open_a_book(driver: Driver) -> None:
    """Bought at the market, with a target, a stop and one more order that waits; then disarmed."""
    desk, orders = driver.desk, driver.engine.orders.book
    desk.arming.arm()
    desk.run("trading.buy_market")
    driver.until(lambda: [v for v in driver.engine.portfolio.positions() if v.quantity])
    desk.run("trading.bracket_position")
    driver.until(lambda: len(list(orders.open_orders())) == 2)
    desk.run("trading.join_bid")
    driver.until(lambda: len(list(orders.open_orders())) == 3)
    desk.arming.disarm("the book is open")


@dataclass(frozen=True)
class Way:
    """How the desk is set while the monkey is at it."""

    confirm: bool = True
    staged: bool = False
    dry: bool = False


WAYS = {
    "asking": Way(),
    "one-click": Way(confirm=False),
    "staged": Way(staged=True),
    "dry": Way(confirm=False, dry=True),
}


def way_of(seed: int) -> Way:
    """The way that was asked for, or this seed's."""
    return WAYS[os.environ.get("MOORGATE_MONKEY_WAY") or list(WAYS)[seed % len(WAYS)]]


def keep(driver: Driver, way: Way) -> None:
    """Set the desk so, and set it so again whenever the monkey has changed it."""

    def restore(settings: Settings) -> None:
        trading = replace(
            settings.trading,
            confirm_orders=way.confirm,
            confirm_changes=way.confirm,
            staged_orders=way.staged,
        )
        if trading != settings.trading:
            driver.engine.apply_settings(replace(settings, trading=trading))

    driver.desk.settings_changed.connect(restore)
    restore(driver.desk.settings)


def tell(seed: int, monkey: Monkey, audit: Audit) -> None:
    """For whoever reads the output of the test."""
    never = [c.id for c in monkey.driver.desk.commands if c.id not in audit.ran | audit.refused]
    print(f"seed {seed} {way_of(seed)}: {dict(monkey.log.done)}")
    print(f"dialogs {dict(monkey.log.dialogs)}")
    print(f"slowest {monkey.log.slowest}; {len(audit.sent)} orders; {len(audit.changed)} changes")
    print(f"ran {dict(audit.ran)}")
    print(f"refused {dict(audit.refused)}")
    print(f"never {never}")


@pytest.mark.timeout(170)
@pytest.mark.parametrize("seed", SEEDS)
def test_with_arming_off_no_order_is_sent(
    seed: int, caged: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_arming(caged)
    way = way_of(seed)
    keep(caged, way)
    audit, failures = Audit(caged, monkeypatch), crashes(caged)
    monkey = Monkey(caged, seed, arms=False, dry=way.dry)
    try:
        monkey.run(CALM_STEPS)
    finally:
        tell(seed, monkey, audit)
    assert failures == []
    assert [str(sent) for sent in audit.sent] == []
    assert caged.orders() == []


def let_loose(driver: Driver, seed: int, monkeypatch: pytest.MonkeyPatch, *, arms: bool) -> Audit:
    """Half of the steps; whatever is sent then was asked for, and an exit only reduces."""
    way = way_of(seed)
    keep(driver, way)
    audit, failures = Audit(driver, monkeypatch), crashes(driver)
    monkey = Monkey(driver, seed, arms=arms, dry=way.dry)
    monkey.on_order_question(audit.hear)
    try:
        monkey.run(STEPS // 2)
    finally:
        tell(seed, monkey, audit)
    assert failures == []
    assert audit.unasked() == []
    assert audit.not_reducing_fills() == []
    return audit


@pytest.mark.timeout(170)
@pytest.mark.parametrize("seed", SEEDS)
def test_with_arming_on_every_order_was_asked_for(
    seed: int, caged: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = let_loose(caged, seed, monkeypatch, arms=True)
    assert audit.begun.total() > 0


@pytest.mark.timeout(170)
@pytest.mark.parametrize("seed", FEWEST)
def test_with_arming_off_what_is_open_only_becomes_less(
    seed: int, caged: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A position, a bracket around it and an entry that waits: exits and cancels may work."""
    open_a_book(caged)
    forbid_arming(caged)
    let_loose(caged, seed, monkeypatch, arms=False)
