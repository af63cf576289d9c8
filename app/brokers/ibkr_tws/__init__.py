"""Interactive Brokers through Trader Workstation or IB Gateway on this computer or network.

The SDK is ib_insync or ib_async, whichever is installed (extras `ibkr`, `ibkr-async`); nothing
here imports it, only `sdk` does.
"""

from __future__ import annotations

from app.brokers.base import BrokerInfo
from app.brokers.ibkr_tws.abilities import CAPABILITIES
from app.brokers.ibkr_tws.settings import FIELDS

INFO = BrokerInfo(
    id="ibkr-tws",
    title="Interactive Brokers (TWS)",
    adapter="app.brokers.ibkr_tws.adapter:TwsBroker",
    environments=("paper", "live"),
    settings=FIELDS,
    capabilities=CAPABILITIES,
    extra="ibkr",
    family="Interactive Brokers",
    summary="Through Trader Workstation or IB Gateway, which must be running and logged in",
    setup="app.brokers.ibkr_tws.setup:TwsSetup",
)
