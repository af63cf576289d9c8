"""The credential API of Windows in memory, so that keyring's own backend for Windows runs here.

What is faked is `win32cred` alone (CredRead, CredWrite, CredDelete of wincred.h) with its limits:
2,560 bytes a credential (CRED_MAX_CREDENTIAL_BLOB_SIZE) and 513 characters of user name
(CRED_MAX_USERNAME_LENGTH). `windows_keyring()` is the real keyring.backends.Windows on top of it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import keyring.backends
from keyring.backend import KeyringBackend

NOT_FOUND, BAD_DATA = 1168, 1783
LARGEST_BLOB, LONGEST_USER = 5 * 512, 513


class CredentialError(Exception):
    """As pywintypes.error: number, function, text."""

    def __init__(self, winerror: int, funcname: str, text: str) -> None:
        super().__init__(winerror, funcname, text)
        self.winerror, self.funcname = winerror, funcname


class Credentials:
    """Everything in the Credential Manager, by target name."""

    CRED_TYPE_GENERIC, CRED_PERSIST_ENTERPRISE = 1, 3

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, bytes]] = {}

    def CredRead(self, **named: Any) -> dict[str, Any]:
        user, blob = self.held[self._target(named, "CredRead")]
        return {"UserName": user, "CredentialBlob": blob}

    def CredWrite(self, credential: dict[str, Any], _flags: int) -> None:
        blob = credential["CredentialBlob"].encode("utf-16-le")
        if len(blob) > LARGEST_BLOB or len(credential["UserName"]) > LONGEST_USER:
            raise CredentialError(BAD_DATA, "CredWrite", "The stub received bad data.")
        self.held[credential["TargetName"]] = (credential["UserName"], blob)

    def CredDelete(self, **named: Any) -> None:
        del self.held[self._target(named, "CredDelete")]

    def _target(self, named: dict[str, Any], function: str) -> str:
        assert named["Type"] == self.CRED_TYPE_GENERIC
        target: str = named["TargetName"]
        if target not in self.held:
            raise CredentialError(NOT_FOUND, function, "Element not found.")
        return target


@contextmanager
def windows_keyring() -> Iterator[tuple[KeyringBackend, Credentials]]:
    """keyring's backend for Windows and what lies beneath it; unknown to everybody afterwards."""
    credentials = Credentials()
    beneath: dict[str, Any] = {
        "win32ctypes": ModuleType("win32ctypes"),
        "win32ctypes.pywin32": ModuleType("win32ctypes.pywin32"),
    }
    errors: Any = ModuleType("pywintypes")
    errors.error = CredentialError
    beneath["win32ctypes.pywin32"].pywintypes = errors
    beneath["win32ctypes.pywin32"].win32cred = credentials
    name, folder = "keyring.backends.Windows", keyring.backends.__path__[0]
    spec = importlib.util.spec_from_file_location(name, f"{folder}/Windows.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    known = set(KeyringBackend._classes)
    before = {key: sys.modules.get(key) for key in beneath}
    sys.modules.update(beneath)
    try:
        spec.loader.exec_module(module)
        yield module.WinVaultKeyring(), credentials
    finally:
        for key, old in before.items():
            if old is None:
                sys.modules.pop(key, None)
            else:
                sys.modules[key] = old
        KeyringBackend._classes &= known
