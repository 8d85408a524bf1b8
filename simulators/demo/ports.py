"""The ports of the demo: chosen once, kept for every later start."""

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
import shutil
import socket

import orjson

from simulators.demo.processes import ProcessError

PREFERRED_PORTS = {"home_assistant": 8123, "exchange": 8180, "telegram": 8181}


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the servers listen; kept, so that a later start finds everything again."""

    home_assistant: int
    exchange: int
    telegram: int


def _is_free(port: int) -> bool:
    """Tell whether a port of this machine can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _kept_ports(directory: Path) -> Ports | None:
    """Return the ports of an earlier start in `directory`, if there was one.

    Raises:
        ProcessError: one of them is taken by now.
    """
    path = directory / "ports.json"
    if not path.exists():
        return None
    ports = Ports(**orjson.loads(path.read_bytes()))
    for name, port in asdict(ports).items():
        if not _is_free(port):
            raise ProcessError(
                f"port {port} ({name.replace('_', ' ')}) is in use: is the demo still running? "
                "Stop it, or whatever else uses the port, and start again"
            )
    return ports


def choose_ports(directory: Path, *, preferred: bool) -> Ports:
    """Return the ports of an earlier start in `directory`, or choose them."""
    directory.mkdir(parents=True, exist_ok=True)
    if ports := _kept_ports(directory):
        return ports
    ports = Ports(
        **{
            name: port if preferred and _is_free(port) else _free_port()
            for name, port in PREFERRED_PORTS.items()
        }
    )
    (directory / "ports.json").write_bytes(orjson.dumps(asdict(ports)))
    return ports


def forget(directory: Path) -> None:
    """Delete what an earlier start left in `directory`.

    Raises:
        ProcessError: it seems to be running still.
    """
    _kept_ports(directory)
    with suppress(FileNotFoundError):
        shutil.rmtree(directory)
