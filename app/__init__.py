"""Moorgate: a desktop trading terminal for people who hold accounts at more than one broker."""

__version__ = "0.1.0"
