"""Simulators of the exchange and of Telegram: the demo and the test bench."""
