"""Which secrets the connections of the settings ask for."""

from __future__ import annotations

from collections.abc import Iterable

from app.brokers import registry
from app.domain.connection_config import ConnectionConfig


def wanted_secrets(connections: Iterable[ConnectionConfig]) -> list[tuple[str, str]]:
    """(connection id, field) of every secret field of their brokers, in their order. Any thread."""
    return [
        (config.id, field.name)
        for config in connections
        for field in registry.broker_info(config.broker).settings
        if field.secret
    ]


def secret_title(connections: Iterable[ConnectionConfig], connection_id: str, field: str) -> str:
    """What the broker calls the field; the field's own name where no such connection is left."""
    for config in connections:
        if config.id == connection_id:
            for known in registry.broker_info(config.broker).settings:
                if known.secret and known.name == field:
                    return known.title
    return field


def strangeness(
    connections: Iterable[ConnectionConfig], connection_id: str, field: str
) -> str | None:
    """Why a secret of this name may be a slip of the pen; None where a connection asks for it.

    Storing it is allowed all the same: secrets may come before their connection.
    """
    connections = list(connections)
    config = next((config for config in connections if config.id == connection_id), None)
    if config is None:
        known = ", ".join(config.id for config in connections) or "none"
        return f"there is no connection {connection_id!r} in the settings (there are: {known})"
    fields = [name for owner, name in wanted_secrets([config]) if owner == connection_id]
    if field in fields:
        return None
    title = registry.broker_info(config.broker).title
    if not fields:
        return f"{connection_id} ({title}) asks for no secret"
    return f"{connection_id} ({title}) asks for {', '.join(fields)}, not for {field!r}"
