"""The adapter for TWS keeps the contract that every broker keeps, on both server versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers.contract import BrokerContract
from tests.brokers.driving import BrokerDriver
from tests.brokers.ibkr_tws.driver import TwsDriver
from tests.doubles.tws.peer import TwsPeer


class TestTwsContract(BrokerContract):
    @pytest.fixture(params=[176, 178])
    def driver(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrokerDriver]:
        with TwsPeer(version=request.param) as peer:
            yield TwsDriver(peer, tmp_path)
