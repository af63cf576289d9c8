"""The live chart: columns of bars, the items that draw them, and the feed that keeps them true."""
