"""Why there is no strategy: which bounds contradict each other, and how little must give way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from tael.pricing.strategy.bounds import Bound
from tael.pricing.strategy.search import Layout, Search
from tael.pricing.strategy.solver import Program, Status, mixable, solve
from tael.report import Words

_MOST_ROUNDS = 20
# Shares are told to a hundredth of a per cent, rounded so that what is told can be reached.
_TOLD = 10_000
_CLOSE = 100_000


@dataclass(frozen=True, slots=True)
class Clash:
    """A bound of a contradiction; ``reachable`` is how far it can be kept while all others are.

    None: the others contradict each other without it too.
    """

    bound: Bound
    reachable: Fraction | None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Bounds that cannot be kept together, while any of them left out the rest of them can.

    Found by leaving out one bound after the other (deletion filter, Chinneck and Dravnieks 1991);
    for each the least relaxation that suffices if it alone gives way.
    """

    clashes: tuple[Clash, ...]

    @property
    def words(self) -> Words:
        """The contradiction and its remedies, as a person reads them."""
        return Words(_told(self.clashes, "zh"), _told(self.clashes, "en"))


def contradiction_of(search: Search) -> Contradiction:
    """Why ``search`` finds nothing; asked when it did not."""
    needed, layout = list(search.bounds), Layout(search.menu)
    mixed = not mixable(layout.program(needed, [0] * len(needed)))
    for bound in search.bounds:
        rest = [one for one in needed if one is not bound]
        program = layout.program(rest, [0] * len(rest))
        if not (mixable(program) if mixed else _possible(search, program)):
            needed = rest
    return Contradiction(tuple(Clash(bound, _reachable(search, bound)) for bound in needed))


def _possible(search: Search, program: Program) -> bool:
    """Whether some answer keeps the rows; yes, too, where none was found in the time."""
    nothing = replace(program, value=[0] * len(program.value))
    return solve(nothing, search.effort).status is not Status.INFEASIBLE


def _reachable(search: Search, bound: Bound) -> Fraction | None:
    """The most (or least) that ``bound`` can come to while the others are kept.

    Close to it, and always a value that an answer has: within a hundred-thousandth. A share is
    found by Dinkelbach 1967: the share of the last answer is held against every other.
    """
    others = [one for one in search.bounds if one is not bound]
    layout, cells = Layout(search.menu), search.menu.market.cells
    entries = [(cells[choice.cell], choice.worth) for choice in search.menu.choices]
    program = layout.program(others, [0] * len(others))
    found: Fraction | None = None
    trial = bound.with_limit(Fraction(0 if bound.least else 1))
    for _ in range(_MOST_ROUNDS):
        # What is left to spare of the trial bound is to be as much as can be.
        row, _ = trial.row(entries)
        wanted = replace(program, value=[-value for value in row], enough=_enough(layout, row))
        solved = solve(wanted, search.effort)
        if not solved.taken:
            return None
        reached = bound.attained([entries[number] for number in solved.taken])
        if reached is None or (found is not None and not _further(bound, reached, found)):
            return found
        found = reached
        if bound.below is None:
            return found
        trial = bound.with_limit(found)
    return found


def _enough(layout: Layout, row: Sequence[int]) -> int:
    """A hundred-thousandth of what a row can come to."""
    return sum(max(abs(row[number]) for number in cell) for cell in layout.cells) // _CLOSE


def _further(bound: Bound, reached: Fraction, found: Fraction) -> bool:
    step = Fraction(1, _CLOSE)
    return reached > found + step if bound.least else reached < found - step


def _told(clashes: Sequence[Clash], locale: str) -> str:
    zh = locale == "zh"
    asked = [_asked(clash, locale) for clash in clashes]
    ways = [_way(clash, locale) for clash in clashes if clash.reachable is not None]
    if len(clashes) == 1:
        first = f"无法达到：{asked[0]}。" if zh else f"This cannot be reached: {asked[0]}."
    elif zh:
        first = f"以下约束互相矛盾：{'；'.join(asked)}。"
    else:
        first = f"These contradict each other: {'; '.join(asked)}."
    if not ways:
        more = "其余约束之间也有矛盾。" if zh else " The others contradict each other, too."
        return first + more
    if zh:
        return f"{first}放宽其一即可：{'；或 '.join(ways)}。"
    return f"{first} It is enough to loosen one: {'; or '.join(ways)}."


def _asked(clash: Clash, locale: str) -> str:
    bound = clash.bound
    side = ("不低于", "不高于") if locale == "zh" else ("at least", "at most")
    name = bound.words.zh if locale == "zh" else bound.words.en
    return f"{name} {side[not bound.least]} {bound.told(bound.limit, locale)}"


def _way(clash: Clash, locale: str) -> str:
    bound, name = clash.bound, clash.bound.words.zh if locale == "zh" else clash.bound.words.en
    reachable = bound.told(_prudent(bound, clash.reachable or Fraction(0)), locale)
    return f"{name} 调到 {reachable}" if locale == "zh" else f"{name} to {reachable}"


def _prudent(bound: Bound, value: Fraction) -> Fraction:
    """``value`` rounded to what is told, on the side that can be kept."""
    if bound.below is None:
        return value
    scaled = value * _TOLD
    whole = scaled.numerator // scaled.denominator
    return Fraction(whole if bound.least or whole == scaled else whole + 1, _TOLD)
