"""The page that looks for TWS: which ports are asked, and what their answers become."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.brokers.ibkr_tws.ports import (
    DEFAULT_PORTS,
    GATEWAY,
    TWS,
    is_this_computer,
)
from app.brokers.ibkr_tws.probe import ProbeResult, Verdict, probe_all
from app.brokers.ibkr_tws.setup_answers import OWN_ADDRESS, host_of, port_of, split_address
from app.brokers.ibkr_tws.setup_troubles import trouble
from app.brokers.setup import Answers, Option, Progress, Trouble, WorkResult

_BADGES = {
    Verdict.ACCEPT_DIALOG: "waiting",
    Verdict.API_OFF: "turns down",
    Verdict.OLD_TWS: "too old",
    Verdict.NO_TWS: "no TWS",
    Verdict.NOTHING_LISTENING: "no answer",
    Verdict.UNREACHABLE: "no answer",
}
# Which of several failures is told: the one that is nearest to a working connection.
_TELLING = tuple(_BADGES)


async def find(answers: Answers, progress: Callable[[Progress], None]) -> WorkResult:
    """Ask every port at once. Two seconds at most."""
    wanted = _addresses(answers)
    ports = ", ".join(str(port) for _, port in wanted)
    progress(Progress(f"Asking the ports {ports} of {host_of(answers)}"))
    results = await probe_all(wanted)
    own = str(answers.get(OWN_ADDRESS, ""))
    shown = [one for one in results if _is_worth_showing(one, own)]
    by_hand = _entered(answers)
    return WorkResult(
        options=tuple(_option(one, own) for one in shown),
        trouble=_trouble(results, by_hand, own),
        text=_found(sum(one.verdict is Verdict.OK for one in results)),
    )


def _entered(answers: Answers) -> str:
    port = port_of(answers)
    return f"{host_of(answers)}:{port}" if port else ""


def _addresses(answers: Answers) -> list[tuple[str, int]]:
    known = (answers.get(OWN_ADDRESS), _entered(answers))
    found = [split_address(str(address)) for address in known if address]
    found += [(host_of(answers), port) for port in DEFAULT_PORTS]
    return list(dict.fromkeys(found))


def _is_worth_showing(result: ProbeResult, own: str) -> bool:
    return result.address == own or result.verdict not in {
        Verdict.NOTHING_LISTENING,
        Verdict.UNREACHABLE,
    }


def _option(result: ProbeResult, own: str) -> Option:
    if result.verdict is Verdict.OK:
        text = f"Its clock says {result.time_text}. " if result.time_text else ""
        if (usual := DEFAULT_PORTS.get(result.port)) is not None:
            text += f"This port usually means a {usual.environment} account; the account will tell"
        return Option(result.address, f"{name_of(result)}, server version {result.version}", text)
    # The connection that is being changed keeps its address, whatever answers there just now.
    return Option(
        result.address,
        name_of(result),
        trouble(result.verdict.value, result.address, result.detail).text,
        badge=_BADGES[result.verdict],
        is_available=result.address == own,
    )


def name_of(result: ProbeResult) -> str:
    """ "TWS, paper port 7497", by what the port usually means."""
    meaning = DEFAULT_PORTS.get(result.port)
    if result.verdict is Verdict.NO_TWS:
        name = f"Another program, port {result.port}"
    elif meaning is None:
        name = f"{TWS} or {GATEWAY}, port {result.port}"
    else:
        name = f"{meaning.program}, {meaning.environment} port {result.port}"
    return name if is_this_computer(result.host) else f"{name} at {result.host}"


def _trouble(results: Sequence[ProbeResult], by_hand: str, own: str) -> Trouble | None:
    entered = next((one for one in results if one.address == by_hand), None)
    if entered is not None:
        return _told(entered)
    if any(one.verdict is Verdict.OK for one in results):
        mine = next((one for one in results if one.address == own), None)
        return None if mine is None else _told(mine)
    worst = min(results, key=lambda one: _TELLING.index(one.verdict))
    if worst.verdict is Verdict.NOTHING_LISTENING:
        return trouble(worst.verdict.value)
    return _told(worst)


def _told(result: ProbeResult) -> Trouble | None:
    if result.verdict is Verdict.OK:
        return None
    detail = result.detail
    if result.verdict is Verdict.OLD_TWS:
        detail = f"its protocol is {result.version}, 157 is needed"
    return trouble(result.verdict.value, result.address, detail)


def _found(count: int) -> str:
    if not count:
        return ""
    return "Found one TWS or IB Gateway" if count == 1 else f"Found {count} of them"
