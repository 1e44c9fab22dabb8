"""One hash over every way to compute: online, batch, threads, chunks, Sail and a real Spark 4."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tael.kernel import BadInput
from tael.variables import compute, compute_batch, from_bytes, load_book, to_bytes
from tael.variables.drivers.batch import Pace
from tael.variables.drivers.cluster import identity_of, packed_rows, write_packed
from tael.variables.drivers.identity import Identity
from tael.variables.kernel.sheet import Sheet
from tael.variables.packing.book import Book
from tael.variables.plan.plan import Plan

SOURCES = Path(__file__).parents[3] / "src"
JOB = Path(__file__).with_name("cluster_job.py")
ASOF = int(datetime(2016, 7, 1, tzinfo=UTC).timestamp())
COMMON = ("numba", "numpy", "pyarrow", "pyyaml", "pandas<3")
CLUSTERS = {
    # server → what its environment holds, and the address that the job is given
    "sail": (("pysail>=0.7,<0.8", "pyspark-client>=4.2,<4.3"), "sail"),
    "spark": (("pyspark[connect]>=4.2,<5",), "local[2]"),
}


LookedAt = tuple[Book, np.ndarray]


@pytest.fixture(scope="module")
def looked_at(economy: Path, plan: Plan) -> LookedAt:
    """Borrowers, and the instant as of which each is looked at."""
    book = load_book(economy, plan).book
    return book, np.arange(len(book.borrowers), dtype=np.int64) * 86_400 + ASOF


@pytest.fixture(scope="module")
def online(plan: Plan, looked_at: LookedAt) -> str:
    """The identity when each borrower is computed by itself, from stored bytes."""
    book, asof = looked_at
    made = Identity(plan.hash)
    for place, borrower in enumerate(book.borrowers):
        result = compute(plan, from_bytes(to_bytes(book, place)), int(asof[place]))
        made.add_row(borrower, int(asof[place]), result.row_hash)
    return made.hexdigest()


@pytest.mark.parametrize("pace", [Pace(1, 1), Pace(2, 2), Pace(128, 1), Pace(3, 4)])
def test_chunks_and_threads_change_no_bit(
    plan: Plan, looked_at: LookedAt, online: str, pace: Pace
) -> None:
    book, asof = looked_at
    made = Identity(plan.hash)

    def add(first: int, sheet: Sheet) -> None:
        last = first + len(sheet.values)
        made.add(book.borrowers[first:last], asof[first:last], sheet)

    compute_batch(plan, book, asof, add, pace)
    assert made.hexdigest() == online


@pytest.mark.slow
@pytest.mark.parametrize("server", CLUSTERS)
def test_a_cluster_gives_the_same_hash(  # noqa: PLR0917 - fixtures
    tmp_path: Path,
    plan: Plan,
    looked_at: LookedAt,
    online: str,
    server: str,
    environment: Callable[..., Path],
) -> None:
    (book, asof), (packages, address) = looked_at, CLUSTERS[server]
    if server == "spark" and shutil.which("java") is None:
        pytest.skip("Spark needs Java 17, and there is no java on the path")
    python = environment(packages, COMMON)
    packed = tmp_path / "packed.parquet"
    write_packed(book, asof, plan, packed)
    settings = {
        "PYTHONPATH": str(SOURCES),
        "PYSPARK_PYTHON": str(python),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    ran = subprocess.run(  # noqa: S603 - our own job
        [python, JOB, packed, address],
        capture_output=True, text=True, check=False, env=os.environ | settings, timeout=600,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2_000:]
    assert ran.stdout.split()[-2:] == [plan.hash, online]


def test_results_of_a_cluster_are_one_row_a_borrower(plan: Plan) -> None:
    rows = pa.table({"borrower": ["a", "a"], "asof": [1, 1], "row_hash": ["x", "x"]})
    with pytest.raises(BadInput, match="a has two rows"):
        identity_of(rows, ["a"], plan)
    with pytest.raises(BadInput, match="b has no row"):
        identity_of(rows.slice(0, 1), ["a", "b"], plan)


def test_packed_rows_need_an_instant_for_each_borrower(plan: Plan, looked_at: LookedAt) -> None:
    book, asof = looked_at
    with pytest.raises(BadInput, match="asof"):
        packed_rows(book, asof[:1], plan)
