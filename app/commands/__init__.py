"""What the trader can ask for, as data: menus, keys, the palette and tests read one list. No Qt."""
