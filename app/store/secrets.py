"""Secrets of connections: what they are called, what they may be, where one can be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from app.base.errors import UserError

LONGEST = 50_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class Place(Enum):
    """Where a secret is."""

    ENVIRONMENT = "environment"
    KEYRING = "keyring"
    FILE = "encrypted file"
    NOWHERE = "not set"
    UNKNOWN = "unknown"  # the place where it would be could not be asked


@dataclass(frozen=True, slots=True)
class Entry:
    """One secret as far as it may be shown; the value never is. `text` says what needs saying."""

    connection_id: str
    field: str
    place: Place
    text: str = ""

    @property
    def is_set(self) -> bool:
        """Whether a value was found."""
        return self.place not in (Place.NOWHERE, Place.UNKNOWN)


def variable_name(connection_id: str, field: str) -> str:
    """The environment variable that may hold it: MOORGATE_SECRET_<CONNECTION>_<FIELD>."""
    return f"MOORGATE_SECRET_{connection_id}_{field}".upper().replace("-", "_")


def secret_name(connection_id: str, field: str) -> str:
    """Its name in keyring and file: "<connection id>/<field>". Raises UserError."""
    for part in (connection_id, field):
        if not _NAME.fullmatch(part):
            raise UserError(f"{part!r} cannot name a secret: letters, digits, - and _ only")
    return f"{connection_id}/{field}"


def check_value(value: str) -> None:
    """Raises UserError for what cannot be a secret; the text does not repeat it."""
    if not value:
        raise UserError("the secret is empty; delete it if it is not needed")
    if len(value) > LONGEST:
        raise UserError(f"the secret has {len(value)} characters; {LONGEST} are allowed")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UserError("the secret holds bytes that are no text (UTF-8)") from None
