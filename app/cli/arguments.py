"""What may be typed after `moorgate`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from app import __version__
from app.domain.market import Timeframe

Command = Callable[[argparse.Namespace], int]

_ABOUT = "Moorgate, a desktop trading terminal: every broker account in one window."
_EXAMPLES = """\
examples:
  moorgate                                 open the window
  moorgate run --screenshot desk.png       open it, take a picture, close it
  moorgate selfcheck                       trade once on the paper account, without a window
  moorgate selfcheck --connection ib-paper --symbol SPY --json
  moorgate connections list
  moorgate connections test ib-paper
  moorgate secrets set alpaca-paper api_key < key.txt
  moorgate export executions --format csv --since 2026-01-01 --output fills.csv
  moorgate export bars --symbol SPY --timeframe 1m --format json

exit codes: 0 fine, 1 the work failed, 2 wrong usage or settings, 3 no connection

Settings, journal and log live in --home DIR, else in MOORGATE_HOME, else in your system's folder
for application data.
"""


def parse(argv: Sequence[str] | None = None) -> tuple[Command, argparse.Namespace]:
    """The command and its arguments. Raises SystemExit as argparse does."""
    arguments = _parser().parse_args(argv)
    return arguments.command, arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="moorgate",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"moorgate {__version__}")
    parser.add_argument("--home", metavar="DIR", help="where settings, journal and log live")
    _add_run_options(parser, default=None)
    parser.set_defaults(command=_run)
    # The same option after the word of the command: SUPPRESS keeps it from erasing an earlier one.
    home = argparse.ArgumentParser(add_help=False)
    home.add_argument(
        "--home",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="where settings, journal and log live",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    run = commands.add_parser("run", parents=[home], help="open the window (the default)")
    _add_run_options(run, default=argparse.SUPPRESS)
    _add_selfcheck(commands, home)
    _add_connections(commands, home)
    _add_secrets(commands, home)
    _add_export(commands, home)
    return parser


Subparsers = argparse._SubParsersAction


def _add_run_options(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--screenshot",
        metavar="FILE",
        type=Path,
        default=default,
        help="save a picture of the window once it shows quotes, then close it",
    )


def _add_selfcheck(
    commands: Subparsers[argparse.ArgumentParser], home: argparse.ArgumentParser
) -> None:
    check = commands.add_parser(
        "selfcheck",
        parents=[home],
        help="trade once on a paper account and tell whether everything works",
        description=(
            "Connect, quote, order, fill, position, modify, cancel, flatten: the main job without a"
            " person, on a paper account only. Everything it opens is closed again."
        ),
    )
    check.add_argument("--connection", metavar="ID", help="default: the first paper connection")
    check.add_argument("--symbol", help="default: the first that the broker offers and is flat")
    check.add_argument("--json", action="store_true", help="one JSON object a line for each step")
    check.set_defaults(command=_selfcheck)


def _add_connections(
    commands: Subparsers[argparse.ArgumentParser], home: argparse.ArgumentParser
) -> None:
    connections = commands.add_parser(
        "connections", help="list, test or remove connections of settings.toml"
    )
    actions = connections.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", parents=[home], help="what settings.toml holds")
    listing.add_argument("--json", action="store_true", help="one JSON array")
    listing.set_defaults(command=_list_connections)
    test = actions.add_parser(
        "test", parents=[home], help="connect once and read everything; sends no order"
    )
    test.add_argument("id", metavar="ID")
    test.add_argument("--json", action="store_true", help="one JSON object a line for each step")
    test.set_defaults(command=_test_connection)
    remove = actions.add_parser("remove", parents=[home], help="take one out of settings.toml")
    remove.add_argument("id", metavar="ID")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    remove.set_defaults(command=_remove_connection)


def _add_secrets(
    commands: Subparsers[argparse.ArgumentParser], home: argparse.ArgumentParser
) -> None:
    secrets = commands.add_parser("secrets", help="list, set, delete or test what the vault keeps")
    actions = secrets.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", parents=[home], help="what is kept where; no values")
    listing.add_argument("--json", action="store_true", help="one JSON array")
    listing.set_defaults(command=_list_secrets)
    put = actions.add_parser(
        "set",
        parents=[home],
        help="keep one: typed without showing it, or from standard input",
        description=(
            "Keep one secret of a connection. Its value is asked for, or read from standard input;"
            " it never stands on the command line, which every user of the computer can read. It"
            " goes to the system's keyring, or to an encrypted file whose passphrase is asked for"
            " or taken from MOORGATE_PASSPHRASE."
        ),
    )
    remove = actions.add_parser("delete", parents=[home], help="forget one, wherever it is kept")
    for action in (put, remove):
        action.add_argument("id", metavar="CONNECTION")
        action.add_argument("field", metavar="FIELD", help="such as password or api_key")
    put.set_defaults(command=_set_secret)
    remove.add_argument("--yes", action="store_true", help="do not ask")
    remove.set_defaults(command=_delete_secret)
    test = actions.add_parser("test", parents=[home], help="whether the place for secrets works")
    test.add_argument("--json", action="store_true", help="one JSON array")
    test.set_defaults(command=_test_secrets)


def _add_export(
    commands: Subparsers[argparse.ArgumentParser], home: argparse.ArgumentParser
) -> None:
    export = commands.add_parser(
        "export",
        parents=[home],
        help="write out what is stored, also while the window is open",
        description="Orders, executions, positions (as our executions make them), audit or bars.",
    )
    export.add_argument("what", choices=("orders", "executions", "positions", "audit", "bars"))
    export.add_argument("--format", choices=("csv", "json"), default="csv", help="default: csv")
    export.add_argument("--connection", metavar="ID", help="of this connection only")
    export.add_argument(
        "--since",
        metavar="WHEN",
        type=moment,
        help="from this day or moment on, ISO 8601, UTC unless it names a zone",
    )
    export.add_argument("--symbol", help="of this symbol only; bars need it")
    export.add_argument(
        "--timeframe",
        choices=[t.value for t in Timeframe],
        metavar="LENGTH",
        help="of bars: " + " ".join(t.value for t in Timeframe),
    )
    export.add_argument("--output", metavar="FILE", type=Path, help="default: standard output")
    export.set_defaults(command=_export)


def moment(text: str) -> datetime:
    """An ISO 8601 day or moment, aware. Raises ArgumentTypeError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no day or moment; write 2026-01-31 or 2026-01-31T14:30"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


# Each command is imported when it is used: `--help` and an export need no engine.


def _run(arguments: argparse.Namespace) -> int:
    from app.bootstrap import open_window
    from app.cli.process import open_home

    return open_window(open_home(arguments.home), arguments.screenshot)


def _selfcheck(arguments: argparse.Namespace) -> int:
    from app.cli.selfcheck import run_selfcheck

    return run_selfcheck(arguments)


def _list_connections(arguments: argparse.Namespace) -> int:
    from app.cli.connections import list_connections

    return list_connections(arguments)


def _test_connection(arguments: argparse.Namespace) -> int:
    from app.cli.connections import test_connection

    return test_connection(arguments)


def _remove_connection(arguments: argparse.Namespace) -> int:
    from app.cli.connections import remove_connection

    return remove_connection(arguments)


def _list_secrets(arguments: argparse.Namespace) -> int:
    from app.cli.secrets import list_secrets

    return list_secrets(arguments)


def _set_secret(arguments: argparse.Namespace) -> int:
    from app.cli.secrets import set_secret

    return set_secret(arguments)


def _delete_secret(arguments: argparse.Namespace) -> int:
    from app.cli.secrets import delete_secret

    return delete_secret(arguments)


def _test_secrets(arguments: argparse.Namespace) -> int:
    from app.cli.secrets import test_secrets

    return test_secrets(arguments)


def _export(arguments: argparse.Namespace) -> int:
    from app.cli.export import run_export

    return run_export(arguments)
