"""Everything that lives as long as one session with TWS, made and wired; no logic of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable

from app.base.errors import BrokerError, Outcome
from app.brokers.base import BrokerContext
from app.brokers.ibkr_tws import trial
from app.brokers.ibkr_tws.depth import Depths
from app.brokers.ibkr_tws.history import BarDownloads
from app.brokers.ibkr_tws.instruments import Instruments
from app.brokers.ibkr_tws.last_session import LastSession
from app.brokers.ibkr_tws.lights import Lights
from app.brokers.ibkr_tws.line import Line
from app.brokers.ibkr_tws.live_bars import BarStreams
from app.brokers.ibkr_tws.market_data import MarketStreams
from app.brokers.ibkr_tws.options import Options
from app.brokers.ibkr_tws.requests import Requests
from app.brokers.ibkr_tws.search import Search
from app.brokers.ibkr_tws.settings import TwsSettings
from app.brokers.ibkr_tws.trading import Trading

log = logging.getLogger("moorgate.tws")
SESSION_FILE = "tws-session.txt"
IN_USE = "client-id-in-use"
# Where a client id is in use, so many of the next ones are tried to find one that is free.
_IDS_TRIED, _TRIAL_S = 5, 1.0


class TwsSession:
    """One session. Adapter's thread and loop. `open` it once, `close` it once."""

    def __init__(self, context: BrokerContext, settings: TwsSettings) -> None:
        """Raises BrokerError NOT_SENT where the connection's own files cannot be used."""
        name, sink, clock = context.config.id, context.sink, context.clock
        self._settings, self._clock = settings, clock
        self._last = LastSession(context.data_dir / SESSION_FILE, settings.client_id, clock)
        self.line = line = Line(settings, clock, self._on_lost)
        requests = Requests(line, settings.request_timeout_s)
        self.instruments = Instruments(line, requests)
        self.trading = Trading(context, settings, line, requests, self.instruments)
        self.market = MarketStreams(line, self.instruments, sink, clock, settings, name)
        self.depth = Depths(line, self.instruments, sink, clock, name)
        self.options = Options(line, requests, self.instruments)
        self.history = BarDownloads(line, requests, self.instruments, sink, clock, name)
        self.live_bars = BarStreams(line, self.instruments, sink, clock, name, self.history.pacing)
        self.search = Search(line, requests, self.instruments, clock)
        self.lights = Lights(name, clock, sink.report)
        self.lights.on_subscriptions_lost = self._on_subscriptions_lost
        self.lights.on_feed_back = self._on_feed_back
        line.on_error(self.lights.hear)  # the last: what nobody else has claimed
        line.on_doubt(self.lights.doubt)
        line.is_excused = lambda: self.lights.is_line_broken

    async def open(self) -> None:
        """Connect, and start what runs by itself. Raises BrokerError, see Line and Trading."""
        try:
            await self.line.open()
        except BrokerError as error:
            if error.code == IN_USE:
                raise await self._in_use(error) from error
            raise
        self._last.began()
        await self.trading.start()
        self.lights.up()

    async def close(self) -> None:
        """Let go of everything, however far it came. Never raises."""
        if self.line.is_up:
            self._last.ended()
        for let_go in (
            self.lights.stop, self.market.close, self.depth.close, self.live_bars.close,
            self.trading.close, self.instruments.close, self.line.close,
        ):  # fmt: skip
            _quietly(let_go)
        try:
            await self.line.ended()
        except OSError as error:
            log.info("the socket to TWS did not close in order: %s", error)

    def _on_lost(self, reason: str) -> None:
        self._last.broke()
        self.lights.down(reason)

    def _on_subscriptions_lost(self) -> None:
        self.market.lost_all()
        self.depth.lost_all()
        self.live_bars.lost_all()

    def _on_feed_back(self) -> None:
        self.market.farm_is_back()
        self.live_bars.farm_is_back()

    async def _in_use(self, error: BrokerError) -> BrokerError:
        if self._last.may_be_held():
            return BrokerError(
                f"TWS still holds client id {self._settings.client_id} for a session of ours that"
                " broke; it is tried again. If this does not end, restart TWS",
                Outcome.NOT_SENT,
                IN_USE,
            )
        free = await self._free_client_id()
        if free is None:
            return error
        used = self._settings.client_id
        return BrokerError(
            f"Client id {used} is used by another program at this TWS. Close that program, or give"
            f" this connection another client id: {free} is free",
            Outcome.REJECTED,
            IN_USE,
        )

    async def _free_client_id(self) -> int | None:
        """The next client id that TWS takes; None where it takes none of a few."""
        used = self._settings
        ids = range(used.client_id + 1, used.client_id + _IDS_TRIED)
        try:
            async with trial.session(used.host, used.port, ids, _TRIAL_S) as found:
                return found.client_id
        except BrokerError:
            return None


def _quietly(let_go: Callable[[], None]) -> None:
    try:
        let_go()
    except Exception:
        log.exception("a part of the connection could not be closed")
