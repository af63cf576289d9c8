"""The way through the wizard: forward, back, again, and what is kept and what is not."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest

from app.brokers.setup import Check, CheckState, Progress, Trouble, WorkResult
from app.commands.wizard_view import Kind, StepState, View
from tests.doubles.loop import LoopRunner
from tests.doubles.scripted_setup import (
    ALL_FOUND,
    CHECKS,
    CLIENT,
    DATA,
    INFO,
    LIVE_PORT,
    NO_PROGRAM,
    PAPER_PORT,
    PROGRAM,
    usual_script,
)
from tests.surprises import LogWatch
from tests.unit.commands.wizard_desk import STORED, WizardDesk

FAMILY = "wizard-family"
WHOLE_WAY = [FAMILY, PROGRAM, CHECKS, CLIENT, DATA, "wizard-limits", "wizard-name", "wizard-finish"]


def test_the_whole_way_and_what_it_makes(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = WizardDesk()
        wizard = await desk.begin()
        assert wizard.is_first
        assert wizard.view().kind is Kind.CHOICE
        assert [o.title for o in wizard.view().options] == ["Scripted family", "Plain broker"]
        seen = [wizard.current]
        while not wizard.is_last:
            await desk.on()
            seen.append(wizard.current)
        assert seen == WHOLE_WAY
        assert desk.script.asked == [PROGRAM, CHECKS, CLIENT]
        plan = desk.ending.plan()
        assert (plan.config.id, plan.config.broker) == ("scripted-paper", INFO.id)
        assert (plan.config.environment, plan.is_new) == ("paper", True)
        assert dict(plan.config.settings) == {
            "host": "127.0.0.1",
            "port": 7497,
            "client_id": 18,
            "market_data": "live",
        }
        assert plan.config.autoconnect
        assert not wizard.is_touched or desk.script.asked, "ticking is touching"
        await wizard.close()

    run(scenario())


def test_work_runs_in_one_thread_of_its_own_that_ends(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = WizardDesk()
        before = set(threading.enumerate())
        assert not any(t.name == "wizard" for t in before)
        await desk.begin()
        await desk.on(2)
        assert len(desk.script.threads) == 1
        assert threading.get_ident() not in desk.script.threads
        await desk.wizard.close()
        await desk.wizard.close()
        assert not any(t.name == "wizard" for t in threading.enumerate())

    run(scenario())


def test_paper_is_proposed_before_live(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = WizardDesk()
        await desk.begin()
        view = await desk.on()
        assert view.options == (LIVE_PORT, PAPER_PORT)
        assert view.chosen == PAPER_PORT.value
        assert view.found == "2 programs found"
        assert not desk.wizard.is_touched, "a proposal is nothing that was entered"
        await desk.wizard.close()

    run(scenario())


def test_back_shows_every_page_as_it_was_left(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = WizardDesk()
        wizard = await desk.begin()
        left: list[View] = [wizard.view()]
        for _ in WHOLE_WAY[1:]:
            if wizard.current == DATA:
                wizard.enter("token", "s3cret")
                wizard.enter("market_data", "delayed")
                left[-1] = wizard.view()
            if wizard.current == CHECKS:
                wizard.tick("restart", True)
                left[-1] = wizard.view()
            await desk.on()
            left.append(wizard.view())
        asked = list(desk.script.asked)
        for expected in reversed(left[:-1]):
            assert wizard.back()
            assert wizard.view() == expected
        assert not wizard.back()
        for expected in left[1:]:
            await desk.on()
            assert wizard.view() == expected
        assert desk.script.asked == asked, "nothing was asked twice"
        await wizard.close()

    run(scenario())


def test_another_answer_renews_only_what_looked_at_it(run: LoopRunner) -> None:
    async def scenario() -> None:
        script = usual_script()
        script.results[PROGRAM] = [WorkResult((PAPER_PORT, replace(PAPER_PORT, value="4002")))]
        desk = WizardDesk(script)
        wizard = await desk.begin()
        await desk.on(4)
        assert wizard.current == DATA
        wizard.enter("market_data", "delayed")
        for _ in range(3):
            wizard.back()
        wizard.choose("4002")
        view = await desk.on()
        assert view.ticks == frozenset(), "the ticks were for another program"
        assert script.asked == [PROGRAM, CHECKS, CLIENT, CHECKS]
        view = await desk.on(2)
        assert view.values["market_data"] == "delayed", "nothing it rests on has changed"
        assert script.asked.count(CLIENT) == 2
        assert script.seen[-1][PROGRAM] == "4002"
        await wizard.close()

    run(scenario())


def test_another_broker_and_back_again_loses_nothing(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = WizardDesk()
        wizard = await desk.begin()
        await desk.on(3)
        for _ in range(3):
            wizard.back()
        wizard.choose("Plain broker")
        assert [s.id for s in wizard.steps()][1:3] == ["environment", "settings"]
        wizard.choose("Scripted family")
        view = await desk.on(2)
        assert view.ticks == {"restart"}
        assert desk.script.asked == [PROGRAM, CHECKS, CLIENT]
        await wizard.close()

    run(scenario())


def test_steps_follow_the_answers(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = WizardDesk()
        wizard = await desk.begin()
        await desk.on()
        assert [s.id for s in wizard.steps()] == WHOLE_WAY
        states = [s.state for s in wizard.steps()]
        assert states[:2] == [StepState.DONE, StepState.CURRENT]
        assert set(states[2:]) == {StepState.AHEAD}
        wizard.choose(LIVE_PORT.value)
        assert DATA not in [s.id for s in wizard.steps()]
        await wizard.close()

    run(scenario())


def test_a_trouble_stands_in_the_way_until_it_is_gone(run: LoopRunner) -> None:
    async def scenario() -> None:
        script = usual_script()
        blocked = Trouble("api-off", "The API is off", "It hung up.", ("Switch it on.",))
        script.results[CHECKS] = [WorkResult(trouble=blocked), *script.results[CHECKS]]
        desk = WizardDesk(script)
        wizard = await desk.begin()
        view = await desk.on(2)
        assert view.trouble == blocked
        assert view.problem == "The API is off"
        wizard.tick("restart", True)
        assert not wizard.next()
        assert wizard.current == CHECKS
        wizard.retry()
        assert wizard.view().trouble is None, "not while it is tried again"
        await desk.idle()
        view = wizard.view()
        assert view.trouble is None
        assert view.ticks == {"restart"}, "ticks outlive another try"
        assert [c.state for c in view.checks][:2] == [CheckState.PASSED, CheckState.WARNING]
        assert wizard.next()
        await wizard.close()

    run(scenario())


def test_a_warning_may_be_passed_over(run: LoopRunner) -> None:
    async def scenario() -> None:
        script = usual_script()
        mild = Trouble("read-only", "Read-only", "Orders are refused.", (), is_blocking=False)
        script.results[CHECKS] = [WorkResult(trouble=mild)]
        desk = WizardDesk(script)
        await desk.begin()
        view = await desk.on(2)
        assert view.trouble == mild
        await desk.on()
        await desk.wizard.close()

    run(scenario())


def test_what_was_not_found_is_entered_by_hand(run: LoopRunner) -> None:
    async def scenario() -> None:
        script = usual_script()
        script.results[PROGRAM] = [WorkResult(trouble=NO_PROGRAM)]
        desk = WizardDesk(script)
        wizard = await desk.begin()
        view = await desk.on()
        assert view.trouble == NO_PROGRAM
        assert view.chosen is None
        wizard.enter("port", "70000")
        assert "Port: found 70000; allowed: a whole number from 1 to 65535" in (
            wizard.problem() or ""
        )
        assert not wizard.next()
        wizard.enter("port", "seven")
        assert "Port: found" in (wizard.problem() or "")
        assert wizard.view().values["port"] == "seven", "what was typed stays"
        wizard.enter("port", " 4002 ")
        await desk.on(2)
        assert wizard.answers()["port"] == 4002
        await wizard.close()

    run(scenario())


def test_by_hand_although_something_was_found(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = WizardDesk()
        wizard = await desk.begin()
        await desk.on()
        wizard.choose("")
        wizard.enter("port", "4001")
        assert PROGRAM not in wizard.answers()
        await desk.on()
        wizard.back()
        assert wizard.view().chosen == ""
        await wizard.close()

    run(scenario())


def test_late_results_of_a_left_page_are_ignored(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = WizardDesk()
        wizard = await desk.begin()
        desk.script.hold()
        assert wizard.next()
        await desk.until(lambda: desk.script.asked == [PROGRAM])
        assert wizard.problem() == "Looking for programs…"
        assert not wizard.next()
        wizard.back()
        assert not wizard.view().is_working
        await desk.until(lambda: desk.script.canceled == 1)
        desk.script.release()
        changes = desk.changes
        await asyncio.sleep(0.02)
        assert desk.changes == changes
        view = await desk.on()
        assert view.chosen == PAPER_PORT.value
        assert desk.script.asked == [PROGRAM, PROGRAM], "unfinished work begins anew"
        await wizard.close()

    run(scenario())


def test_what_is_found_last_holds(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = WizardDesk()
        wizard = await desk.begin()
        view = await desk.on(3)
        assert (wizard.current, view.values["client_id"]) == (CLIENT, 18)
        wizard.enter("client_id", "5")
        assert wizard.answers()["client_id"] == 5
        wizard.retry()
        await desk.idle()
        assert desk.script.seen[-1]["client_id"] == 5, "the probe is told what was entered"
        assert wizard.answers()["client_id"] == 18
        await wizard.close()

    run(scenario())


def test_progress_is_shown_and_work_may_be_stopped(run: LoopRunner) -> None:
    async def scenario() -> None:
        script = usual_script()
        so_far = (Check("api", "Enable socket clients", state=CheckState.PASSED),)
        script.progress[CHECKS] = Progress("Asking for the time", checks=so_far)
        desk = WizardDesk(script)
        wizard = await desk.begin()
        await desk.on()
        script.hold()
        wizard.next()
        await desk.until(lambda: wizard.view().progress == "Asking for the time")
        assert wizard.view().checks == so_far
        wizard.stop_work()
        view = wizard.view()
        assert view.trouble is not None
        assert view.trouble.id == "stopped"
        assert view.can_retry
        assert not wizard.next()
        script.release()
        wizard.retry()
        await desk.idle()
        assert wizard.view().trouble is None
        await wizard.close()

    run(scenario())


def test_a_step_that_raises_says_so(run: LoopRunner, expected_logs: LogWatch) -> None:
    async def scenario() -> None:
        script = usual_script()
        script.results[PROGRAM] = [ValueError("a bug"), ALL_FOUND]
        desk = WizardDesk(script)
        wizard = await desk.begin()
        wizard.next()
        await desk.idle()
        trouble = wizard.view().trouble
        assert trouble is not None
        assert (trouble.title, trouble.text) == ("This step failed", "a bug")
        wizard.retry()
        await desk.idle()
        assert wizard.view().trouble is None
        await wizard.close()

    with expected_logs("a step of the wizard failed", "ERROR", count=1):
        run(scenario())


def test_canceling_in_the_middle_of_work_leaves_nothing(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = WizardDesk()
        wizard = await desk.begin()
        desk.script.hold()
        wizard.next()
        await desk.until(lambda: desk.script.asked)
        await wizard.close()
        assert desk.script.canceled == 1
        assert not any(t.name == "wizard" for t in threading.enumerate())
        changes = desk.changes
        wizard.retry()
        assert desk.changes == changes
        assert not any(t.name == "wizard" for t in threading.enumerate())

    run(scenario())


@pytest.mark.parametrize("text", ["run pip install 'moorgate[x]'"])
def test_a_broker_without_its_software_says_how_to_get_it(run: LoopRunner, text: str) -> None:
    async def scenario() -> None:
        desk = WizardDesk(trouble=lambda info: text if info.id == INFO.id else "")
        wizard = await desk.begin()
        first, second = wizard.view().options
        assert (first.is_available, first.text, first.badge) == (False, text, "NOT INSTALLED")
        assert second.is_available
        assert wizard.view().chosen == "Plain broker", "the first that can be had"
        wizard.choose("Scripted family")
        assert wizard.problem() == "Choose one of these to go on"
        assert not wizard.next()
        await wizard.close()

    run(scenario())


def test_editing_begins_with_the_answers_of_the_connection(run: LoopRunner) -> None:
    async def scenario() -> None:
        desk = WizardDesk(editing=STORED)
        wizard = await desk.begin()
        assert wizard.current == PROGRAM, "the broker stands fast"
        assert wizard.view().chosen == "7497"
        assert wizard.view().values["host"] == "10.0.0.7"
        view = await desk.on()
        assert view.ticks == {"restart"}
        assert wizard.next()
        await desk.idle()
        assert wizard.view().values["client_id"] == 18, "what was found holds"
        view = await desk.on()
        assert view.values["market_data"] == "delayed"
        await desk.on(3)
        plan = desk.ending.plan()
        assert (plan.config.id, plan.is_new) == ("old", False)
        assert plan.config.settings["heartbeat_s"] == 4.0, "what is not asked about stays"
        assert not plan.config.autoconnect
        assert not plan.secrets, "an empty field keeps the secret that is there"
        await wizard.close()

    run(scenario())


def test_it_can_be_stopped_before_it_was_begun(run: LoopRunner) -> None:
    run(WizardDesk().wizard.close())
