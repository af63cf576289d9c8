"""What the wizard does at its end, and what removes a connection: files, vault, engine. No Qt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from app.base.errors import MoorgateError
from app.brokers import registry
from app.commands.context import CommandContext
from app.commands.exits import order_line, position_line
from app.commands.wizard import Wizard
from app.commands.wizard_brokers import known_brokers
from app.commands.wizard_ending import Ending, Plan
from app.domain.connection_config import ConnectionConfig
from app.domain.ids import ConnectionId
from app.domain.reports import Severity
from app.engine.health import ConnectionState
from app.store.settings import NO_LIMITS


@dataclass(frozen=True, slots=True)
class Clerk:
    """Whom saving may ask: a question with its lines, and the vault off this thread."""

    ask: Callable[[str, str, Sequence[str], str], Awaitable[bool]]
    in_vault: Callable[[Callable[[], Any]], Awaitable[Any]]


def new_wizard(context: CommandContext, connection_id: ConnectionId | None = None) -> Wizard:
    """A wizard for a new connection, or for an existing one. Raises UserError for an unknown id."""
    engine = context.engine
    on_record = {order.request.connection_id for order in engine.orders.book}
    editing, limits = None, NO_LIMITS
    if connection_id is not None:
        editing = _stored(context, connection_id)
        limits = context.engine.settings.connection_risk.get(connection_id, NO_LIMITS)
    taken = {*engine.connections.ids(), *(one.id for one in context.engine.settings.connections)}
    ending = Ending(taken, lambda name: name in on_record, editing, limits)
    return Wizard(known_brokers(), ending, editing)


def open_there(context: CommandContext, connection_id: ConnectionId) -> list[str]:
    """Positions and orders that are open at a connection, in words."""
    engine = context.engine
    positions = [
        position_line(view)
        for view in engine.portfolio.positions()
        if view.connection_id == connection_id
    ]
    orders = [
        order_line(order)
        for order in engine.orders.book.open_orders()
        if order.request.connection_id == connection_id
    ]
    return positions + orders


async def save(context: CommandContext, plan: Plan, connect: bool, clerk: Clerk) -> bool:
    """Write settings and secrets, then bring the engine up to date; False where it was called off.

    Raises MoorgateError when something could not be written: everything then stands as it was.
    """
    if not plan.is_new and not await _may_disconnect(context, plan, clerk):
        return False
    before: dict[str, str | None] = {}
    if plan.secrets:
        before = await clerk.in_vault(lambda: _store_secrets(context, plan))
    try:
        saved = context.settings_store.save_connection(plan.config, plan.limits)
    except MoorgateError:
        if before:
            await clerk.in_vault(lambda: _put_back(context, plan.config.id, before))
        raise
    needs_new_line = not plan.is_new and _needs_new_line(context, plan)
    context.engine.apply_settings(saved)
    _tell_engine(context, _stored(context, plan.config.id), plan, connect, needs_new_line)
    word = "saved" if plan.is_new else "changed"
    context.notify(Severity.INFO, f"Connection {plan.config.id} is {word}")
    return True


def _tell_engine(
    context: CommandContext,
    config: ConnectionConfig,
    plan: Plan,
    connect: bool,
    needs_new_line: bool,
) -> None:
    connections, name = context.engine.connections, f"connection {config.id}"
    if plan.is_new:
        connections.add(config)
    if needs_new_line:
        context.spawn(connections.update(config, connect=connect), name)
    elif connect:
        context.spawn(connections.connect(config.id), name)


async def remove(context: CommandContext, connection_id: ConnectionId) -> None:
    """Ask, then take a connection out of settings, vault and engine; its history stays."""
    lines = open_there(context, connection_id)
    question = (
        f"{connection_id} is disconnected and taken out of the settings, and its secrets are"
        " deleted. Its orders and executions stay in the journal."
    )
    if lines:
        question += (
            " This is open there now. Orders at the broker keep working; nobody watches them here"
            " any more:"
        )
    where = [connection_id]
    if not await context.shell.confirm("Remove Connection", question, lines, "Remove", where=where):
        return
    broker = context.engine.connections.config(connection_id).broker
    store, saved = context.settings_store, None
    if any(one.id == connection_id for one in store.load().connections):
        saved = store.remove_connection(connection_id)
    await context.engine.connections.remove(connection_id)
    if saved is not None:  # not before: its limits hold for as long as it can trade
        context.engine.apply_settings(saved)
    context.notify(Severity.INFO, f"Connection {connection_id} is removed")
    fields = [one.name for one in registry.broker_info(broker).settings if one.secret]
    try:
        await context.shell.in_vault(lambda: context.vault.delete_all(connection_id, fields))
    except MoorgateError as error:
        text = f"The secrets of {connection_id} could not be deleted: {error}"
        context.notify(Severity.WARNING, text)


def _stored(context: CommandContext, connection_id: ConnectionId) -> ConnectionConfig:
    for config in context.engine.settings.connections:
        if config.id == connection_id:
            return config
    return context.engine.connections.config(connection_id)


def _needs_new_line(context: CommandContext, plan: Plan) -> bool:
    """Whether the line in use does not fit what is to be saved."""
    old, new = context.engine.connections.config(plan.config.id), plan.config
    is_same = _line_of(old) == _line_of(new)
    return not is_same or bool(plan.secrets)


def _line_of(config: ConnectionConfig) -> tuple[object, ...]:
    """What an adapter was made from; lists compare by what they hold."""
    settings = {
        name: tuple(value) if isinstance(value, list | tuple) else value
        for name, value in config.settings.items()
    }
    return config.broker, config.environment, settings, config.read_only


async def _may_disconnect(context: CommandContext, plan: Plan, clerk: Clerk) -> bool:
    connection_id = plan.config.id
    state = context.engine.connections.state(connection_id)
    is_on = state not in (ConnectionState.OFFLINE, ConnectionState.FAILED)
    if not is_on or not _needs_new_line(context, plan):
        return True
    lines = open_there(context, connection_id)
    question = f"{connection_id} is {state.value}. It is disconnected to change it."
    if lines:
        question += " Until it is connected again nobody watches these here:"
    return await clerk.ask("Change Connection", question, lines, "Disconnect and Change")


def _store_secrets(context: CommandContext, plan: Plan) -> dict[str, str | None]:
    """Any thread but the window's. What stood there before; all of it stands again on failure."""
    before: dict[str, str | None] = {}
    try:
        for name, value in plan.secrets.items():
            before[name] = None if plan.is_new else _old_secret(context, plan.config.id, name)
            context.vault.write(plan.config.id, name, value)
    except BaseException:
        _put_back(context, plan.config.id, before)
        raise
    return before


def _old_secret(context: CommandContext, connection_id: ConnectionId, name: str) -> str | None:
    try:
        return context.vault.read(connection_id, name)
    except MoorgateError:  # there was none
        return None


def _put_back(
    context: CommandContext, connection_id: ConnectionId, before: dict[str, str | None]
) -> None:
    for name, value in before.items():
        with suppress(MoorgateError):  # the first failure is the one to tell
            if value is None:
                context.vault.delete(connection_id, name)
            else:
                context.vault.write(connection_id, name, value)
