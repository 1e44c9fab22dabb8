"""The checks of one table: gaps, conflicts, unreachable, redundant and mergeable rules, cells."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from tael.dmn.feel import syntax as s
from tael.dmn.findings import Finding, Severity
from tael.dmn.verification.domains import Place
from tael.dmn.verification.gaps import Rules, gaps
from tael.dmn.verification.geometry import Column, Geometry, geometry_of
from tael.dmn.verification.outcomes import TableProof
from tael.dmn.verification.outputs import Outputs
from tael.dmn.verification.overlaps import common_bins, inside, meeting, members
from tael.dmn.verification.regions import box_text, example, readable, region_text
from tael.dmn.verification.search import Box, Budget, SpentError, Winners
from tael.dmn.verification.telling import Teller, Told

MOST_SHOWN = 50
# The hit policies that each check is for, in the order in which they are made.
_CHECKS = {"conflicts": "UAP", "gaps": "UAFPRCO", "unreachable": "FP", "redundant": "FPA"}


class TableChecks:
    """The checks of one table, each within its share of the time.

    Attributes:
        findings: what was found so far.
        spent: whether the time was over before all was looked for.
    """

    def __init__(self, table: s.DecisionTable, place: Place, name: str) -> None:
        self._outputs = Outputs(table, place)
        self._table = self._outputs.ordered(table)
        self._outputs = Outputs(self._table, place)
        self._place = place
        self._name = name
        self._outcomes = {
            check: "spent" if table.hit_policy in policies else "not_asked"
            for check, policies in _CHECKS.items()
        }
        self._dead = 0
        self._gone = 0
        self._opaque = 0
        self.findings: list[Finding] = []
        self.spent = False

    def run(self, budget: Budget) -> TableProof:
        """Do all checks."""
        try:
            self._geometry = geometry_of(self._table, self._place, budget.check)
            self._teller = Teller(self._geometry, self._name)
            for column in self._geometry.columns:
                self._opaque |= column.opaque
            self._cells()
            self._meet, self._meet_asked = meeting(self._geometry, budget)
        except SpentError:
            self.spent = True
            return self._proof()
        checks = (self._conflicts, self._gaps, self._unreachable, self._redundant)
        asked = [self._table.hit_policy in policies for policies in _CHECKS.values()]
        for number, (name, check) in enumerate(zip(_CHECKS, checks, strict=True)):
            try:
                # Of the time that is left something remains for the checks that are still asked
                # for, and for the last one.
                self._outcomes[name] = check(budget.share(sum(asked[number:]) + 1))
            except SpentError:
                self.spent = True
        try:
            self._mergeable(budget)
        except SpentError:
            self.spent = True
        order = [Severity.ERROR, Severity.WARNING, Severity.NOTE]
        self.findings.sort(key=lambda found: order.index(found.severity))
        return self._proof()

    def _proof(self) -> TableProof:
        return TableProof(
            self._name,
            self._table.at.line,
            len(self._table.rules),
            len(self._table.inputs),
            self._outcomes,
        )

    # --- the checks; each gives how it ended

    def _cells(self) -> None:
        for column in self._geometry.columns:
            if column.opaque:
                rows = members(column.opaque)
                self._add("not_constant", rows, Told(column=column.text, line=column.line))
            for kind, rules in (
                ("empty_cell", column.empty),
                ("outside_allowed", column.outside & ~column.empty),
            ):
                for row in members(rules)[:MOST_SHOWN]:
                    self._add(kind, [row], Told(column=column.text))

    def _conflicts(self, budget: Budget) -> str:
        policy = self._table.hit_policy
        if policy not in ("U", "A", "P"):
            return "not_asked"
        if policy == "P":
            self._unranked()
        kind = {"U": "overlap", "A": "conflict", "P": "undecided_priority"}[policy]
        shown = total = 0
        for row, rules in enumerate(self._meet_asked):
            budget.spend()
            if self._opaque >> row & 1:
                continue
            for other in members(rules & ~((2 << row) - 1)):
                if policy != "U" and not self._outputs.conflict(row, other, policy):
                    continue
                total += 1
                if shown < MOST_SHOWN:
                    shown += self._pair(kind, row, other)
                if total > MOST_SHOWN:
                    return "some"
        if self._opaque or (policy != "U" and not self._outputs.all_constant):
            return "conditional"
        return "found" if total else "none"

    def _unranked(self) -> None:
        for row, column in self._outputs.unlisted():
            self._add("undecided_output", [row], Told(column=column))

    def _pair(self, kind: str, row: int, other: int) -> bool:
        columns = self._geometry.columns
        chosen = [readable(column, common_bins(column, (row, other))) for column in columns]
        case = example(columns, chosen)
        self._add(kind, [row, other], Told(case=case, columns=columns))
        return True

    def _gaps(self, budget: Budget) -> str:
        if self._outputs.has_default:
            return "not_asked"
        columns = self._geometry.columns
        rules = Rules(
            columns=[[c.may[i] for i in c.asked] for c in columns],
            spans=[c.spans for c in columns],
            meets=self._meet_asked,
            opaque=self._opaque,
        )
        found: list[Box] = []
        try:
            complete = gaps(rules, budget, found)
        finally:
            for box in found[:MOST_SHOWN]:
                self._gap(box)
        if self._opaque:
            return "conditional"
        return "some" if not complete else "found" if found else "none"

    def _gap(self, box: Box) -> None:
        columns = self._geometry.columns
        pairs = list(zip(columns, box, strict=True))
        case = example(columns, [readable(column, indexes) for column, indexes in pairs])
        narrowed = tuple(column for column, bins in pairs if len(bins) < len(column.asked))
        told = Told(region=box_text(columns, box), case=case, columns=narrowed or columns)
        self._add("gap", [], told)

    def _unreachable(self, budget: Budget) -> str:
        if self._table.hit_policy not in ("F", "P"):
            return "not_asked"
        if self._table.hit_policy == "P" and not self._outputs.all_constant:
            return "conditional"
        for row in range(len(self._table.rules)):
            budget.spend()
            earlier = self._meet[row] & ((1 << row) - 1)
            if not earlier or self._is_empty(row):
                continue
            columns = inside(self._geometry, row, earlier)
            search = Winners(columns, budget, fine=-1, none_is_fine=False)
            if search.wrong(earlier) is None:
                self._dead |= 1 << row
                self._add("unreachable", [row])
        return "conditional" if self._opaque else "found" if self._dead else "none"

    def _redundant(self, budget: Budget) -> str:
        policy = self._table.hit_policy
        if policy not in ("F", "P", "A"):
            return "not_asked"
        if self._opaque or (policy == "P" and not self._outputs.all_constant):
            return "conditional"
        gone = self._dead
        found = 0
        for row in reversed(range(len(self._table.rules))):
            budget.spend()
            if gone >> row & 1 or self._is_empty(row) or not self._is_redundant(row, gone, budget):
                continue
            gone |= 1 << row
            self._gone = gone
            found += 1
            self._add("redundant", [row])
        return "found" if found else "none"

    def _is_redundant(self, row: int, gone: int, budget: Budget) -> bool:
        others = self._meet[row] & ~gone & ~(1 << row)
        same = self._outputs.same(row)
        if self._table.hit_policy == "A":
            others &= same
            fine = same
        else:
            fine = same | ((1 << row) - 1)
        if not others & fine and not self._outputs.default_is(row):
            return False
        columns = inside(self._geometry, row, others)
        none_is_fine = self._outputs.default_is(row)
        return Winners(columns, budget, fine=fine, none_is_fine=none_is_fine).wrong(others) is None

    def _mergeable(self, budget: Budget) -> None:
        if self._table.hit_policy not in ("U", "A", "F", "P"):
            return
        shown = 0
        for column, rows in _alike(self._geometry, self._outputs):
            budget.spend(len(rows))
            kept = self._movable([row for row in rows if not (self._gone | self._dead) >> row & 1])
            if len(kept) > 1 and shown < MOST_SHOWN:
                spans = [span for row in kept for span in column.spans[row]]
                bins = sorted({i for first, last in spans for i in range(first, last + 1)})
                region = region_text(column, bins)
                self._add("mergeable", kept, Told(column=column.text, region=region))
                shown += 1

    def _movable(self, rows: list[int]) -> list[int]:
        """Those that can move up to the first one: no rule between decides otherwise there."""
        if self._table.hit_policy in ("U", "A") or not rows:
            return rows
        first, same = rows[0], self._outputs.same(rows[0])
        kept = [first]
        for row in rows[1:]:
            between = ((1 << row) - 1) & ~((2 << first) - 1)
            if not self._meet[row] & between & ~same:
                kept.append(row)
        return kept

    def _is_empty(self, row: int) -> bool:
        return any(column.empty >> row & 1 for column in self._geometry.columns)

    def _add(self, kind: str, rows: Sequence[int], told: Told | None = None) -> None:
        self.findings.append(self._teller.finding(kind, rows, told or Told()))


def _alike(geometry: Geometry, outputs: Outputs) -> Iterator[tuple[Column, list[int]]]:
    """Rules that differ in one column only, where their bins touch."""
    columns = geometry.columns
    opaque = 0
    for column in columns:
        opaque |= column.opaque | column.empty
    for position, column in enumerate(columns):
        groups: dict[Hashable, list[int]] = {}
        for row in range(len(geometry.table.rules)):
            if not opaque >> row & 1:
                rest = tuple(c.spans[row] for i, c in enumerate(columns) if i != position)
                groups.setdefault((outputs.key(row), rest), []).append(row)
        for rows in groups.values():
            if len(rows) > 1:
                yield from ((column, run) for run in _touching(column, rows))


def _touching(column: Column, rows: list[int]) -> Iterator[list[int]]:
    """Groups of rules whose spans together are one stretch, or a list of single values."""
    if column.bins.axes & {"string", "boolean"}:
        yield rows
        return
    run: list[int] = []
    end = -2
    single = [row for row in rows if len(column.spans[row]) == 1]
    for row in sorted(single, key=lambda row: column.spans[row]):
        first, last = column.spans[row][0]
        if first > end + 1 or first == column.null:
            if len(run) > 1:
                yield sorted(run)
            run, end = [], -2
        run.append(row)
        end = max(end, last)
    if len(run) > 1:
        yield sorted(run)
