"""Logging on for the wizard, against the TWS peer and through the real SDK: settings, changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from app.brokers.ibkr_tws import setup_session, setup_settings, trial
from app.brokers.setup import CheckState, WorkResult
from tests.brokers.ibkr_tws.walking import (
    asked,
    check,
    edited,
    is_quiet,
    says_before,
    states,
    walk_to,
)
from tests.doubles.loop import LoopRunner
from tests.doubles.tws import session as peer_session
from tests.doubles.tws.message_numbers import Ask
from tests.doubles.tws.peer import TwsPeer

EUR_USD = 12087792
PASSED, WARNING, FAILED = CheckState.PASSED, CheckState.WARNING, CheckState.FAILED
UNTESTED, BY_HAND = CheckState.UNTESTED, CheckState.BY_HAND


@pytest.fixture(params=[176, 178])
def peer(request: pytest.FixtureRequest) -> Iterator[TwsPeer]:
    with TwsPeer(version=request.param) as peer:
        yield peer


# ---- the whole way ----


def test_the_whole_way_to_a_paper_account(run: LoopRunner, peer: TwsPeer) -> None:
    walk = walk_to(peer)

    async def scene() -> list[WorkResult]:
        return [await walk.page(page.id) for page in walk.setup.pages(walk.answers)[2:]]

    settings, account, permissions = run(scene())
    assert [one.trouble for one in (settings, account, permissions)] == [None] * 3
    assert walk.problem("settings") is None
    assert account.options[0].badge == "PAPER"
    assert set(states(permissions).values()) == {PASSED}
    draft = walk.setup.draft(walk.answers)
    assert draft.environment == "paper"
    assert draft.suggested_id == "ib-paper"
    assert not draft.read_only
    assert draft.settings == {
        "host": "127.0.0.1",
        "port": peer.port,
        "client_id": 17,
        "accounts": ("DU1000001",),
        "market_data": "live",
    }
    assert is_quiet(peer)


def test_no_order_is_ever_sent(run: LoopRunner, peer: TwsPeer) -> None:
    walk = walk_to(peer)

    async def scene() -> None:
        for page_id in ("settings", "account", "permissions"):
            await walk.page(page_id)

    run(scene())
    orders = {Ask.PLACE_ORDER, Ask.CANCEL_ORDER, Ask.GLOBAL_CANCEL, Ask.AUTO_OPEN_ORDERS}
    assert not orders & asked(peer)


# ---- settings ----


def test_the_checklist_of_a_good_tws(run: LoopRunner, peer: TwsPeer) -> None:
    walk = walk_to(peer)
    result = run(walk.page("settings"))
    assert result.trouble is None
    assert states(result) == {
        "socket": PASSED,
        "read_only": PASSED,
        "data_only": BY_HAND,
        "trusted": PASSED,
        "client_id": PASSED,
        "zone": PASSED,
        "master": BY_HAND,
        "open_orders": BY_HAND,
        "precautions": BY_HAND,
        "english": PASSED,
        "restart": BY_HAND,
    }
    assert check(result, "client_id").finding == "17 is free and is taken"
    assert "America/New_York" in check(result, "zone").finding
    assert result.answers["server_version"] in {176, 178}
    told = [{one.state for one in said.checks} for said in walk.said]
    assert told[0] == {UNTESTED, BY_HAND}  # and line after line from there
    assert len(told) > 5
    assert is_quiet(peer)


def test_a_client_id_in_use_is_passed_over(run: LoopRunner, peer: TwsPeer) -> None:
    walk = walk_to(peer)

    async def scene() -> WorkResult:
        async with trial.session("127.0.0.1", peer.port, [17, 18], 1.0) as other:
            assert other.client_id == 17
            async with trial.session("127.0.0.1", peer.port, [17, 18], 1.0) as third:
                assert (third.client_id, third.in_use) == (18, (17,))
                return await walk.page("settings")

    result = run(scene())
    assert result.trouble is None
    finding = check(result, "client_id").finding
    assert finding == "17, 18 are in use by other programs; 19 is free and is taken"
    assert walk.answers["free_client_id"] == 19
    assert is_quiet(peer)


def test_an_id_that_was_found_is_found_again(run: LoopRunner, peer: TwsPeer) -> None:
    """TWS may hold it for a moment after our own last session."""
    walk = walk_to(peer, free_client_id=23)

    async def scene() -> WorkResult:
        async with trial.session("127.0.0.1", peer.port, [23], 1.0):
            task = asyncio.create_task(walk.page("settings"))
            await asyncio.sleep(trial.PAUSE_S / 2)
        return await task

    run(scene())
    assert walk.answers["free_client_id"] == 23


def test_no_client_id_is_free(run: LoopRunner, peer: TwsPeer) -> None:
    peer.faults.refuse_326 = True
    walk = walk_to(peer)
    result = run(walk.page("settings"))
    assert result.trouble is not None
    assert (result.trouble.id, result.trouble.is_blocking) == ("client-id-in-use", True)
    assert "17, 18, 19, 20, 21, 22, 23, 24, 25, 26" in result.trouble.text
    assert check(result, "client_id").state is FAILED
    assert walk.problem("settings")
    assert is_quiet(peer)


def test_a_read_only_api_must_be_agreed_to(run: LoopRunner, peer: TwsPeer) -> None:
    peer.faults.read_only = True
    walk = walk_to(peer)
    result = run(walk.page("settings"))
    assert result.trouble is not None
    assert (result.trouble.id, result.trouble.is_blocking) == ("read-only", False)
    assert check(result, "read_only").state is FAILED
    assert "Data only" in (walk.problem("settings") or "")

    walk.answers["settings.data_only"] = True
    assert walk.problem("settings") is None
    again = run(walk.page("settings"))
    assert again.trouble is None
    assert check(again, "read_only").state is PASSED
    permissions = run(walk.page("permissions"))
    assert check(permissions, "trading").state is WARNING
    assert check(permissions, "orders").state is WARNING
    assert check(permissions, "data").state is PASSED
    assert walk.setup.draft(walk.answers).read_only


def test_data_only_by_choice(run: LoopRunner, peer: TwsPeer) -> None:
    walk = walk_to(peer, **{"settings.data_only": True})
    result = run(walk.page("settings"))
    assert result.trouble is None
    assert "no orders" in check(result, "read_only").finding
    assert walk.setup.draft(walk.answers).read_only


@pytest.mark.parametrize(
    ("fault", "value", "trouble", "failed"),
    [
        ("accept_dialog", True, "accept-dialog", "trusted"),
        ("api_off", True, "api-off", "socket"),
        ("close_after_start", True, "api-off", "socket"),
        ("not_tws", True, "no-tws", ""),
        ("old_version", 100, "old-tws", ""),
    ],
)
@pytest.mark.parametrize("page_id", ["settings", "account", "permissions"])
def test_what_may_go_wrong_has_its_own_text(
    run: LoopRunner,
    peer: TwsPeer,
    page_id: str,
    fault: str,
    value: object,
    trouble: str,
    failed: str,
) -> None:
    setattr(peer.faults, fault, value)
    walk = walk_to(peer)
    walk.setup = type(walk.setup)(dialog_patience_s=0.3)
    result = run(walk.page(page_id))
    assert result.trouble is not None
    assert result.trouble.id == trouble
    assert result.trouble.is_blocking
    assert str(peer.port) in result.trouble.text
    if page_id == "settings":
        assert [one.id for one in result.checks if one.state is FAILED] == [failed] * bool(failed)
    assert is_quiet(peer)


def test_nothing_listens_any_more(run: LoopRunner, peer: TwsPeer) -> None:
    walk = walk_to(peer)
    peer.stop()
    result = run(walk.page("settings"))
    assert result.trouble is not None
    assert result.trouble.id == "nothing-listening"
    assert check(result, "socket").state is FAILED


def test_the_question_in_tws_is_pointed_at_and_waited_for(
    run: LoopRunner, peer: TwsPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup_session, "REMINDER_S", 0.05)
    monkeypatch.setattr(setup_settings, "_SLOW_S", 0.15)
    peer.faults.slow_answers_s = 0.1
    walk = walk_to(peer)
    result = run(walk.page("settings"))
    assert result.trouble is None
    assert any("answer Yes" in said.text for said in walk.said)
    assert check(result, "trusted").state is WARNING
    assert "Trusted IPs" in check(result, "trusted").finding


def test_a_zone_without_a_regional_name(run: LoopRunner, peer: TwsPeer) -> None:
    peer.world.handshake_zone = "Nowhere Standard Time"
    zone = check(run(walk_to(peer).page("settings")), "zone")
    assert zone.state is WARNING
    assert "UTC" in zone.finding


@pytest.mark.parametrize(
    "said", ["Verbindung zur Marktdatenfarm ist OK:usfarm", "\u6570\u636e connection:usfarm"]
)
def test_messages_in_another_language(
    run: LoopRunner, peer: TwsPeer, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setattr(peer_session, "FARMS", ((2104, said),))
    english = check(run(walk_to(peer).page("settings")), "english")
    assert english.state is WARNING
    assert ("Verbindung" in english.finding) or ("\u6570\u636e" in english.finding)


def test_messages_that_never_came_prove_nothing(
    run: LoopRunner, peer: TwsPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_session, "FARMS", ())
    assert check(run(walk_to(peer).page("settings")), "english").state is BY_HAND


def test_a_tws_without_ibkr(run: LoopRunner, peer: TwsPeer) -> None:
    says_before(peer, Ask.OPEN_ORDERS, 1100, "Connectivity has been lost.")
    result = run(walk_to(peer).page("settings"))
    assert result.trouble is not None
    assert (result.trouble.id, result.trouble.is_blocking) == ("tws-offline", False)


def test_a_tws_that_does_not_tell_whether_it_takes_orders(
    run: LoopRunner, peer: TwsPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "ANSWER_S", 0.2)
    peer.faults.missing_end.add("open_orders")
    walk = walk_to(peer)
    result = run(walk.page("settings"))
    assert result.trouble is None
    assert check(result, "read_only").state is WARNING
    permissions = run(walk.page("permissions"))
    assert check(permissions, "trading").state is WARNING


@pytest.mark.parametrize("error", [320, 322])
def test_a_refusal_for_another_reason_is_no_proof_of_read_only(
    run: LoopRunner, peer: TwsPeer, error: int
) -> None:
    peer._handlers[Ask.OPEN_ORDERS] = lambda session, _fields: session.error(-1, error, "No.")
    result = run(walk_to(peer).page("settings"))
    assert check(result, "read_only").state is WARNING
    assert not result.answers["api_read_only"]


@pytest.mark.parametrize(
    ("page_id", "question"),
    [
        ("settings", Ask.OPEN_ORDERS),
        ("permissions", Ask.OPEN_ORDERS),
        ("permissions", Ask.ALL_OPEN_ORDERS),
        ("permissions", Ask.MARKET_DATA_TYPE),
        ("permissions", Ask.MARKET_DATA),
    ],
)
def test_a_line_that_breaks_meanwhile(
    run: LoopRunner, peer: TwsPeer, page_id: str, question: Ask
) -> None:
    peer._handlers[question] = lambda session, _fields: session.abort()
    result = run(walk_to(peer).page(page_id))
    assert result.trouble is not None
    assert result.trouble.id == "no-answer"


# ---- changing a connection ----


def test_the_own_client_id_of_a_running_connection_stays(run: LoopRunner, peer: TwsPeer) -> None:
    walk = edited(peer, 31)

    async def scene() -> tuple[WorkResult, ...]:
        async with trial.session("127.0.0.1", peer.port, [31], 1.0):
            pages = ("settings", "account", "permissions")
            return tuple([await walk.page(page_id) for page_id in pages])

    results = run(scene())
    assert [one.trouble for one in results] == [None] * 3
    assert check(results[0], "client_id").state is PASSED
    assert "by this connection itself" in check(results[0], "client_id").finding
    assert walk.setup.draft(walk.answers).settings["client_id"] == 31


def test_the_own_client_id_when_it_does_not_run(run: LoopRunner, peer: TwsPeer) -> None:
    walk = edited(peer, 31, heartbeat_s=7.0, accounts=["DU1000001"])
    assert "31 is free" in check(run(walk.page("settings")), "client_id").finding
    settings = walk.setup.draft(walk.answers).settings
    assert (settings["client_id"], settings["heartbeat_s"]) == (31, 7.0)


def test_client_id_0_stays_and_is_not_tried(run: LoopRunner, peer: TwsPeer) -> None:
    """It would take charge of the orders that were typed into TWS."""
    walk = edited(peer, 0)
    result = run(walk.page("settings"))
    assert check(result, "client_id").state is PASSED
    assert walk.setup.draft(walk.answers).settings["client_id"] == 0
    started = {one.fields[2] for one in peer.world.received if one.fields[0] == "71"}
    assert started == {"17"}


def test_at_another_tws_the_own_client_id_is_like_any(run: LoopRunner, peer: TwsPeer) -> None:
    walk = edited(peer, 31)
    walk.answers["own_address"] = "127.0.0.1:1"

    async def scene() -> WorkResult:
        async with trial.session("127.0.0.1", peer.port, [31], 1.0):
            return await walk.page("settings")

    run(scene())
    assert walk.setup.draft(walk.answers).settings["client_id"] == 17


# ---- called off ----


@pytest.mark.parametrize("page_id", ["settings", "account", "permissions"])
def test_called_off_at_any_moment_nothing_is_left(
    run: LoopRunner, peer: TwsPeer, page_id: str
) -> None:
    """A millisecond later each time, from the first moment to behind the end."""
    peer.faults.slow_answers_s = 0.004
    walk = walk_to(peer)

    async def called_off_after(turns: int) -> bool:
        task = asyncio.create_task(walk.page(page_id))
        for _ in range(turns):
            await asyncio.sleep(0.001)
        if task.done():
            return False
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return True

    async def scene() -> int:
        turns = 0
        while await called_off_after(turns):
            turns += 1
            assert len(asyncio.all_tasks()) == 1
        return turns

    assert run(scene()) > 5
    assert is_quiet(peer)
    result = run(walk.page("settings"))
    assert check(result, "client_id").finding == "17 is free and is taken"


def test_called_off_while_tws_asks(run: LoopRunner, peer: TwsPeer) -> None:
    peer.faults.accept_dialog = True
    walk = walk_to(peer)
    walk.setup = type(walk.setup)(dialog_patience_s=60.0)

    async def scene() -> None:
        task = asyncio.create_task(walk.page("settings"))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(scene(), timeout_s=30)
    assert is_quiet(peer)
