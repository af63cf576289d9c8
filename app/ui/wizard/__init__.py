"""The connection wizard on the screen: draws commands.wizard, one page kind a file."""
