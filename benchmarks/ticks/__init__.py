"""The cost of 300 pairs that are pushed once a second, of which 40 are watched."""
