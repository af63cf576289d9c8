"""kill -9 in the middle of the order flow, again and again, and a comparison with the broker."""
