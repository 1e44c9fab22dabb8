"""Where findings are gathered: each once, with file and node filled in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from tael.dmn.feel import syntax as s
from tael.dmn.feel.lexer import Position
from tael.dmn.findings import Finding
from tael.dmn.types.chinese import in_chinese
from tael.dmn.types.texts import NEAR_EN, NEAR_ZH, TEXTS

_MOST = 10_000
_MOST_SECONDS = 3.0


@dataclass
class Report:
    """All findings of one check.

    ``missed`` are the elements that lack an arrow, ``seconds`` what constants took so far.
    """

    found: dict[tuple[str, str, str, int, int], Finding] = field(default_factory=dict)
    missed: set[str] = field(default_factory=set)
    seconds: float = 0.0

    def has_time(self) -> bool:
        """Whether constants may still be evaluated: a pattern may take its second each time."""
        return self.seconds < _MOST_SECONDS

    def sorted(self) -> tuple[Finding, ...]:
        """By place."""
        return tuple(sorted(self.found.values(), key=lambda f: (f.file, f.line, f.column, f.kind)))

    def has(self, file: str, at: Position) -> bool:
        """Whether anything was found at this place."""
        return any((f.file, f.line, f.column) == (file, at.line, at.column) for f in
                   self.found.values())  # fmt: skip


@dataclass(frozen=True)
class Site:
    """One node of the model, and the report on it."""

    report: Report
    file: str
    node: str
    rules: tuple[int, ...] = ()

    def add(self, kind: str, at: Position, *, near: str = "", **words: object) -> None:
        """Report ``kind`` at a position; ``words`` fill its sentence, ``near`` is a guess."""
        key = (self.file, self.node, kind, at.line, at.column)
        if key in self.report.found or len(self.report.found) >= _MOST:
            return
        severity, zh, en = TEXTS[kind]
        if near:
            zh, en = zh + NEAR_ZH, en + NEAR_EN
        if kind == "missing_requirement":
            self.report.missed.add(str(words["name"]))
        filled = {"node": self.node, "near": near, **words}
        detail = in_chinese(str(words.get("detail", "")))
        self.report.found[key] = Finding(
            kind, severity, self.file, self.node, at.line, at.column,
            zh.format(**{**filled, "detail": detail}), en.format(**filled), self.rules,
        )  # fmt: skip


def start_of(tree: s.Expression) -> Position:
    """Where the text of an expression begins: an operator's node stands at its operator."""
    while True:
        if isinstance(tree, s.Binary):
            tree = tree.left
        elif isinstance(tree, s.Between | s.In | s.InstanceOf):
            tree = tree.value
        elif isinstance(tree, s.Path | s.Filter):
            tree = tree.source
        elif isinstance(tree, s.Call):
            tree = tree.function
        elif isinstance(tree, s.Typed):
            tree = tree.expression
        elif isinstance(tree, s.DecisionTable | s.BoxedContext):
            return whole(tree.at)
        else:
            return tree.at


def whole(at: Position) -> Position:
    """The same line, where an element of the file is meant and not a part of an expression."""
    return Position(at.line, 0)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that ``name`` was likely meant to be; '' when none is near."""
    names = sorted(set(known))
    folded = {each.casefold(): each for each in names}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.7)
    return folded[close[0]] if close else ""
