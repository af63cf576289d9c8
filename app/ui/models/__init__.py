"""Tables without widgets: what a row is, how its cells read, sort and are coloured."""
