"""A question about positions tells how they stand now, not how they stood when it was asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from app.base.paths import Paths
from app.commands.live_lines import LiveLines, Stand
from app.commands.open_list import OpenList, OpenRow
from app.domain.reports import Known, PositionReport, Unavailable
from tests.doubles.loop import LoopRunner
from tests.unit.commands.trade_desk import PAPER, TradeDesk, trade_desk


def lose_sight(desk: TradeDesk) -> None:
    desk.engine.portfolio.on_positions(PAPER, Unavailable("no answer", desk.engine.clock.now()))


def tell(desk: TradeDesk, quantity: str) -> None:
    """What a reconnect brings: the broker's own list."""
    account_id, at = desk.selection.account_id, desk.engine.clock.now() + timedelta(seconds=1)
    assert account_id is not None
    report = PositionReport(PAPER, account_id, desk.instrument, Decimal(quantity), None, at)
    desk.engine.portfolio.on_positions(PAPER, Known((report,), at))


def now(desk: TradeDesk) -> Stand | None:
    """What the question that stands would be if it were asked now."""
    assert isinstance(desk.shell.lines, LiveLines)
    return desk.shell.lines.look()


def test_what_is_asked_of_a_doubtful_position_follows_a_reconnect(
    home: Paths, run: LoopRunner
) -> None:
    async def scenario() -> None:
        async with trade_desk(home) as desk:
            await desk.hold(10)
            lose_sight(desk)
            desk.shell.says_yes = False
            stands: list[Stand | None] = []

            def meanwhile() -> None:
                stands.append(now(desk))
                tell(desk, "-4")
                stands.append(now(desk))
                tell(desk, "0")
                stands.append(now(desk))
                tell(desk, "10")
                lose_sight(desk)

            desk.shell.while_asked = meanwhile
            for command_id in ("flatten_symbol", "close_position", "flatten_everything"):
                stands.clear()
                await desk.press(f"trading.{command_id}")
                before, after, gone = stands
                assert before is not None
                assert after is not None
                assert before.lines[0].startswith("Position: long 10 INDA")
                assert "not verified" in before.lines[0]
                assert after.lines[0].startswith("Position: short 4 INDA")
                assert "not verified" not in after.lines[0]
                assert after.question != before.question
                assert not after.says_the_same(before)
                assert after.where == (PAPER,)
                assert gone is None
            assert len(desk.orders()) == 1  # that of the position

    run(scenario())


def test_another_price_is_no_other_question() -> None:
    size = Decimal(10)
    rows = tuple(
        OpenRow(f"long {name}", "long", size, name, "", "", is_paper=True, is_position=True)
        for name in ("INDA", "6EH4")
    )
    one = Stand("Close?", OpenList(rows), (PAPER,))
    dearer = replace(one, lines=OpenList((replace(rows[0], value=Decimal(7)), *rows[1:])))
    assert one.reads_the_same(dearer)
    order = OpenRow("buy", "buy", size, "INDA", "", "", is_paper=True, is_position=False)
    with_order = replace(one, lines=OpenList((*rows, order)))
    assert one.says_the_same(with_order)
    assert not one.reads_the_same(with_order)
    assert not one.says_the_same(replace(one, lines=OpenList(rows[:1])))
    assert not one.says_the_same(replace(one, where=()))
    assert not Stand("Close?", ["a"]).says_the_same(Stand("Close?", ["b"]))
    everything = replace(one, is_all=True)
    assert everything.says_the_same(replace(everything, lines=OpenList(rows[:1])))
    assert not everything.reads_the_same(replace(everything, lines=OpenList(rows[:1])))
    assert not everything.says_the_same(one)
    assert not everything.says_the_same(replace(everything, question="Close what is known?"))


def test_lines_read_as_they_were_at_first() -> None:
    lines = LiveLines(Stand("Close?", ["a", "b"]), lambda: None)
    assert (len(lines), list(lines), lines[0], lines[:1]) == (2, ["a", "b"], "a", ["a"])
