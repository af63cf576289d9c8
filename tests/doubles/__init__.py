"""Stand-ins for the outside world: clocks and wires, never for Moorgate's own classes."""
