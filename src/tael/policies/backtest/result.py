"""What a back-test found: figures, swap sets, verdicts, and one hash over all of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from tael.policies.backtest import measures
from tael.policies.backtest.cases import Cases, Doubles, Ruled
from tael.policies.backtest.economics import Economics
from tael.policies.backtest.inputs import one_array
from tael.policies.backtest.measures import Columns, Figures
from tael.policies.backtest.sensitivity import Sensitivity
from tael.policies.backtest.swaps import Guess, Swap

FORMAT = "tael.backtest/1"


@dataclass(frozen=True)
class Told:
    """The figures of one version.

    Attributes:
        name: of the version; ``then`` is what was decided then.
        hashes: SHA-256 of its texts by name; empty for ``then``.
        overall: of all cases.
        by: of groups, by the name of the grouping and of the group.
        distributions: quantiles of price, limit, amount and months of the approved.
        spreads: quantiles of price and limit of the approved of each group of ``by``.
        reasons: how many cases each first reason was given to.
    """

    name: str
    hashes: Mapping[str, str]
    overall: Figures
    by: Mapping[str, Mapping[str, Figures]]
    distributions: Mapping[str, Mapping[str, int]]
    spreads: Mapping[str, Mapping[str, Mapping[str, int]]]
    reasons: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Backtest:
    """The result of a back-test.

    Attributes:
        cases: the applications, with what every version says of each.
        economics: what was assumed.
        versions: figures by version, in the order in which they were given.
        swaps: each version against what was decided then, and the first against the others.
        transitions: cases by what both sides of a swap say, in the order of ``swaps``.
        result_hash: SHA-256 over texts, assumptions, figures, swap sets and every verdict in the
            order of application numbers. Files, chunks, threads and clusters do not count.
        moves: what each threshold of the first version is worth, where that was asked for; it has
            a hash of its own.
        slow: by version the decisions that were computed row by row, and why.
    """

    cases: Cases
    economics: Economics
    versions: tuple[Told, ...]
    swaps: tuple[Swap, ...]
    transitions: tuple[Mapping[str, Mapping[str, int]], ...]
    result_hash: str = ""
    moves: Sensitivity | None = None
    slow: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def doubles(self) -> Doubles:
        """What was wrong with rows of the history."""
        return self.cases.doubles

    def version(self, name: str) -> Told:
        """The figures of the version called ``name``."""
        return next(one for one in self.versions if one.name == name)

    def key_figures(self) -> dict[str, object]:
        """What a record of the back-test keeps: the first version, in exact values."""
        figures = self.versions[0].overall
        return {
            "applications": figures.applications,
            "approved": figures.approved,
            "referred": figures.referred,
            "unanswered": figures.unanswered,
            "prime": figures.prime,
            "lent_minor": figures.lent,
            "known": figures.known,
            "bad": figures.bad,
            "expected_loss_minor": figures.expected_loss,
            "expected_profit_minor": figures.expected_profit,
            "economics": self.economics.hash,
        }

    def as_json(self) -> dict[str, object]:
        """The summary: every figure of ``result_hash``, which stands in it, but no single case."""
        told = {**self.summary(), "result_hash": self.result_hash}
        return told if self.moves is None else {**told, "sensitivity": self.moves.as_json()}

    def summary(self) -> dict[str, object]:
        """What ``as_json`` tells, without the hash."""
        return {
            "format": FORMAT,
            "applications": len(self.cases),
            "history": asdict(self.doubles),
            "economics": self.economics.as_json(),
            "economics_hash": self.economics.hash,
            "versions": [_told_json(one) for one in self.versions],
            "swaps": [
                _swap_json(swap, moves)
                for swap, moves in zip(self.swaps, self.transitions, strict=True)
            ],
        }


def told_of(cases: Cases, ruled: Ruled, hashes: Mapping[str, str], columns: Columns) -> Told:
    """The figures of one version; ``columns`` are its."""
    spreads = measures.Spreads(ruled)
    ways = list(measures.groups_of(cases, ruled))
    return Told(
        name=ruled.name,
        hashes=dict(hashes),
        overall=columns.total(),
        by={name: columns.grouped(groups, names) for name, groups, names in ways},
        distributions=measures.distributions(ruled),
        spreads={name: spreads.by(groups, names) for name, groups, names in ways},
        reasons=measures.reasons(ruled),
    )


def result_hash(found: Backtest) -> str:
    """SHA-256 in hexadecimal over all that was found."""
    made = hashlib.sha256()
    summary = dict(found.summary())
    economics = summary.pop("economics")
    del economics  # its hash stands there; where a figure is from does not count
    made.update(json.dumps(summary, sort_keys=True, ensure_ascii=False).encode())
    for part in _verdict_bytes(found.cases):
        made.update(part)
    return made.hexdigest()


def _verdict_bytes(cases: Cases) -> Iterator[bytes]:
    yield from _text_bytes(cases.ids)
    yield np.ascontiguousarray(cases.applied).tobytes()
    yield np.ascontiguousarray(cases.decided).tobytes()
    yield np.ascontiguousarray(cases.bad).tobytes()
    for ruled in cases.versions:
        for column in (
            ruled.outcome, ruled.tier, ruled.pd, ruled.limit, ruled.lent, ruled.option, ruled.rate,
            ruled.offered, ruled.months,
        ):  # fmt: skip
            yield np.ascontiguousarray(column).tobytes()
        yield from _coded_bytes(ruled.reason)


def _text_bytes(texts: Any) -> Iterator[bytes]:
    """Lengths, then the bytes: one way to write a column of texts."""
    column = one_array(texts)
    ends = np.frombuffer(column.buffers()[1], np.int32)[column.offset :][: len(column) + 1]
    yield np.diff(ends).astype(np.int32).tobytes()
    data = column.buffers()[2]
    yield memoryview(data)[int(ends[0]) : int(ends[-1])].tobytes() if data is not None else b""


def _coded_bytes(coded: Any) -> Iterator[bytes]:
    """Texts by their place in the sorted list of those that occur."""
    known = coded.dictionary.to_pylist()
    places = coded.indices.to_numpy(zero_copy_only=False)
    used = np.unique(places).tolist()
    names = sorted(known[place] for place in used)
    new = np.zeros(len(known), np.int32)
    for place in used:
        new[place] = names.index(known[place])
    yield json.dumps(names, ensure_ascii=False).encode()
    yield new[places].tobytes()


def _told_json(told: Told) -> dict[str, object]:
    return {
        "name": told.name,
        "hashes": dict(told.hashes),
        "overall": told.overall.as_json(),
        "by": {
            by: {name: figures.as_json() for name, figures in groups.items()}
            for by, groups in told.by.items()
        },
        "distributions": {name: dict(values) for name, values in told.distributions.items()},
        "spreads": {
            by: {name: dict(values) for name, values in groups.items() if values}
            for by, groups in told.spreads.items()
        },
        "reasons": dict(told.reasons),
    }


def _swap_json(swap: Swap, moves: Mapping[str, Mapping[str, int]]) -> dict[str, object]:
    inferred = {
        name: value.as_json() if isinstance(value, Guess) else value
        for name, value in (
            (each, getattr(swap.inferred, each))
            for each in (
                "cases", "unknown", "best", "worst", "low", "expected", "high", "truth",
                "truth_cases",
            )
        )
    }  # fmt: skip
    return {
        "before": swap.before,
        "after": swap.after,
        "cells": {cell: figures.as_json() for cell, figures in swap.cells.items()},
        "both_before": swap.before_both.as_json(),
        "undecided": swap.undecided,
        "inferred": inferred,
        "moves": {row: dict(cells) for row, cells in moves.items()},
    }
