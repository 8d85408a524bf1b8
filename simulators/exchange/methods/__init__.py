"""The exchange's methods: one handler each, used by REST and WebSocket alike."""

from simulators.exchange.methods.table import METHODS, Method, find_method

__all__ = ["METHODS", "Method", "find_method"]
