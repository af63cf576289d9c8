"""Which brokers exist. Only names here: an adapter is imported when its connection is opened."""

from __future__ import annotations

import importlib
from functools import cache
from typing import cast

from app.base.errors import UserError
from app.brokers.base import Broker, BrokerContext, BrokerInfo

# id -> module that defines INFO. One line a broker.
MODULES = {
    "ibkr-tws": "app.brokers.ibkr_tws",
    "paper": "app.brokers.paper",
}


def broker_ids() -> list[str]:
    """Every broker that a connection may name."""
    return sorted(MODULES)


@cache
def broker_info(broker_id: str) -> BrokerInfo:
    """What is known of a broker without its SDK. Raises UserError for an unknown id."""
    if broker_id not in MODULES:
        raise UserError(f"unknown broker {broker_id!r}; known are {', '.join(broker_ids())}")
    return cast(BrokerInfo, importlib.import_module(MODULES[broker_id]).INFO)


def create_broker(context: BrokerContext) -> Broker:
    """A fresh adapter; imports its SDK, so call it in the connection's own thread.

    Raises UserError with the pip command when the SDK is not installed.
    """
    info = broker_info(context.config.broker)
    module_name, class_name = info.adapter.split(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith("app."):
            raise
        raise UserError(
            f"{info.title} needs the package {error.name!r}:"
            f" install it with pip install 'moorgate[{info.extra}]'"
        ) from error
    return cast(Broker, getattr(module, class_name)(context))
