"""Broker adapters: the port, a lazy registry, a thread for each connection, one folder a broker."""
