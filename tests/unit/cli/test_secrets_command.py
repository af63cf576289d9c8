"""`moorgate secrets`: what a script can rely on, and that no value is ever shown."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.paths import Paths
from app.base.redaction import forget_secrets
from app.cli import main
from app.cli.arguments import parse
from tests.doubles import keyed_broker
from tests.doubles.keyrings import LockedKeyring, MemoryKeyring, cheapen, use

ROOT = Path(__file__).resolve().parents[3]
SECRET, PASSPHRASE = "hunter2-hunter2", "correct horse battery"


@pytest.fixture(autouse=True)
def _cheap_and_nothing_stays_hidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    cheapen(monkeypatch)
    yield
    forget_secrets()


@pytest.fixture
def keyed(home: Paths, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A home with one connection that asks for secrets."""
    keyed_broker.install(monkeypatch)
    home.settings_file.write_text(keyed_broker.CONNECTION.format(autoconnect="false"))
    return home


def pipe(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def call(home: Paths, *words: str) -> int:
    return main(["secrets", *words, "--home", str(home.home)])


def test_a_value_goes_in_by_the_pipe_and_is_never_shown(
    keyed: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backend = MemoryKeyring()
    use(monkeypatch, backend)
    pipe(monkeypatch, f"\ufeff{SECRET}\r\n".encode())
    assert call(keyed, "set", "alpha-paper", "api_key") == 0
    assert backend.held == {("moorgate", "alpha-paper/api_key"): SECRET}
    assert call(keyed, "list") == 0
    assert call(keyed, "list", "--json") == 0
    said = capsys.readouterr()
    assert "stored alpha-paper/api_key in the keyring" in said.out
    assert said.err == ""
    assert SECRET not in said.out
    rows = json.loads(said.out[said.out.index("[\n") :])
    assert [(row["field"], row["place"], row["set"]) for row in rows] == [
        ("api_key", "keyring", "yes"),
        ("api_secret", "not set", "no"),
    ]
    assert call(keyed, "delete", "alpha-paper", "api_key", "--yes") == 0
    assert backend.held == {}


def test_a_value_cannot_stand_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["alpha-paper", "api_key", SECRET], ["alpha-paper", "api_key", "--value", "x"]):
        with pytest.raises(SystemExit):
            parse(["secrets", "set", *words])
    capsys.readouterr()


def test_slips_are_noted_and_stored_all_the_same(
    keyed: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, MemoryKeyring())
    for words, note in (
        (("alpha-paper", "apikey"), "asks for api_key, api_secret, not for 'apikey'"),
        (("alpha", "api_key"), "there is no connection 'alpha' in the settings"),
    ):
        pipe(monkeypatch, SECRET.encode())
        assert call(keyed, "set", *words) == 0
        assert note in capsys.readouterr().err
    monkeypatch.setenv("MOORGATE_SECRET_ALPHA_PAPER_API_KEY", "another")
    pipe(monkeypatch, SECRET.encode())
    assert call(keyed, "set", "alpha-paper", "api_key") == 0
    assert "comes first" in capsys.readouterr().err


def test_a_connection_without_secrets_says_so(
    home: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(home, "list") == 0
    assert "no connection asks for a secret" in capsys.readouterr().out
    use(monkeypatch, MemoryKeyring())
    pipe(monkeypatch, SECRET.encode())
    assert call(home, "set", "paper", "pin") == 0
    assert "paper (Paper account) asks for no secret" in capsys.readouterr().err


@pytest.mark.parametrize("data", [b"", b"\n", b"\xff\xfe"])
def test_what_is_no_secret_is_exit_2(
    keyed: Paths, monkeypatch: pytest.MonkeyPatch, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, MemoryKeyring())
    pipe(monkeypatch, data)
    assert call(keyed, "set", "alpha-paper", "api_key") == 2
    assert capsys.readouterr().err.startswith("moorgate: ")


def test_the_file_opens_with_the_passphrase_of_the_environment(
    keyed: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe(monkeypatch, SECRET.encode())
    assert call(keyed, "set", "alpha-paper", "api_key") == 2
    assert "MOORGATE_PASSPHRASE" in capsys.readouterr().err
    monkeypatch.setenv("MOORGATE_PASSPHRASE", PASSPHRASE)
    pipe(monkeypatch, SECRET.encode())
    assert call(keyed, "set", "alpha-paper", "api_key") == 0
    assert "in the encrypted file" in capsys.readouterr().out
    assert call(keyed, "test") == 0
    monkeypatch.setenv("MOORGATE_PASSPHRASE", "another one")
    assert call(keyed, "test") == 1
    assert call(keyed, "delete", "alpha-paper", "api_key", "--yes") == 2
    monkeypatch.delenv("MOORGATE_PASSPHRASE")
    capsys.readouterr()
    assert call(keyed, "list") == 0
    assert "locked" in capsys.readouterr().out


def test_test_tells_what_works(
    keyed: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, MemoryKeyring())
    assert call(keyed, "test") == 0
    assert " works: " in capsys.readouterr().out
    use(monkeypatch, LockedKeyring())
    assert call(keyed, "test", "--json") == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["place"], row["works"]) == ("keyring", "no")


def test_deleting_asks_and_names_what_is_not_there(
    keyed: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backend = MemoryKeyring()
    use(monkeypatch, backend)
    backend.held["moorgate", "alpha-paper/api_key"] = SECRET
    pipe(monkeypatch, b"y\n")
    assert call(keyed, "delete", "alpha-paper", "api_key") == 2, "nobody is there to ask"
    assert backend.held
    assert call(keyed, "delete", "alpha-paper", "api_secret", "--yes") == 2
    assert "there is no secret 'api_secret'" in capsys.readouterr().err


def test_a_removed_connection_leaves_no_secret(
    keyed: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    backend = MemoryKeyring()
    use(monkeypatch, backend)
    backend.held["moorgate", "alpha-paper/api_key"] = SECRET
    assert main(["connections", "remove", "alpha-paper", "--yes", "--home", str(keyed.home)]) == 0
    assert "deleted its secrets: api_key" in capsys.readouterr().out
    assert backend.held == {}


def test_a_removed_connection_whose_secrets_cannot_go_says_so(
    keyed: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, LockedKeyring())
    assert main(["connections", "remove", "alpha-paper", "--yes", "--home", str(keyed.home)]) == 1
    assert "its secrets are still kept" in capsys.readouterr().err


def test_at_a_terminal_it_is_asked_for_and_not_echoed(home: Paths) -> None:
    pty = pytest.importorskip("pty", reason="Windows has no such terminals")
    termios = pytest.importorskip("termios", reason="the same")
    ours, theirs = pty.openpty()
    take = (
        "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
        "os.execv(sys.executable, [sys.executable, '-m', 'app', *sys.argv[1:]])"
    )
    words = ["secrets", "set", "alpha", "api_key", "--home", str(home.home)]
    child = subprocess.Popen(
        [sys.executable, "-c", take, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    os.close(theirs)
    seen = ""
    for prompt, answer in (
        ("(is not shown): ", SECRET),
        ("Choose a passphrase for it: ", PASSPHRASE),
        ("The same once more: ", PASSPHRASE),
    ):
        seen = _read_until(ours, seen, prompt)
        while termios.tcgetattr(ours)[3] & termios.ECHO:
            time.sleep(0.01)
        os.write(ours, f"{answer}\n".encode())
    seen = _read_until(ours, seen, "in the encrypted file")
    seen = _read_until(ours, seen, None)
    os.close(ours)
    assert child.wait(30) == 0
    assert SECRET not in seen
    assert PASSPHRASE not in seen
    assert (home.home / "secrets.enc").exists()


def _read_until(terminal: int, seen: str, wanted: str | None) -> str:
    """What the terminal shows up to `wanted`, or to its end."""
    while wanted is None or wanted not in seen:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # Linux tells the end of a terminal like this
            data = b""
        if not data:
            assert wanted is None, f"{wanted!r} never came: {seen}"
            break
        seen += data.decode()
    return seen
