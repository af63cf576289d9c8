"""Pure numbers: bars and what is computed from them. No I/O, no state of the engine."""
