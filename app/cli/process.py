"""The beginning and the end of one run of the command line."""

from __future__ import annotations

import logging
import os
import sys
import threading

from app.base import log as base_log
from app.base.paths import Paths, resolve_home

log = logging.getLogger("moorgate.cli")


def open_home(argument: str | None) -> Paths:
    """The home to work in. Raises StoreError when it cannot be made."""
    return resolve_home(argument, os.environ)


def end_process(code: int) -> int:
    """The exit code, given back as usual; but when a broker's thread will not end, end here.

    Such a thread was told to the trader and is left behind on purpose: waiting for it would keep
    a closed program alive for ever. The journal is closed by then.
    """
    left = [t.name for t in threading.enumerate() if not t.daemon and t.name.startswith("broker ")]
    if not left:
        return code
    log.warning("ending although these threads do not: %s", ", ".join(left))
    base_log.shut_down()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
