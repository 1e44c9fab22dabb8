"""The model's answers in columns: as they stand in the history, or scored now."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tael.kernel import BadInput, Rate
from tael.policies.backtest.inputs import one_array
from tael.policies.backtest.numbers import BILLION, Whole, units_of
from tael.policies.ports import Scorer
from tael.risk import Scorecard, pipeline

PROBABILITY = pa.decimal128(10, 9)
_TIER = pa.decimal128(19, 0)
_HALF_WIDTH = 1e-4  # of billionths: far above what the product of a double may lose


def scores_of(text: str, scorer: Scorer, table: pa.Table) -> dict[str, Any]:
    """What the model gives the rules, by name: Arrow arrays of decimals.

    Columns of ``table`` with these names are taken as they stand: who reads a history has seen that
    they are this model's.

    Raises:
        BadInput: neither the scores are there nor all that the model reads; or a score is none.
    """
    names = list(scorer.gives)
    if set(names) <= set(table.column_names):
        return {name: _as_score(name, one_array(table.column(name))) for name in names}
    missing = sorted(set(scorer.variables) - set(table.column_names))
    if missing:
        told = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if missing[5:] else "")
        raise BadInput(
            f"there are neither scores ({', '.join(names)}) of the policy's model nor what it "
            f"reads: {told}",
            field=missing[0],
            rule="columns of scores with the model's hash, or the model's variables",
        )
    found = _scored(text, scorer, table)
    return {name: found[name] for name in names}


def model_hash(text: str) -> str:
    """SHA-256 of the model that a policy's text writes, as ``tael.risk`` tells it."""
    loaded = _model(text)
    return loaded.hash


@lru_cache(maxsize=8)
def _model(text: str) -> pipeline.RatedModel | Scorecard:
    if '"tael.rated/' in text and str(json.loads(text).get("format", "")).startswith("tael.rated/"):
        return pipeline.RatedModel.from_json(text)
    return Scorecard.from_json(text)


def _scored(text: str, scorer: Scorer, table: pa.Table) -> dict[str, Any]:
    columns = {name: _values(one_array(table.column(name))) for name in scorer.variables}
    model = _model(text)
    if isinstance(model, Scorecard):
        return {"pd": probabilities(model.predict_proba(_seen(model, columns))[:, 1])}
    scores = model.score({name: _single(values) for name, values in columns.items()})
    return {
        "pd": probabilities(scores.pd),
        "pd_cycle": probabilities(scores.pd_cycle),
        "model_tier": pa.array(scores.tier).cast(_TIER),
    }


def _seen(card: Scorecard, columns: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """A card that has no bin for a kind of missing takes all kinds as one."""
    for item in card.characteristics_:
        values = columns[item.name]
        if not item.binning.feature.special and values.dtype != object:
            columns[item.name] = np.where(np.isin(values, pipeline.MISSING_CODES), np.nan, values)
    return columns


def _single(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Rated models read variables as float32, in training as live."""
    return values if values.dtype == object else values.astype(np.float32)


def _values(column: Any) -> npt.NDArray[Any]:
    """A column as models read it."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return np.array(column.to_pylist(), dtype=object)
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def probabilities(values: npt.NDArray[np.float64]) -> Any:
    """Probabilities as decimals of nine digits, each as ``Rate.from_probability`` rounds it."""
    if not (np.isfinite(values).all() and (values >= 0).all() and (values <= 1).all()):
        row = int(np.flatnonzero(~((values >= 0) & (values <= 1)))[0])
        raise BadInput(
            f"{values[row]!r} is not a probability", field="pd", row=row + 1, rule="between 0 and 1"
        )
    scaled = values * BILLION
    units = np.rint(scaled).astype(np.int64)
    near = np.abs(scaled - np.floor(scaled) - 0.5) < _HALF_WIDTH
    for row in np.flatnonzero(near).tolist():
        exact = Rate.from_probability(float(values[row]))
        units[row] = int(exact.fraction.scaleb(9))
    return of_billionths(units)


def of_billionths(units: Whole) -> Any:
    """Billionths as decimals of nine digits."""
    wide = np.zeros((len(units), 2), np.int64)
    wide[:, 0], wide[:, 1] = units, units >> 63
    return pa.Array.from_buffers(PROBABILITY, len(units), [None, pa.py_buffer(wide)])


def _as_score(name: str, column: Any) -> Any:
    if column.null_count:
        raise BadInput(
            f"{column.null_count} rows have no {name}", field=name, rule="a score in each row"
        )
    if pa.types.is_floating(column.type):
        values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return probabilities(np.asarray(values))
    units = units_of(column)
    if units is None or units.wide.any():
        raise BadInput(f"the column {name!r} is of {column.type}", field=name, rule="numbers")
    if not name.startswith("pd"):
        return column.cast(pa.decimal128(19, units.scale))
    if units.scale > 9:  # noqa: PLR2004 - the digits of a probability
        raise BadInput(
            f"{name} has {units.scale} digits after the point", field=name, rule="nine at most"
        )
    return of_billionths(units.values * 10 ** (9 - units.scale))


def mean_billionths(total: int, rows: int) -> Decimal | None:
    """The mean of probabilities whose billionths add up to ``total``; None of no rows."""
    if not rows:
        return None
    return (Decimal(total) / Decimal(rows) / BILLION).quantize(Decimal("1e-9"))
