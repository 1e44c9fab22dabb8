"""``python -m tael.sandbox.sources --economy DIR --state FILE``: the sources until stopped."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import threading
from pathlib import Path

from tael.sandbox.sources.authority import Authority
from tael.sandbox.sources.faults import FaultKind, FaultPlan, Latency
from tael.sandbox.sources.server import SourcesSetup, prepare


def main() -> None:
    """Print the address on the first line of standard output, then serve."""
    options = _parser().parse_args()
    keys = [bytes.fromhex(text) for text in options.house_key]
    setup = SourcesSetup(
        authority=Authority({hashlib.sha256(key).hexdigest()[:16]: key for key in keys}),
        seed=options.seed,
        plan=FaultPlan(
            seed=options.seed,
            permille={kind: getattr(options, kind.value) for kind in FaultKind},
            delay_ms=options.delay_ms,
        ),
        latency=Latency(options.median_ms, options.spread, options.later_ms),
    )
    sources = prepare(options.economy, setup, port=options.port, state=options.state)
    if options.with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout.write(f"{sources.url}\n")
    sys.stdout.flush()
    sources.serve()


def _end_with_parent() -> None:
    """Wait until standard input closes, as it does however the parent ends, and go at once."""
    while sys.stdin.buffer.read(4096):
        continue
    os._exit(0)  # charges are flushed one by one: to go now is what a crash does


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tael.sandbox.sources", description=__doc__)
    parser.add_argument("--economy", type=Path, required=True, help="folder that they know")
    parser.add_argument("--state", type=Path, help="file of charges, JSON lines; none: in memory")
    parser.add_argument("--port", type=int, default=0, help="on loopback; 0 takes a free one")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input closes")
    parser.add_argument("--house-key", action="append", default=[], help="Ed25519 key, hexadecimal")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--median-ms", type=float, default=0.0, help="latency: its median")
    parser.add_argument("--spread", type=float, default=0.5, help="of its logarithm")
    parser.add_argument("--later-ms", type=float, default=50.0, help="of asynchronous answers")
    for kind in FaultKind:
        parser.add_argument(
            f"--{kind.value}", type=int, default=0, help="keys struck, in thousandths"
        )
    parser.add_argument("--delay-ms", type=int, default=3000, help="how late a late answer is")
    return parser


if __name__ == "__main__":
    main()
