"""Prints THIRD_PARTY_NOTICES.md from notices.md and what is installed; `make notices` runs it.

Versions are left out on purpose: they move with the lock, the licences hardly ever do.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

SHORT = 60


def licence(found: Distribution) -> str:
    """The SPDX expression if there is one, else the short licence field or the classifier."""
    meta = found.metadata
    expression, field = meta.get("License-Expression"), (meta.get("License") or "").strip()
    if expression:
        return str(expression)
    classes = [
        line.rpartition(" :: ")[2]
        for line in meta.get_all("Classifier", [])
        if line.startswith("License ::")
    ]
    short = field if field and len(field) < SHORT and "\n" not in field else ""
    return short or ", ".join(classes) or "see its distribution"


def main() -> None:
    rows = {
        re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower(): licence(found)
        for found in distributions()
    }
    rows.pop("tael", None)
    packages = "\n".join(f"| `{name}` | {rows[name]} |" for name in sorted(rows))
    template = Path(__file__).with_suffix(".md").read_text("utf-8")
    sys.stdout.write(template.replace("{packages}", packages))


if __name__ == "__main__":
    main()
