"""How long things take on their way through the running system, timed by the machine's monotonic clock."""
