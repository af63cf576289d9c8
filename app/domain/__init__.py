"""Frozen values, the order table, reports and their reconciliation. No I/O, threads or Qt."""
