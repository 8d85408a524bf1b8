"""The benchmarks run, and what they count stays as it is."""
