"""Walks the pages of the way to TWS as the wizard does, without it and without a window."""

from __future__ import annotations

from typing import Any

from app.brokers.ibkr_tws.setup import TwsSetup
from app.brokers.setup import Check, CheckState, Progress, WorkResult
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from tests.doubles.tws.message_numbers import Ask
from tests.doubles.tws.peer import TwsPeer
from tests.doubles.tws.session import Session


class Walk:
    """One run of the wizard's broker pages, without a window. Use it inside a loop."""

    def __init__(self, *, patience_s: float = 1.0, **answers: Any) -> None:
        self.setup = TwsSetup(dialog_patience_s=patience_s, data_patience_s=0.5)
        self.answers: dict[str, Any] = {"way": "tws", "host": "127.0.0.1", **answers}
        self.said: list[Progress] = []

    async def page(self, page_id: str) -> WorkResult:
        """Enter a page: do its work, keep what it found, take the first option there is."""
        result = await self.setup.work(page_id, dict(self.answers), self.said.append)
        self.answers |= result.answers
        can_be_had = [option.value for option in result.options if option.is_available]
        if can_be_had and self.answers.get(page_id) not in can_be_had:
            self.answers[page_id] = can_be_had[0]
        return result

    def problem(self, page_id: str) -> str | None:
        return self.setup.problem(page_id, self.answers)


def check(result: WorkResult, check_id: str) -> Check:
    """One line of the checklist that a page's work left."""
    return next(one for one in result.checks if one.id == check_id)


def states(result: WorkResult) -> dict[str, CheckState]:
    """The state of each line."""
    return {one.id: one.state for one in result.checks}


def walk_to(peer: TwsPeer, **answers: Any) -> Walk:
    """A run of the wizard that has found this peer."""
    return Walk(find=f"127.0.0.1:{peer.port}", **answers)


def asked(peer: TwsPeer) -> set[int]:
    """The numbers of every message that came."""
    return peer.call(lambda: {int(one.fields[0]) for one in peer.world.received})


def is_quiet(peer: TwsPeer) -> bool:
    """Nobody is connected any more."""
    peer.until(lambda: not peer.world.connections)
    return True


def edited(peer: TwsPeer, client_id: int, **settings: Any) -> Walk:
    """A run of the wizard that changes a connection to this peer."""
    walk = Walk()
    known = {"host": "127.0.0.1", "port": peer.port, "client_id": client_id, **settings}
    config = ConnectionConfig(ConnectionId("ib"), "ibkr-tws", "paper", known)
    walk.answers |= walk.setup.answers(config)
    return walk


def says_before(peer: TwsPeer, question: Ask, code: int, text: str) -> None:
    """A notice before the answer to a question."""
    answer = peer._handlers[question]

    def both(session: Session, fields: list[str]) -> None:
        session.error(-1, code, text)
        answer(session, fields)

    peer._handlers[question] = both


def forget(peer: TwsPeer, con_id: int) -> None:
    """The contract does not exist."""
    peer.call(lambda: (peer.world.listings.pop(con_id), peer.world.contracts.pop(con_id)))
