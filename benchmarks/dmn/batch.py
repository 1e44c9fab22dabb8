"""Batches: a million applications from Arrow, and a table of 10,000 rows of ranges.

    PYTHONPATH=src:benchmarks python -m dmn.batch [--rows 1000000] [--zen-rows 20000]

Every engine is first checked against the naive reference. zen gets its ``evaluate_batch`` with a
static loader; blazerules its DECISIONS, on ratios, score and tier computed beforehand. Prints one
JSON object; times are the best of three, in seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from importlib.metadata import version

import numpy as np
import pyarrow as pa

from dmn.credit_policy import Cell, Policy, Table, applications, build, decide
from dmn.policy_blaze import blaze_rules
from dmn.policy_dmn import OUTPUTS, definitions, policy_text, table_xml
from dmn.policy_rivals import table_graph, zen_answer, zen_graph
from tael.dmn import Model, loads

CHECKED = 2_000
DISTINCT = 20_000
TABLE_COLUMNS = 6
TABLE_ROWS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--zen-rows", type=int, default=20_000)
    chosen = parser.parse_args()
    policy = build()
    asked = applications(DISTINCT)
    wanted = [decide(policy, each) for each in asked[:CHECKED]]
    found = {
        "rows": chosen.rows,
        "load_average": os.getloadavg(),
        "policy": _policy(policy, asked, wanted, chosen.rows),
        "table": _table(chosen.zen_rows),
        "versions": {
            n: version(n) for n in ("numpy", "pyarrow", "numba", "zen-engine", "blazerules")
        },
        "python": sys.version.split()[0],
    }
    our = found["policy"]["tael_compiled"]["rows_a_second"]
    found["policy"]["zen"] = _zen_policy(policy, asked, wanted, chosen.zen_rows)
    found["policy"]["blazerules"] = _blaze(policy, asked, wanted, chosen.rows)
    for rival in ("zen", "blazerules"):
        rate = found["policy"][rival]["rows_a_second"]
        found["policy"][f"ratio_to_{rival}"] = round(our / rate, 1)
    found["load_average_after"] = os.getloadavg()
    print(json.dumps(found, indent=1))


def best(work: Callable[[], object], times: int = 3) -> dict[str, float]:
    """Wall clock and processor time of the quickest run."""
    walls, processors = [], []
    for _ in range(times):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return {"wall_s": round(min(walls), 4), "cpu_s": round(min(processors), 4)}


def rate(rows: int, measured: dict[str, float]) -> dict[str, float]:
    return {**measured, "rows": rows, "rows_a_second": round(rows / measured["wall_s"])}


def repeated(table: pa.Table, rows: int) -> pa.Table:
    """``rows`` rows of ``table``, shuffled, in one piece."""
    places = np.random.default_rng(1).integers(0, table.num_rows, rows)
    return table.take(pa.array(places)).combine_chunks()


# --- the policy


def _policy(policy: Policy, asked: list, wanted: list, rows: int) -> dict[str, object]:  # type: ignore[type-arg]
    model = loads(policy_text(policy))
    few = pa.Table.from_pylist(asked)
    many = repeated(few, rows)
    found: dict[str, object] = {"bytes_a_row": round(many.nbytes / rows)}
    for name, compiled in (("tael_compiled", True), ("tael_numpy", False)):
        _check(model, few, wanted, compiled=compiled)
        measured = best(lambda c=compiled: _batch(model, many, OUTPUTS, c))  # type: ignore[misc]
        result = _batch(model, many, OUTPUTS, compiled)
        found[name] = rate(rows, measured) | {
            "rows_fallen_back": result.rows_fallen_back,
            "fallbacks": dict(result.fallbacks),
        }
    return found


def _batch(model: Model, table: pa.Table, names: tuple[str, ...], compiled: bool):  # noqa: ANN202, FBT001
    from tael.dmn.columnar.batch import evaluate_batch  # noqa: PLC0415 - to choose the loops

    return evaluate_batch(model, table, names, compiled=compiled)


def _check(model: Model, few: pa.Table, wanted: list, *, compiled: bool) -> None:  # type: ignore[type-arg]
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


def _zen_policy(policy: Policy, asked: list, wanted: list, rows: int) -> dict[str, object]:  # type: ignore[type-arg]
    engine = _zen_engine(zen_graph(policy))
    requests = [{"key": "m", "context": each} for each in asked[:rows]]
    answers = engine.evaluate_batch(requests[:CHECKED])
    for answer, reference in zip(answers, wanted, strict=True):
        _same("zen", zen_answer(answer["data"]["result"]), reference)
    return rate(len(requests), best(lambda: engine.evaluate_batch(requests)))


def _blaze(policy: Policy, asked: list, wanted: list, rows: int) -> dict[str, object]:  # type: ignore[type-arg]
    import blazerules  # noqa: PLC0415 - only for the comparison

    config = blazerules.EngineConfig()
    config.output_detail = blazerules.OutputDetail.DECISIONS
    kinds = blazerules.ColumnType
    few = _given_to_blaze(policy, asked, wanted)
    schema = [
        blazerules.Field(each.name, kinds.FLOAT64 if numeric else kinds.CATEGORICAL, nullable=False)
        for each, numeric in ((each, pa.types.is_floating(each.type)) for each in few.schema)
    ]
    engine = blazerules.RuleEngine(schema, config)
    engine.load_rules_from_string(blaze_rules(policy), blazerules.RuleFileFormat.JSON)
    counts = dict(engine.evaluate_batch(few.to_batches()[0]).match_counts)
    reasons = [code for each in wanted for code in each["reasons"]]
    for number in range(1, len(policy.knock_outs.rows) + 1):
        expected = reasons.count(f"K{number:02d}")
        if counts.get(f"k{number}", 0) != expected:
            raise SystemExit(
                f"blazerules: knock-out {number}: {counts.get(f'k{number}')}, {expected}"
            )
    many = repeated(few, rows).to_batches()[0]
    measured = best(lambda: engine.evaluate_batch(many, validate=False).decisions)
    return rate(rows, measured)


def _given_to_blaze(policy: Policy, asked: list, wanted: list) -> pa.Table:  # type: ignore[type-arg]
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


def _table(zen_rows: int) -> dict[str, object]:
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
    found: dict[str, object] = {"rules": TABLE_ROWS, "columns": TABLE_COLUMNS}
    start = time.perf_counter()
    first = _batch(model, given.slice(0, 300), ("d",), compiled=True).table.column(0).to_pylist()
    found["first_batch_s"] = round(time.perf_counter() - start, 2)
    for name, compiled in (("tael_compiled", True), ("tael_numpy", False)):
        found[name] = rate(
            given.num_rows,
            best(lambda c=compiled: _batch(model, given, ("d",), c)),  # type: ignore[misc]
        )
    engine = _zen_engine(table_graph(table))
    requests = [{"key": "m", "context": row} for row in given.slice(0, zen_rows // 10).to_pylist()]
    answers = [a["data"]["result"]["result"] for a in engine.evaluate_batch(requests[:300])]
    if answers != [int(value) for value in first]:
        raise SystemExit("zen and tael differ on the table of ranges")
    found["zen"] = rate(len(requests), best(lambda: engine.evaluate_batch(requests), times=2))
    our, their = found["tael_compiled"]["rows_a_second"], found["zen"]["rows_a_second"]  # type: ignore[index]
    found["ratio_to_zen"] = round(our / their)
    return found


if __name__ == "__main__":
    main()
