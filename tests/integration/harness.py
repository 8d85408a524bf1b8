"""The test harness of Home Assistant, which comes without types."""

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
    async_fire_time_changed,
    get_system_health_info,
    mock_component,
    snapshot_platform,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

__all__ = [
    "ClientSessionGenerator",
    "HomeAssistantSnapshotExtension",
    "MockConfigEntry",
    "MockUser",
    "WebSocketGenerator",
    "async_capture_events",
    "async_fire_time_changed",
    "async_wait_recording_done",
    "get_system_health_info",
    "mock_component",
    "snapshot_platform",
]
