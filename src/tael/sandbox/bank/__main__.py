"""``python -m tael.sandbox.bank --port 0 --state FILE``: one bank until it is stopped."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from pathlib import Path

from tael.sandbox.bank.faults import FaultPlan
from tael.sandbox.bank.rules import BankPolicy
from tael.sandbox.bank.server import prepare


def main() -> None:
    """Print the address on the first line of standard output, then serve."""
    options = _parser().parse_args()
    bank = prepare(
        options.state,
        port=options.port,
        policy=BankPolicy(name=options.name, seed=options.seed),
        plan=FaultPlan(
            seed=options.seed,
            late_permille=options.late,
            twice_permille=options.twice,
            none_permille=options.none,
            error_permille=options.error,
            delay_ms=options.delay_ms,
        ),
    )
    if options.with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout.write(f"{bank.url}\n")
    sys.stdout.flush()
    bank.serve()


def _end_with_parent() -> None:
    """Wait until standard input closes, as it does however the parent ends, and go at once.

    Not PR_SET_PDEATHSIG: that fires when the *thread* ends which started us, and on Linux only.
    """
    while sys.stdin.buffer.read(4096):
        continue
    os._exit(0)  # records are flushed one by one: to go now is what a crash does


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tael.sandbox.bank", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="on loopback; 0 takes a free one")
    parser.add_argument("--state", type=Path, required=True, help="file of records, JSON lines")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input closes")
    parser.add_argument("--name", default=BankPolicy().name)
    parser.add_argument("--seed", type=int, default=1)
    for fault in ("late", "twice", "none", "error"):
        parser.add_argument(f"--{fault}", type=int, default=0, help="keys struck, in thousandths")
    parser.add_argument("--delay-ms", type=int, default=1500, help="how late a late answer is")
    return parser


if __name__ == "__main__":
    main()
