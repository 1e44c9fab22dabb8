"""One hash, whatever files, chunks, threads or clusters the rows came through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from tael.kernel import BadInput, Rate
from tael.policies.backtest import Version, backtest
from tael.policies.backtest.drive import Pace, found_in, judge_of, judged_here
from tael.policies.backtest.history import open_history

if TYPE_CHECKING:
    from tests.policies.backtest.conftest import Bench

Tables = Callable[..., pa.Table]


@pytest.mark.parametrize("pace", [Pace(13, 1), Pace(17, 3)])
def test_chunks_and_threads_change_no_bit(bench: Bench, table_of: Tables, pace: Pace) -> None:
    history = open_history(bench.kept(table_of(60), files=3))
    versions = [Version("new", bench.bundle)]
    judge = judge_of(history.schema, versions, bench.economics)
    found = found_in(judged_here(history, judge, pace), versions, bench.economics)
    again = found_in(judged_here(history, judge, Pace()), versions, bench.economics)
    assert found.result_hash == again.result_hash
    assert found.as_json() == again.as_json()


def test_files_and_their_order_change_no_bit_and_one_decision_changes_the_hash(
    bench: Bench, table_of: Tables
) -> None:
    table = table_of(150)
    versions = [Version("new", bench.bundle)]
    whole = backtest(bench.kept(table), versions, bench.economics)
    mixed = table.take([(row * 67) % 150 for row in range(150)])
    assert backtest(bench.kept(mixed, "mixed", 5), versions, bench.economics).result_hash == (
        whole.result_hash
    )
    cheaper = replace(bench.bundle, prices=bench.bundle.prices.replace('"-0.005"', '"-0.006"'))
    dearer = backtest(
        bench.folder / "history", [Version("new", cheaper)], bench.economics
    ).result_hash
    lower = replace(bench.economics, operating=Rate.percent(1))
    assert len({whole.result_hash, dearer}) == 2
    assert backtest(bench.folder / "history", versions, lower).result_hash != whole.result_hash


def test_versions_need_names_of_their_own_and_one_currency(bench: Bench, table_of: Tables) -> None:
    path = bench.kept(table_of(5))
    for names in ([], ["a", "a"], ["then"]):
        with pytest.raises(BadInput) as refused:
            backtest(path, [Version(name, bench.bundle) for name in names], bench.economics)
        assert refused.value.field == "versions"
    with pytest.raises(BadInput, match="the assumptions are in USD"):
        backtest(path, [Version("new", bench.bundle)], replace(bench.economics, currency="USD"))


def test_progress_counts_every_row(bench: Bench, table_of: Tables) -> None:
    told: list[tuple[str, int, int]] = []
    backtest(
        bench.kept(table_of(50)),
        [Version("new", bench.bundle)],
        bench.economics,
        progress=lambda what, done, rows: told.append((what, done, rows)),
    )
    assert told[-1] == ("decided", 50, 50)
