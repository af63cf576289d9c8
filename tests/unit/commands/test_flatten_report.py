"""Flatten Everything: asked once, and a verdict for each order and position."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.base.paths import Paths
from app.commands.flatten_report import FlattenReport, Place, Stage
from app.domain.order_types import OrderStatus, Side
from app.domain.verdict import Deed, Verdict
from tests.doubles.loop import LoopRunner
from tests.unit.commands.trade_desk import PAPER, TradeDesk, trade_desk


async def _with_something_open(desk: TradeDesk) -> None:
    await desk.hold(10)
    await desk.send(Side.BUY, 5, limit=desk.bid - 5)


def _place(desk: TradeDesk) -> Place:
    assert desk.selection.account_id is not None
    return PAPER, desk.selection.account_id, desk.instrument.key


def _report(desk: TradeDesk) -> FlattenReport:
    portfolio, book = desk.engine.portfolio, desk.engine.orders.book
    held = [view for view in portfolio.positions() if view.quantity]
    return FlattenReport(desk.engine, "Flatten Everything", held, book.open_orders())


def _fresh(report: FlattenReport) -> FlattenReport:
    report.refresh()
    return report


def test_each_order_and_position_has_its_verdict(run: LoopRunner, home: Paths) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await _with_something_open(desk)
            await desk.control("replay.play")
            await desk.press("trading.flatten_everything")
            [(_, lines)] = desk.shell.asked
            kinds = [line.partition(":")[0] for line in lines]
            assert kinds == ["Position", "Order", "All positions in USD"]
            [report] = desk.shell.reports
            assert report.is_over
            await desk.until(lambda: _fresh(report).is_final)
            order, position = report.lines
            assert (order.asked, order.stage, order.text) == ("Cancel", Stage.DONE, "Canceled")
            assert order.what.startswith("BUY 5 INDA LMT")
            assert (position.what, position.stage) == ("long 10 INDA", Stage.DONE)
            assert position.text.startswith("flat: Filled, 10 of 10 filled at ")
            assert position.where.endswith(" at paper (PAPER)")
            assert (order.worth, position.worth[-4:]) == ("", " USD")
            assert position.value is not None
            assert replace(position, value=None).worth == "value not known"
            assert report.heading == "Flatten Everything: 2 of 2 done"
            assert report.text.count("\n") == 3
            assert "done\tCancel\tBUY 5 INDA" in report.text

    run(scenario())


def test_called_off_nothing_is_asked_of_a_broker(run: LoopRunner, home: Paths) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await _with_something_open(desk)
            desk.shell.says_yes = False
            assert "called off" in await desk.press("trading.flatten_everything")
            assert desk.shell.reports == []
            assert desk.held == 10

    run(scenario())


def test_what_fails_is_named_and_turns_good_when_it_is_undone(run: LoopRunner, home: Paths) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await _with_something_open(desk)
            report = _report(desk)
            report.refresh()
            assert [line.text for line in report.lines] == [
                "Working, waiting for the broker",
                "waiting for the cancels of its orders",
            ]
            [working] = desk.engine.orders.book.open_orders()
            report.take(
                _place(desk),
                [
                    Verdict(False, "the broker does not answer", working, Deed.CANCEL),
                    Verdict(False, "not closed: no line", None, Deed.CLOSE),
                ],
            )
            report.end()
            assert [(line.stage, line.text) for line in report.lines] == [
                (Stage.FAILED, "the broker does not answer"),
                (Stage.FAILED, "not closed: no line"),
            ]
            assert report.heading == "Flatten Everything: 0 of 2 done, 2 failed: see below"
            assert report.is_final
            await desk.control("replay.play")
            await desk.press("trading.flatten_symbol")
            await desk.until(lambda: _fresh(report).count(Stage.DONE) == 2)

    run(scenario())


def test_a_place_that_broke_down_tells_it_on_every_line(run: LoopRunner, home: Paths) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await _with_something_open(desk)
            report = _report(desk)
            report.take(_place(desk), [Verdict(False, "it was not flattened: a fault")])
            assert {line.text for line in report.lines} == {"it was not flattened: a fault"}
            other = _report(desk)
            other.take(_place(desk), [])
            assert {line.text for line in other.lines} == {"no verdict came"}

    run(scenario())


@pytest.mark.parametrize("is_click", [True, False])
def test_a_cancel_of_several_by_click_asks_and_by_key_does_not(
    run: LoopRunner, home: Paths, is_click: bool
) -> None:
    from app.commands.order_rows import cancel_orders

    async def scenario() -> None:
        async with trade_desk(home) as desk:
            orders = [await desk.send(Side.BUY, n, limit=desk.bid - n) for n in (4, 5)]
            desk.shell.says_yes = False
            await cancel_orders(desk.context, orders, by_click=is_click)
            assert len(desk.shell.asked) == int(is_click)
            if is_click:
                assert desk.now(orders[0]).status is OrderStatus.WORKING
                await cancel_orders(desk.context, orders[:1], by_click=True)
                await desk.until(lambda: desk.now(orders[0]).status is OrderStatus.CANCELED)
                desk.settle(confirm_close_by_click=False)
                await cancel_orders(desk.context, orders, by_click=True)
                assert len(desk.shell.asked) == 1
            await desk.until(lambda: all(desk.now(o).status.is_closed for o in orders))

    run(scenario())
