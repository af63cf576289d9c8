"""The embedded paper broker: a simulated account on recorded or invented market data.

Control commands (Broker.control): replay.state play pause step seek speed loop open, faults.set
faults.state faults.disconnect; see brokers.paper.control. Nothing heavy is imported here.
"""

from __future__ import annotations

from app.brokers.base import BrokerInfo
from app.brokers.paper.abilities import CAPABILITIES
from app.brokers.paper.settings import FIELDS

INFO = BrokerInfo(
    id="paper",
    title="Paper account",
    adapter="app.brokers.paper.adapter:PaperBroker",
    environments=("paper",),
    settings=FIELDS,
    capabilities=CAPABILITIES,
    summary="Simulated money on recorded or invented prices: nothing reaches a market",
)
