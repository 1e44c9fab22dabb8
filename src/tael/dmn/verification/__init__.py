"""Verification of decision tables: exact, over all columns at once, with an example a finding.

Each column is cut at the constants of its cells into bins in which no cell changes; a set of rules
is a bitset, and the searches go over boxes of bins. What reads other values is taken the way that
finds less.
"""

from __future__ import annotations

from collections.abc import Mapping

from tael.dmn.feel.closures import Compiler
from tael.dmn.findings import Finding
from tael.dmn.model.graph import Graph
from tael.dmn.verification.checks import TableChecks
from tael.dmn.verification.outcomes import TableProof, Verification
from tael.dmn.verification.search import Budget
from tael.dmn.verification.tables import tables_of

__all__ = ["TableProof", "Verification", "verify"]


def verify(
    graph: Graph, compilers: Mapping[str, Compiler], *, budget_s: float = 10.0
) -> Verification:
    """All findings on the decision tables of a model within ``budget_s`` seconds.

    What one table leaves of its share of the time is shared by those after it.
    """
    budget = Budget(budget_s)
    tables = list(tables_of(graph, compilers))
    findings: list[Finding] = []
    proofs: list[TableProof] = []
    spent = False
    for number, (name, table, place) in enumerate(tables):
        checks = TableChecks(table, place, name)
        proofs.append(checks.run(budget.share(len(tables) - number)))
        findings.extend(checks.findings)
        spent = spent or checks.spent
    return Verification(tuple(findings), spent, tuple(proofs))
