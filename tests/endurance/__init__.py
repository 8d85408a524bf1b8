"""A real Home Assistant with many markets for a while: what it logs, and what blocks it."""
