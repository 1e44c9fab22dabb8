"""A back-test as files: Parquet of every verdict and figure, a JSON summary, pages.

``verdicts.parquet`` has one row an application, in the order of their numbers, and the columns of
each version under its name (``2026.2.outcome``); amounts are whole minor units, rates and PDs
decimals. ``figures.parquet`` has one row a version and group, ``swaps.parquet`` one a swap set and
cell, ``thresholds.parquet`` one a move; ``summary.json`` all figures with the result's hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tael.policies.backtest.cases import Cases, Ruled
from tael.policies.backtest.judge import UNKNOWN, decider_of
from tael.policies.backtest.judge import Version as Tried
from tael.policies.backtest.page import page
from tael.policies.backtest.result import Backtest
from tael.policies.backtest.scores import of_billionths
from tael.policies.backtest.sensitivity import Sensitivity
from tael.policies.backtest.verdict import OUTCOMES
from tael.policies.model import Reason
from tael.report import Page, Words

_ROW_GROUP = 131_072
_PAGES = {"report.html": "en", "report.zh.html": "zh"}


@dataclass(frozen=True)
class Written:
    """What is written besides the result.

    Attributes:
        versions: the versions that were tried, for the names of their options and reasons.
        source: on which data, below the title of the pages.
        made_at: instant of making, aware; left out when None.
        verdicts: whether every single verdict is written.
        parts: whether the sections of the pages are written too, for a page around them.
    """

    versions: tuple[Tried, ...] = ()
    source: Words | str = ""
    made_at: datetime | None = None
    verdicts: bool = True
    parts: bool = False


def write(found: Backtest, folder: Path, more: Written) -> list[Path]:
    """Write a result into ``folder``, which is made; the files that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    if more.verdicts:
        made.append(folder / "verdicts.parquet")
        _write(verdict_table(found, more.versions), made[-1])
    made.append(folder / "figures.parquet")
    _write(pa.Table.from_pylist(list(_figure_rows(found))), made[-1])
    if found.swaps:
        made.append(folder / "swaps.parquet")
        _write(pa.Table.from_pylist(list(_swap_rows(found))), made[-1])
    if found.moves is not None and found.moves.moves:
        made.append(folder / "thresholds.parquet")
        _write(pa.Table.from_pylist(list(_move_rows(found.moves))), made[-1])
    made.append(folder / "summary.json")
    made[-1].write_text(json.dumps(found.as_json(), ensure_ascii=False, indent=1) + "\n", "utf-8")
    report = page(
        found,
        reasons=_reasons(found, more.versions),
        source=more.source,
        made_at=more.made_at,
    )
    if more.parts:
        made += [_write_parts(report, folder, locale) for locale in _PAGES.values()]
    return made + [report.write(folder / name, locale) for name, locale in _PAGES.items()]


def _write_parts(report: Page, folder: Path, locale: str) -> Path:
    path = folder / f"parts.{locale}.json"
    path.write_text(json.dumps(report.parts(locale), ensure_ascii=False), "utf-8")
    return path


def _reasons(found: Backtest, versions: tuple[Tried, ...]) -> dict[str, Reason]:
    texts: dict[str, Reason] = {}
    for version in reversed(versions):
        texts |= decider_of(version.bundle, found.economics.cap).policy.reasons
    return texts


def verdict_table(found: Backtest, versions: tuple[Tried, ...]) -> pa.Table:
    """Every application with every verdict, as ``verdicts.parquet`` holds them."""
    cases = found.cases
    columns: dict[str, Any] = {
        "application_id": cases.ids,
        "applied_on": pa.array(cases.applied).cast(pa.date32()),
        "decided": _coded(cases.decided, ("", *OUTCOMES[1:])),
        "bad": _truths(cases.bad),
    }
    menus = {
        version.name: tuple(
            option.code for option in decider_of(version.bundle, found.economics.cap).menu.options
        )
        for version in versions
    }
    for ruled in cases.versions:
        told = _ruled_columns(cases, ruled, menus.get(ruled.name, ()))
        columns |= {f"{ruled.name}.{name}": column for name, column in told.items()}
    return pa.table(columns)


def _ruled_columns(cases: Cases, ruled: Ruled, menu: tuple[str, ...]) -> dict[str, Any]:
    known = ruled.approved & (cases.bad != UNKNOWN)
    found = {
        "outcome": _coded(ruled.outcome, OUTCOMES),
        "tier": pa.array(ruled.tier),
        "pd": of_billionths(ruled.pd),
        "limit_minor": pa.array(ruled.limit),
        "lent_minor": pa.array(ruled.lent),
        "option": _coded(ruled.option + 1, ("", *menu)),
        "rate": of_billionths(ruled.rate),
        "months": pa.array(ruled.months.astype(np.int16)),
        "reason": ruled.reason,
        "expected_loss_minor": pa.array(ruled.worth.loss),
        "expected_profit_minor": pa.array(ruled.worth.profit),
        "loss_minor": pa.array(ruled.loss, mask=~known),
        "profit_minor": pa.array(ruled.profit, mask=~known),
    }
    if not menu:
        del found["tier"], found["option"], found["reason"]
    return found


def _coded(places: Any, names: tuple[str, ...]) -> Any:
    return pa.DictionaryArray.from_arrays(
        pa.array(places.astype(np.int8)), pa.array(list(names), pa.string())
    )


def _truths(column: Any) -> Any:
    return pa.array(column == 1, mask=column == UNKNOWN)


def _write(table: pa.Table, path: Path) -> None:
    texts = [each.name for each in table.schema if pa.types.is_dictionary(each.type)]
    pq.write_table(
        table, path, row_group_size=_ROW_GROUP, compression="zstd", compression_level=1,
        use_dictionary=texts,
    )  # fmt: skip


def _figure_rows(found: Backtest) -> Iterator[dict[str, object]]:
    for told in found.versions:
        whole = {
            f"{name}_p{quantile}": told.distributions[name].get(f"p{quantile}")
            for name in ("price", "limit")
            for quantile in (10, 25, 50, 75, 90)
        }
        yield {"version": told.name, "by": "", "group": "", **told.overall.as_json(), **whole}
        for by, groups in told.by.items():
            for group, figures in groups.items():
                place = {"version": told.name, "by": by, "group": group}
                spread = told.spreads[by][group]
                yield {**place, **figures.as_json(), **dict.fromkeys(whole), **spread}


def _swap_rows(found: Backtest) -> Iterator[dict[str, object]]:
    for swap in found.swaps:
        for cell, figures in swap.cells.items():
            place = {"before": swap.before, "after": swap.after, "cell": cell}
            yield {**place, **figures.as_json()}


def _move_rows(moves: Sensitivity) -> Iterator[dict[str, object]]:
    for move in moves.moves:
        yield {
            "threshold": move.threshold.name,
            "kind": move.threshold.kind,
            "value": str(move.threshold.value),
            "to": str(move.to),
            "step": str(move.step),
            "cases": move.cases,
            "changed": move.changed,
            **move.figures.as_json(),
        }
