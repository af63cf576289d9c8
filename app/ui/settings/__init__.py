"""The settings dialog: a list of pages, each in a file of its own, listed in `pages`."""
