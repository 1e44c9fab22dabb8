"""What verification gives: the findings, and per table what is proven and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tael.dmn.findings import Finding
from tael.dmn.verification.texts import CHECKS, OUTCOMES


@dataclass(frozen=True, slots=True)
class TableProof:
    """What is known of one table.

    Attributes:
        node: name of the decision or knowledge model it stands in.
        line: the line of the file.
        rules: how many rules it has.
        columns: how many condition columns.
        checks: of ``gaps``, ``conflicts``, ``unreachable`` and ``redundant`` how it ended:
            ``none`` (proven: there is none), ``found`` (all are found), ``some`` (more than are
            shown), ``spent`` (the time was over), ``conditional`` (cells that are not constant),
            ``not_asked`` (the hit policy allows it).
    """

    node: str
    line: int
    rules: int
    columns: int
    checks: Mapping[str, str]

    def text(self, locale: str = "en") -> str:
        """One line in the language of ``locale``: Chinese for ``zh...``, else English."""
        index = 0 if locale.lower().startswith("zh") else 1
        told = [
            OUTCOMES[outcome][index].format(check=CHECKS[check][index])
            for check, outcome in self.checks.items()
            if outcome != "not_asked"
        ]
        if index == 0:
            return f"{self.node}（{self.rules} 条规则，{self.columns} 列）：" + "；".join(told)
        return f"{self.node} ({self.rules} rules, {self.columns} columns): " + "; ".join(told)


@dataclass(frozen=True, slots=True)
class Verification:
    """What ``Model.verify`` gives.

    A gap or a conflict at null counts only in a column in which a cell names null: a null is
    otherwise taken as wrong data, for which the engine warns.

    Attributes:
        findings: by table in the order of the file; errors first within a table.
        spent: whether the time was over before everything was looked for.
        tables: what is proven of each table.
    """

    findings: tuple[Finding, ...]
    spent: bool
    tables: tuple[TableProof, ...]

    @property
    def proven(self) -> tuple[str, ...]:
        """Per table what was proven and what was not, in English."""
        return tuple(table.text("en") for table in self.tables)
