"""The wizard: which page is shown, what was answered, what may be done next. No Qt.

It walks the pages of a broker's `Setup` (brokers.setup) and ends with three of its own: risk
limits, name, and a summary. The window's thread and loop own it; the work of a page runs in the
wizard's own thread (commands.wizard_work). `on_change` is called after everything that happens.

Going back shows each page as it was left. Going on again, the work of a page is done anew only
where an answer that it looked at has changed, and then what was entered there is forgotten too.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.base.errors import MoorgateError
from app.brokers.base import BrokerInfo
from app.brokers.setup import (
    Page,
    PageKind,
    Progress,
    Setup,
    Trouble,
    WorkResult,
)
from app.commands import wizard_fields
from app.commands.wizard_brokers import BrokerChoice, load_setup
from app.commands.wizard_ending import LAST, LAST_IDS, Ending, Plan
from app.commands.wizard_memory import Memory, Watched, own_keys, still_hold
from app.commands.wizard_view import Kind, Step, StepState, View
from app.commands.wizard_work import Worker
from app.domain.connection_config import ConnectionConfig

__all__ = ["Wizard"]

log = logging.getLogger("moorgate.wizard")
_SAFE = (
    "Nothing was changed, and everything you entered is kept.",
    "Put it right, then save again.",
)
_STOPPED = Trouble("stopped", "Stopped", "This step was stopped before it was through.")


@dataclass(frozen=True, slots=True)
class _Place:
    """A page on the way, and whose it is."""

    page: Page
    setup: Setup


class Wizard:
    """One run. With `editing` it changes that connection, whose broker and id then stand fast."""

    def __init__(
        self,
        brokers: Sequence[BrokerInfo],
        ending: Ending,
        editing: ConnectionConfig | None = None,
        *,
        choice: BrokerChoice | None = None,
        load: Callable[[BrokerInfo], Setup] = load_setup,
    ) -> None:
        self.ending, self.editing = ending, editing
        self.on_change: Callable[[], None] = lambda: None
        self.is_touched = False  # something was entered by hand
        self._choice, self._load = choice or BrokerChoice(brokers), load
        self._worker = Worker()
        self._is_working = False
        self._is_closed = False
        self._memory: dict[tuple[str, str], Memory] = {}  # by broker and page
        self._setups: dict[str, Setup] = {}
        self._setup: Setup | None = None
        self._info: BrokerInfo | None = None
        self._given: dict[str, Any] = {}
        self._refusal = ""  # why the chosen broker has no pages
        if editing is not None:
            self._info = next(info for info in brokers if info.id == editing.broker)
            self._setup = load(self._info)
            self._given = self._setup.answers(editing)
        self._here = ""

    # ---- what may be asked ----

    @property
    def current(self) -> str:
        """The id of the page that is shown."""
        return self._here

    @property
    def is_first(self) -> bool:
        """Whether there is nothing to go back to."""
        return self._ids().index(self._here) == 0

    @property
    def is_last(self) -> bool:
        """Whether this is the summary."""
        return self._here == LAST_IDS[-1]

    @property
    def environment(self) -> str:
        """ "paper" or "live" once the broker's pages are through, else empty."""
        return self.ending.environment if self._here in LAST_IDS else ""

    def answers(self) -> dict[str, Any]:
        """What the broker's pages were answered so far."""
        return {} if self._setup is None else self._walk(self._setup)[1]

    def steps(self) -> list[Step]:
        """Every page on the way as far as it is known."""
        titles = [(place.page.id, place.page.title) for place in self._places()]
        titles += [(page_id, title) for page_id, title, _ in LAST]
        at = [page_id for page_id, _ in titles].index(self._here)
        states = [StepState.DONE] * at + [StepState.CURRENT]
        states += [StepState.AHEAD] * (len(titles) - at - 1)
        return [Step(*known, state) for known, state in zip(titles, states, strict=True)]

    def view(self) -> View:
        """The page that is shown, as it stands."""
        if self._here in LAST_IDS:
            return self.ending.view(self._here)
        memory = self._current()
        page, result = memory.page, memory.result
        assert page is not None, "a page is remembered when it is entered"
        known = {**self._given, **(result.answers if result else {}), **memory.entered}
        values = {f.name: known.get(f.name, f.default) for f in page.fields}
        checks = memory.checks
        return View(
            page.id,
            page.title,
            page.text,
            Kind(page.kind.value),
            page=page,
            options=memory.options,
            checks=checks,
            chosen=known.get(page.id),
            values=values,
            ticks=frozenset(c.id for c in checks if known.get(f"{page.id}.{c.id}") is True),
            is_working=self._is_working,
            progress=(memory.progress.text if memory.progress else page.work)
            if self._is_working
            else "",
            found=result.text if result else "",
            trouble=None if self._is_working else memory.trouble,
            problem=self.problem(),
            can_retry=bool(page.work) and not self._is_working,
        )

    def problem(self) -> str | None:
        """Why one may not go on from here, None when one may."""
        if self._here in LAST_IDS:
            return self.ending.problem(self._here)
        memory, place = self._current(), self._place()
        page = memory.page or place.page
        if self._is_working:
            return f"{(memory.progress.text if memory.progress else page.work)}…"
        by_hand = page.kind is PageKind.SEARCH and bool(page.fields)
        trouble = memory.trouble
        if trouble is not None and trouble.is_blocking and not by_hand:
            return trouble.title
        return self._answer_problem(page, memory, by_hand) or place.setup.problem(
            page.id, self._before(place.setup, page.id) | memory.answers(self._given)
        )

    def _answer_problem(self, page: Page, memory: Memory, by_hand: bool) -> str | None:
        chosen = memory.entered.get(page.id, self._given.get(page.id))
        is_offered = any(o.value == chosen and o.is_available for o in memory.options)
        if page.kind in (PageKind.CHOICE, PageKind.SEARCH) and not by_hand and not is_offered:
            return "Choose one of these to go on"
        wrong = wizard_fields.problem(page.fields, {**self._found(memory), **memory.entered})
        if wrong is not None and not (by_hand and is_offered):
            return wrong[1]
        if page.id in self._choice_ids() and self._refusal:
            return self._refusal
        return None

    # ---- what the trader does ----

    def start(self) -> None:
        """Show the first page; call it once, on a running loop."""
        self._go(self._ids()[0])

    def choose(self, value: str) -> None:
        """Take one of the options of this page; "" takes none and means its fields."""
        self._put(self._here, value)

    def enter(self, name: str, value: Any) -> None:
        """Write into a field of this page."""
        self._put(name, value)

    def tick(self, check_id: str, is_on: bool) -> None:
        """Tick a check that no probe can tell."""
        self._put(f"{self._here}.{check_id}", is_on)

    def next(self) -> bool:
        """Go on, unless `problem` stands in the way."""
        if self.problem() is not None or self.is_last:
            self.on_change()
            return False
        ids = self._ids()
        self._go(ids[ids.index(self._here) + 1])
        return True

    def back(self) -> bool:
        """Go back; what this page was doing is called off."""
        if self.is_first:
            return False
        self._leave()
        ids = self._ids()
        self._here = ids[ids.index(self._here) - 1]
        self.on_change()
        return True

    def retry(self) -> None:
        """Do the work of this page again."""
        if self._here in LAST_IDS:
            return
        memory = self._current()
        if memory.page is not None and memory.page.work:
            self._begin(memory)
            self.on_change()

    def stop_work(self) -> None:
        """Call off what this page is doing; it may be tried again."""
        if self._is_working:
            self._worker.drop()
            self._is_working = False
            self._current().failure = _STOPPED
            self.on_change()

    def touched(self) -> None:
        """Something was entered on one of the last pages."""
        self.is_touched = True
        self.on_change()

    async def save(self, deliver: Callable[[Plan], Awaitable[bool]]) -> bool:
        """Hand what was entered to `deliver`; why that failed is shown on the page, which stays."""
        if not self.is_last or self.ending.is_saving:
            return False
        self.ending.is_saving, self.ending.trouble = True, None
        self.on_change()
        try:
            return await deliver(self.ending.plan())
        except MoorgateError as error:
            self.ending.trouble = Trouble("not-saved", "It could not be saved", str(error), _SAFE)
            return False
        finally:
            self.ending.is_saving = False
            self.on_change()

    async def close(self) -> None:
        """End everything; nothing of this run stays. Safe to call twice."""
        self._is_closed, self._is_working = True, False
        self.on_change = lambda: None
        await self._worker.close()

    # ---- the way ----

    def _choice_ids(self) -> list[str]:
        return [page.id for page in self._walk(self._choice)[0]]

    def _places(self) -> list[_Place]:
        places: list[_Place] = []
        if self.editing is None:
            places += [_Place(page, self._choice) for page in self._walk(self._choice)[0]]
        if self._setup is not None:
            places += [_Place(page, self._setup) for page in self._walk(self._setup)[0]]
        return places

    def _ids(self) -> list[str]:
        return [*(place.page.id for place in self._places()), *LAST_IDS]

    def _key(self, setup: Setup, page_id: str) -> tuple[str, str]:
        owner = "" if setup is self._choice or self._info is None else self._info.id
        return owner, page_id

    def _current(self) -> Memory:
        return self._memory[self._key(self._place().setup, self._here)]

    def _place(self) -> _Place:
        return next(place for place in self._places() if place.page.id == self._here)

    def _walk(self, setup: Setup, until: str = "") -> tuple[list[Page], dict[str, Any]]:
        """The pages of a setup, and the answers of those before `until` (of all without it)."""
        answers, seen = dict(self._given), list[str]()
        while (page := _first_new(setup.pages(answers), seen)) is not None:
            if page.id == until:
                break
            seen.append(page.id)
            if (memory := self._memory.get(self._key(setup, page.id))) is not None:
                answers |= memory.answers(self._given)
        return list(setup.pages(answers)), answers

    def _before(self, setup: Setup, page_id: str) -> dict[str, Any]:
        return self._walk(setup, page_id)[1]

    def _go(self, page_id: str) -> None:
        self._here = page_id
        if page_id in LAST_IDS:
            self._prepare_end()
        else:
            self._enter_page()
        self.on_change()

    def _leave(self) -> None:
        if self._is_working:  # unfinished work begins anew when one comes back
            self._worker.drop()
            self._is_working = False
            self._current().forget_work()

    def _enter_page(self) -> None:
        place = self._place()
        page, key = place.page, self._key(place.setup, place.page.id)
        old = self._memory.get(key)
        is_same = old is not None and old.page is not None and _essence(old.page) == _essence(page)
        before = self._before(place.setup, page.id)
        if old is None or (page.work and not (is_same and still_hold(old.needs, before))):
            memory = self._memory[key] = Memory(page)
        else:
            memory = old
            memory.page = page
        if page.work and memory.result is None:
            self._begin(memory)
        self._preselect(memory)

    def _preselect(self, memory: Memory) -> None:
        """A choice for the trader to change: the first that can be had, paper before live."""
        page, can_be_had = memory.page, [o for o in memory.options if o.is_available]
        if page is None or page.kind not in (PageKind.CHOICE, PageKind.SEARCH):
            return
        chosen = memory.entered.get(page.id, self._given.get(page.id))
        if chosen == "" or any(option.value == chosen for option in can_be_had):
            self._follow_choice()
            return
        safe = [option for option in can_be_had if option.badge.upper() != "LIVE"]
        memory.entered.pop(page.id, None)
        for option in (safe or can_be_had)[:1]:
            memory.entered[page.id] = option.value
        self._follow_choice()

    def _put(self, key: str, value: Any) -> None:
        self._current().entered[key] = value
        self.is_touched = True
        self._follow_choice()
        self.on_change()

    def _follow_choice(self) -> None:
        """Another broker was chosen: other pages, and nothing of the old one's answers."""
        if self.editing is not None or self._here not in self._choice_ids():
            return
        info = self._choice.chosen(self._walk(self._choice)[1])
        if info is self._info:
            return
        self._info, self._setup, self._refusal = info, None, ""
        if info is None:
            return
        try:
            self._setup = self._setups.get(info.id) or self._load(info)
            self._setups[info.id] = self._setup
        except MoorgateError as error:
            self._refusal = str(error)

    def _prepare_end(self) -> None:
        assert self._setup is not None, "nobody gets here without a broker"
        assert self._info is not None, "the same"
        self.ending.take(self._info, self._setup.draft(self.answers()))

    # ---- the work ----

    def _begin(self, memory: Memory) -> None:
        page, setup = memory.page, self._place().setup
        assert page is not None, "a page is entered before it works"
        if self._is_closed:
            return
        watched = Watched(self._before(setup, page.id) | memory.answers(self._given))
        memory.progress = memory.failure = None
        self._is_working = True

        async def work(tell: Callable[..., None]) -> WorkResult:
            return await setup.work(page.id, watched, partial(tell, self._on_progress, memory))

        self._worker.begin(work, partial(self._on_done, memory, watched))

    def _on_progress(self, memory: Memory, progress: Progress) -> None:
        memory.progress = progress
        self.on_change()

    def _on_done(
        self, memory: Memory, watched: Watched, result: WorkResult | None, error: Exception | None
    ) -> None:
        self._is_working, memory.progress = False, None
        own = own_keys(memory) | frozenset(result.answers if result else ())
        memory.needs = watched.needs(own)
        if error is not None:
            memory.failure = _failure(error)
        else:
            memory.result = result
            for key in result.answers if result else ():
                memory.entered.pop(key, None)  # what was found last holds
        self._preselect(memory)
        self.on_change()

    def _found(self, memory: Memory) -> dict[str, Any]:
        return {**self._given, **(memory.result.answers if memory.result else {})}


def _first_new(pages: Sequence[Page], seen: Sequence[str]) -> Page | None:
    return next((page for page in pages if page.id not in seen), None)


def _essence(page: Page) -> tuple[object, ...]:
    """What of a page its answers rest on."""
    return (page.kind, page.options, page.fields, page.checks, page.work)


def _failure(error: Exception) -> Trouble:
    if not isinstance(error, MoorgateError):
        log.error("a step of the wizard failed", exc_info=error)
    steps = ("Press Try Again.", "If it comes again, go back and check what was entered.")
    return Trouble("failed", "This step failed", str(error) or type(error).__name__, steps)
