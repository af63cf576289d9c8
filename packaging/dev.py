#!/usr/bin/env python3
"""Set up and use a checkout of Moorgate. Needs nothing but Python 3.11, 3.12 or 3.13.

    python3 packaging/dev.py run [ARGUMENTS OF moorgate]   open the window
    python3 packaging/dev.py test [ARGUMENTS OF pytest]    every check and every test;
                                                           with arguments only pytest
    python3 packaging/dev.py check                         style, types, import contracts
    python3 packaging/dev.py lock [ARGUMENTS OF uv]        renew packaging/requirements*.lock,
                                                           e.g. lock --upgrade

The first use makes .venv from packaging/requirements.lock; nothing is written anywhere else in
the checkout. Without a display `run` carries out the self-check offscreen and leaves a picture of
the window.

Exit codes: 0 fine, 1 a check or the program failed, 2 wrong usage or the set-up failed.
"""

# Old Pythons must be able to read this file; it only says so and hands over.
import os
import sys

if sys.version_info < (3, 8):  # noqa: UP036 - it is run by whatever `python3` means
    sys.exit(
        "Moorgate needs Python 3.11, 3.12 or 3.13, and this is %s. Run it with one of those,"  # noqa: UP031 - as above
        " for example: python3.11 packaging/dev.py run" % sys.version.split()[0]
    )

HERE = os.path.dirname(os.path.abspath(__file__))
# Byte code goes into .venv, too, and the modules beside this file are found even where
# PYTHONSAFEPATH is set.
sys.pycache_prefix = os.path.join(os.path.dirname(HERE), ".venv", "cache", "pycache")
sys.path.insert(0, HERE)

if __name__ == "__main__":
    from commands import main

    sys.exit(main(sys.argv[1:], __doc__ or ""))
