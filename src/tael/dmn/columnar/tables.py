"""Decision tables over columns: from codes to the rules that match, to what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import prod
from threading import Lock

import numpy as np

from tael.dmn.columnar.columns import (
    LIMIT,
    Coded,
    Codes,
    Column,
    Dictionary,
    Exact,
    Truths,
    Whole,
    Words,
    code_array,
    either,
    units_of,
)
from tael.dmn.columnar.grids import Keys
from tael.dmn.columnar.kernels import NONE, Kernels
from tael.dmn.columnar.spaces import Space, lookup, masks
from tael.dmn.compiled import plan as p
from tael.dmn.errors import Nothing
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.values import Value, equals

_MOST_COMBINATIONS = 2**14
_MOST_CUBE_WORDS = 2**18
_MOST_OUTCOMES = 100_000
_WORD = 64
MOST_MASK_BYTES = 600_000_000

Hits = tuple[int, ...]


class Outcomes:
    """The sets of rules that were seen to match, numbered, and what each comes to.

    ``constants`` are the values of the conclusions, one row a rule; None when some are no
    constants: an outcome is then only a rule. Sets are only ever added.
    """

    def __init__(self, table: p.Table, constants: list[tuple[Value, ...]] | None) -> None:
        self._table = table
        self._constants = constants
        self._codes: dict[Hits, int] = {}
        self._lock = Lock()
        self._singles = [self._single(rule) for rule in range(len(constants or ()))]
        self.hits: list[Hits] = []
        self.values = Dictionary()
        self._rows: list[tuple[int, bool, int]] = []  # code of the value, unsure, rule
        self._arrays: tuple[Codes, Truths, Codes] = (
            code_array([]), np.zeros(0, np.bool_), np.zeros(0, np.intp),
        )  # fmt: skip

    def code(self, hits: Hits) -> int:
        """The number of this set of rules, lowest first."""
        found = self._codes.get(hits)
        if found is None:
            with self._lock:
                found = self._codes.get(hits)
                if found is None:
                    self._rows.append(self._row(hits))
                    self.hits.append(self._shown(hits))
                    found = self._codes[hits] = len(self._rows) - 1
        return found

    def __len__(self) -> int:
        return len(self._rows)

    def arrays(self) -> tuple[Codes, Truths, Codes]:
        """Per number: the code of its value in ``values``, whether unsure, its first rule."""
        known = self._arrays
        if known[0].size < len(self._rows):
            rows = self._rows[known[0].size :]
            known = self._arrays = (
                np.concatenate([known[0], code_array(row[0] for row in rows)]),
                np.concatenate([known[1], np.array([row[1] for row in rows], np.bool_)]),
                np.concatenate([known[2], np.array([row[2] for row in rows], np.intp)]),
            )
        return known

    def _row(self, hits: Hits) -> tuple[int, bool, int]:
        rules = len(self._table.outputs[0])
        kept = self._kept(hits)
        if self._constants is None:
            rule = kept[0] if kept else rules
            return 0, kept is None or (not kept and self._table.default is None), rule
        try:
            value = None if kept is None else self._value(kept)
        except Nothing:
            value = None
        if value is None:  # a placeholder of the right kind
            return self.values.code(self._single(0)), True, 0
        return self.values.code(value), False, 0

    def _shown(self, hits: Hits) -> Hits:
        kept = self._kept(hits)
        return hits if kept is None else kept

    def _kept(self, hits: Hits) -> Hits | None:
        """The rules that count, in their order; None for a conflict."""
        table = self._table
        if table.hit_policy in ("P", "O"):
            hits = tuple(sorted(hits, key=lambda rule: tuple(r[rule] for r in table.ranks)))
        if table.hit_policy in ("F", "P"):
            return hits[:1]
        if table.hit_policy == "U" and len(hits) > 1:
            return None
        if table.hit_policy == "A" and len(hits) > 1 and not self._agree(hits):
            return None
        return hits

    def _agree(self, hits: Hits) -> bool:
        if self._constants is None:
            return False
        rows = [self._constants[rule] for rule in hits]
        return all(equals(rows[0], row) is True for row in rows)

    def _single(self, rule: int) -> Value:
        """A rule's conclusions as a value; number of rules is the default."""
        row = self._constants[rule] if self._constants else ()
        if len(self._table.names) == 1:
            return row[0]
        return dict(zip(self._table.names, row, strict=True))

    def _value(self, kept: Hits) -> Value:
        table = self._table
        if not kept and table.default is not None:
            return self._single(len(table.outputs[0]))
        if table.hit_policy in ("U", "A", "F", "P"):
            return self._single(kept[0]) if kept else None
        rows = tuple([self._singles[rule] for rule in kept])
        if not table.aggregation:
            return rows
        if table.aggregation == "count" and not rows:
            return Decimal(0)
        return BUILTINS[table.aggregation].call(rows) if rows else None


class Matcher:
    """Which rules of one table match, for columns coded in ``spaces``."""

    def __init__(self, table: p.Table, spaces: Sequence[Space], outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._table = table
        self._rules = len(table.outputs[0])
        self._sizes = [len(space) for space in spaces]
        parts = [masks(c.cells, space) for c, space in zip(table.columns, spaces, strict=True)]
        self.allowed = [
            None if column.allowed is None else lookup(column.allowed, space)
            for column, space in zip(table.columns, spaces, strict=True)
        ]
        self.cube: Codes | None = None
        self._values: tuple[Codes, Truths | None] | None = None
        words = (self._rules + _WORD - 1) // _WORD
        combinations = prod(self._sizes)
        if combinations <= _MOST_COMBINATIONS and combinations * words <= _MOST_CUBE_WORDS:
            self.cube = self._whole_cube(parts)
            return
        self._single = [np.ascontiguousarray(part[:, 0]) for part in parts]
        self._masks: Words = np.ascontiguousarray(np.concatenate(parts))
        self._starts = np.cumsum([0, *self._sizes[:-1]]).astype(np.intp)
        self._keys = Keys(np.zeros(0, np.uint64)), code_array([])
        self._lock = Lock()
        if self._by_rule:  # the kernels' SEVERAL and NONE count from the end
            sets: list[Hits] = [*((rule,) for rule in range(self._rules)), (0, 0), ()]
            self._numbers = np.array([outcomes.code(hits) for hits in sets], np.intp)

    @property
    def _by_rule(self) -> bool:
        """Whether an outcome is a rule, none, or several: then it is numbered so."""
        return self._table.hit_policy in ("F", "U")

    def _whole_cube(self, parts: list[Words]) -> Codes:
        """The outcome of every combination of codes."""
        found = (
            np.full((1, parts[0].shape[1]), ~np.uint64(0)) if parts else np.zeros((1, 1), np.uint64)
        )
        for part in parts:
            found = (found[:, None, :] & part[None, :, :]).reshape(-1, part.shape[1])
        distinct, place = np.unique(found, axis=0, return_inverse=True)
        codes = [self._outcomes.code(_bits(row)) for row in distinct]
        return np.array(codes, np.intp)[place.reshape(-1)]

    def cube_values(self) -> tuple[Codes, Truths | None]:
        """Per place in ``cube`` the code of its value and whether it is unsure; None: nowhere."""
        known = self._values
        if known is None:
            codes, doubtful, _ = self._outcomes.arrays()
            marks = doubtful[self.cube]
            known = self._values = codes[self.cube], marks if marks.any() else None
        return known

    def combined(self, codes: Sequence[Codes]) -> Codes:
        """One number for the codes of all columns: the place in ``cube``."""
        found = codes[0]
        for column, size in zip(codes[1:], self._sizes[1:], strict=True):
            found = found.astype(np.uint16, copy=False) * np.uint16(size)  # fewer than 2 ** 14
            found += column.astype(np.uint16, copy=False)
        return found

    def outcomes(self, codes: Sequence[Codes], kernels: Kernels) -> Codes:
        """The number of the outcome of each row; that of no outcome is NONE."""
        if self.cube is not None:
            found: Codes = self.cube[self.combined(codes)]
            return found
        if self._rules <= _WORD and self._table.hit_policy != "F":
            return self._of_words(self._words(codes, kernels), kernels)
        if self._by_rule:
            loop = kernels.first if self._table.hit_policy == "F" else kernels.only
            rule = loop(codes, self._masks, self._starts)
            numbered: Codes = self._numbers[rule]
            return numbered
        counts, rules = kernels.every(codes, self._masks, self._starts)
        ends = np.cumsum(counts).tolist()
        listed, start = rules.tolist(), 0
        found = np.empty(len(ends), np.intp)
        for row, end in enumerate(ends):
            found[row] = self._code(tuple(listed[start:end]))
            start = end
        return found

    def _words(self, codes: Sequence[Codes], kernels: Kernels) -> Words:
        """Which of at most 64 rules match each row."""
        return kernels.words(self._single, codes)

    def _code(self, hits: Hits) -> int:
        return self._outcomes.code(hits) if len(self._outcomes) < _MOST_OUTCOMES else NONE

    def _of_words(self, words: Words, kernels: Kernels) -> Codes:
        keys, codes = self._keys
        place = kernels.known(words, keys)
        new = place == NONE
        if new.any():
            with self._lock:
                self._learn(np.unique(words[new]))
            keys, codes = self._keys
            place = kernels.known(words, keys)
        return np.where(place == NONE, NONE, codes[place])

    def _learn(self, words: Words) -> None:
        keys, codes = self._keys
        fresh = keys.unknown(words)
        numbers = [self._code(_bits_of(word)) for word in fresh]
        kept = [pair for pair in zip(fresh, numbers, strict=True) if pair[1] != NONE]
        if kept:
            more = np.array([number for _, number in kept], np.intp)
            self._keys = keys.with_more([w for w, _ in kept]), np.concatenate([codes, more])

    def sums(self, codes: Sequence[Codes], points: Whole, kernels: Kernels) -> tuple[Whole, Truths]:
        """The sum of the points of the rules that match, and whether none does."""
        if self._rules <= _WORD:
            words = self._words(codes, kernels)
            weights = np.zeros(_WORD, np.int64)
            weights[: points.size] = points
            return kernels.weigh(words, weights), words == 0
        counts, rules = kernels.every(codes, self._masks, self._starts)
        ends = np.cumsum(counts)
        running = np.concatenate([[0], np.cumsum(points[rules])])
        return running[ends] - running[ends - counts], counts == 0


def _bits(words: Words) -> Hits:
    bits = np.unpackbits(words.astype("<u8").view(np.uint8), bitorder="little")
    return tuple(np.flatnonzero(bits).tolist())


def _bits_of(word: int) -> Hits:
    """As ``_bits``, of one word: much quicker than an array of one."""
    found: list[int] = []
    while word:
        low = word & -word
        found.append(low.bit_length() - 1)
        word ^= low
    return tuple(found)


class TableRun:
    """A table with the outcomes seen so far and a matcher for each way its columns are coded."""

    def __init__(self, table: p.Table, constants: list[tuple[Value, ...]] | None) -> None:
        self.table = table
        self.outcomes = Outcomes(table, constants)
        self._matchers: dict[tuple[tuple[int, int], ...], tuple[Matcher, Sequence[Space]]] = {}
        self._points = self._summed(constants)
        self._lock = Lock()

    def _summed(self, constants: list[tuple[Value, ...]] | None) -> tuple[Whole, int] | None:
        """Points and scale, where the rules' points are added up and there is no default."""
        if self.table.aggregation != "sum" or constants is None or self.table.default is not None:
            return None
        found = units_of(row[0] for row in constants)
        if found is None or sum(abs(int(unit)) for unit in found[0]) >= LIMIT:
            return None
        return found

    def matcher(self, spaces: Sequence[Space]) -> Matcher:
        """The matcher for these codes; made once, kept while the codes stay the same."""
        key = tuple((id(space), len(space)) for space in spaces)
        found = self._matchers.get(key)
        if found is None:
            with self._lock:
                found = self._matchers.get(key)
                if found is None:
                    if len(self._matchers) > 8:  # noqa: PLR2004 - dictionaries of past batches
                        self._matchers.clear()
                    found = self._matchers[key] = Matcher(self.table, spaces, self.outcomes), spaces
        return found[0]

    def sums(self, matcher: Matcher, codes: Sequence[Codes], kernels: Kernels) -> Exact | None:
        """The sum of points, where that needs no outcomes."""
        if self._points is None or matcher.cube is not None:
            return None
        points, scale = self._points
        units, none = matcher.sums(codes, points, kernels)
        bound = sum(abs(int(unit)) for unit in points)
        return Exact(units, scale, bound, none if none.any() else None)

    def at_once(self, matcher: Matcher, codes: Sequence[Codes], unsure: Truths | None) -> Column:
        """What each row comes to, of constants, by one look-up in the cube."""
        values, doubtful = matcher.cube_values()
        place = matcher.combined(codes)
        if doubtful is not None:
            unsure = either(unsure, doubtful.take(place, mode="clip"))
        return Coded(place, self.outcomes.values, unsure, values)

    def value(self, outcomes: Codes, unsure: Truths | None) -> Column:
        """What each row's outcome comes to, of constants."""
        codes, doubtful, _ = self.outcomes.arrays()
        marks = self.unsure(outcomes, doubtful, unsure)
        return Coded(outcomes, self.outcomes.values, marks, codes)

    @staticmethod
    def unsure(outcomes: Codes, doubtful: Truths, unsure: Truths | None) -> Truths | None:
        """The rows without a usable outcome."""
        missing = outcomes == NONE
        marks = doubtful[outcomes] | missing if doubtful.any() or missing.any() else None
        return either(unsure, marks)
