"""Clients that others wrote, unmodified, against the simulator."""
