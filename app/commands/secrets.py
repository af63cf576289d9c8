"""Which secrets the connections of the settings ask for, and what the vault holds of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.brokers import registry
from app.domain.connection_config import ConnectionConfig
from app.store.secrets import Entry
from app.store.vault import Vault


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


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything that may be shown of the vault at one moment."""

    keyring: str | None  # its name, None where no keyring works
    file: str
    has_file: bool
    is_locked: bool
    has_variable: bool  # the passphrase comes from the environment
    entries: tuple[Entry, ...]
    titles: Mapping[tuple[str, str], str]


def survey(vault: Vault, connections: Iterable[ConnectionConfig]) -> Survey:
    """Look at every place. Any thread but the window's: a keyring may ask the person first."""
    connections = list(connections)
    entries = tuple(vault.entries(wanted_secrets(connections)))
    keys = [(entry.connection_id, entry.field) for entry in entries]
    return Survey(
        vault.keyring_title(),
        str(vault.file.path),
        vault.file.exists,
        vault.is_locked,
        vault.has_variable,
        entries,
        {key: secret_title(connections, *key) for key in keys},
    )
