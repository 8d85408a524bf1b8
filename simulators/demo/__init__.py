"""The whole system on this machine: both simulators, a real Home Assistant and the real bot."""
