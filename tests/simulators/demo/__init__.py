"""Tests of what runs everything together."""
