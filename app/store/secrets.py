"""Secrets of connections: from the environment or the system's keyring, never from a file."""

from __future__ import annotations

from collections.abc import Mapping

from app.base.errors import UserError
from app.base.redaction import add_secret

SERVICE = "moorgate"


def variable_name(connection_id: str, field: str) -> str:
    """The environment variable that may hold it: MOORGATE_SECRET_<CONNECTION>_<FIELD>."""
    return f"MOORGATE_SECRET_{connection_id}_{field}".upper().replace("-", "_")


def read_secret(connection_id: str, field: str, environ: Mapping[str, str]) -> str:
    """One secret field of one connection; what is found is redacted everywhere from then on.

    Any thread; may block while the keyring asks the person at the screen. Raises UserError that
    names both places when there is none.
    """
    variable = variable_name(connection_id, field)
    value = environ.get(variable) or _from_keyring(f"{connection_id}/{field}")
    if value is None:
        raise UserError(
            f"{connection_id} needs its secret {field!r}: store it in the keyring as service"
            f" {SERVICE!r}, user '{connection_id}/{field}', or set {variable}"
        )
    add_secret(value)
    return value


def _from_keyring(user: str) -> str | None:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, user)
    except KeyringError:  # no backend works here: the message above names the other way
        return None
