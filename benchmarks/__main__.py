"""Measure this project, the floor and the peers side by side."""

import os
import sys

from benchmarks import chart, codec
from benchmarks.command_line import Benchmark, main
from benchmarks.household import memory, points, recovery, start
from benchmarks.latency import burst, fills, taps
from benchmarks.throughput import rows as throughput
from benchmarks.ticks.rows import tick_cost

# By name; each takes whether it is to be quick.
ALONE: dict[str, Benchmark] = {
    "parse": codec.parse,
    "sign": codec.sign,
    "chart": chart.run,
    "tick cost": tick_cost,
    "start": start.start,
    "points": points.points,
    "recovery": recovery.recovery,
    "scale": throughput.scale,
}
# They share a whole system, which runs beside from the first of them on.
ON_STAGE: dict[str, Benchmark] = {
    "memory": memory.memory,
    "fill-to-chat": fills.fill_to_chat,
    "fill-to-event": fills.fill_to_event,
    "tap-to-order": taps.tap_to_order,
    "burst": burst.burst,
}

if __name__ == "__main__":
    # Whoever runs this keeps what is compiled; only the first start after an update has nothing yet.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.exit(main(ALONE | ON_STAGE, sys.argv[1:]))
