"""Batches: a million applications from Arrow, and a table of 10,000 rows of ranges.

    PYTHONPATH=src:benchmarks python -m dmn.batch [--rows 1000000] [--zen-rows 20000]

Every engine is first checked against the naive reference. zen gets its ``evaluate_batch`` with a
static loader; blazerules its DECISIONS, on ratios, score and tier computed beforehand, and the best
of its settings: texts as such or coded, AVX-512 or not (its threads and sizes of batches, which
were tried too, make no difference). Every engine is measured on all processors, and blazerules and
Tael also on one, in a process bound to it. Prints one JSON object; times are the best of several
runs, taken in turns, in seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa

from dmn.credit_policy import Cell, Policy, Table, applications, build, decide
from dmn.one_decision import at_least, at_most
from dmn.policy_blaze import blaze_rules
from dmn.policy_dmn import OUTPUTS, definitions, policy_text, table_xml
from dmn.policy_rivals import table_graph, zen_answer, zen_graph
from tael.dmn import Model, loads

CHECKED = 2_000
DISTINCT = 20_000
TABLE_COLUMNS = 6
TABLE_ROWS = 10_000
Figures = dict[str, Any]  # of JSON
Asked = list[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--zen-rows", type=int, default=20_000)
    parser.add_argument("--one-core", action="store_true", help="only the policy, on one processor")
    chosen = parser.parse_args()
    if chosen.one_core:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    policy = build()
    asked = applications(DISTINCT)
    wanted = [decide(policy, each) for each in asked[:CHECKED]]
    found: dict[str, object] = {
        "rows": chosen.rows,
        "processors": len(os.sched_getaffinity(0)),
        "load_average": os.getloadavg(),
    }
    measured = _policy(policy, asked, wanted, chosen.rows)
    found["policy"] = measured
    if chosen.one_core:
        print(json.dumps(found, indent=1))
        return
    measured["zen"] = _zen_policy(policy, asked, wanted, chosen.zen_rows)
    measured["ratio_to_zen"] = _ratio(measured, "tael_compiled", "zen")
    found["one_core"] = one_core = _on_one_core(chosen.rows)
    found["table"] = table = _table(chosen.zen_rows)
    found["versions"] = {
        n: version(n) for n in ("numpy", "pyarrow", "numba", "zen-engine", "blazerules")
    }
    found["python"] = sys.version.split()[0]
    found["load_average_after"] = os.getloadavg()
    found["requirements"] = requirements(measured, one_core, table)
    print(json.dumps(found, indent=1))


def _on_one_core(rows: int) -> Figures:
    """The policy again, in a process that has one processor."""
    command = [sys.executable, "-m", "dmn.batch", "--one-core", "--rows", str(rows)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603 - our own module
    found: Figures = json.loads(done.stdout)["policy"]
    return found


def requirements(policy: Figures, one_core: Figures, table: Figures) -> Figures:
    """What is required and what was measured."""
    per_million = 1_000_000 / one_core["tael_compiled"]["rows"]
    kernels, numpy = (
        round(one_core[name]["wall_s"] * per_million, 3) for name in ("tael_compiled", "tael_numpy")
    )
    return {
        "policy, times zen's batch": at_least(50, policy["ratio_to_zen"]),
        "policy, times blazerules": at_least(2, policy["ratio_to_blazerules"]),
        "policy, times blazerules, each on one core": at_least(2, one_core["ratio_to_blazerules"]),
        "a million applications on one core, kernels, s": at_most(1, kernels),
        "a million applications on one core, numpy, s": at_most(2.5, numpy),
        "range table of 10,000 rows, times zen's batch": at_least(300, table["ratio_to_zen"]),
    }


def _ratio(found: Figures, ours: str, theirs: str) -> float:
    return float(round(found[ours]["rows_a_second"] / found[theirs]["rows_a_second"], 2))


def best(*works: Callable[[], object], times: int = 3) -> list[dict[str, float]]:
    """Wall clock and processor time of the quickest run of each, in turns: noise meets all."""
    spent: list[list[tuple[float, float]]] = [[] for _ in works]
    for _ in range(times):
        for work, runs in zip(works, spent, strict=True):
            wall, processor = time.perf_counter(), time.process_time()
            work()
            runs.append((time.perf_counter() - wall, time.process_time() - processor))
    return [
        {"wall_s": round(min(w for w, _ in runs), 4), "cpu_s": round(min(c for _, c in runs), 4)}
        for runs in spent
    ]


def rate(rows: int, measured: dict[str, float]) -> dict[str, float]:
    return {**measured, "rows": rows, "rows_a_second": round(rows / measured["wall_s"])}


def repeated(table: pa.Table, rows: int) -> pa.Table:
    """``rows`` rows of ``table``, shuffled, in one piece."""
    places = np.random.default_rng(1).integers(0, table.num_rows, rows)
    return table.take(pa.array(places)).combine_chunks()


# --- the policy


def _policy(policy: Policy, asked: Asked, wanted: Asked, rows: int) -> Figures:
    """Tael and blazerules in turns."""
    model = loads(policy_text(policy))
    few = pa.Table.from_pylist(asked)
    many = repeated(few, rows)
    found: Figures = {"bytes_a_row": round(many.nbytes / rows)}
    ways = {"tael_compiled": True, "tael_numpy": False}
    for name, compiled in ways.items():
        _check(model, few, wanted, compiled=compiled)
        result = _batch(model, many, OUTPUTS, compiled)
        found[name] = {
            "rows_fallen_back": result.rows_fallen_back,
            "fallbacks": dict(result.fallbacks),
            "bytes_a_row_out": round(result.table.nbytes / rows),
        }
        del result
    rival, settings = _blaze(policy, asked, wanted, rows)
    ours = [lambda c=c: _batch(model, many, OUTPUTS, c) for c in ways.values()]  # type: ignore[misc]
    figures = best(*ours, rival, times=5)
    for name, measured in zip((*ways, "blazerules"), figures, strict=True):
        found[name] = rate(rows, measured) | found.get(name, {"settings": settings})
    found["ratio_to_blazerules"] = _ratio(found, "tael_compiled", "blazerules")
    return found


def _batch(model: Model, table: pa.Table, names: tuple[str, ...], compiled: bool):  # noqa: ANN202, FBT001
    from tael.dmn.columnar.batch import evaluate_batch  # noqa: PLC0415 - to choose the loops

    return evaluate_batch(model, table, names, compiled=compiled)


def _check(model: Model, few: pa.Table, wanted: Asked, *, compiled: bool) -> None:
    table = _batch(model, few, OUTPUTS, compiled).table
    for row, reference in zip(table.slice(0, CHECKED).to_pylist(), wanted, strict=True):
        flat = {**row, **row["price"]}
        del flat["price"]
        _same("tael", flat, reference)


def _same(engine: str, found: dict[str, object], reference: dict[str, object]) -> None:
    if found != reference:
        raise SystemExit(f"{engine} differs from the reference: {found} {reference}")


def _zen_engine(graph: str):  # noqa: ANN202 - an optional library
    import zen  # noqa: PLC0415 - only for the comparison

    return zen.ZenEngine({"loader": {"type": "static", "content": {"m": json.loads(graph)}}})


def _zen_policy(policy: Policy, asked: Asked, wanted: Asked, rows: int) -> Figures:
    engine = _zen_engine(zen_graph(policy))
    requests = [{"key": "m", "context": each} for each in asked[:rows]]
    answers = engine.evaluate_batch(requests[:CHECKED])
    for answer, reference in zip(answers, wanted, strict=True):
        _same("zen", zen_answer(answer["data"]["result"]), reference)
    return rate(len(requests), *best(lambda: engine.evaluate_batch(requests)))


def _blaze(
    policy: Policy, asked: Asked, wanted: Asked, rows: int
) -> tuple[Callable[[], object], Figures]:
    """Its quickest way to decide ``rows`` rows, of those that were tried, and its settings."""
    import blazerules  # noqa: PLC0415 - only for the comparison

    few = _given_to_blaze(policy, asked, wanted)
    kinds = blazerules.ColumnType
    schema = [
        blazerules.Field(each.name, kinds.FLOAT64 if numeric else kinds.CATEGORICAL, nullable=False)
        for each, numeric in ((each, pa.types.is_floating(each.type)) for each in few.schema)
    ]
    as_they_are = repeated(few, rows)
    ways: list[tuple[Callable[[], object], Figures]] = []
    for table, form in ((as_they_are, "texts"), (_coded(as_they_are), "dictionaries")):
        many = table.combine_chunks().to_batches()[0]
        for avx512 in (False, True):
            config = blazerules.EngineConfig()
            config.output_detail = blazerules.OutputDetail.DECISIONS
            config.enable_avx512 = avx512
            engine = blazerules.RuleEngine(schema, config)
            engine.load_rules_from_string(blaze_rules(policy), blazerules.RuleFileFormat.JSON)
            _check_blaze(
                policy, dict(engine.evaluate_batch(few.to_batches()[0]).match_counts), wanted
            )
            ways.append((
                lambda e=engine, m=many: e.evaluate_batch(m, validate=False).decisions,  # type: ignore[misc]
                {"texts": form, "avx512": avx512},
            ))  # fmt: skip
    tried = best(*(work for work, _ in ways), times=2)
    return ways[min(range(len(ways)), key=lambda place: tried[place]["wall_s"])]


def _coded(table: pa.Table) -> pa.Table:
    """Texts as dictionaries."""
    columns = {
        name: column if pa.types.is_floating(column.type) else column.dictionary_encode()
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return pa.table(columns)


def _check_blaze(policy: Policy, counts: dict[str, int], wanted: Asked) -> None:
    reasons = [code for each in wanted for code in each["reasons"]]
    for number in range(1, len(policy.knock_outs.rows) + 1):
        expected = reasons.count(f"K{number:02d}")
        if counts.get(f"k{number}", 0) != expected:
            raise SystemExit(
                f"blazerules: knock-out {number}: {counts.get(f'k{number}')}, {expected}"
            )


def _given_to_blaze(policy: Policy, asked: Asked, wanted: Asked) -> pa.Table:
    """The checked applications, all numbers doubles, with what its rules cannot derive."""
    rows = []
    for each, reference in zip(asked[:CHECKED], wanted, strict=True):
        row = {n: v if isinstance(v, str) else float(v) for n, v in each.items()}
        for name, above, below in policy.ratios:
            left, _, less = above.partition(" - ")
            row[name] = (row[left] - (row[less] if less else 0.0)) / row[below]
        rows.append(row | {n: float(reference[n]) for n in ("score", "tier")})
    return pa.Table.from_pylist(rows)


# --- one table of ranges


def _range_table(rows: int) -> Table:
    chance = random.Random(7)  # noqa: S311 - data, no secret
    names = tuple(f"x{i}" for i in range(TABLE_COLUMNS))

    def cell() -> Cell:
        if chance.random() < 0.1:  # noqa: PLR2004 - one cell in ten asks nothing
            return Cell("any")
        low = chance.randint(0, 600_000)
        return Cell("range", Decimal(low), Decimal(low + chance.randint(50_000, 400_000)))

    listed = [tuple(cell() for _ in names) for _ in range(rows - 1)]
    listed.append((Cell("any"),) * TABLE_COLUMNS)
    return Table(names, ("result",), tuple(listed), tuple((i,) for i in range(rows)))


def _table(zen_rows: int) -> Figures:
    table = _range_table(TABLE_ROWS)
    inputs = "".join(
        f'<inputData id="{n}" name="{n}"><variable name="{n}" typeRef="number"/></inputData>'
        for n in table.columns
    )
    links = "".join(
        f'<informationRequirement><requiredInput href="#{n}"/></informationRequirement>'
        for n in table.columns
    )
    logic = table_xml(table, list(table.columns), "FIRST")
    decision = (
        f'<decision id="d" name="d"><variable name="d" typeRef="number"/>{links}{logic}</decision>'
    )
    model = loads(definitions("table", [inputs, decision]))
    chance = np.random.default_rng(3)
    given = pa.table({n: chance.integers(0, 1_000_000, 200_000) for n in table.columns})
    found: Figures = {"rules": TABLE_ROWS, "columns": TABLE_COLUMNS}
    start = time.perf_counter()
    first = _batch(model, given.slice(0, 300), ("d",), compiled=True).table.column(0).to_pylist()
    found["first_batch_s"] = round(time.perf_counter() - start, 2)
    for name, compiled in (("tael_compiled", True), ("tael_numpy", False)):
        work = best(lambda c=compiled: _batch(model, given, ("d",), c))  # type: ignore[misc]
        found[name] = rate(given.num_rows, *work)
    engine = _zen_engine(table_graph(table))
    requests = [{"key": "m", "context": row} for row in given.slice(0, zen_rows // 10).to_pylist()]
    answers = [a["data"]["result"]["result"] for a in engine.evaluate_batch(requests[:300])]
    if answers != [int(value) for value in first]:
        raise SystemExit("zen and tael differ on the table of ranges")
    found["zen"] = rate(len(requests), *best(lambda: engine.evaluate_batch(requests), times=2))
    found["ratio_to_zen"] = _ratio(found, "tael_compiled", "zen")
    return found


if __name__ == "__main__":
    main()
