"""The kit's own files of results: a row a case, and who ran it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from tael.dmn.conformance.runner import Outcome


def results_csv(outcomes: Iterable[Outcome]) -> str:
    """One row a case, all cells quoted: folder, test file, case, SUCCESS or ERROR, and why.

    The columns of ``tck_results.csv`` in the kit's repository. IGNORED, its third word, is for
    cases that an engine does not try; this one tries them all.
    """
    text = io.StringIO()
    rows = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for outcome in outcomes:
        rows.writerow(
            (
                f"compliance-level-{outcome.level}/{outcome.group}",
                outcome.file,
                outcome.case,
                "SUCCESS" if outcome.passed else "ERROR",
                " ".join(outcome.why.split()),
            )
        )
    return text.getvalue()


def properties(entries: Mapping[str, str]) -> str:
    """``entries`` in the form of Java's property files, which the kit's site reads."""
    return "".join(f"{name}={_escaped(value)}\n" for name, value in sorted(entries.items()))


def _escaped(value: str) -> str:
    text = value.replace("\\", "\\\\").replace("\n", "\\n")
    text = text.replace(":", "\\:").replace("=", "\\=")
    return "".join(each if each.isascii() else f"\\u{ord(each):04x}" for each in text)
