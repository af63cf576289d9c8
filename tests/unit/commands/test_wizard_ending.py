"""The wizard's own last pages: limits, name, summary."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from app.brokers.setup import Draft
from app.commands.risk_rules import CAUTIOUS, in_words, read, written
from app.commands.wizard_ending import FINISH, LAST_IDS, LIMITS, NAME, Ending
from app.commands.wizard_view import Kind
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from app.domain.risk_limits import RiskLimits
from app.store.settings_fields import LONGEST_ID
from tests.doubles.scripted_setup import INFO

PAPER = Draft("paper", {"port": 7497}, "ib-paper", (("Program", "TWS"),))
LIVE = Draft("live", {"port": 7496}, "ib-live")
OLD = ConnectionConfig(ConnectionId("mine"), INFO.id, "paper", {"port": 1, "heartbeat_s": 9.0})


def ending(draft: Draft = PAPER, *taken: str) -> Ending:
    made = Ending(taken)
    made.take(INFO, draft)
    return made


def test_paper_begins_with_the_usual_limits_and_live_with_cautious_ones() -> None:
    assert ending(PAPER).plan().limits == RiskLimits()
    assert ending(LIVE).plan().limits == CAUTIOUS


def test_limits_that_were_entered_stay_unless_paper_becomes_live() -> None:
    made = ending(PAPER)
    own = RiskLimits(max_open_orders=3, banned=("GME",))
    made.enter_limits(written(own), "gme")
    made.take(INFO, replace(PAPER, settings={"port": 4002}))
    assert made.plan().limits == own
    made.take(INFO, LIVE)
    assert made.plan().limits == CAUTIOUS, "they were meant for paper money"


def test_limits_that_make_no_sense_stand_in_the_way() -> None:
    made = ending()
    made.enter_limits({**written(RiskLimits()), "max_open_orders": (True, "2.5")}, "")
    assert made.problem(LIMITS) == "Open orders at most: must be a whole number, was 2.5"
    assert made.view(LIMITS).problem == made.problem(LIMITS)


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        ((), "ib-paper"),
        (("ib-paper",), "ib-paper-2"),
        (("ib-paper", "ib-paper-2", "ib-paper-3"), "ib-paper-4"),
    ],
)
def test_a_free_name_is_proposed(taken: tuple[str, ...], name: str) -> None:
    assert ending(PAPER, *taken).plan().config.id == name


def test_a_proposed_name_is_never_too_long() -> None:
    long = "x" * LONGEST_ID
    made = ending(replace(PAPER, suggested_id=long), long)
    assert made.problem(NAME) is None
    assert made.plan().config.id == "x" * (LONGEST_ID - 2) + "-2"


def test_a_name_that_was_entered_stays_and_a_proposed_one_follows() -> None:
    made = ending(PAPER)
    made.take(INFO, LIVE)
    assert made.plan().config.id == "ib-live"
    made.enter_name(id="mine")
    made.take(INFO, PAPER)
    assert made.plan().config.id == "mine"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("", "found nothing"), ("My Bank", "lower-case"), ("-a", "lower-case"), ("used", "already")],
)
def test_a_wrong_name_says_what_is_allowed(name: str, hint: str) -> None:
    made = ending(PAPER, "used")
    made.enter_name(id=name)
    assert hint in (made.problem(NAME) or "")


def test_read_only_follows_the_broker_until_it_is_chosen() -> None:
    made = ending(replace(PAPER, read_only=True))
    assert made.plan().config.read_only
    made.enter_name(read_only=False)
    made.take(INFO, replace(PAPER, read_only=True))
    assert not made.plan().config.read_only


def test_a_name_with_a_history_is_pointed_out() -> None:
    made = Ending((), lambda name: name == "ib-paper")
    made.take(INFO, PAPER)
    assert "are on record" in made.view(NAME).found
    assert made.problem(NAME) is None, "it may be the same account"
    made.enter_name(id="other")
    assert made.view(NAME).found == ""


def test_editing_keeps_name_limits_and_what_nobody_asks_about() -> None:
    made = Ending(("mine",), editing=OLD, limits=RiskLimits(max_open_orders=7))
    made.take(INFO, replace(PAPER, settings={"port": 2}))
    made.enter_name(id="other", autoconnect=False)
    plan = made.plan()
    assert (plan.config.id, plan.is_new, plan.config.autoconnect) == ("mine", False, False)
    assert dict(plan.config.settings) == {"port": 2, "heartbeat_s": 9.0}
    assert plan.limits.max_open_orders == 7
    assert made.view(NAME).found.startswith("The name stays")
    made.take(INFO, LIVE)
    assert made.plan().limits == CAUTIOUS, "what was paper is live now"


def test_the_summary_says_everything_and_no_secret() -> None:
    made = ending(replace(PAPER, secrets={"token": "s3cret"}, read_only=True))
    summary = made.summary()
    lines = dict(summary.lines)
    assert summary.environment == "paper"
    assert lines["Broker"] == "Scripted broker"
    assert lines["Program"] == "TWS"
    assert lines["Secrets"] == "Access token: kept in the vault, not in settings.toml"
    assert lines["Read-only"] == "yes: no order goes out"
    assert ("Largest order value", "250\u202f000 in instrument currency") in summary.limits
    assert ("Same order again only after", "1 second") in summary.limits
    assert "s3cret" not in str(summary)
    assert "s3cret" not in repr(made.plan())


def test_a_summary_without_limits_of_its_own() -> None:
    made = ending()
    off = dict.fromkeys(written(RiskLimits()), (False, ""))
    made.enter_limits(off, "")
    assert made.summary().limits == (("Limits", "only those for all connections"),)


def test_nothing_else_is_done_while_it_is_saved() -> None:
    made = ending()
    made.is_saving = True
    assert made.problem(FINISH) == "Saving…"
    view = made.view(FINISH)
    assert (view.kind, view.is_working, view.progress) == (Kind.FINISH, True, "Saving")


def test_every_last_page_has_a_view() -> None:
    made = ending()
    assert [made.view(page_id).kind for page_id in LAST_IDS] == [
        Kind.LIMITS,
        Kind.NAME,
        Kind.FINISH,
    ]


def test_limits_read_as_they_were_written() -> None:
    limits = RiskLimits(
        max_order_quantity=Decimal("2.5"), max_daily_loss=Decimal(500), banned=("AMC", "GME")
    )
    assert read(written(limits), "amc, gme amc") == limits
    assert ("Never trade", "AMC GME") in in_words(limits)
    assert ("Largest order", "2.5 units") in in_words(limits)
