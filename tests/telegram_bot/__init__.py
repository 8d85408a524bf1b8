"""Tests of the companion bot."""
