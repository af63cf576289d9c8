"""Answers about account."""

from __future__ import annotations

from tests.doubles.tws.session import Handler

HANDLERS: dict[int, Handler] = {}
