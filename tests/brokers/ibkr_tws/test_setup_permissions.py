"""The pages of accounts and permissions, against the TWS peer and through the real SDK."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.brokers.ibkr_tws import ports, trial, trial_data
from app.brokers.setup import CheckState
from tests.brokers.ibkr_tws.walking import (
    asked,
    check,
    edited,
    forget,
    is_quiet,
    says_before,
    walk_to,
)
from tests.doubles.loop import LoopRunner
from tests.doubles.tws.feed import Feed
from tests.doubles.tws.message_numbers import Ask, Tell
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.session import Session
from tests.doubles.tws.world import SPY, World

EUR_USD = 12087792
PASSED, WARNING, FAILED = CheckState.PASSED, CheckState.WARNING, CheckState.FAILED


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        yield peer


# ---- accounts ----


def test_a_live_account_on_a_paper_port_is_said(
    run: LoopRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TwsPeer(world=World("U7654321")) as peer:
        monkeypatch.setitem(ports.DEFAULT_PORTS, peer.port, ports.DEFAULT_PORTS[7497])
        walk = walk_to(peer)
        result = run(walk.page("account"))
    (option,) = result.options
    assert option.badge == "LIVE"
    assert "usually the paper port of TWS, but this is a live account" in option.text
    assert walk.setup.draft(walk.answers).environment == "live"


def test_an_account_that_fits_its_port_needs_no_word(
    run: LoopRunner, peer: TwsPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ports.DEFAULT_PORTS, peer.port, ports.DEFAULT_PORTS[7497])
    (option,) = run(walk_to(peer).page("account")).options
    assert option.text == "Net liquidation 1\u202f000\u202f000.00 USD"


def test_several_accounts(run: LoopRunner) -> None:
    with TwsPeer(world=World("DF1000", "DU1001", "DU1002")) as peer:
        walk = walk_to(peer, account="all")
        result = run(walk.page("account"))
    assert [one.value for one in result.options] == ["DF1000", "DU1001", "DU1002", "all"]
    assert {one.badge for one in result.options} == {"PAPER"}
    assert result.text == "This user has 3 accounts"
    draft = walk.setup.draft(walk.answers)
    assert draft.settings["accounts"] == ()
    assert draft.environment == "paper"
    assert "DF1000, DU1001, DU1002" in dict(draft.summary)["Account"]


def test_one_live_account_makes_all_of_them_live(run: LoopRunner) -> None:
    with TwsPeer(world=World("DU1001", "U1002")) as peer:
        walk = walk_to(peer, account="all")
        result = run(walk.page("account"))
    assert [one.badge for one in result.options] == ["PAPER", "LIVE", "LIVE"]
    assert "counts as live" in result.options[-1].text
    assert walk.setup.draft(walk.answers).environment == "live"
    walk.answers["account"] = "DU1001"
    assert walk.setup.draft(walk.answers).environment == "paper"


def test_a_choice_of_accounts_is_kept(run: LoopRunner) -> None:
    with TwsPeer(world=World("DU1001", "DU1002", "DU1003")) as peer:
        walk = edited(peer, 17, accounts=["DU1001", "DU1003"])
        result = run(walk.page("account"))
    assert ("DU1001,DU1003", "DU1001 and DU1003") in [(o.value, o.title) for o in result.options]
    assert walk.setup.draft(walk.answers).settings["accounts"] == ("DU1001", "DU1003")


def test_accounts_without_their_worth(
    run: LoopRunner, peer: TwsPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "ANSWER_S", 0.2)
    peer.faults.missing_end.add("summary")
    result = run(walk_to(peer).page("account"))
    assert result.trouble is None
    assert [(one.value, one.text) for one in result.options] == [("DU1000001", "")]


def test_the_summary_is_given_up_again(run: LoopRunner, peer: TwsPeer) -> None:
    run(walk_to(peer).page("account"))
    assert {Ask.ACCOUNT_SUMMARY, Ask.CANCEL_ACCOUNT_SUMMARY} <= asked(peer)


# ---- permissions ----


def refuse(peer: TwsPeer, con_id: int, code: int) -> None:
    peer.call(lambda: peer.world.part(Feed).refusals.__setitem__(con_id, code))


@pytest.mark.parametrize("code", [354, 10089, 10168, 10167])
def test_without_a_subscription_data_are_delayed(run: LoopRunner, peer: TwsPeer, code: int) -> None:
    refuse(peer, SPY.con_id, code)
    walk = walk_to(peer)
    result = run(walk.page("permissions"))
    assert result.trouble is None
    data = check(result, "data")
    assert data.state is WARNING
    assert data.finding.startswith("Delayed by 15 to 20 minutes")
    assert f"(TWS {code}" in data.finding
    assert result.answers["market_data"] == "delayed"
    assert walk.setup.draft(walk.answers).settings["market_data"] == "delayed"
    assert is_quiet(peer)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [("live", "delayed"), ("frozen", "delayed_frozen"), ("delayed_frozen", "delayed_frozen")],
)
def test_a_setting_follows_what_works(
    run: LoopRunner, peer: TwsPeer, was: str, becomes: str
) -> None:
    refuse(peer, SPY.con_id, 354)
    walk = edited(peer, 17, market_data=was)
    assert run(walk.page("permissions")).answers["market_data"] == becomes


def test_a_setting_that_works_is_left_alone(run: LoopRunner, peer: TwsPeer) -> None:
    walk = edited(peer, 17, market_data="frozen")
    assert run(walk.page("permissions")).answers["market_data"] == "frozen"


def test_a_competing_session(run: LoopRunner, peer: TwsPeer) -> None:
    refuse(peer, SPY.con_id, 10197)
    result = run(walk_to(peer).page("permissions"))
    assert result.trouble is not None
    assert (result.trouble.id, result.trouble.is_blocking) == ("competing-session", False)
    assert "logged in elsewhere" in check(result, "data").finding
    assert result.answers["market_data"] == "live"


def test_a_part_of_the_data_is_not_enough(run: LoopRunner, peer: TwsPeer) -> None:
    refuse(peer, SPY.con_id, 10090)
    data = check(run(walk_to(peer).page("permissions")), "data")
    assert data.state is WARNING
    assert data.finding.startswith("Live for EUR.USD, none for SPY: A part")


def test_a_closed_market_still_shows_its_last_price(run: LoopRunner, peer: TwsPeer) -> None:
    peer.call(lambda: peer.world.part(Feed).closed.add(SPY.con_id))
    data = check(run(walk_to(peer).page("permissions")), "data")
    assert (data.state, data.finding) == (PASSED, "Live: a quote of SPY came")


def test_a_login_for_currencies_only(run: LoopRunner, peer: TwsPeer) -> None:
    forget(peer, SPY.con_id)
    walk = walk_to(peer)
    result = run(walk.page("permissions"))
    assert result.trouble is None
    data = check(result, "data")
    assert data.state is WARNING
    assert data.finding.startswith("Live for EUR.USD, none for SPY: TWS knows no such contract")
    assert check(result, "history").finding.startswith("EUR.USD")


def test_no_data_at_all(run: LoopRunner, peer: TwsPeer) -> None:
    forget(peer, SPY.con_id)
    forget(peer, EUR_USD)
    result = run(walk_to(peer).page("permissions"))
    assert result.trouble is not None
    assert (result.trouble.id, result.trouble.is_blocking) == ("no-market-data", False)
    assert check(result, "data").state is FAILED
    assert check(result, "history").state is WARNING
    assert check(result, "trading").state is PASSED


def test_orders_that_work_are_counted(run: LoopRunner, peer: TwsPeer) -> None:
    peer.call(peer.world.manual_order, SPY.con_id, "BUY", 1, "LMT", 100)
    finding = check(run(walk_to(peer).page("permissions")), "orders").finding
    assert finding == "1 working at this moment"


def test_a_pacing_violation_of_history_is_in_words(run: LoopRunner, peer: TwsPeer) -> None:
    peer.faults.pacing_162 = True
    history = check(run(walk_to(peer).page("permissions")), "history")
    assert history.state is WARNING
    assert "pacing" in history.finding


def test_a_market_that_is_silent(run: LoopRunner, peer: TwsPeer) -> None:
    peer._handlers[Ask.MARKET_DATA] = lambda _session, _fields: None
    peer._handlers[Ask.CANCEL_MARKET_DATA] = lambda _session, _fields: None
    walk = walk_to(peer)
    walk.setup = type(walk.setup)(data_patience_s=0.1)
    result = run(walk.page("permissions"))
    assert result.trouble is not None
    assert result.trouble.id == "no-market-data"
    finding = check(result, "data").finding
    assert finding.startswith("None. SPY: no price of SPY came; outside trading hours")
    assert check(result, "history").finding.startswith("SPY"), "it was not refused"


def test_a_market_that_shows_only_its_last_close(run: LoopRunner, peer: TwsPeer) -> None:
    def close_only(session: Session, fields: list[str]) -> None:
        for tick, price in ((1, -1), (2, -1), (9, 500)):
            session.send(Tell.TICK_PRICE, 6, int(fields[2]), tick, price, 0, 0)

    peer._handlers[Ask.MARKET_DATA] = close_only
    peer._handlers[Ask.CANCEL_MARKET_DATA] = lambda _session, _fields: None
    assert check(run(walk_to(peer).page("permissions")), "data").state is PASSED


def test_orders_that_cannot_be_read(run: LoopRunner, peer: TwsPeer) -> None:
    peer._handlers[Ask.ALL_OPEN_ORDERS] = lambda session, _fields: session.error(-1, 322, "No.")
    result = run(walk_to(peer).page("permissions"))
    orders = check(result, "orders")
    assert (orders.state, "322" in orders.finding) == (FAILED, True)
    assert result.trouble is None


def test_permissions_without_ibkr(run: LoopRunner, peer: TwsPeer) -> None:
    says_before(peer, Ask.OPEN_ORDERS, 2110, "Connectivity between TWS and server is broken.")
    result = run(walk_to(peer).page("permissions"))
    assert result.trouble is not None
    assert result.trouble.id == "tws-offline"


@pytest.mark.parametrize(
    ("text", "words"),
    [("HMDS query returned no data: SPY@SMART Trades", "no data"), ("No permissions", "No perm")],
)
def test_history_that_is_not_there(run: LoopRunner, peer: TwsPeer, text: str, words: str) -> None:
    peer._handlers[Ask.HISTORY] = lambda session, f: session.error(
        int(f[1]), 162, f"Historical Market Data Service error message:{text}"
    )
    history = check(run(walk_to(peer).page("permissions")), "history")
    assert history.state is WARNING
    assert words in history.finding


def test_history_that_does_not_come(
    run: LoopRunner, peer: TwsPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial_data, "HISTORY_S", 0.1)
    peer._handlers[Ask.HISTORY] = lambda _session, _fields: None
    history = check(run(walk_to(peer).page("permissions")), "history")
    assert (history.state, "no complete answer" in history.finding) == (WARNING, True)
