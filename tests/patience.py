"""How long a test waits for what must come in the end."""

# Seconds of a machine that may have much else to do. Nothing waits so long when all is well: it says nothing of how
# quick something is, and only keeps a test from hanging.
PATIENCE = 60.0
