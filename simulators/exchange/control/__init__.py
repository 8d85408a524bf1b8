"""The control interface: what a test or the demo may do to the exchange (JSON in and out, loopback only)."""

from simulators.exchange.control.interface import ControlInterface

__all__ = ["ControlInterface"]
