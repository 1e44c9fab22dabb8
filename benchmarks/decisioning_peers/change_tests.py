"""The test script of a peer's policy: cases against what the deployed code decides.

    python -m decisioning_peers.change_tests JOB      (JSON: folder, cases)

Ends with 1 and names the cases that come out otherwise. Without the package of the project.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from decisioning_peers.decide import Decider

NAN = float("nan")


def main() -> None:
    job = json.loads(sys.argv[1])
    decider, failed = Decider(Path(job["folder"])), []
    for case in json.loads(Path(job["cases"]).read_text("utf-8")):
        values = [NAN if value is None else value for value in case["values"]]
        found, _ = decider.decide(values, case["amount_minor"], case["months"])
        told = {name: found[name] for name in case["expect"]}
        if told != case["expect"]:
            failed.append(f"{case['name']}: {told}, not {case['expect']}")
    print(json.dumps({"failed": failed}))
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
