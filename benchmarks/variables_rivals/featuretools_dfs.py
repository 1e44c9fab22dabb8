"""featuretools: a feature for each aggregate, filter and window, at one cutoff or one a borrower.

Each window is a matrix of its own; filters are ``where`` of category, direction or both. Features
are its own primitives, whose trend, of exact days, is computed and not compared, ours being of
whole days; or, by hand, sums of columns made for them, which pandas adds up quicker, with
arithmetic afterwards. One common cutoff: events are moved so that every as-of instant is the same.
It computes in one thread: its other way is a cluster of processes that each hold the tables.
"""

from __future__ import annotations

import time
import warnings
from typing import NamedTuple

import featuretools as ft
import numpy as np
import pandas as pd
from featuretools import primitives as of

from variables_rivals.dense import aggregates
from variables_rivals.workload import (
    AGGREGATES,
    COLUMNS,
    DAY,
    FILTERS,
    WINDOWS,
    Answers,
    Data,
    Done,
)

COMMON = 1_700_000_000  # the common cutoff, UTC seconds
OWN = {
    "n": ("id", of.Count), "sum": ("amount", of.Sum), "mean": ("amount", of.Mean),
    "min": ("amount", of.Min), "max": ("amount", of.Max), "std": ("amount", of.Std),
    "last": ("amount", of.Last), "slope": ("amount", of.Trend),
    "days_since_last": ("time", of.TimeSinceLast), "days_since_first": ("time", of.TimeSinceFirst),
    "gap_mean": ("time", of.AvgTimeBetween), "distinct": ("key", of.NumUnique),
}  # fmt: skip
HAND = {
    "n": ("id", of.Count), "a": ("amount", of.Sum), "low": ("amount", of.Min),
    "high": ("amount", of.Max), "std": ("amount", of.Std), "last": ("amount", of.Last),
    "d": ("days", of.Sum), "dd": ("days_squared", of.Sum), "ad": ("amount_days", of.Sum),
    "young": ("age", of.Min), "old": ("age", of.Max), "keys": ("key", of.NumUnique),
}  # fmt: skip
_IN_SECONDS = ("days_since_last", "days_since_first", "gap_mean")
_PLACES = {each: place for place, each in enumerate(COLUMNS)}


class Prepared(NamedTuple):
    entities: ft.EntitySet
    features: list[object]
    cutoffs: pd.DataFrame
    seconds: float
    hand: bool


class Matrices(NamedTuple):
    windows: list[int]
    found: list[np.ndarray]  # float64[borrowers, filters, aggregates], a window each
    hand: bool


def prepare(data: Data, seconds: float, *, common: bool, hand: bool = False) -> Prepared:
    """Tables with an index, and the features of one window."""
    warnings.simplefilter("ignore")
    asof = np.full(len(data.asof), COMMON) if common else data.asof
    entities = ft.EntitySet("w1")
    kinds = dict.fromkeys(("key", "category", "direction", "leaf"), "Categorical")
    entities.add_dataframe(
        dataframe_name="events", dataframe=_events(data, asof), index="id", time_index="time",
        logical_types=kinds,
    )  # fmt: skip
    borrowers = pd.DataFrame({"borrower": np.arange(len(asof))})
    entities.add_dataframe(dataframe_name="borrowers", dataframe=borrowers, index="borrower")
    entities.add_relationship("borrowers", "borrower", "events", "borrower")
    listed = (HAND if hand else OWN).values()
    features = [
        _feature(entities, column, primitive, place)
        for place in range(len(FILTERS))
        for column, primitive in listed
    ]
    cutoffs = borrowers.assign(time=pd.to_datetime(asof, unit="s"))
    return Prepared(entities, features, cutoffs, seconds, hand)


def compute(prepared: Prepared) -> Done:
    """As many windows as the time allows, the middle one first: it stands for the others."""
    began, windows, found = time.perf_counter(), [], []
    for window in (3, 1, 5, 0, 6, 2, 4):
        days = WINDOWS[window]
        matrix = ft.calculate_feature_matrix(
            prepared.features, prepared.entities, cutoff_time=prepared.cutoffs,
            training_window=None if days is None else f"{days} days",
            include_cutoff_time=False, n_jobs=1, verbose=False,
        )  # fmt: skip
        windows.append(window)
        values = matrix.sort_index().to_numpy(np.float64)
        found.append(values.reshape(len(values), len(FILTERS), -1))
        spent = time.perf_counter() - began
        if spent + spent / len(windows) > prepared.seconds:
            break
    result = Matrices(windows, found, prepared.hand)
    return Done(len(COLUMNS) * len(windows) / len(WINDOWS), result)


def values(done: Done) -> Answers:
    result = done.result
    columns, kept = [], []
    for window, matrix in zip(result.windows, result.found, strict=True):
        found = _by_hand(matrix) if result.hand else _own(matrix)
        for name, cells in found.items():
            columns += [_PLACES[number, window, name] for number in range(len(FILTERS))]
            kept.append(cells)
    values = np.concatenate(kept, axis=1)
    return Answers(np.arange(len(values)), np.array(columns), values)


def _own(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Values of its primitives; no event has neither keys nor a sum here, ours are zero."""
    found = {name: matrix[:, :, place] for place, name in enumerate(OWN) if name != "slope"}
    for name in _IN_SECONDS:
        found[name] = found[name] / DAY
    for name in ("sum", "distinct"):
        found[name] = np.nan_to_num(found[name])
    return found


def _by_hand(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Arithmetic on the sums; the velocity, which asks for the next window, is left out."""
    cells = {name: matrix[:, :, [place]] for place, name in enumerate(HAND)}
    out = np.full((len(AGGREGATES), *cells["n"].shape), np.nan)
    aggregates({**cells, "keys": np.nan_to_num(cells["keys"])}, out)
    found = np.where(np.isfinite(out), out, np.nan)[..., 0]
    return {name: found[place] for place, name in enumerate(AGGREGATES) if name != "velocity"}


def _events(data: Data, asof: np.ndarray) -> pd.DataFrame:
    """Oldest first, as its time index wants them."""
    found = data.events.to_pandas().iloc[::-1]
    days = (found["age"] // DAY).astype(float)
    return pd.DataFrame({
        "id": np.arange(len(found)),
        "borrower": found["borrower"].to_numpy(),
        "time": pd.to_datetime(asof[found["borrower"]] - found["age"].to_numpy(), unit="s"),
        "age": found["age"].to_numpy(float),
        "days": days.to_numpy(),
        "days_squared": (days * days).to_numpy(),
        "amount": found["amount"].to_numpy(float),
        "amount_days": (found["amount"] * days).to_numpy(),
        "key": found["key"].to_numpy(),
        "category": found["category"].to_numpy(),
        "direction": found["direction"].to_numpy(),
        "leaf": (2 * found["category"] + found["direction"]).to_numpy(),
    })  # fmt: skip


def _feature(entities: ft.EntitySet, column: str, primitive: type, place: int) -> object:
    category, direction = FILTERS[place]
    events = entities["events"].ww
    if category is None and direction is None:
        where = None
    elif category is None:
        where = ft.Feature(events["direction"]) == direction
    elif direction is None:
        where = ft.Feature(events["category"]) == category
    else:
        where = ft.Feature(events["leaf"]) == 2 * category + direction
    read = [events[column], events["time"]] if primitive is of.Trend else events[column]
    return ft.Feature(read, parent_dataframe_name="borrowers", primitive=primitive, where=where)
