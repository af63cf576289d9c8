"""The embedded broker keeps the contract that every broker keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.brokers.contract import BrokerContract
from tests.brokers.driving import BrokerDriver
from tests.brokers.paper.driver import PaperDriver


class TestPaperContract(BrokerContract):
    @pytest.fixture
    def driver(self, tmp_path: Path) -> BrokerDriver:
        return PaperDriver(tmp_path)
