"""The record of a funnel: why each variable was kept or dropped, on which rows, by which rules."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from tael.kernel import BadInput, Refusal
from tael.report import Words
from tael.risk.sample import Sample
from tael.risk.selection.words import STEPS, Relaxation, relaxed, told

_FORM = "tael.risk.selection/1"
_MONTHS = "datetime64[s]"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one variable.

    Attributes:
        name: the variable.
        kept: whether it is among those wanted.
        step: the step that decided.
        rule: the rule of that step that decided; ``chosen``, ``quota`` and ``filled`` kept it.
        figure: what was measured.
        threshold: what it was held against.
        rank: place among those that could be kept, from 1; 0 of those that never could.
        iv: information value; NaN where a variable was dropped before.
        other: the variable that the rule compared with; empty for most rules.
        failed: the rule that had dropped a variable that came back; empty for most.
        subject: whom it tells of.
        source: the table it comes from.
    """

    name: str
    kept: bool
    step: str
    rule: str
    figure: float
    threshold: float
    rank: int = 0
    iv: float = float("nan")
    other: str = ""
    failed: str = ""
    subject: str = ""
    source: str = ""

    @property
    def words(self) -> Words:
        """The reason in Chinese and English."""
        words = told(self.rule, self.figure, self.threshold, self.other)
        return relaxed(words, self.failed) if self.failed else words


@dataclass(frozen=True, slots=True)
class Step:
    """How many variables came to a step and how many it dropped."""

    code: str
    entered: int
    dropped: int

    @property
    def words(self) -> Words:
        """The step's name."""
        return STEPS[self.code]


@dataclass(frozen=True, slots=True)
class Period:
    """The rows that a funnel was run on.

    Attributes:
        first: the earliest instant of the rows, UTC, ISO 8601.
        last: the latest.
        known: when the last of the outcomes used was known; empty where nobody says.
        rows: how many rows.
        bads: how many bads among those with a known outcome.
        goods: how many goods.
        rows_hash: SHA-256 of instants, borrowers, outcomes, weights and values in canonical order.
        plan: hash of the plan of variables.
    """

    first: str
    last: str
    known: str
    rows: int
    bads: int
    goods: int
    rows_hash: str
    plan: str


@dataclass(frozen=True, eq=False)
class Funnel:
    """The record of a selection; the same rows and settings give the same, byte by byte.

    Attributes:
        kept: the variables kept, the strongest first, so that the first 30 are the best 30.
        fates: of every variable, by name.
        steps: in their order.
        period: the rows it was run on.
        settings: all of them but the threads.
        relaxations: what was relaxed to keep as many as wanted, and what could not be asked.
    """

    kept: tuple[str, ...]
    fates: tuple[Fate, ...]
    steps: tuple[Step, ...]
    period: Period
    settings: Mapping[str, object]
    relaxations: tuple[Relaxation, ...] = ()

    def __len__(self) -> int:
        return len(self.kept)

    @cached_property
    def reasons(self) -> Mapping[str, Fate]:
        """What became of each variable, by name."""
        return MappingProxyType({fate.name: fate for fate in self.fates})

    def counts(self, by: str) -> dict[str, tuple[int, int]]:
        """How many variables were offered and kept by 'source', 'subject', 'rule' or 'step'."""
        found: dict[str, tuple[int, int]] = {}
        for fate in self.fates:
            offered, kept = found.get(getattr(fate, by), (0, 0))
            found[getattr(fate, by)] = (offered + 1, kept + fate.kept)
        return dict(sorted(found.items()))

    def check_test(self, sample: Sample, *, as_known: bool = False) -> Refusal | None:
        """Refuse to judge a model of this selection on rows that took part in it.

        Args:
            sample: the rows of the test.
            as_known: also ask that the outcomes used were known before the test begins.

        Returns:
            ``selection.test_overlaps`` with the number of rows that are not later than the
            selection's last one, or ``selection.outcomes_from_test`` where outcomes that the
            selection used were known only after the test began.
        """
        last = np.datetime64(self.period.last, "s")
        early = int((sample.asof <= last).sum())
        if early:
            return Refusal(
                "selection.test_overlaps",
                {"rows": str(early), "of": str(sample.rows), "selection_last": self.period.last},
            )
        begins = sample.asof.min() if sample.rows else last
        if as_known and self.period.known and np.datetime64(self.period.known, "s") > begins:
            return Refusal(
                "selection.outcomes_from_test",
                {"known": self.period.known, "test_begins": _text(begins)},
            )
        return None

    def check_plan(self, sample: Sample) -> None:
        """Refuse rows computed by another plan of variables, or without a variable kept.

        Raises:
            BadInput: names the plan or the variable.
        """
        if self.period.plan and sample.plan and sample.plan != self.period.plan:
            raise BadInput(
                f"the rows follow plan {sample.plan[:12]}, the selection {self.period.plan[:12]}",
                field="plan",
                rule="the plan of the selection",
            )
        missing = sorted(set(self.kept) - set(sample.names))
        if missing:
            raise BadInput(
                f"the rows lack {missing[0]!r} and {len(missing) - 1} more of the selection",
                field=missing[0],
                rule="every variable kept",
            )

    def to_json(self) -> dict[str, object]:
        """All of it, as numbers, texts and lists; figures have six significant digits."""
        return {
            "form": _FORM,
            "settings": dict(self.settings),
            "period": asdict(self.period),
            "steps": [asdict(step) for step in self.steps],
            "relaxations": [asdict(each) for each in self.relaxations],
            "kept": list(self.kept),
            "columns": [each.name for each in fields(Fate)],
            "fates": [[_plain(getattr(f, each.name)) for each in fields(f)] for f in self.fates],
        }

    @classmethod
    def from_json(cls, told: Mapping[str, object]) -> Funnel:
        """The record that ``to_json`` gave.

        Raises:
            BadInput: another form, or a part is missing.
        """
        if told.get("form") != _FORM:
            raise BadInput(
                f"this is no record of a selection: form {told.get('form')!r}",
                field="form",
                rule=_FORM,
            )
        try:
            return cls._read(told)
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(
                f"the record of a selection is broken: {error}", field="record", rule=_FORM
            ) from None

    @classmethod
    def _read(cls, told: Mapping[str, object]) -> Funnel:
        columns = [str(name) for name in _list(told["columns"])]
        fates = [dict(zip(columns, _list(row), strict=True)) for row in _list(told["fates"])]
        for fate in fates:
            fate["iv"] = float("nan") if fate["iv"] is None else fate["iv"]
        return cls(
            kept=tuple(str(name) for name in _list(told["kept"])),
            fates=tuple(Fate(**fate) for fate in fates),
            steps=tuple(Step(**_mapping(step)) for step in _list(told["steps"])),
            period=Period(**_mapping(told["period"])),
            settings=_mapping(told["settings"]),
            relaxations=tuple(Relaxation(**_mapping(e)) for e in _list(told["relaxations"])),
        )

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the record."""
        text = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_csv(self) -> str:
        """A row a variable, the kept first by rank; both languages."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([each.name for each in fields(Fate)] + ["zh", "en"])
        for fate in sorted(
            self.fates, key=lambda f: (not f.kept, f.rank or len(self.fates), f.name)
        ):
            words = fate.words
            plain = [_plain(getattr(fate, each.name)) for each in fields(fate)]
            writer.writerow(
                ["" if value is None else value for value in plain] + [words.zh, words.en]
            )
        return text.getvalue()


def period_of(sample: Sample, rows_hash: str) -> Period:
    """What the rows of a sample cover."""
    known = sample.known[sample.labelled & ~np.isnat(sample.known)]
    return Period(
        first=_text(sample.asof.min()),
        last=_text(sample.asof.max()),
        known=_text(known.max()) if len(known) else "",
        rows=sample.rows,
        bads=int((sample.bad == 1).sum()),
        goods=int((sample.bad == 0).sum()),
        rows_hash=rows_hash,
        plan=sample.plan,
    )


def rounded(value: float) -> float:
    """Six significant digits: a record holds no noise of the last bits."""
    return float(f"{value:.6g}")


def _text(instant: np.datetime64) -> str:
    return str(instant.astype(_MONTHS))


def _plain(value: object) -> object:
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - NaN


def _list(value: object) -> list[Any]:
    if not isinstance(value, Iterable) or isinstance(value, str | Mapping):
        raise BadInput("a list is wanted", field="record", rule="a list")
    return list(value)


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise BadInput("a record is wanted", field="record", rule="names and values")
    return dict(value)
