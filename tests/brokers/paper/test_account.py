"""Cash, positions, fees, margin and settlement."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import UserError
from app.brokers.paper.config import read_config
from app.brokers.paper.fees import FeeRule, parse_overrides
from app.brokers.paper.ledger import Ledger
from app.domain.execution import Execution
from app.domain.ids import AccountId, ConnectionId, ExecId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import OrderStatus, Side
from tests.brokers.paper.driver import COIN, FUTURE, FUTURE_MARGIN, SHARE, write_manifest
from tests.brokers.paper.trader import Run, trading
from tests.doubles.loop import LoopRunner

S = OrderStatus
D = Decimal
STOCK = Instrument("XYZ", AssetClass.EQUITY, "USD")
CONTRACT = Instrument("XYZH4", AssetClass.FUTURE, "USD", multiplier=D(50))


def fill(instrument: Instrument, number: int, signed: int, price: D, fee: D) -> Execution:
    return Execution(
        connection_id=ConnectionId("paper"),
        account_id=AccountId("PAPER"),
        exec_id=ExecId(f"E{number}"),
        client_order_id=None,
        broker_order_id=None,
        instrument=instrument,
        side=Side.BUY if signed > 0 else Side.SELL,
        quantity=D(abs(signed)),
        price=price,
        at=datetime(2024, 1, 2, tzinfo=UTC),
        fee=fee,
    )


trades = st.lists(
    st.tuples(
        st.integers(-50, 50).filter(bool),
        st.integers(1, 20_000).map(lambda cents: D(cents) / 100),
        st.integers(0, 500).map(lambda cents: D(cents) / 100),
    ),
    max_size=30,
)


@given(trades)
def test_shares_move_cash_by_what_they_cost(steps: list[tuple[int, D, D]]) -> None:
    ledger = Ledger()
    for number, (signed, price, fee) in enumerate(steps):
        ledger.book(fill(STOCK, number, signed, price, fee))
    spent = sum((signed * price + fee for signed, price, fee in steps), D(0))
    assert ledger.cash.get("USD", D(0)) == -spent
    held = sum(signed for signed, _, _ in steps)
    assert ledger.quantity(STOCK.key) == held
    if steps:
        position = ledger.positions[STOCK.key]
        fees = sum((fee for _, _, fee in steps), D(0))
        # Cash, what the position cost and what was realized are one account.
        assert ledger.cash["USD"] + fees == position.realized - position.cost
        assert (position.average_price is None) == (held == 0)
        if held:
            assert position.cost * held > 0


@given(trades, st.lists(st.integers(1, 20_000).map(lambda c: D(c) / 100), max_size=5))
def test_futures_settle_to_the_same_cash_whenever_they_are_settled(
    steps: list[tuple[int, D, D]], marks: list[D]
) -> None:
    ledger = Ledger()
    for number, (signed, price, fee) in enumerate(steps):
        position = ledger.book(fill(CONTRACT, number, signed, price, fee))
        if number < len(marks):
            ledger.settle(position, marks[number])
    held = int(ledger.quantity(CONTRACT.key))
    if held:
        steps = [*steps, (-held, D(77), D(0))]
        ledger.book(fill(CONTRACT, len(steps), -held, D(77), D(0)))
    expected = -sum((signed * price * 50 + fee for signed, price, fee in steps), D(0))
    assert ledger.cash.get("USD", D(0)) == expected
    fees = sum((fee for _, _, fee in steps), D(0))
    if steps:
        assert ledger.positions[CONTRACT.key].realized - fees == expected


@pytest.mark.parametrize(
    ("rule", "quantity", "value", "total"),
    [
        (FeeRule("per_share", D("0.005"), D(1)), 100, 5000, D(1)),
        (FeeRule("per_share", D("0.005"), D(1)), 1000, 5000, D(5)),
        (FeeRule("percent", D("0.1")), 7, 5000, D(5)),
        (FeeRule("none"), 7, 5000, D(0)),
        (FeeRule("per_share", D(1), D(1)), 0, 0, D(0)),
    ],
)
def test_fee_models(rule: FeeRule, quantity: int, value: int, total: D) -> None:
    assert rule.total(STOCK, D(quantity), D(value)) == total


def test_the_minimum_is_paid_once_an_order(tmp_path: Path, run: Run) -> None:
    fees: dict[str, Any] = {"fee_model": "per_share", "fee_per_share": "0.01", "fee_minimum": "2"}
    with trading(tmp_path, run, **fees) as trader:
        order = trader.buy(300, limit="99")
        for _ in range(3):
            trader.print("99", 100, Side.SELL)
        assert [e.fee for e in trader.executions(order)] == [D(2), D(0), D(1)]
        assert trader.balance().cash == 100_000 - 300 * 99 - 3


def test_fees_by_asset_class(tmp_path: Path, run: Run) -> None:
    market = write_manifest(tmp_path, COIN)
    fees: dict[str, Any] = {
        "fee_model": "none",
        "fee_overrides": ("crypto:percent:0.1",),
        "file": str(market),
    }
    with trading(tmp_path, run, **fees) as trader:
        trader.quote("99.5", "100")
        order = trader.buy("0.5")
        assert [e.fee for e in trader.executions(order)] == [D("0.05")]


def test_fee_overrides_are_read_or_refused() -> None:
    rules = parse_overrides(["future:per_share:2.25:1", "crypto:none"])
    assert rules[AssetClass.FUTURE] == FeeRule("per_share", D("2.25"), D(1))
    assert rules[AssetClass.CRYPTO] == FeeRule("none")
    for text in ("stock:none", "crypto:flat:1", "crypto:percent:x", "crypto:percent:-1", "crypto"):
        with pytest.raises(UserError, match="cannot be read; allowed: asset:per_share"):
            parse_overrides([text])


def test_a_file_source_needs_a_file() -> None:
    with pytest.raises(UserError, match="no file is named"):
        read_config(ConnectionId("paper"), {"source": "file"})


def test_a_time_zone_nobody_knows_is_refused() -> None:
    with pytest.raises(UserError, match="'Mars/North' is no time zone"):
        read_config(ConnectionId("paper"), {"file_timezone": "Mars/North"})


def test_shares_are_bought_four_times_over_by_day_and_twice_by_night(
    tmp_path: Path, run: Run
) -> None:
    with trading(tmp_path, run, file=str(write_manifest(tmp_path, SHARE))) as trader:
        trader.print("100.00", 1)
        assert trader.balance().buying_power == 400_000
        order = trader.buy(3000, limit="100.01")
        assert trader.status(order) is S.FILLED
        balance = trader.balance()
        assert balance.cash == 100_000 - D("300030.00")
        assert balance.net_liquidation == D("99970.00")
        assert balance.initial_margin == 75_000
        assert balance.buying_power == 4 * D("24970.00")
        trader.market.market_s += 8 * 3600
        trader.quote("99.99", "100.01")
        assert trader.balance().initial_margin == 150_000
        assert trader.balance().buying_power == 0
        assert trader.status(trader.buy(1, limit="100", outside_hours=True)) is S.REJECTED


def test_a_short_sale_is_margined_and_bought_back(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run) as trader:
        trader.print("100.00", 1)
        trader.sell(1000)
        balance = trader.balance()
        assert balance.cash == 100_000 + D("99990.00")
        assert balance.initial_margin == 25_000
        trader.quote("89.99", "90.00")
        trader.print("90.00", 1)
        trader.buy(1000)
        assert trader.balance().cash == trader.balance().net_liquidation == 109_990


def test_coins_are_paid_in_full(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run, file=str(write_manifest(tmp_path, COIN))) as trader:
        trader.quote("99.5", "100")
        assert trader.status(trader.buy("1000.001")) is S.REJECTED
        assert trader.status(trader.buy("999.999")) is S.FILLED
        assert trader.balance().cash == D("0.1000")


def test_a_future_ties_up_margin_and_settles_every_day(tmp_path: Path, run: Run) -> None:
    market = write_manifest(tmp_path, FUTURE, FUTURE_MARGIN)
    with trading(tmp_path, run, file=str(market)) as trader:
        assert trader.status(trader.buy(51)) is S.REJECTED
        trader.buy(10)
        trader.print("100.01", 1)
        balance = trader.balance()
        assert balance.cash == 100_000
        assert (balance.initial_margin, balance.maintenance_margin) == (D(20_000), D(18_000))
        trader.print("101.01", 1)
        assert trader.balance().net_liquidation == 100_500
        trader.market.market_s += 86_400
        trader.quote("101.99", "102.01")
        assert trader.balance().cash == 100_500
        assert trader.record().settled == {"USD": D(500)}
        trader.print("102.00", 1)
        trader.sell(10)
        # 10 contracts of 50 from 100.01 to 101.99.
        assert trader.balance().cash == 100_000 + D("1.98") * 500
        assert trader.position() == 0


def test_a_future_without_a_margin_of_its_own_ties_up_a_share(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run, file=str(write_manifest(tmp_path, FUTURE))) as trader:
        trader.print("100.00", 1)
        trader.buy(10)
        balance = trader.balance()
        assert (balance.initial_margin, balance.maintenance_margin) == (D(2500), D(2000))


def test_a_position_without_a_price_is_not_worth_zero(tmp_path: Path, run: Run) -> None:
    with trading(tmp_path, run) as trader:
        trader.buy(10)
        other = tmp_path / "ABC_1min.csv"
        other.write_text((tmp_path / "XYZ_1min.csv").read_text())
        trader.control("replay.open", path=str(other))
        assert trader.balance().net_liquidation is None
        assert trader.position() == 10


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["buy", "sell", "quote", "print"]),
            st.integers(1, 40),
            st.integers(-30, 30),
        ),
        max_size=25,
    )
)
def test_any_trading_day_adds_up(steps: list[tuple[str, int, int]]) -> None:
    """Orders of every price against any market: nothing is filled beyond what was there."""
    runner = LoopRunner()
    with (
        tempfile.TemporaryDirectory() as folder,
        trading(Path(folder), runner, fee_model="per_share") as trader,
    ):
        offered = D(0)
        trader.quote("99.99", "100.01", 0, 0)
        for what, size, cents in steps:
            price = D("100.00") + D(cents) / 100
            if what == "quote":
                trader.quote(price, price + D("0.01"), size, size)
                offered += 2 * size
            elif what == "print":
                trader.print(price, size)
                offered += size
            else:
                side = Side.BUY if what == "buy" else Side.SELL
                limit = price if cents % 3 else None
                trader.send(trader.request(side, size, limit=limit))
        record = trader.record()
        traded = sum((e.quantity for e in record.executions), D(0))
        assert traded <= offered
        spent = sum((e.signed_quantity * e.price + (e.fee or 0) for e in record.executions), D(0))
        assert record.cash == {"USD": record.initial_cash - spent}
        held = sum((e.signed_quantity for e in record.executions), D(0))
        assert record.positions == ({trader.market.key: held} if held else {})
        for order in record.orders:
            mine = [e for e in record.executions if e.client_order_id == order.client_order_id]
            assert order.filled == sum((e.quantity for e in mine), D(0)) <= order.quantity
    assert runner.close() == []
