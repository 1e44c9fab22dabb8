"""getML's FastProp: its engine's own features of seven windowed joins, compared by value.

It is fitted on few borrowers, untimed, only to learn the features; the transformation is timed.
Its window is [asof - w, asof] without the left end: with events a second later it is ours. Features
that are also ours (a filter of category or direction, or none) are recognised by their SQL.
"""

from __future__ import annotations

import contextlib
import re
import sys
import tempfile
from typing import NamedTuple

import getml
import numpy as np
import pyarrow as pa
from getml.data import DataFrame, DataModel, Roles
from getml.feature_learning import FastProp

from variables_rivals.workload import COLUMNS, FILTERS, WINDOWS, Answers, Data, Done

FITTED = 10  # borrowers
MOST_FREQUENT = 20  # categories, and keys, that features are conditioned on
AGGREGATIONS = (
    "COUNT", "SUM", "AVG", "MIN", "MAX", "STDDEV", "LAST", "TREND", "VARIATION COEFFICIENT",
    "COUNT DISTINCT",
)  # fmt: skip
_OURS = {
    "COUNT( * )": "n", 'SUM( t2."amount" )': "sum", 'AVG( t2."amount" )': "mean",
    'MIN( t2."amount" )': "min", 'MAX( t2."amount" )': "max",
    'COUNT( DISTINCT t2."key" )': "distinct", 'LAST( t2."amount" ORDER BY t2."time" )': "last",
}  # fmt: skip
_SELECTED = re.compile(r'SELECT (.*?) AS "(feature_\d+_\d+)"', re.DOTALL)
_WINDOW = re.compile(r'INNER JOIN "W(\d+)__')
_CONDITION = re.compile(r'AND t2\."(\w+)" = \'(\d+)\'')


class Prepared(NamedTuple):
    pipeline: object
    population: object
    events: dict[str, object]
    borrowers: int


def prepare(data: Data, seconds: float) -> Prepared:  # noqa: ARG001 - one way for all rivals
    """Start the engine, hand the tables over and let it learn its features."""
    with contextlib.redirect_stdout(sys.stderr):
        getml.engine.launch(
            allow_push_notifications=False, launch_browser=False, quiet=True, in_memory=True,
            home_directory=tempfile.mkdtemp(prefix="getml-"),
        )  # fmt: skip
        getml.set_project("w1")
        few = _tables(data, min(FITTED, len(data.asof)), "few")
        pipeline = _pipeline(*few)
        pipeline.fit(few[0], few[1], check=False)
        population, events = _tables(data, len(data.asof), "all")
    return Prepared(pipeline, population, events, len(data.asof))


def compute(prepared: Prepared) -> Done:
    with contextlib.redirect_stdout(sys.stderr):
        found = prepared.pipeline.transform(prepared.population, prepared.events)
    return Done(found.shape[1], (prepared.pipeline, found))


def values(done: Done) -> Answers:
    pipeline, found = done.result
    place = {name: number for number, name in enumerate(pipeline.features.names)}
    listed = {name: number for number, name in enumerate(COLUMNS)}
    columns, kept = [], []
    for text in pipeline.features.to_sql(subfeatures=False):
        known = _known(str(text))
        if known is not None and known[0] in place:
            columns.append(listed[known[1]])
            kept.append(found[:, place[known[0]]])
    return Answers(
        np.arange(len(found)), np.array(columns), _with_nothing(columns, np.array(kept).T)
    )


def close() -> None:
    """The engine is a process of its own."""
    with contextlib.redirect_stdout(sys.stderr):
        getml.engine.shutdown()


def _with_nothing(columns: list[int], found: np.ndarray) -> np.ndarray:
    """NaN for the mean, extremes or last of no event; the engine gives zero, and no amount is."""
    nothing = np.array([COLUMNS[each][2] in {"mean", "min", "max", "last"} for each in columns])
    return np.where(nothing & (found == 0.0), np.nan, found)


def _known(text: str) -> tuple[str, tuple[int, int, str]] | None:
    """The feature's name and which of our variables it is; None if it is none."""
    selected, window = _SELECTED.search(text), _WINDOW.search(text)
    if not selected or not window or selected[1] not in _OURS:
        return None
    tests = dict(_CONDITION.findall(text))
    if not tests.keys() <= {"category", "direction"}:
        return None
    wanted = tuple(
        int(tests[name]) if name in tests else None for name in ("category", "direction")
    )
    return selected[2], (FILTERS.index(wanted), int(window[1]), _OURS[selected[1]])


def _tables(data: Data, borrowers: int, name: str) -> tuple[object, dict[str, object]]:
    """Population and events of the first borrowers, in the engine."""
    events = data.events.slice(0, int((data.events["borrower"].to_numpy() < borrowers).sum()))
    whole = {
        "time": _instants(events["time"].to_numpy() + 1),
        "amount": events["amount"].cast(pa.float64()),
        **{
            each: _texts(events[each].to_numpy())
            for each in ("borrower", "category", "direction", "key")
        },
    }
    roles = Roles(
        join_key=["borrower"], time_stamp=["time"], numerical=["amount"],
        categorical=["category", "direction", "key"],
    )  # fmt: skip
    target = np.random.default_rng(0).integers(0, 2, borrowers).astype(float)
    population = {
        "borrower": _texts(np.arange(borrowers)),
        "asof": _instants(data.asof[:borrowers]),
        "target": pa.array(target),
    }
    held = DataFrame.from_arrow(pa.table(whole), f"events_{name}", roles=roles)
    asked = DataFrame.from_arrow(
        pa.table(population), f"population_{name}",
        roles=Roles(join_key=["borrower"], time_stamp=["asof"], target=["target"]),
    )  # fmt: skip
    return asked, {f"w{number}": held for number in range(len(WINDOWS))}


def _pipeline(population: object, events: dict[str, object]) -> object:
    model = DataModel(population.to_placeholder("population"))
    for days, (name, held) in zip(WINDOWS, events.items(), strict=True):
        model.add(held.to_placeholder(name))
        memory = None if days is None else getml.data.time.days(days)
        model.population.join(
            getattr(model, name), on="borrower", time_stamps=("asof", "time"), memory=memory
        )
    learner = FastProp(
        loss_function="SquareLoss", aggregation=AGGREGATIONS, num_features=100_000, min_df=1,
        n_most_frequent=MOST_FREQUENT, num_threads=2, vocab_size=1_000,
    )  # fmt: skip
    return getml.Pipeline(data_model=model, feature_learners=[learner])


def _texts(numbers: np.ndarray) -> pa.Array:
    return pa.array(numbers.astype(str))


def _instants(seconds: np.ndarray) -> pa.Array:
    return pa.array(seconds * 1_000_000, pa.timestamp("us"))
