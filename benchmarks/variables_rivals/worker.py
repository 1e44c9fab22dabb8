"""One rival in its own environment: prepare, compute some rounds, and hand in values for checking.

Run by ``benchmarks/variables_rivals.py``: ``python -m variables_rivals.worker REQUEST``, a JSON
object. The last line that it prints is a JSON object too.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np

from variables_rivals.workload import Answers, Done, read

SAMPLE = 50  # borrowers whose values are handed in


def main() -> None:
    request = json.loads(sys.argv[1])
    rival = import_module(f"variables_rivals.{request['module']}")
    data = read(Path(request["folder"]), request["borrowers"])
    began = time.perf_counter()
    try:
        prepared = rival.prepare(data, request["seconds"], **request["options"])
        ready = time.perf_counter() - began
        rounds, done = measured(rival, prepared, request)
        _hand_in(Path(request["answers"]), rival.values(done))
    finally:
        if hasattr(rival, "close"):
            rival.close()
    rounds.sort(key=lambda each: each["variables"] / each["seconds"])
    found = {
        **rounds[len(rounds) // 2],
        "borrowers": request["borrowers"],
        "rounds": len(rounds),
        "prepare_seconds": round(ready, 2),
        "peak_mb": _peak_mb(),
        "versions": {name: version(name) for name in request["packages"]},
    }
    print(json.dumps(found))


def measured(
    rival: object, prepared: object, request: dict[str, object]
) -> tuple[list[dict[str, float]], Done]:
    """Rounds until the time is up, at least one, at most as many as asked for."""
    rounds: list[dict[str, float]] = []
    began = time.perf_counter()
    while True:
        start, processor = time.perf_counter(), time.process_time()
        done = rival.compute(prepared)  # type: ignore[attr-defined]
        spent, processor = time.perf_counter() - start, time.process_time() - processor
        rounds.append({
            "seconds": round(spent, 4),
            "processor_seconds": round(processor, 4),  # not of an engine outside
            "variables": done.variables,
        })  # fmt: skip
        gone = time.perf_counter() - began
        if len(rounds) >= request["rounds"] or gone + spent > request["seconds"]:  # type: ignore[operator]
            return rounds, done


def _hand_in(path: Path, answers: Answers) -> None:
    few = answers.borrowers < SAMPLE
    np.savez(path, borrowers=answers.borrowers[few], columns=answers.columns,
             values=answers.values[few])  # fmt: skip


def _peak_mb() -> int:
    """The most memory that this process held."""
    status = Path("/proc/self/status")
    text = status.read_text("utf-8") if status.exists() else "VmHWM: 0 kB"
    return int(text.split("VmHWM:")[1].split()[0]) // 1024


if __name__ == "__main__":
    main()
