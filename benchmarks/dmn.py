"""The decision engine beside its rivals: one decision, large tables, batches; prints JSON.

Run: ``python benchmarks/dmn.py [--rounds 5] [--rows 1000000]`` with the dependency group ``bench``
and the extra ``columns``. A table of requirements and what was reached goes to standard error.
Trust ratios taken in one run, not absolute figures: the load of the machine is in the object.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("one_decision", "batch", "edit_table"))
    chosen = parser.parse_args()
    found: dict[str, object] = {}
    parts = {
        "one_decision": ("--rounds", str(chosen.rounds)),
        "edit_table": (),
        "batch": ("--rows", str(chosen.rows)),
    }
    for name, arguments in parts.items():
        if chosen.only in (None, name):
            found[name] = part(name, *arguments)
    show(found)
    print(json.dumps(found, indent=1))


def part(name: str, *arguments: str) -> dict[str, object]:
    """One part in a process of its own, so that none warms or burdens another."""
    done = subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-m", f"dmn.{name}", *arguments],
        cwd=FOLDER, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    found: dict[str, object] = json.loads(done.stdout)
    return found


def show(found: dict[str, object]) -> None:
    """Requirements beside what was reached, on standard error."""
    table = Table("what", "required", "measured", "verdict")
    for part_name, figures in found.items():
        listed = figures.get("requirements", {}) if isinstance(figures, dict) else {}
        for name, reached in listed.items():
            row = {"measured": reached}
            if isinstance(reached, dict) and "verdict" in reached:
                row = reached
            cells = (str(row.get(key, "")) for key in ("required", "measured", "verdict"))
            table.add_row(f"{part_name}: {name}", *cells)
    Console(stderr=True).print(table)


if __name__ == "__main__":
    main()
