"""Run the bot as if nothing but its own packages were installed.

`python -m benchmarks.household.alone NAME,NAME... ARGUMENT...`: modules of these names are not there. The environment
here holds Home Assistant, too, and libraries load whatever optional package they find.
"""

import runpy
import sys


def main() -> None:
    """Hide modules and run the bot."""
    _, hidden, *arguments = sys.argv
    # As Python's documentation has it, this makes an import fail and find_spec() find nothing.
    sys.modules.update(dict.fromkeys(hidden.split(",")))  # type: ignore[arg-type]  # the stubs know of no None there
    sys.argv = ["telegram_bot", *arguments]
    runpy.run_module("telegram_bot", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
