"""A broker tells a position before its fill is on disk and counted: one fill is one fill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.domain.execution import Execution
from app.domain.ids import AccountId, ConnectionId, ExecId
from app.domain.instrument import AssetClass, Instrument
from app.domain.order_types import Side
from app.domain.position import CostMethod
from app.engine.holding import EXPLAIN_WITHIN_S, Holding

AT = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
INDA = Instrument("INDA", AssetClass.ETF, "USD")


@pytest.fixture
def holding() -> Holding:
    return Holding(ConnectionId("paper"), AccountId("P1"), INDA, CostMethod.FIFO)


def fill(number: int, quantity: int) -> Execution:
    return Execution(
        ConnectionId("paper"),
        AccountId("P1"),
        ExecId(str(number)),
        None,
        None,
        INDA,
        Side.BUY,
        Decimal(quantity),
        Decimal(50),
        AT + timedelta(seconds=number),
    )


def hear(holding: Holding, quantity: int, now_s: float = 0.0) -> None:
    holding.hear(Decimal(quantity), Decimal(50), AT, now_s, is_whole=False)


def test_the_position_of_a_first_fill_is_not_counted_twice(holding: Holding) -> None:
    hear(holding, 1)
    assert holding.quantity == 1
    holding.add(fill(1, 1), 0.1)
    assert holding.quantity == 1
    assert holding.anchors == ()


def test_later_fills_come_on_top_of_it(holding: Holding) -> None:
    hear(holding, 1)
    holding.add(fill(1, 1), 0.1)
    holding.add(fill(2, 3), 0.2)
    assert holding.quantity == 4


def test_a_fill_counted_before_the_word_is_not_added_again(holding: Holding) -> None:
    holding.add(fill(1, 1), 0.0)
    hear(holding, 1)
    assert holding.quantity == 1


def test_what_no_fill_explains_in_time_was_traded_elsewhere(holding: Holding) -> None:
    hear(holding, 5)
    holding.add(fill(1, 2), EXPLAIN_WITHIN_S + 1)
    assert holding.quantity == 7
    assert len(holding.anchors) == 1
