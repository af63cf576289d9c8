"""The command line; its commands are in arguments. `main` is the entry point `moorgate`."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence

from app.base import log as base_log
from app.base.errors import BrokerError, MoorgateError, UserError
from app.cli.arguments import parse
from app.cli.output import Exit, complain, stop_talking
from app.cli.process import end_process, open_home

log = logging.getLogger("moorgate.cli")


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments say; the exit code. Main thread, once a process."""
    try:
        command, arguments = parse(argv)
    except SystemExit as end:  # argparse has said what is wrong, or printed what was asked for
        return int(end.code or 0) if not isinstance(end.code, str) else Exit.USAGE
    try:
        return end_process(command(arguments))
    except BrokenPipeError:
        stop_talking()
        return Exit.OK
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    except UserError as error:
        complain(str(error))
        return Exit.USAGE
    except BrokerError as error:
        complain(str(error))
        return Exit.NO_CONNECTION
    except MoorgateError as error:
        complain(str(error))
        return Exit.FAILED
    except Exception as error:  # noqa: BLE001 - logged there, and said in one line here
        return _unexpected(error, arguments.home)


def _unexpected(error: Exception, home: str | None) -> int:
    """A mistake of ours: the trace goes to the log, a line to the person."""
    where = "no log could be written"
    with contextlib.suppress(MoorgateError, OSError):
        log_file = open_home(home).log_file
        base_log.configure(log_file)
        where = f"details are in {log_file}"
    log.error("the command line failed", exc_info=error)
    base_log.shut_down()
    complain(f"unexpected {type(error).__name__}: {error}; nothing was changed, {where}")
    return Exit.FAILED
