"""Where findings are gathered: each once, with file and node filled in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from tael.dmn.feel.lexer import Position
from tael.dmn.findings import Finding
from tael.dmn.types.texts import NEAR_EN, NEAR_ZH, TEXTS

_MOST = 10_000


@dataclass
class Report:
    """All findings of one check."""

    found: dict[tuple[str, str, str, int, int], Finding] = field(default_factory=dict)

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

    def add(self, kind: str, at: Position, *, near: str = "", **words: object) -> None:
        """Report ``kind`` at a position; ``words`` fill its sentence, ``near`` is a guess."""
        key = (self.file, self.node, kind, at.line, at.column)
        if key in self.report.found or len(self.report.found) >= _MOST:
            return
        severity, zh, en = TEXTS[kind]
        if near:
            zh, en = zh + NEAR_ZH, en + NEAR_EN
        filled = {"node": self.node, "near": near, **words}
        self.report.found[key] = Finding(
            kind, severity, self.file, self.node, at.line, at.column,
            zh.format(**filled), en.format(**filled),
        )  # fmt: skip


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that ``name`` was likely meant to be; '' when none is near."""
    names = sorted(set(known))
    folded = {each.casefold(): each for each in names}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.7)
    return folded[close[0]] if close else ""
