"""Identifiers, a type each, so that one cannot be passed for another."""

from __future__ import annotations

import uuid
from typing import NewType

ConnectionId = NewType("ConnectionId", str)
AccountId = NewType("AccountId", str)
# Ours: a UUID that travels to the broker where the broker has a field for it.
ClientOrderId = NewType("ClientOrderId", str)
# The broker's own order number. Brokers reuse it: it only means something with the connection.
BrokerOrderId = NewType("BrokerOrderId", str)
# The broker's execution number without its correction suffix.
ExecId = NewType("ExecId", str)
# What nets: see domain.instrument.
InstrumentKey = NewType("InstrumentKey", str)

# One instrument as one connection sees it: quotes are kept apart by both.
MarketKey = tuple[ConnectionId, InstrumentKey]


def new_client_order_id() -> ClientOrderId:
    """A fresh order id: 32 hex digits, which every broker's reference field can hold or tag."""
    return ClientOrderId(uuid.uuid4().hex)
