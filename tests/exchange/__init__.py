"""Tests of the exchange client."""
