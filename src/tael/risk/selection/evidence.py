"""What all steps read: rows in order, codes of every variable, stretches of time, and counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tael.risk.bins import BinSettings, Prebins, prebin
from tael.risk.facts import Facts, facts_of
from tael.risk.sample import Bools, Floats, Ints, Sample, Values
from tael.risk.selection.settings import SelectionSettings

_CHUNK = 64  # variables counted at a time
_GRADES = 15  # ranks become whole numbers of at most this size, either side of the middle
# Products of two grades over so many rows stay below 2^24: sums in float32 are exact, and so
# the same for any number of threads and any order.
EXACT_ROWS = (1 << 24) // _GRADES**2


class Dropped(NamedTuple):
    """A variable that a step drops, and why."""

    variable: int
    rule: str
    figure: float
    threshold: float
    other: str = ""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of the training rows.

    Attributes:
        sample: the rows in canonical order.
        prebins: codes and AUC of every variable; rows with a known outcome decide.
        block: int64 [rows]: the stretch of time of each row.
        blocks: how many stretches there are.
        settings: of the funnel.
        facts: of each variable, in the order of the sample.
    """

    sample: Sample
    prebins: Prebins
    block: Ints
    blocks: int
    settings: SelectionSettings
    facts: tuple[Facts, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The variables."""
        return self.sample.names

    @cached_property
    def bads(self) -> Bools:
        """The rows known to be bad."""
        found: Bools = self.sample.bad == 1
        return found

    @cached_property
    def weight(self) -> Floats:
        """Weights with a mean of one over the rows with an outcome, zero elsewhere."""
        used = np.where(self.prebins.used, self.sample.weight, 0.0)
        found: Floats = used * (self.prebins.used.sum() / used.sum())
        return found

    @cached_property
    def counts(self) -> Floats:
        """float64 [variables, blocks, 2, codes]: weight of goods and bads."""
        group = np.where(self.prebins.used, self.block * 2 + self.bads, -1)
        parts = [part for _, part in self.tables(group, self.weight, 2 * self.blocks)]
        return np.concatenate(parts).reshape(len(self.names), self.blocks, 2, self.prebins.width)

    def tables(self, group: Ints, weight: Floats, groups: int) -> Iterator[tuple[int, Floats]]:
        """Chunks of weight by group and code, with the first variable of each chunk."""
        from tael.risk.selection import loops  # noqa: PLC0415 - numba loads when a funnel runs

        codes, width = self.prebins.codes, self.prebins.width

        def count(first: int) -> tuple[int, Floats]:
            part = codes[first : first + _CHUNK]
            out = np.zeros((len(part), groups, width))
            loops.tabulate(part, group, weight, out)
            return first, out

        with ThreadPoolExecutor(self.settings.threads) as pool:
            yield from pool.map(count, range(0, len(codes), _CHUNK))

    @cached_property
    def grades(self) -> Floats:
        """float64 [variables, codes]: the middle rank of each piece, a whole number; missing 0."""
        mass = self.counts.sum(axis=(1, 2))[:, : self.prebins.most]
        total = np.maximum(mass.sum(axis=1, keepdims=True), 1e-12)
        middle = (np.cumsum(mass, axis=1) - mass / 2) / total
        table = np.zeros((len(self.names), self.prebins.width))
        table[:, : self.prebins.most] = np.rint((2 * middle - 1) * _GRADES)
        return table

    def graded(self, variables: Ints, rows: Ints) -> Values:
        """float32 [variables, rows] of ``grades``."""
        out = np.empty((len(variables), len(rows)), dtype=np.float32)
        grades = self.grades.astype(np.float32)
        for place, i in enumerate(variables.tolist()):
            np.take(grades[i], self.prebins.codes[i, rows], out=out[place])
        return out


def evidence_of(
    sample: Sample, settings: SelectionSettings, facts: Mapping[str, Facts] | None
) -> Evidence:
    """Bin every variable and cut the time; the sample is in canonical order."""
    used = sample.labelled & (sample.weight > 0)
    block, blocks = time_blocks(sample, used, settings)
    held = facts or {}
    return Evidence(
        sample,
        prebin(sample, BinSettings(threads=settings.threads), used=used),
        block,
        blocks,
        settings,
        tuple(held.get(name) or facts_of(name) for name in sample.names),
    )


def time_blocks(sample: Sample, used: Bools, settings: SelectionSettings) -> tuple[Ints, int]:
    """Stretches of whole months with about equal bads; each has the bads it needs, or is joined."""
    bads = int((sample.bad[used] == 1).sum())
    wanted = max(2, min(settings.stability.blocks, bads // settings.stability.bads_per_block))
    months, place = np.unique(sample.vintage, return_inverse=True)
    per_month = np.bincount(place[used & (sample.bad == 1)], minlength=len(months))
    middle = np.cumsum(per_month) - per_month / 2
    number = np.minimum((middle * wanted / bads).astype(np.int64), wanted - 1)
    # Blocks that got no month vanish; the others are numbered without gaps.
    number = np.unique(number, return_inverse=True)[1].astype(np.int64)
    return number[place], int(number.max()) + 1
