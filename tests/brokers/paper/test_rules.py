"""What a real broker rejects is rejected here, with rule and values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import BrokerError, Outcome
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import OrderStatus, Side, TimeInForce
from app.domain.reports import CancelRefused, ReplaceRefused
from tests.brokers.driving import submitted
from tests.brokers.paper.driver import FUTURE, write_manifest
from tests.brokers.paper.trader import Run, Trader, trading

S = OrderStatus
D = Decimal


@pytest.fixture
def trader(tmp_path: Path, run: Run) -> Iterator[Trader]:
    with trading(tmp_path, run) as open_trader:
        yield open_trader


def rejected(trader: Trader, side: Side, quantity: Any, **terms: Any) -> str:
    """The reason for which an order was rejected."""
    (order,) = trader.send(trader.request(side, quantity, **terms))
    assert trader.status(order) is S.REJECTED
    assert trader.fills(order) == []
    return trader.told(order).reason


@pytest.mark.parametrize(
    ("quantity", "terms", "reason"),
    [
        (10, {"limit": "99.505"}, "limit price must be a multiple of 0.01, was 99.505"),
        ("0.5", {}, "quantity must be a multiple of 1, was 0.5"),
        (10, {"stop": "101.001"}, "stop price must be a multiple of 0.01"),
        (10, {"limit": "-1"}, "limit price must be more than zero"),
        (10, {"limit": "10"}, "limit price 10 is more than 50 % away from the last price 100"),
        (10, {"limit": "900"}, "more than 50 % away"),
        (10, {"stop": "151", "limit": "99"}, "stop price 151 is more than 50 % away"),
        (10, {"stop": "101", "tif": TimeInForce.IOC}, "stop orders with ioc are not supported"),
        (100_000, {}, "insufficient buying power: it needs 2,500,250.00 USD"),
        (10, {"account_id": "OTHER"}, "there is no account 'OTHER' here, only 'PAPER'"),
    ],
)
def test_refusals(trader: Trader, quantity: Any, terms: dict[str, Any], reason: str) -> None:
    trader.print("100.00", 1)
    assert reason in rejected(trader, Side.BUY, quantity, **terms)


def test_an_unknown_symbol(trader: Trader) -> None:
    stranger = Instrument("NOPE", AssetClass.EQUITY, "USD")
    reason = rejected(trader, Side.BUY, 1, instrument=stranger)
    assert reason == "unknown symbol 'NOPE': the present market data has none"


def test_an_expired_future_that_nobody_lists(trader: Trader) -> None:
    old = Instrument("XYZH3", AssetClass.FUTURE, "USD", expiry=date(2023, 3, 17))
    assert rejected(trader, Side.BUY, 1, instrument=old) == "XYZH3 expired on 2023-03-17"


def test_a_future_expires_by_the_date_of_the_replay(tmp_path: Path, run: Run) -> None:
    expired = FUTURE.replace("2024-03-15", "2024-03-11")
    with trading(tmp_path, run, file=str(write_manifest(tmp_path, expired))) as trader:
        assert rejected(trader, Side.BUY, 1) == "XYZH4 expired on 2024-03-11"


def test_the_markets_own_ticks_count_whatever_the_order_carries(trader: Trader) -> None:
    finer = replace(trader.market.instrument, tick_size=D("0.001"))
    assert "multiple of 0.01" in rejected(trader, Side.BUY, 1, limit="99.505", instrument=finer)


def test_short_selling_can_be_switched_off(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run, allow_short=False) as trader:
        assert "short selling is switched off" in rejected(trader, Side.SELL, 1)
        trader.buy(10)
        assert trader.status(trader.sell(6)) is S.FILLED
        trader.sell(3, limit="110")
        assert "it would sell XYZ short (4 held" in rejected(trader, Side.SELL, 2)


def test_a_cash_account_lends_nothing(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run, account_type="cash", initial_cash="10000") as trader:
        assert "a cash account cannot" in rejected(trader, Side.SELL, 1)
        assert "insufficient buying power" in rejected(trader, Side.BUY, 100)
        assert trader.status(trader.buy(60, limit="99")) is S.WORKING
        reason = rejected(trader, Side.BUY, 60, limit="99")
        assert "it needs 5,940.00 USD, available are 4,060.00 USD" in reason


def test_exits_cost_nothing(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run, account_type="cash", initial_cash="10001") as trader:
        trader.buy(100)
        assert trader.balance().cash == 0
        assert trader.status(trader.sell(100, limit="110")) is S.WORKING


def test_a_duplicate_id_is_refused_and_the_first_stands(trader: Trader) -> None:
    order = trader.buy(10, limit="99")
    with pytest.raises(BrokerError, match="was sent before") as caught:
        trader.run(trader.market.broker.submit([order]))
    assert (caught.value.outcome, caught.value.code) == (Outcome.REJECTED, "duplicate")
    assert trader.status(order) is S.WORKING
    trader.cancel(order)
    with pytest.raises(BrokerError):
        trader.run(trader.market.broker.submit([order]))


def test_a_duplicate_leg_keeps_the_whole_group_out(trader: Trader) -> None:
    order = trader.buy(10, limit="99")
    other = submitted(
        trader.request(Side.BUY, 1), trader.market.sink.book, trader.market.clock.now()
    )
    with pytest.raises(BrokerError):
        trader.run(trader.market.broker.submit([other, order]))
    assert [o.client_order_id for o in trader.record().orders] == [order.client_order_id]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"limit": "99.005"}, "multiple of 0.01"),
        ({"limit": "9"}, "more than 50 % away"),
        ({"quantity": 4}, "4 are filled already"),
        ({"quantity": 100_000}, "insufficient buying power"),
        ({"stop": "98"}, "limit order takes no stop price"),
    ],
)
def test_changes_that_are_refused(trader: Trader, terms: dict[str, Any], reason: str) -> None:
    trader.print("100", 1)
    order = trader.buy(10, limit="99")
    trader.print("99", 4, Side.SELL)
    trader.modify(order, **terms)
    refusal = trader.market.sink.of(ReplaceRefused)[-1]
    assert refusal.client_order_id == order.client_order_id
    assert reason in refusal.reason
    assert trader.now(order).quantity == 10
    assert trader.status(order) is S.PARTIALLY_FILLED


def test_a_cancel_of_nothing_is_refused(trader: Trader) -> None:
    lost = submitted(
        trader.request(Side.BUY, 1), trader.market.sink.book, trader.market.clock.now()
    )
    trader.run(trader.market.broker.cancel(lost))
    trader.settle()
    assert trader.market.sink.of(CancelRefused)[-1].reason == "there is no such order"


def test_a_preview_tells_cost_and_refusal(trader: Trader) -> None:
    def preview(quantity: Any) -> Any:
        request = trader.request(Side.BUY, quantity)
        return trader.run(trader.market.broker.preview(request))

    fine = preview(100)
    assert (fine.cost, fine.commission) == (D("10001.00"), D(0))
    assert fine.initial_margin == D("2500.25")
    assert fine.text == ""
    assert "would be rejected: insufficient buying power" in preview(100_000).text


def test_a_live_environment_is_refused(tmp_path: Path, run: Run) -> None:
    from app.brokers.paper.adapter import PaperBroker
    from tests.brokers.paper.driver import PaperDriver

    context = PaperDriver(tmp_path).context()
    broker = PaperBroker(replace(context, config=replace(context.config, environment="live")))
    with pytest.raises(BrokerError, match="has no 'live' environment"):
        run(broker.connect())
