"""Tests of the whole system, in processes of its own."""
