"""Fill the tables of the peers from a workload's folder.

python -m decisioning_peers.peer_fill JOB      (JSON: folder, dsn, forms, log)
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pyarrow.parquet as pq

from decisioning_peers.cells import Layout
from decisioning_peers.frames import frames, stored
from decisioning_peers.peer_store import fill, make_log


async def run(job: dict[str, Any]) -> None:
    folder = Path(job["folder"])
    connection = await asyncpg.connect(**job["dsn"])
    for form in job["forms"]:
        await fill(connection, f"peer_{form}", form, rows(folder, form))
    for log in job["logs"]:
        await make_log(connection, log)
    await connection.close()


def rows(folder: Path, form: str) -> list[tuple[str, list[float] | bytes]]:
    """What each borrower's row holds: the values, or the frame of the events."""
    table = pq.read_table(folder / "borrowers.parquet", columns=["borrower", "values"])
    borrowers = table["borrower"].to_pylist()
    if form == "events":
        made = frames(folder, Layout(folder), len(borrowers))
        return [(name, stored(frame)) for name, frame in zip(borrowers, made, strict=True)]
    return [*zip(borrowers, table["values"].to_pylist(), strict=True)]


if __name__ == "__main__":
    asyncio.run(run(json.loads(sys.argv[1])))
