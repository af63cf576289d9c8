"""`moorgate secrets`: list, set, delete and test what the vault keeps. Values are never shown."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable
from typing import TypeVar

from app.base.errors import UserError
from app.base.paths import Paths
from app.bootstrap import open_settings
from app.cli.output import Exit, Row, as_json, complain, say, table
from app.cli.process import open_home
from app.commands.secrets import strangeness, wanted_secrets
from app.store.secrets import Entry, Place, variable_name
from app.store.vault import PASSPHRASE_VARIABLE, Vault
from app.store.vault_errors import VaultLockedError

COLUMNS = ["connection", "field", "place", "set", "note"]
_WORDS = {True: "yes", False: "no"}
T = TypeVar("T")


def list_secrets(arguments: argparse.Namespace) -> int:
    """Every secret that a connection asks for or that is kept, and where it is."""
    paths = open_home(arguments.home)
    wanted = wanted_secrets(open_settings(paths).load().connections)
    entries = _vault(paths).entries(wanted)
    rows = [_row(entry) for entry in entries]
    if arguments.json:
        sys.stdout.write(as_json(rows))
    elif rows:
        say(table(rows, COLUMNS))
    else:
        say("no connection asks for a secret, and none is kept; TWS and IB Gateway need none here")
    return Exit.OK


def set_secret(arguments: argparse.Namespace) -> int:
    """Keep one, read from standard input or asked for without showing it."""
    paths = open_home(arguments.home)
    connection_id, field = arguments.id, arguments.field
    connections = open_settings(paths).load().connections
    vault = _vault(paths)
    value = _value(connection_id, field)
    place = _unlocking(vault, lambda: vault.write(connection_id, field, value))
    where = vault.keyring_title() if place is Place.KEYRING else vault.file.path
    say(f"stored {connection_id}/{field} in the {place.value} ({where})")
    doubt = strangeness(connections, connection_id, field)
    if doubt is not None:
        complain(f"note that {doubt}")
    variable = variable_name(connection_id, field)
    if os.environ.get(variable):
        complain(f"{variable} is set, too, and comes first")
    return Exit.OK


def delete_secret(arguments: argparse.Namespace) -> int:
    """Forget one, wherever it is kept."""
    vault = _vault(open_home(arguments.home))
    connection_id, field = arguments.id, arguments.field
    if not arguments.yes and not _is_sure(connection_id, field):
        complain(f"{connection_id}/{field} was not deleted; say --yes to delete it without asking")
        return Exit.USAGE
    _unlocking(vault, lambda: vault.delete(connection_id, field))
    say(f"deleted {connection_id}/{field}")
    return Exit.OK


def test_secrets(arguments: argparse.Namespace) -> int:
    """Write, read and delete a value of no meaning where the next secret would go."""
    vault = _vault(open_home(arguments.home))
    if vault.is_locked and vault.needs_passphrase() and _may_ask():
        vault.unlock(getpass.getpass(f"Passphrase of {vault.file.path}: "))
    verdict = vault.test()
    word = "works" if verdict.works else "does not work"
    if arguments.json:
        row: Row = {
            "place": verdict.place.value,
            "title": verdict.title,
            "works": _WORDS[verdict.works],
            "text": verdict.text,
        }
        sys.stdout.write(as_json([row]))
    else:
        say(f"{verdict.place.value} ({verdict.title}) {word}: {verdict.text}")
    return Exit.OK if verdict.works else Exit.FAILED


def _vault(paths: Paths) -> Vault:
    return Vault(paths, os.environ)


def _value(connection_id: str, field: str) -> str:
    """Never from the command line itself: every user of the computer can read that."""
    if _is_person_here():
        return getpass.getpass(f"{field} of {connection_id} (is not shown): ")
    try:  # Windows puts a mark before what it pipes
        text = sys.stdin.buffer.read().decode("utf-8-sig") if sys.stdin is not None else ""
    except UnicodeDecodeError:
        raise UserError("what came on standard input is no text in UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r")


def _unlocking(vault: Vault, work: Callable[[], T]) -> T:
    """Do `work`; where the encrypted file keeps it from us, ask a person for the passphrase."""
    try:
        return work()
    except VaultLockedError as error:
        if not _may_ask():
            raise
        if error.is_new:
            vault.unlock(_new_passphrase(vault))
        else:
            vault.unlock(getpass.getpass(f"Passphrase of {vault.file.path}: "))
        return work()


def _new_passphrase(vault: Vault) -> str:
    say(f"No keyring works here: secrets go to the encrypted file {vault.file.path}.")
    first = getpass.getpass("Choose a passphrase for it: ")
    if getpass.getpass("The same once more: ") != first:
        raise UserError("the two passphrases differ; nothing was stored")
    return first


def _may_ask() -> bool:
    """Where the variable is set it is meant to work, and its mistake is to be told."""
    return _is_person_here() and not os.environ.get(PASSPHRASE_VARIABLE)


def _is_person_here() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _is_sure(connection_id: str, field: str) -> bool:
    if not _is_person_here():
        return False
    answer = input(f"Delete the secret {field} of {connection_id}? [y/N] ")
    return answer.strip().lower() in ("y", "yes")


def _row(entry: Entry) -> Row:
    return {
        "connection": entry.connection_id,
        "field": entry.field,
        "place": entry.place.value,
        "set": "unknown" if entry.place is Place.UNKNOWN else _WORDS[entry.is_set],
        "note": entry.text,
    }
