"""Fail on modules of the integration that the tests do not cover well enough."""

import json
from pathlib import Path
import sys
from typing import Any

# Of lines and branches together, in percent; what a person is led through has to be complete.
LEAST = 95.0
WHOLE = (
    "account_identity",
    "alert_flow",
    "config_flow",
    "flow_steps",
    "migration",
    "options_flow",
    "permissions",
    "subentry_flows",
)


def too_little(report: dict[str, Any]) -> list[str]:
    """Return a line for each module that is covered too little."""
    found: list[str] = []
    for name, module in sorted(report["files"].items()):
        covered = module["summary"]["percent_covered"]
        is_whole = Path(name).stem in WHOLE
        if covered < 100 if is_whole else covered <= LEAST:
            lines = ", ".join(str(line) for line in module["missing_lines"])
            found.append(
                f"{name}: {covered:.1f} % (not reached: {lines or 'branches'})"
            )
    return found


def main() -> int:
    """Read coverage's JSON report, say what is covered too little, return 0 or 1."""
    report = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    found = too_little(report)
    summary = (
        f"{len(report['files'])} modules, {report['totals']['percent_covered']:.1f} % "
        f"in all, {len(found)} covered too little"
    )
    sys.stdout.write("\n".join([*found, summary, ""]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
