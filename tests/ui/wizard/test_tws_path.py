"""The way to TWS with the real pages and the real SDK, against the TWS peer, by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from PySide6.QtWidgets import QLabel

from app.brokers.ibkr_tws import ports
from app.brokers.ibkr_tws import setup as tws_setup
from app.brokers.setup import CheckState
from app.domain.ids import ConnectionId
from app.engine.health import ConnectionState
from app.ui.frame import Badge
from app.ui.panels.watchlist import WatchlistPanel
from app.ui.wizard.checklist_page import CheckRow
from tests.brokers.ibkr_tws.walking import forget
from tests.doubles.tws.feed import Feed
from tests.doubles.tws.message_numbers import Ask
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.records import Account
from tests.ui.find import child
from tests.ui.shell.conftest import Driver
from tests.ui.wizard.pages import ENTER, ESC, SPACE, TAB, Pages

IB, SPY, EUR_USD = ConnectionId("ib-paper"), 756733, 12087792


@pytest.fixture
def peer() -> Iterator[TwsPeer]:
    with TwsPeer() as peer:
        yield peer


@pytest.fixture(autouse=True)
def _usual_ports(monkeypatch: pytest.MonkeyPatch, peer: TwsPeer) -> None:
    """The peer's port is the one that TWS uses; nobody has 20 s for a dialog in a test."""
    for port in tuple(ports.DEFAULT_PORTS):
        monkeypatch.delitem(ports.DEFAULT_PORTS, port)
    monkeypatch.setitem(ports.DEFAULT_PORTS, peer.port, ports.PortMeaning("TWS", "paper"))
    quick = partial(tws_setup.TwsSetup, dialog_patience_s=1.0, data_patience_s=0.5)
    monkeypatch.setattr(tws_setup, "TwsSetup", quick)


@pytest.fixture
def pages(driver: Driver, peer: TwsPeer) -> Pages:
    """The wizard, opened by its key, at its first page."""
    pages = Pages(driver)
    assert pages.view.chosen == "Interactive Brokers"
    return pages


def to_find(pages: Pages) -> None:
    pages.on(2)
    assert pages.wizard.current == "find"


def to_settings(pages: Pages) -> None:
    to_find(pages)
    pages.on()
    assert pages.wizard.current == "settings"


def to_permissions(pages: Pages) -> None:
    to_settings(pages)
    pages.on(2)
    assert pages.wizard.current == "permissions"


def trouble(pages: Pages) -> str:
    """The id of the trouble on the page, once its texts are what the widgets show."""
    shown = pages.view.trouble
    assert shown is not None, "all is well here"
    assert pages.said("trouble_title") == shown.title
    assert pages.said("trouble_text") == shown.text
    steps = [label.text() for label in pages.dialog.findChildren(QLabel, "trouble_step")]
    assert tuple(steps) == shown.steps
    assert pages.focused == "try_again"
    return shown.id


def check_states(pages: Pages) -> dict[str, CheckState]:
    return {row.check.id: row.check.state for row in pages.dialog.findChildren(CheckRow)}


def test_a_newcomer_reaches_a_live_quote_by_keyboard_alone(
    driver: Driver, peer: TwsPeer, pages: Pages
) -> None:
    pages.on()
    assert pages.focused == "option_tws"
    pages.on()
    assert pages.focused == f"option_127.0.0.1:{peer.port}"
    pages.on()
    assert check_states(pages)["socket"] is CheckState.PASSED
    pages.on()
    assert [option.badge for option in pages.view.options] == ["PAPER"]
    pages.on()
    assert set(check_states(pages).values()) == {CheckState.PASSED}
    pages.on()
    assert pages.wizard.environment == "paper"
    pages.on(2)
    assert pages.view.summary is not None
    assert ("Name", "ib-paper") in pages.view.summary.lines
    pages.press(ENTER)
    pages.until_closed()
    driver.until(lambda: driver.engine.connections.state(IB) is ConnectionState.READY)
    driver.until(lambda: driver.desk.selection.account_id == "DU1000001")
    watchlist = child(driver.window, WatchlistPanel)
    driver.until(lambda: watchlist.search.hasFocus())
    driver.write("SPY")
    driver.press(ENTER)
    driver.until(lambda: len(watchlist.model) == 1)
    [row] = watchlist.model.all_rows()
    assert (row.connection_id, row.instrument.symbol) == (IB, "SPY")
    peer.call(peer.world.quote, SPY, 512.34, 512.36)
    driver.until(lambda: bid_of(watchlist) == 512.34)
    assert driver.desk.selection.market_key == row.key
    driver.do(driver.engine.connections.disconnect(IB))
    peer.until(lambda: not peer.world.connections)


def bid_of(watchlist: WatchlistPanel) -> float | None:
    [row] = watchlist.model.all_rows()
    return None if row.quote is None else row.quote.bid


# ---- every failure with its own page, until it is put right ----


@pytest.mark.parametrize(
    ("fault", "value", "expected"),
    [
        ("not_tws", True, "no-tws"),
        ("accept_dialog", True, "accept-dialog"),
        ("api_off", True, "api-off"),
        ("old_version", 100, "old-tws"),
    ],
)
def test_what_answers_but_cannot_be_used(
    peer: TwsPeer, pages: Pages, fault: str, value: object, expected: str
) -> None:
    peer.call(setattr, peer.faults, fault, value)
    to_find(pages)
    assert trouble(pages) == expected
    peer.call(setattr, peer.faults, fault, type(value)())
    pages.press(ENTER)
    pages.idle()
    assert pages.view.trouble is None
    assert pages.focused == f"option_127.0.0.1:{peer.port}"
    pages.on()
    assert pages.wizard.current == "settings"
    cancel(pages)


def cancel(pages: Pages) -> None:
    pages.press(ESC)
    if pages.wizard.is_touched:
        pages.agree()
    pages.until_closed()


def test_nothing_is_listening_until_tws_is_started(peer: TwsPeer, pages: Pages) -> None:
    peer.stop()
    to_find(pages)
    assert trouble(pages) == "nothing-listening"
    with TwsPeer(port=peer.port):
        pages.press(ENTER)
        pages.idle()
        assert pages.view.found == "Found one TWS or IB Gateway"
        pages.on()
        assert pages.view.trouble is None
        cancel(pages)


def test_another_port_is_typed(peer: TwsPeer, pages: Pages) -> None:
    peer.stop()
    with TwsPeer() as other:
        to_find(pages)
        while pages.focused != "field_port":
            pages.press(TAB)
        pages.type(str(other.port))
        pages.on()
        assert pages.view.trouble is None
        assert check_states(pages)["socket"] is CheckState.PASSED
        cancel(pages)


def test_tws_asks_its_person_after_it_was_found(peer: TwsPeer, pages: Pages) -> None:
    to_find(pages)
    peer.call(setattr, peer.faults, "accept_dialog", True)
    pages.on()
    assert trouble(pages) == "accept-dialog"
    peer.call(setattr, peer.faults, "accept_dialog", False)
    pages.press(ENTER)
    pages.idle()
    assert pages.view.trouble is None
    cancel(pages)


def test_every_client_id_is_in_use(peer: TwsPeer, pages: Pages) -> None:
    peer.call(setattr, peer.faults, "refuse_326", True)
    to_settings(pages)
    assert trouble(pages) == "client-id-in-use"
    peer.call(setattr, peer.faults, "refuse_326", False)
    pages.press(ENTER)
    pages.idle()
    assert check_states(pages)["client_id"] is CheckState.PASSED
    cancel(pages)


def test_read_only_needs_a_tick_and_makes_a_read_only_connection(
    driver: Driver, peer: TwsPeer, pages: Pages
) -> None:
    peer.call(setattr, peer.faults, "read_only", True)
    to_settings(pages)
    assert trouble(pages) == "read-only"
    assert check_states(pages)["read_only"] is CheckState.FAILED
    while pages.focused != "wizard_next":
        pages.press(TAB)
    pages.press(ENTER)
    assert pages.wizard.current == "settings"
    assert "tick Data only" in pages.said("wizard_problem")
    while pages.focused != "check_data_only":
        pages.press(TAB)
    pages.press(SPACE)
    pages.on(4)
    assert pages.wizard.current == "wizard-name"
    assert pages.view.name is not None
    assert pages.view.name.read_only
    pages.on()
    pages.press(ENTER)
    pages.until_closed()
    connections = driver.engine.connections
    # Whether it gets further than reading depends on what TWS lets a data-only client read.
    driver.until(lambda: connections.is_paper(IB) is True)
    assert connections.config(IB).read_only
    assert connections.is_trading_open(IB) is not None


def refuse(peer: TwsPeer) -> None:
    peer.call(lambda: peer.world.part(Feed).refusals.__setitem__(SPY, 10197))


def forget_all(peer: TwsPeer) -> None:
    for con_id in (SPY, EUR_USD):
        forget(peer, con_id)


@pytest.mark.parametrize(
    ("make", "expected"), [(forget_all, "no-market-data"), (refuse, "competing-session")]
)
def test_market_data_that_may_not_be_had(
    peer: TwsPeer, pages: Pages, make: Callable[[TwsPeer], None], expected: str
) -> None:
    make(peer)
    to_permissions(pages)
    assert trouble(pages) == expected
    assert pages.find(QLabel, "trouble_title").isVisible()
    while pages.focused != "wizard_next":
        pages.press(TAB)
    pages.on()
    assert pages.wizard.current == "wizard-limits", "a warning, and no wall"
    cancel(pages)


def test_a_live_account_is_live_on_any_port(driver: Driver, pages: Pages, peer: TwsPeer) -> None:
    peer.call(lambda: peer.world.accounts.update({"U7654321": Account("U7654321")}))
    peer.call(lambda: peer.world.accounts.pop("DU1000001"))
    to_settings(pages)
    pages.on()
    assert [option.badge for option in pages.view.options] == ["LIVE"]
    assert "The account decides" in pages.view.options[0].text
    pages.on(2)
    assert pages.find(Badge, "wizard_badge").text() == "LIVE"
    pages.on(2)
    assert pages.view.summary is not None
    assert ("Name", "ib-live") in pages.view.summary.lines
    assert ("Daily loss at most", "500 in account currency") in pages.view.summary.limits
    cancel(pages)


def test_back_and_forth_logs_on_only_once(peer: TwsPeer, pages: Pages) -> None:
    to_permissions(pages)

    def log_ons() -> int:
        asked = peer.call(lambda: [one.fields[0] for one in peer.world.received])
        return asked.count(str(Ask.START_API.value))

    before = log_ons()
    for _ in range(4):
        pages.back()
    assert pages.wizard.current == "way"
    pages.on(4)
    assert pages.wizard.current == "permissions"
    assert log_ons() == before
    pages.press(ESC)
    pages.until_closed()
    assert not peer.call(lambda: peer.world.connections)
