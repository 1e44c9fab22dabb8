"""Reasons from a trace: which characteristics fell short by how much, which knock-outs fired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from tael.dmn.errors import DmnError
from tael.dmn.feel.syntax import DecisionTable
from tael.dmn.feel.text import to_text
from tael.dmn.feel.values import Value
from tael.dmn.model.graph import Graph
from tael.dmn.model.reason_carriers import ReasonText
from tael.dmn.reasons.bound import Bound, bound_to
from tael.dmn.reasons.declared import (
    COLLECTING,
    Characteristic,
    KnockOut,
    Scored,
    sources_of,
    value_at,
)
from tael.dmn.trace import FeelWarning, Fired, Result, Step, Trace
from tael.kernel import BadInput

MAXIMUM, MEDIAN = "maximum", "median"
METHODS = (MAXIMUM, MEDIAN)
Medians = Mapping[str, Decimal | int]
# How many, by which method, with which medians: hashable.
Question: TypeAlias = tuple[int, str, tuple[tuple[str, Decimal | int], ...]]


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason.

    Attributes:
        code: the code the model gives it.
        node: the decision or knowledge model behind it; of a merged one the costliest.
        rule: 1-based number of the rule that fired; None when no rule decided it.
        points: what was given; None for a knock-out. Merged reasons add theirs up.
        best: the most attainable; None for a knock-out.
        shortfall: points below the reference; None for a knock-out.
        texts: words by locale.
    """

    code: str
    node: str
    rule: int | None
    points: Decimal | None = None
    best: Decimal | None = None
    shortfall: Decimal | None = None
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_knock_out(self) -> bool:
        """Whether the reason declines by itself."""
        return self.shortfall is None

    def text(self, locale: str = "zh") -> str:
        """The reason in ``zh`` or ``en`` (``zh-CN`` counts as ``zh``); the code without a text."""
        return self.texts.get(locale) or self.texts.get(locale.partition("-")[0]) or self.code


class Explanation:
    """What ``Model.explain`` gives. Immutable; words are made when first asked for.

    Attributes:
        value: the value of the decision.
    """

    __slots__ = ("_asked", "_codes", "_explained", "_result", "value")

    def __init__(
        self,
        value: Value,
        result: Result,
        asked: tuple[Reasoner, Question],
        codes: tuple[str, ...] | None = None,
    ) -> None:
        self.value = value
        self._result = result
        self._asked = asked
        self._codes = codes
        self._explained: tuple[tuple[Reason, ...], str] | None = None
        if codes is None:
            self._told()  # now, so that a wrong question is refused by the call

    @property
    def trace(self) -> Trace:
        """What was read and which rules fired."""
        return self._result.trace

    @property
    def warnings(self) -> tuple[FeelWarning, ...]:
        """Why anything is null."""
        return self._result.warnings

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of ``reasons``: cheap, for a decision that is made while someone waits."""
        if self._codes is None:
            self._codes = tuple(reason.code for reason in self.reasons)
        return self._codes

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """At most as many as asked for, most important first."""
        return self._told()[0]

    @property
    def method(self) -> str:
        """How shortfalls were measured: ``maximum`` also where nobody was below a median."""
        return self._told()[1]

    def _told(self) -> tuple[tuple[Reason, ...], str]:
        if self._explained is None:
            reasoner, (most, method, medians) = self._asked
            self._explained = reasoner.explained(
                self._result.trace, most=most, method=method, medians=dict(medians)
            )
        return self._explained

    def __repr__(self) -> str:
        return f"Explanation({self.value!r}, {self.codes!r})"


@dataclass(frozen=True, slots=True)
class _Given:
    """What a characteristic gave, once."""

    source: Characteristic
    order: int
    code: str
    rule: int | None
    points: Decimal


@dataclass(frozen=True, slots=True)
class _Short:
    """What a characteristic gave, and how much that is below its reference."""

    given: _Given
    shortfall: Decimal


class Reasoner:
    """The reasons a model declares. Immutable; one may serve many threads.

    Args:
        graph: the model's graph.
        texts: texts by code and locale that add to the model's own and win over them.

    Raises:
        DmnError: a declaration that cannot be understood; names file, node and line.
    """

    def __init__(self, graph: Graph, texts: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._graph = graph
        self._texts = dict(graph.reasons.texts)
        for code, words in (texts or {}).items():
            known = self._texts.get(code, ReasonText(code, "", {}))
            self._texts[code] = ReasonText(code, known.concept, {**known.texts, **words})
        self.sources = sources_of(graph)
        self._rules: dict[int, int] = {}
        self._scored: dict[int, Scored] = {}
        for order, source in enumerate(self.sources):
            for rule in _rules_of(source):
                self._rules[id(rule)] = order
            if isinstance(source, Characteristic):
                self._scored.update((id(row.rule), row) for row in source.rows)

    @property
    def characteristics(self) -> tuple[Characteristic, ...]:
        """Everything that gives points, with the most attainable, in the order of declaration."""
        return tuple(each for each in self.sources if isinstance(each, Characteristic))

    @property
    def chooser(self) -> str:
        """Name of the decision whose value chooses among medians; '' for none."""
        return self._graph.reasons.chooser

    def asks(self, table: DecisionTable) -> bool:
        """Whether rules of ``table`` give points or reasons."""
        return any(each.table is table for each in self.sources)

    @property
    def value_keys(self) -> tuple[str, ...]:
        """Keys of the decisions whose value, not whose fired rules, ``Bound.top`` wants."""
        return tuple(dict.fromkeys(each.key for each in self.sources if _asks_value(each)))

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that a rule or a declaration names; values may give others."""
        found: list[str] = []
        for each in self.sources:
            rows = each.rows if isinstance(each, Characteristic) else ()
            rules = each.rules if isinstance(each, KnockOut) else ()
            found += [each.code, *(row.code for row in rows), *(code for _, code in rules)]
        return tuple(dict.fromkeys(code for code in found if code))

    def concept(self, code: str) -> str:
        """What the code speaks of: two codes of one concept make one reason."""
        known = self._texts.get(code)
        return (known.concept if known else "") or code

    def bind(
        self,
        tables: Sequence[DecisionTable],
        *,
        most: int = 4,
        method: str = MAXIMUM,
        medians: Medians | None = None,
        group: str = "",
    ) -> Bound:
        """The codes from row numbers, for a compiled body that keeps those instead of a trace.

        Args:
            tables: the tables whose rows will be handed to ``Bound.top``, in that order; one that
                is inlined twice stands there twice.
            most: how many codes at most.
            method: ``maximum`` or ``median``.
            medians: as in ``explained``.
            group: the value of the model's chooser of medians, as FEEL text.
        """
        _check(most, method)
        references = [
            self._reference(each, method, medians or {}, group)
            if isinstance(each, Characteristic)
            else None
            for each in self.sources
        ]
        fallback = None
        if method == MEDIAN:
            fallback = self.bind(tables, most=most)
        return bound_to(self, references, tables, most=most, fallback=fallback)

    def reasons(
        self,
        trace: Trace,
        *,
        most: int = 4,
        method: str = MAXIMUM,
        medians: Medians | None = None,
    ) -> tuple[Reason, ...]:
        """The reasons that ``trace`` shows. See ``explained``."""
        return self.explained(trace, most=most, method=method, medians=medians)[0]

    def explained(
        self,
        trace: Trace,
        *,
        most: int = 4,
        method: str = MAXIMUM,
        medians: Medians | None = None,
    ) -> tuple[tuple[Reason, ...], str]:
        """The reasons that ``trace`` shows, and the method they were found by.

        Args:
            trace: the trace of an evaluation of this very model.
            most: how many at most.
            method: ``maximum`` or ``median``. Where nobody fell below a median and no knock-out
                fired, ``maximum`` answers, so that a refusal never lacks a reason.
            medians: points of the middle applicant by the name of the characteristic or by code;
                they win over the model's.

        Raises:
            BadInput: another method, or a median that is missing; names the characteristic.
        """
        _check(most, method)
        group = self._group(trace)
        knocked = self._knocked(trace)
        shorts = [
            _Short(
                given, self._reference(given.source, method, medians or {}, group) - given.points
            )
            for given in self._given(trace)
        ]
        shorts = [each for each in shorts if each.shortfall > 0]
        if not shorts and not knocked and method == MEDIAN:
            return self.explained(trace, most=most)
        return self._ordered(knocked, shorts, most), method

    # --- what the trace shows

    def _knocked(self, trace: Trace) -> list[Reason]:
        found: list[tuple[int, int, Reason]] = []
        for step in trace.steps:
            for fired in step.fired:
                order = self._rules.get(id(fired.rule), -1)
                source = self.sources[order] if order >= 0 else None
                if isinstance(source, KnockOut):
                    code = next(code for rule, code in source.rules if rule is fired.rule)
                    found.append((order, fired.number, self._knock_out(source, code, fired.number)))
        for order, source in enumerate(self.sources):
            if isinstance(source, KnockOut) and source.table is None:
                codes = source.codes(self._value(trace, source))
                found += [
                    (order, n, self._knock_out(source, code, None)) for n, code in enumerate(codes)
                ]
        return [reason for _, _, reason in sorted(found, key=lambda each: each[:2])]

    def _knock_out(self, source: KnockOut, code: str, rule: int | None) -> Reason:
        return Reason(code, source.node, rule, texts=self._words(code))

    def _given(self, trace: Trace) -> Iterator[_Given]:
        fired: dict[int, list[tuple[Step, Fired]]] = {}
        for step in trace.steps:
            for rule in step.fired:
                fired.setdefault(self._rules.get(id(rule.rule), -1), []).append((step, rule))
        for order, source in enumerate(self.sources):
            if isinstance(source, Characteristic):
                yield from self._given_by(source, order, fired.get(order, []), trace)

    def _given_by(
        self,
        source: Characteristic,
        order: int,
        fired: Sequence[tuple[Step, Fired]],
        trace: Trace,
    ) -> Iterator[_Given]:
        if source.table is not None and fired:
            yield from self._by_rules(source, source.table, order, fired)
            return
        if not self._was_computed(trace, source):
            return
        value = self._value(trace, source) if source.table is None else source.otherwise
        if isinstance(value, Decimal):
            yield _Given(source, order, source.code, None, value)

    def _by_rules(
        self,
        source: Characteristic,
        table: DecisionTable,
        order: int,
        fired: Sequence[tuple[Step, Fired]],
    ) -> Iterator[_Given]:
        """What the rules that fired gave: together when the table collects, else each by itself."""
        given: list[tuple[Scored, Decimal]] = []
        for step, rule in sorted(fired, key=lambda each: each[1].number):
            row = self._scored[id(rule.rule)]
            points = value_at(step.value, source.entry) if row.points is None else row.points
            if isinstance(points, Decimal):
                given.append((row, points))
        if given and table.hit_policy in COLLECTING:
            row = given[0][0]
            total = source.folded([points for _, points in given])
            yield _Given(source, order, row.code or source.code, row.rule.number, total)
        else:
            # All rules of an ANY table that match say the same.
            for row, points in given[:1] if table.hit_policy == "A" else given:
                yield _Given(source, order, row.code, row.rule.number, points)

    def _was_computed(self, trace: Trace, source: Characteristic | KnockOut) -> bool:
        return trace.of(self._short_name(source)) is not None

    def _value(self, trace: Trace, source: Characteristic | KnockOut) -> Value:
        step = trace.of(self._short_name(source))
        return value_at(step.value, source.entry) if step else None

    def _short_name(self, source: Characteristic | KnockOut) -> str:
        node = self._graph.decisions.get(source.key) or self._graph.knowledge[source.key]
        return node.name

    def _group(self, trace: Trace) -> str:
        chooser = self._graph.reasons.chooser
        step = trace.of(chooser) if chooser else None
        return to_text(step.value) if step is not None and step.value is not None else ""

    # --- what follows

    def _reference(
        self, source: Characteristic, method: str, medians: Medians, group: str
    ) -> Decimal:
        if method == MAXIMUM:
            return source.best
        for known in (
            medians.get(source.name), medians.get(source.code),
            source.medians.get(group), source.medians.get(""),
        ):  # fmt: skip
            if known is not None:
                return Decimal(known)
        raise DmnError(
            f"there is no median of {source.name!r}" + (f" for {group!r}" if group else ""),
            file=self._graph.file,
            node=source.node,
            rule="a median in the model or in medians=",
        )

    def _ordered(
        self, knocked: Sequence[Reason], shorts: Sequence[_Short], most: int
    ) -> tuple[Reason, ...]:
        first: dict[str, Reason] = {}
        for reason in knocked:
            first.setdefault(self.concept(reason.code), reason)
        groups: dict[str, list[_Short]] = {}
        for short in shorts:
            concept = self.concept(short.given.code)
            if short.given.code and concept not in first:
                groups.setdefault(concept, []).append(short)
        left = max(0, most - len(first))
        chosen = sorted(groups.values(), key=_rank)[:left]
        return (*first.values(), *map(self._merged, chosen))[:most]

    def _merged(self, shorts: Sequence[_Short]) -> Reason:
        """One reason of one concept."""
        lead = min(shorts, key=lambda each: (-each.shortfall, each.given.order))
        return Reason(
            lead.given.code,
            lead.given.source.node,
            lead.given.rule,
            points=sum((each.given.points for each in shorts), Decimal(0)),
            best=sum((each.given.source.best for each in shorts), Decimal(0)),
            shortfall=sum((each.shortfall for each in shorts), Decimal(0)),
            texts=self._words(lead.given.code),
        )

    def _words(self, code: str) -> Mapping[str, str]:
        known = self._texts.get(code)
        return known.texts if known else {}


def _check(most: int, method: str) -> None:
    if method not in METHODS:
        raise BadInput(f"no method {method!r}", field="method", rule=" | ".join(METHODS))
    if most < 1:
        raise BadInput(f"{most} reasons are none", field="most", rule="at least one")


def _rank(shorts: Sequence[_Short]) -> tuple[Decimal, int]:
    """Largest shortfall first, ties in the order of declaration."""
    total = sum((each.shortfall for each in shorts), Decimal(0))
    return -total, min(each.given.order for each in shorts)


def _rules_of(source: Characteristic | KnockOut) -> Iterator[object]:
    if isinstance(source, Characteristic):
        yield from (row.rule for row in source.rows)
    else:
        yield from (rule for rule, _ in source.rules)


def _asks_value(source: Characteristic | KnockOut) -> bool:
    return source.table is None
