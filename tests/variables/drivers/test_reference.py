"""Distributions of a folder of firms: who is counted, when they are known, what is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.kernel import BadInput
from tael.variables import compile_plan, compute, expand, load_book, load_definitions
from tael.variables.definitions.model import Definitions
from tael.variables.drivers.reference import peers_of_folder
from tael.variables.plan.plan import Plan

PLACED = "ent.vat_invoice.all.365d.amount.sum"
NOW = datetime(2020, 1, 1, tzinfo=UTC)
DAY_S = 86_400
INVOICES = """
source: vat_invoice
title: {zh: 发票, en: invoices}
subjects: [enterprise]
basis: {law: "PIPL art. 13", consent: tax_data, sensitive: no}
freshness: 30d
delay: {median: 1d, p99: 5d}
since: 2015-01
columns:
  direction: {title: {zh: 方向, en: direction}, codes: {out: {zh: 销项, en: out}}}
  amount: {title: {zh: 金额, en: amount}, unit: CNY, decimals: 2}
leaves: [direction]
families:
  - kind: windows
    filters: {direction: [all]}
    windows: [365d]
    measures: {amount: {column: amount, title: {zh: 金额, en: amount}, aggregates: [sum]}}
"""
PLACES = """
source: cross
title: {zh: 交叉, en: across sources}
subjects: [enterprise]
basis: {law: "PIPL art. 13", consent: all_parents, sensitive: no}
freshness: 30d
delay: {median: 1d, p99: 5d}
since: 2015-01
families:
  - kind: derived
    windows: [365d]
    variables:
      place:
        operation: percentile
        title: {zh: 金额, en: amount}
        of: "ent.vat_invoice.all.{window}.amount.sum"
"""
FIRMS = [f"E{number:02d}" for number in range(1, 31)]


def seconds(instant: datetime) -> int:
    return int(instant.timestamp())


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Definitions:
    """The amount invoiced in a year, and its place among peers."""
    directory = tmp_path_factory.mktemp("definitions")
    (directory / "vat_invoice.yaml").write_text(INVOICES, "utf-8")
    (directory / "cross.yaml").write_text(PLACES, "utf-8")
    return load_definitions(directory)


@pytest.fixture(scope="module")
def plan(definitions: Definitions) -> Plan:
    return compile_plan(definitions)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty shops in two shards: firm k invoices k fen in June 2018, and 100 k in June 2019.

    The last five close before 2019.
    """
    directory = tmp_path_factory.mktemp("peers")
    for shard, names in enumerate((FIRMS[:12], FIRMS[12:])):
        write(directory / "firms", shard, pa.table({
            "enterprise_id": names, "province": ["11"] * len(names), "industry": ["F"] * len(names),
        }))  # fmt: skip
        rows = [
            (name, year, int(name[1:]) * worth)
            for name in names
            for year, worth in ((2018, 1), (2019, 100))
            if year == 2018 or name <= "E25"
        ]
        write(directory / "events" / "vat_invoice", shard, invoices(rows))
    return directory


def write(directory: Path, shard: int, table: pa.Table) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, directory / f"part-{shard:05d}.parquet")


def invoices(rows: list[tuple[str, int, int]]) -> pa.Table:
    when = [datetime(year, 6, 1, tzinfo=UTC) for _, year, _ in rows]
    instants = pa.timestamp("us", "UTC")
    return pa.table(
        {
            "subject_id": [name for name, _, _ in rows],
            "event_id": [f"{name}-{year}" for name, year, _ in rows],
            "event_at": pa.array(when, instants),
            "known_at": pa.array([each + timedelta(days=1) for each in when], instants),
            "amount": [amount for _, _, amount in rows],
            "direction": ["out"] * len(rows),
        }
    )


def test_percentiles_are_read_from_the_firms_that_were_active(
    folder: Path, definitions: Definitions, plan: Plan
) -> None:
    years = [seconds(NOW.replace(year=2019)), seconds(NOW)]
    table = peers_of_folder(folder, definitions, plan, years)
    assert table.known.tolist() == [years[0] + DAY_S, years[1] + DAY_S]
    assert table.groups.tolist() == [0, 6, 11_006]
    # Thirty firms with 1 … 30 fen, then 25 with 100 … 2500: the k-th cut is the ceil(k·n/100)-th.
    steps = np.arange(1, 100)
    assert table.cuts[0, 2, 0].tolist() == (-(-steps * 30 // 100)).tolist()
    assert table.cuts[1, 0, 0].tolist() == (-(-steps * 25 // 100) * 100).tolist()

    book = load_book(folder, plan, ["E13"]).book.among(table)
    at = plan.names.index(PLACED)
    (percentile,) = (place for place in range(plan.width) if place != at)
    expected = {
        years[0]: (13.0, np.nan, 3),  # of that very instant nothing is known yet
        years[0] + DAY_S: (13.0, (40 + 43) / 198, 0),
        years[1] + DAY_S: (1300.0, (48 + 52) / 198, 0),
    }
    for asof, (value, place, reason) in expected.items():
        result = compute(plan, book, asof)
        assert result.values[at] == value
        assert (result.values[percentile], result.reasons[percentile]) == (
            pytest.approx(place, nan_ok=True, rel=1e-15), reason,
        )  # fmt: skip


def test_a_plan_without_percentiles_or_of_other_definitions_is_refused(
    folder: Path, definitions: Definitions, plan: Plan
) -> None:
    parent = [each for each in expand(definitions) if each.name == PLACED]
    cases = [
        (compile_plan(definitions, parent), [seconds(NOW)], "plan"),
        (replace(plan, versions=tuple(9 for _ in plan.versions)), [seconds(NOW)], "definitions"),
        (plan, [], "instants"),
        (plan, [5], "asof"),
    ]
    for given, instants, field in cases:
        with pytest.raises(BadInput) as caught:
            peers_of_folder(folder, definitions, given, instants)
        assert caught.value.field == field
