"""Run one side of a comparison in a process of its own: a line of JSON in, a line out.

In: `{"target": "module:function", "count": N}`. Out: `{"seconds": S}` for N calls, timed with a monotonic clock.
"""

from importlib import import_module
import json
import sys
from time import perf_counter


def main() -> None:
    """Serve until the input ends."""
    for line in sys.stdin:
        order = json.loads(line)
        module, _, name = order["target"].partition(":")
        function = getattr(import_module(module), name)
        started = perf_counter()
        for _ in range(order["count"]):
            function()
        print(json.dumps({"seconds": perf_counter() - started}), flush=True)


main()
