"""Why a borrower's probability is what it is: contributions by concept, against a reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.report import Words
from tael.risk.columns import Floats, Ints
from tael.risk.explain.wording import fact_of, is_protected
from tael.risk.facts import OTHER, Concept, Facts, concepts, facts_of
from tael.risk.reasons import REASON_TEXTS

_NOTHING = 1e-9  # log odds; below this a contribution is rounding
# Of these there is none or some, whatever is usual.
_RECORDS = frozenset(
    (
        "firm_court", "firm_enforcement", "firm_overdue", "firm_registry_alarm",
        "firm_tax_lateness", "firm_utility_lateness", "owner_court", "owner_enforcement",
        "owner_overdue", "owner_overdue_serious", "owner_utility_lateness",
    )
)  # fmt: skip
_SOME = 1e-9  # more is some
# What rises or falls does so by itself, not beside what is usual only.
_PIVOTS = {"slope": 0.0, "last3_to_prev3": 1.0}
_MOST_VARIABLES = 3
_MOST_LOOKED_AT = 8  # variables of a concept for one whose value the sentence fits

# Given where a row is refused though no single matter speaks against it.
WHOLE = "overall"
_WHOLE_WORDS = Words(
    "综合评估未达到要求", "The application as a whole falls short of what is required"
)


@dataclass(frozen=True, eq=False)
class Reference:
    """What a row is compared with.

    Attributes:
        contributions: float64 [variables], log odds: of the average training row, or of the median
            row of the best tier.
        typical: float64 [variables]: the median value of each variable; NaN where there is none.
    """

    contributions: Floats
    typical: Floats

    @classmethod
    def average(cls, contributions: Floats, values: npt.ArrayLike) -> Reference:
        """The average row of ``contributions`` [rows, variables + 1], ``values`` [rows, variables].

        Raises:
            BadInput: no rows, or shapes that do not fit.
        """
        given, held = _shaped(contributions, values)
        return cls(given.mean(axis=0), _medians(held))

    @classmethod
    def best(cls, contributions: Floats, values: npt.ArrayLike, share: float = 0.1) -> Reference:
        """The median row of the ``share`` of rows with the lowest log odds, as a best tier is.

        Raises:
            BadInput: no rows, shapes that do not fit, or a share outside (0, 1].
        """
        given, held = _shaped(contributions, values)
        if not 0 < share <= 1:
            raise BadInput(f"{share} is not a share", field="share", rule="above 0, at most 1")
        total = given.sum(axis=1)
        # Ties are all taken, so that the order of rows is of no account.
        chosen = total <= np.sort(total)[max(int(len(total) * share) - 1, 0)]
        return cls(np.median(given[chosen], axis=0), _medians(held[chosen]))


@dataclass(frozen=True, slots=True)
class ReasonSettings:
    """How reasons are given.

    Attributes:
        limit: at most so many; four is what Regulation B's commentary 9(b)(2) calls enough.
        min_share: a concept below this share of all that speaks the same way is no main reason.
        least: nor is one below so many log odds, unless a refusal had no reason else.
    """

    limit: int = 4
    min_share: float = 0.02
    least: float = 0.01


@dataclass(frozen=True, slots=True)
class ConceptReason:
    """A main reason.

    Attributes:
        code: the concept, stable.
        weight: log odds of bad above the reference; below it for what speaks for the borrower.
        variables: the variables behind it, the weightiest first; for the officer, never told.
        words: the sentence for borrower and officer.
        fact: the figure behind it in words; None where none may be told.
    """

    code: str
    weight: float
    variables: tuple[str, ...]
    words: Words
    fact: Words | None = None

    def text(self, locale: str = "zh") -> str:
        """Sentence and fact in 'zh' or 'en'; neither variables nor weights of the model."""
        chinese = locale.startswith("zh")
        sentence = self.words.zh if chinese else self.words.en
        if self.fact is None:
            return sentence
        return f"{sentence}（{self.fact.zh}）" if chinese else f"{sentence} ({self.fact.en})"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What speaks against a borrower and what for; weightiest first, ties by code."""

    against: tuple[ConceptReason, ...]
    favour: tuple[ConceptReason, ...]


@dataclass(frozen=True, eq=False, slots=True)
class _Row:
    """The values of a row, and the usual ones beside it."""

    values: Floats | None
    usual: Floats


_Gap: TypeAlias = tuple[list[float], list[float]]


class Explainer:
    """Gives reasons for rows of one model; made once, used for each row.

    Args:
        names: the model's variables, in the order of its contributions.
        reference: what a row is compared with.
        facts: of the variables in the same order; guessed from the names when None.
        best: a second reference, of the best rows: used where a refused row is below the first in
            nothing.
        settings: how many reasons and how small.

    Raises:
        BadInput: facts or references of another length than names.
    """

    def __init__(
        self,
        names: Sequence[str],
        reference: Reference,
        *,
        facts: Sequence[Facts] | None = None,
        best: Reference | None = None,
        settings: ReasonSettings | None = None,
    ) -> None:
        self.facts = tuple(facts) if facts is not None else tuple(facts_of(n) for n in names)
        self.references = (reference,) if best is None else (reference, best)
        self.settings = settings or ReasonSettings()
        for what, length in (
            ("facts", len(self.facts)),
            *(("reference", len(each.contributions)) for each in self.references),
        ):
            if length != len(names):
                raise BadInput(
                    f"{length} {what} for {len(names)} variables",
                    field=what,
                    rule="one for each variable",
                )
        told = [_concept(each) for each in self.facts]
        self.codes = tuple(sorted(set(told)))
        place = {code: i for i, code in enumerate(self.codes)}
        self.concept_of: Ints = np.array([place[code] for code in told], dtype=np.int64)
        self._sides = [each.side for each in self.facts]
        self._recorded = {i for i, code in enumerate(told) if code in _RECORDS}
        ends = [each.name.rpartition(".")[2] for each in self.facts]
        self._pivots = {i: _PIVOTS[end] for i, end in enumerate(ends) if end in _PIVOTS}
        self._members = [
            np.flatnonzero(self.concept_of == i).tolist() for i in range(len(self.codes))
        ]

    def _sums(self, given: Floats) -> Floats:
        sums = np.bincount(self.concept_of, weights=given, minlength=len(self.codes))
        # The last bits of a sum differ with the order of the variables.
        return sums.astype(np.float64).round(12)

    def explain(
        self,
        contributions: npt.ArrayLike,
        values: npt.ArrayLike | None = None,
        *,
        refused: bool = False,
    ) -> Explanation:
        """Reasons for one row.

        Args:
            contributions: float64 [variables] or [variables + 1] (the last is the intercept), log
                odds of bad.
            values: the row's variables, NaN where missing; facts are told only with them.
            refused: give at least one reason against, whatever it takes.

        Raises:
            BadInput: another length, or a contribution that is not finite.
        """
        given = self._row(contributions)
        row = _Row(None if values is None else self._values(values), self.references[0].typical)
        gap = self._gap(given, self.references[0])
        against = self._reasons(gap, row, 1.0)
        for reference in self.references[1:] if refused and not against else ():
            better = _Row(row.values, reference.typical)
            against = self._reasons(self._gap(given, reference), better, 1.0)
        if refused and not against:
            against = self._reasons(gap, row, 1.0, _NOTHING)
        if refused and not against:
            against = (ConceptReason(WHOLE, 0.0, (), _WHOLE_WORDS),)
        return Explanation(against, self._reasons(gap, row, -1.0))

    def _gap(self, given: Floats, reference: Reference) -> _Gap:
        """What lies above the reference, by variable and by concept."""
        gaps = given - reference.contributions
        return gaps.tolist(), self._sums(gaps).tolist()

    def _row(self, contributions: npt.ArrayLike) -> Floats:
        given = np.asarray(contributions, dtype=np.float64)
        if given.ndim != 1 or len(given) - len(self.facts) not in (0, 1):
            raise BadInput(
                f"contributions are {given.shape}, {len(self.facts)} variables known",
                field="contributions",
                rule="one for each variable, then at most the intercept",
            )
        given = given[: len(self.facts)]
        if not np.isfinite(given).all():
            at = int(np.flatnonzero(~np.isfinite(given))[0])
            raise BadInput(
                "a contribution is not finite", field=self.facts[at].name, rule="finite log odds"
            )
        return given

    def _values(self, values: npt.ArrayLike) -> Floats:
        held = np.asarray(values, dtype=np.float64)
        if held.shape != (len(self.facts),):
            raise BadInput(
                f"values are {held.shape}, {len(self.facts)} variables known",
                field="values",
                rule="one for each variable",
            )
        return held

    def _reasons(
        self, gap: _Gap, row: _Row, way: float, least: float | None = None
    ) -> tuple[ConceptReason, ...]:
        """What lies above the reference (``way`` 1) or below it (-1)."""
        gaps, sums = gap
        # Ties go by code: the codes are sorted.
        lying = sorted([(-way * s, at) for at, s in enumerate(sums) if way * s > _NOTHING])
        floor = -self.settings.min_share * sum([s for s, _ in lying])
        floor = max(floor, self.settings.least if least is None else least)
        found: list[ConceptReason] = []
        for negative, at in lying:
            if -negative < floor or len(found) == self.settings.limit:
                break
            ranked = sorted([(-way * gaps[i], i) for i in self._members[at] if way * gaps[i] > 0])
            told = self._told(self.codes[at], [i for _, i in ranked], row, way)
            if told:
                names = tuple([self.facts[i].name for _, i in ranked[:_MOST_VARIABLES]])
                found.append(ConceptReason(self.codes[at], sums[at], names, told[0], told[1]))
        return tuple(found)

    def _told(
        self, code: str, ranked: list[int], row: _Row, way: float
    ) -> tuple[Words, Words | None] | None:
        """Sentence and fact of a concept whose weightiest variables are ``ranked``.

        The sentence is true of the row: it tells much or little of the matter as the weightiest
        variable that leans the concept's usual way does, else as the weightiest does. None where
        nothing is known that could speak for a borrower.
        """
        concept = _of_table(code)
        held, usual = row.values, row.usual
        wanted = (1 if concept.adverse == "high" else -1) * way
        if held is None or code == OTHER:
            return (concept.high if wanted > 0 else concept.low), None
        first: tuple[int, int] | None = None
        for i in ranked[:_MOST_LOOKED_AT]:
            state = self._state(i, held.item(i), usual.item(i))
            if state == wanted:
                words = concept.high if wanted > 0 else concept.low
                return words, fact_of(self.facts[i], float(held[i]))
            if first is None and state is not None:
                first = i, state
        if first is None:
            return (_without_data(concept.noun), None) if way > 0 else None
        lead, state = first
        fact = fact_of(self.facts[lead], float(held[lead]))
        if state == 0 or concept.certain:
            return _neutral(concept.noun, way), fact
        return (concept.low if wanted > 0 else concept.high), fact

    def _state(self, place: int, value: float, usual: float) -> int | None:
        """1 much of the concept, -1 little, 0 as usual or no usual is known; None missing."""
        if math.isnan(value):
            return None
        side, low, high = self._sides[place], usual, usual
        if place in self._recorded:
            if side < 0:  # how long ago: there was something, and lately or not
                return 1 if value < usual else 0
            low = high = _SOME
        elif place in self._pivots:
            pivot = self._pivots[place]
            low, high = (pivot, pivot) if math.isnan(usual) else sorted((pivot, usual))
        above = 1 if value > high else -1 if value < low else 0
        return above * side


@lru_cache(maxsize=4096)
def _of_table(code: str) -> Concept:
    concept = concepts().get(code)
    if concept is None:
        # A column that is its own concept: of other tables, or with a text of the older codes.
        noun = Words(code, code)
        against = Words(*REASON_TEXTS[code]) if code in REASON_TEXTS else _neutral(noun, 1.0)
        concept = Concept(
            code, "high", certain=True, noun=noun, high=against, low=_neutral(noun, -1.0)
        )
    return concept


def _concept(facts: Facts) -> str:
    """The concept a reason may name: what is protected goes with other information."""
    if is_protected(facts.name) or is_protected(facts.concept):
        return OTHER
    return facts.concept


def _without_data(noun: Words) -> Words:
    return Words(f"没有关于{noun.zh}的数据", f"There is no data on {noun.en}")


def _neutral(noun: Words, way: float) -> Words:
    if way > 0:
        return Words(f"{noun.zh}对评估不利", f"Against the application counts {noun.en}")
    return Words(f"{noun.zh}对评估有利", f"For the application speaks {noun.en}")


def _shaped(contributions: Floats, values: npt.ArrayLike) -> tuple[Floats, Floats]:
    given = np.asarray(contributions, dtype=np.float64)
    held = np.asarray(values, dtype=np.float64)
    if given.ndim != 2 or held.ndim != 2 or not len(given):  # noqa: PLR2004 - rows and columns
        raise BadInput("there are no rows", field="contributions", rule="rows by variables")
    if len(given) != len(held) or given.shape[1] - held.shape[1] not in (0, 1):
        raise BadInput(
            f"contributions are {given.shape}, values {held.shape}",
            field="contributions",
            rule="rows by variables and the intercept",
        )
    return given[:, : held.shape[1]], held


def _medians(values: Floats) -> Floats:
    """Medians of the columns, NaN aside; NaN for a column without a value."""
    medians = np.full(values.shape[1], np.nan)
    for i in range(values.shape[1]):
        seen = values[:, i][~np.isnan(values[:, i])]
        if len(seen):
            medians[i] = np.median(seen)
    return medians
