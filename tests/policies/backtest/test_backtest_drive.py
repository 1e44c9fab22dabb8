"""One hash, whatever files, chunks, threads or clusters the rows came through."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from tael.kernel import BadInput, Rate
from tael.policies.backtest import Settings, Version, backtest
from tael.policies.backtest.drive import Pace, found_in, judge_of, judged_here
from tael.policies.backtest.history import open_history
from tael.policies.model import TEXTS

if TYPE_CHECKING:
    from tests.policies.backtest.conftest import Bench

Tables = Callable[..., pa.Table]


@pytest.mark.parametrize("pace", [Pace(31, 1), Pace(23, 3)])
def test_chunks_and_threads_change_no_bit(bench: Bench, table_of: Tables, pace: Pace) -> None:
    history = open_history(bench.kept(table_of(60), files=3))
    versions = [Version("new", bench.bundle)]
    judge = judge_of(history.schema, versions, bench.settings)
    found = found_in(judged_here(history, judge, pace), versions, bench.settings)
    again = found_in(judged_here(history, judge, Pace()), versions, bench.settings)
    assert found.result_hash == again.result_hash
    assert found.as_json() == again.as_json()


def test_files_and_their_order_change_no_bit_and_one_decision_changes_the_hash(
    bench: Bench, table_of: Tables
) -> None:
    table = table_of(150)
    versions = [Version("new", bench.bundle)]
    whole = backtest(bench.kept(table), versions, bench.settings)
    mixed = table.take([(row * 67) % 150 for row in range(150)])
    assert backtest(bench.kept(mixed, "mixed", 5), versions, bench.settings).result_hash == (
        whole.result_hash
    )
    cheaper = replace(bench.bundle, prices=bench.bundle.prices.replace('"-0.005"', '"-0.006"'))
    dearer = backtest(
        bench.folder / "history", [Version("new", cheaper)], bench.settings
    ).result_hash
    lower = Settings(replace(bench.economics, operating=Rate.percent(1)))
    assert len({whole.result_hash, dearer}) == 2
    assert backtest(bench.folder / "history", versions, lower).result_hash != whole.result_hash


def test_versions_need_names_of_their_own_and_one_currency(bench: Bench, table_of: Tables) -> None:
    path = bench.kept(table_of(5))
    for names in ([], ["a", "a"], ["then"]):
        with pytest.raises(BadInput) as refused:
            backtest(path, [Version(name, bench.bundle) for name in names], bench.settings)
        assert refused.value.field == "versions"
    dollars = Settings(replace(bench.economics, currency="USD"))
    with pytest.raises(BadInput, match="the assumptions are in USD"):
        backtest(path, [Version("new", bench.bundle)], dollars)


def test_progress_counts_every_row(bench: Bench, table_of: Tables) -> None:
    told: list[tuple[str, int, int]] = []
    backtest(
        bench.kept(table_of(50)),
        [Version("new", bench.bundle)],
        bench.settings,
        progress=lambda what, done, rows: told.append((what, done, rows)),
    )
    assert told[-1] == ("decided", 50, 50)


CLUSTERS = {
    # server -> what its environment holds, and the address that the job is given
    "sail": (("pysail>=0.7,<0.8", "pyspark-client>=4.2,<4.3"), "sail"),
    "spark": (("pyspark[connect]>=4.2,<5",), "local[2]"),
}
SOURCES = Path(__file__).parents[3] / "src"
JOB = Path(__file__).with_name("cluster_job.py")
# What this room and those below it import, and no package of which the Spark servers bring theirs.
COMMON = (
    "numba", "numpy", "pyarrow", "pyyaml", "regex", "sqlalchemy", "psycopg", "psycopg-binary",
    "psycopg-pool", "argon2-cffi", "cryptography", "structlog", "rich", "pandas<3",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("server", CLUSTERS)
def test_a_cluster_gives_the_same_hash(
    bench: Bench, table_of: Tables, server: str, environment: Callable[..., Path]
) -> None:
    packages, address = CLUSTERS[server]
    if server == "spark" and shutil.which("java") is None:
        pytest.skip("Spark needs Java 17, and there is no java on the path")
    table = table_of(400)
    path = bench.kept(pa.concat_tables([table, table.slice(5, 40)]), files=3)
    here = backtest(path, [Version("new", bench.bundle)], bench.settings)
    texts = bench.folder / "bundle"
    texts.mkdir()
    for name in TEXTS:
        (texts / name).write_text(getattr(bench.bundle, name), "utf-8")
    python = environment(packages, COMMON)
    settings = {
        "PYTHONPATH": str(SOURCES), "PYSPARK_PYTHON": str(python), "SPARK_LOCAL_IP": "127.0.0.1",
    }  # fmt: skip
    ran = subprocess.run(  # noqa: S603 - our own job
        [python, JOB, path, texts, address],
        capture_output=True, text=True, check=False, env=os.environ | settings, timeout=600,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3_000:]
    assert ran.stdout.split()[-1] == here.result_hash
