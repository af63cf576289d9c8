"""Where Moorgate keeps its files, and how a small file is replaced, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.base.errors import StoreError


@dataclass(frozen=True, slots=True)
class Paths:
    """Every file and folder below one home."""

    home: Path

    @property
    def settings_file(self) -> Path:
        """What the trader may write by hand."""
        return self.home / "settings.toml"

    @property
    def journal_file(self) -> Path:
        """Orders, audit and small durable state."""
        return self.home / "journal.db"

    @property
    def history_file(self) -> Path:
        """Bars that were fetched once; may be deleted at any time."""
        return self.home / "history.db"

    @property
    def layouts_dir(self) -> Path:
        """One file for each named layout."""
        return self.home / "layouts"

    @property
    def sounds_dir(self) -> Path:
        """Sounds at the volume of the settings, made when first heard; may be deleted."""
        return self.home / "sounds"

    @property
    def logs_dir(self) -> Path:
        """The log and its older parts."""
        return self.home / "logs"

    @property
    def log_file(self) -> Path:
        """The log that is written now."""
        return self.logs_dir / "moorgate.log"

    def broker_dir(self, connection_id: str) -> Path:
        """The folder of one connection's own files; not created here."""
        return self.home / "brokers" / connection_id


def resolve_home(argument: str | None, environ: Mapping[str, str]) -> Paths:
    """The home named by --home, else by MOORGATE_HOME, else the platform's data folder.

    Missing folders are created, readable by their owner only; folders that exist keep their mode.
    Raises StoreError when one cannot be created. Any thread.
    """
    chosen = argument or environ.get("MOORGATE_HOME") or _platform_home()
    paths = Paths(Path(chosen).expanduser().absolute())
    for folder in (paths.home, paths.layouts_dir, paths.logs_dir, paths.home / "brokers"):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the folder {folder} cannot be created ({_reason(error)}); nothing was started."
                " Free or unlock it, or choose another with --home DIR"
            ) from error
    return paths


def resources_dir() -> Path:
    """The read-only files that ship with the program: a checkout's own, or the wheel's copy."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_resources"
    return installed if installed.is_dir() else package.parent / "resources"


def atomic_write(path: Path, data: bytes | str, mode: int = 0o600) -> None:
    """Replace `path` by `data` (text as UTF-8): after a crash the file is the old or the new one.

    A link is followed, its target is replaced. Raises StoreError on a full or read-only disk; the
    old file then stands as it was and no leftover remains. Any thread.
    """
    content = data.encode() if isinstance(data, str) else data
    target = Path(os.path.realpath(path))
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, target)
        _sync_folder(target.parent)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise StoreError(
            f"{path} cannot be written ({_reason(error)}); the file stands as it was."
            " Free some space or make it writable, then try again"
        ) from error


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system lets a folder be opened."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _platform_home() -> str:
    import platformdirs

    return platformdirs.user_data_dir("moorgate", appauthor=False, roaming=False)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
