"""What a decision of a peer costs, part by part, in microseconds of processor time.

    python -m decisioning_peers.peer_parts JOB      (JSON: folder, dsn, asof, engines); prints JSON

One at a time in one process; of PostgreSQL's own process too where it takes part. HTTP is told by a
run of the load against ``/nothing``, see ``benchmarks/decisioning.py``.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # read when polars is imported

import asyncpg
import pyarrow.parquet as pq

from decisioning_peers import peer_server
from decisioning_peers.decide import Asked, Decider, Row
from decisioning_peers.peer_server import Settings
from decisioning_peers.peer_store import Store, columns_of, decoder, make_log

_MANY, _TOGETHER = 1_000, 16
_TICKS = os.sysconf("SC_CLK_TCK")


async def run(job: dict[str, Any]) -> dict[str, Any]:
    folder = Path(job["folder"])
    table = pq.read_table(folder / "borrowers.parquet", columns=["borrower", "values"])
    borrowers = table["borrower"].to_pylist()[:_MANY]
    values = table["values"].to_pylist()[:_MANY]
    asked = [Asked(f"parts-{n}", b, 20_000_000, 12, job["asof"]) for n, b in enumerate(borrowers)]
    decider, width = Decider(folder), len(values[0])
    rows = [decider.row(*each) for each in zip(asked, values, strict=True)]
    spent = _deciding(decider, asked, values)
    await _add_log(job["dsn"])
    forms = [each for each in ("bytes", "array", "columns", "events") if each in job["forms"]]
    for form in forms:
        spent |= await _reading(job, form, borrowers, width)
    for engine in job["engines"]:
        spent |= await _computing(job, engine, borrowers[: 10 * _TOGETHER])
    return spent | await _writing(job, rows)


def _deciding(decider: Decider, asked: list[Asked], values: list[list[float]]) -> dict[str, Any]:
    card, engine = decider._card, decider._engine  # noqa: SLF001 - a look inside
    told = [decider.inputs(each) | {"amount": 2e5, "months": 12, "pd": 0.02} for each in values]
    whole = _each(lambda pair: decider.row(*pair), [*zip(asked, values, strict=True)])
    alone = _each(lambda v: decider.decide(v, 20_000_000, 12), values)
    return {
        "score": _each(card.score, values),
        "inputs of the rules": _each(decider.inputs, values),
        "zen": _each(lambda each: engine.evaluate("policy", each), told),
        "zen with its trace": _each(
            lambda each: engine.evaluate("policy", each, {"trace": True}), told
        ),
        "score, rules, menu, reasons": alone,
        "texts and hashes of the row": round(whole - alone, 1),
    }


def _each(call: Callable[[Any], object], given: Sequence[Any]) -> float:
    """The quicker of three rounds over all that is given."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        for each in given:
            call(each)
        best = min(best, time.process_time() - began)
    return round(1e6 * best / len(given), 1)


async def _add_log(dsn: dict[str, str]) -> None:
    connection = await asyncpg.connect(**dsn)
    await make_log(connection, "log_parts")
    await connection.close()


async def _reading(job: dict[str, Any], form: str, borrowers: list[str], width: int) -> dict:
    store = await Store.open(job["dsn"], (f"peer_{form}", "log_parts"), columns_of(form, width))
    decode = decoder(form, width) if form != "events" else lambda record: record[1]

    async def one(borrower: str) -> None:
        decode(await store.read(borrower))

    async def together(some: list[str]) -> None:
        for record in (await store.reads(some)).values():
            decode(record)

    parts = [borrowers[n : n + _TOGETHER] for n in range(0, len(borrowers), _TOGETHER)]
    return {
        f"read {form}": await _served(store, one, borrowers, 1),
        f"read {form}, {_TOGETHER} together": await _served(store, together, parts, _TOGETHER),
    }


async def _served(store: Store, call: Any, given: Sequence[Any], each: int) -> dict[str, float]:
    """Of the peer and of its PostgreSQL process, one row; the quicker of two rounds."""
    rounds = []
    for _ in range(2):
        server = _ticks(store.server)
        used, began = time.process_time(), time.perf_counter()
        for one in given:
            await call(one)
        wall, used = time.perf_counter() - began, time.process_time() - used
        server = _ticks(store.server) - server
        rounds.append((used, server, wall))
    many = len(given) * each
    best = [min(column) for column in zip(*rounds, strict=True)]
    named = zip(("peer", "postgres", "wall"), best, strict=True)
    return {name: round(1e6 * value / many, 1) for name, value in named}


def _ticks(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


async def _computing(job: dict[str, Any], engine: str, borrowers: list[str]) -> dict[str, Any]:
    settings = Settings(job["folder"], job["dsn"], "", "", engine=engine)
    values = peer_server._fresh(settings, Path(job["folder"]))  # noqa: SLF001 - a look inside
    store = await Store.open(job["dsn"], ("peer_events", "log_parts"), "found")
    records = [await store.read(each) for each in borrowers]
    parts = [records[n : n + _TOGETHER] for n in range(0, len(records), _TOGETHER)]
    many = _each(lambda some: values(some, [job["asof"]] * len(some)), parts)
    return {
        f"variables {engine}": _each(lambda record: values([record], [job["asof"]]), records),
        f"variables {engine}, {_TOGETHER} together": round(many / _TOGETHER, 1),
    }


async def _writing(job: dict[str, Any], rows: list[Row]) -> dict[str, Any]:
    store = await Store.open(job["dsn"], ("peer_bytes", "log_parts"), "found")
    numbers = iter(range(1_000_000))

    def fresh(row: Row) -> Row:
        number = next(numbers)
        return row._replace(id=f"{row.id}-{number}", application_id=f"parts-{number}")

    async def one(row: Row) -> None:
        await store.add(fresh(row))

    async def together(some: list[Row]) -> None:
        await store.adds([fresh(row) for row in some])

    parts = [rows[n : n + _TOGETHER] for n in range(0, len(rows), _TOGETHER)]
    return {
        "write": await _served(store, one, rows, 1),
        f"write, {_TOGETHER} together": await _served(store, together, parts, _TOGETHER),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.loads(sys.argv[1])))))
