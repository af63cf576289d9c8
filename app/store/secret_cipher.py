"""The encrypted file of secrets as bytes: what stands in it, and what opens it.

Three lines: a header in JSON (format, version, key derivation, the names that are kept, nonce), the
values (AES-256-GCM in base64, the header authenticated with them), and the SHA-256 of both lines,
which tells a damaged file from a wrong passphrase. The key comes from the passphrase by scrypt
(RFC 7914) with the strength that OWASP's Password Storage Cheat Sheet asks for: N = 2**17, r = 8,
p = 1, which is 128 MB and a good third of a second. Pure; any thread but the window's. The library
`cryptography` is imported when it is needed: most homes have no such file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.base.errors import UserError
from app.store.vault_errors import WrongPassphraseError

FORMAT, VERSION = "moorgate-secrets", 1
COST = 2**17
# A damaged or hostile header must not make us fill the memory: 2**20 is 1 GB.
_COSTS = [2**power for power in range(10, 21)]
_BLOCK_SIZE, _PARALLEL = 8, 1
_SALT_BYTES, _NONCE_BYTES, _KEY_BYTES, _CHECK_BYTES = 16, 12, 32, 16


class DamagedError(ValueError):
    """Bytes that are no such file, or were changed since it was written."""


@dataclass(frozen=True, slots=True)
class Names:
    """What is known of a file without its passphrase.

    `kept` are "<connection>/<field>" names; those in `ahead` are newer than what a keyring holds.
    """

    kept: frozenset[str] = frozenset()
    ahead: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Key:
    """A passphrase, derived. Kept in memory only while the file is unlocked."""

    salt: bytes
    cost: int
    secret: bytes = field(repr=False)
    check: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file that was read and is whole, not opened yet."""

    names: Names
    salt: bytes
    cost: int
    check: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    header: bytes = field(repr=False)
    body: bytes = field(repr=False)


def derive(passphrase: str, cost: int = COST, salt: bytes | None = None) -> Key:
    """The key of a passphrase; a new salt unless one is given. Takes a third of a second.

    Raises UserError for an empty passphrase, or one that is no text.
    """
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    if not passphrase:
        raise UserError("the passphrase is empty")
    salt = salt or os.urandom(_SALT_BYTES)
    try:  # the same letters, however the keyboard composed them
        word = unicodedata.normalize("NFC", passphrase).encode()
    except UnicodeEncodeError:
        raise UserError("the passphrase holds characters that are no text") from None
    length = _KEY_BYTES + _CHECK_BYTES
    raw = Scrypt(salt=salt, length=length, n=cost, r=_BLOCK_SIZE, p=_PARALLEL).derive(word)
    return Key(salt, cost, raw[:_KEY_BYTES], raw[_KEY_BYTES:])


def seal(key: Key, values: Mapping[str, str], ahead: frozenset[str] = frozenset()) -> bytes:
    """The whole file for these values."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE_BYTES)
    header = _json(
        {
            "format": FORMAT,
            "version": VERSION,
            "kdf": {"name": "scrypt", "n": key.cost, "r": _BLOCK_SIZE, "p": _PARALLEL},
            "salt": _text(key.salt),
            "check": _text(key.check),
            "nonce": _text(nonce),
            "names": sorted(values),
            "ahead": sorted(ahead & values.keys()),
        }
    )
    sealed = AESGCM(key.secret).encrypt(nonce, _json(dict(values)), header)
    lines = header + b"\n" + base64.b64encode(sealed) + b"\n"
    return lines + hashlib.sha256(lines).hexdigest().encode() + b"\n"


def parse(data: bytes) -> Sealed:
    """A file as it was read. Raises DamagedError, also for what a newer version wrote."""
    try:
        header, body, digest, rest = data.split(b"\n")
    except ValueError:
        raise DamagedError("it does not have the three lines of such a file") from None
    lines = header + b"\n" + body + b"\n"
    if rest or not hmac.compare_digest(hashlib.sha256(lines).hexdigest().encode(), digest):
        raise DamagedError("its checksum does not fit, so it was cut off or changed")
    try:
        return _sealed(json.loads(header), header, base64.b64decode(body, validate=True))
    except DamagedError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedError(f"its header cannot be used ({type(error).__name__})") from None


def open_sealed(sealed: Sealed, key: Key) -> dict[str, str]:
    """The values. Raises WrongPassphraseError, or DamagedError where only the key fits."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not hmac.compare_digest(sealed.check, key.check):
        raise WrongPassphraseError("this is not the passphrase of the encrypted file of secrets")
    try:
        values = json.loads(AESGCM(key.secret).decrypt(sealed.nonce, sealed.body, sealed.header))
    except InvalidTag:
        raise DamagedError("it was changed by something that does not know its key") from None
    if not isinstance(values, dict) or values.keys() != sealed.names.kept:
        raise DamagedError("its names and its values do not fit together")
    return {str(name): str(value) for name, value in values.items()}


def _sealed(fields: dict[str, Any], header: bytes, body: bytes) -> Sealed:
    if fields["format"] != FORMAT:
        raise ValueError("another format")
    if fields["version"] != VERSION:
        raise DamagedError("it was written by a newer Moorgate; use that one")
    kdf = fields["kdf"]
    if (kdf["name"], kdf["r"], kdf["p"]) != ("scrypt", _BLOCK_SIZE, _PARALLEL):
        raise ValueError("another key derivation")
    if kdf["n"] not in _COSTS:
        raise ValueError("a strength that is out of bounds")
    return Sealed(
        Names(frozenset(map(str, fields["names"])), frozenset(map(str, fields["ahead"]))),
        _bytes(fields["salt"], _SALT_BYTES),
        int(kdf["n"]),
        _bytes(fields["check"], _CHECK_BYTES),
        _bytes(fields["nonce"], _NONCE_BYTES),
        header,
        body,
    )


def _bytes(text: str, length: int) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
    if len(raw) != length:
        raise ValueError("another length")
    return raw


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
