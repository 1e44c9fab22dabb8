"""Our kernel on W1: the data, the time on two threads, and the values that rivals must give."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tael.variables.kernel.sheet import Sheet, make_sheet
from tael.variables.kernel.windows import run
from tael.variables.packing.packed import Packed
from tael.variables.plan.windows import Output, WindowPlan
from variables import events
from variables_rivals.workload import CATEGORIES, COLUMNS, DAY, FILTERS, WINDOWS, Data

CHUNK = 128  # borrowers a call; the buffer of each thread is used again


class Ours(NamedTuple):
    plan: WindowPlan
    packed: Packed
    asof: np.ndarray


def make(borrowers: int) -> Ours:
    """W1 of so many borrowers, 500 events each on average."""
    drawn = np.random.default_rng(1).lognormal(np.log(500) - 0.32, 0.8, borrowers)
    packed, asof = events(np.maximum(1, drawn).astype(np.int64), 2)
    return Ours(plan(), packed, asof)


def plan() -> WindowPlan:
    filters = tuple(
        frozenset(
            leaf
            for leaf in range(2 * CATEGORIES)
            if category in {None, leaf // 2} and direction in {None, leaf % 2}
        )
        for category, direction in FILTERS
    )
    windows = tuple(days and days * DAY for days in WINDOWS)
    outputs = tuple(Output(aggregate, number, window) for number, window, aggregate in COLUMNS)
    return WindowPlan(2 * CATEGORIES, filters, windows, 1, outputs).in_run_order()


def exported(ours: Ours) -> Data:
    """The same events as a table."""
    packed = ours.packed
    lengths = np.diff(packed.offsets)
    owner = np.repeat(np.arange(packed.borrowers), lengths)
    table = pa.table({
        "borrower": owner.astype(np.int32),
        "category": (packed.leaf // 2).astype(np.int8),
        "direction": (packed.leaf % 2).astype(np.int8),
        "time": packed.time,
        "age": ours.asof[owner] - packed.time,
        "amount": packed.measures[0],
        "key": packed.key.astype(np.int32),
        "place": (np.arange(owner.size) - packed.offsets[owner]).astype(np.int32),
    })  # fmt: skip
    return Data(table, ours.asof)


def answers(ours: Ours, borrowers: np.ndarray) -> np.ndarray:
    """Values of these borrowers, float64[rows, columns of `COLUMNS`]."""
    sheet = make_sheet(1, len(ours.plan.outputs))
    place = {
        (each.filter, each.window, each.aggregate): n for n, each in enumerate(ours.plan.outputs)
    }
    order = [place[each] for each in COLUMNS]
    found = []
    for borrower in borrowers:
        run(ours.plan, ours.packed, ours.asof, int(borrower), sheet)
        found.append(sheet.values[0, order])
    return np.array(found)


def seconds(ours: Ours, borrowers: int, *, threads: int) -> tuple[float, float]:
    """Wall clock and processor time of all variables of the first borrowers."""
    sheets = [make_sheet(CHUNK, len(ours.plan.outputs)) for _ in range(threads)]
    wall, processor = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda t: _share(ours, borrowers, sheets[t], (t, threads)), range(threads)))
    return time.perf_counter() - wall, time.process_time() - processor


def _share(ours: Ours, borrowers: int, sheet: Sheet, part: tuple[int, int]) -> None:
    number, threads = part
    for first in range(number * CHUNK, borrowers, threads * CHUNK):
        run(ours.plan, ours.packed, ours.asof, first, sheet.top(min(CHUNK, borrowers - first)))
