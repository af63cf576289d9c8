"""Orders, risk, positions, market data and connections: everything between a key and a broker."""
