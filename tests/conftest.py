"""Fixtures for every test."""

from collections.abc import Iterator

import pytest
import pytest_socket

import custom_components  # noqa: F401 - Home Assistant's loader finds the integration only afterwards

LONG = ("resilience", "benchmark")
LOOPBACK = ["127.0.0.1", "::1", "localhost"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes minutes, so that all workers end at about the same time."""
    items.sort(key=lambda item: not any(map(item.get_closest_marker, LONG)))


@pytest.fixture(autouse=True)
def loopback_only(socket_enabled: None) -> Iterator[None]:
    """Let tests speak to servers on this machine, and to nothing else."""
    pytest_socket.socket_allow_hosts(LOOPBACK)
    yield
    pytest_socket.socket_allow_hosts(["127.0.0.1"])
