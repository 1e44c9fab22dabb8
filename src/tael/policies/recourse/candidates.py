"""What each lever could become for one applicant, and what else moves with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from tael.dmn import Model
from tael.kernel import check
from tael.policies.model import Feature
from tael.policies.recourse.declared import DIRECTION, WAITED, Declared, Kind, Lever
from tael.policies.texts import InputRule

# Of a lever with more values than these the step is taken ten times as wide, and again.
MOST_VALUES = 500
# Effort is counted in billionths, so that sums and ties are exact.
_EFFORT = Decimal("1e9")
# A linked figure is kept to this many digits after the point.
_LINKED = Decimal("1e-9")
# How far a formula may be from the figure on file, and still be held for its.
_AGREES = Decimal("0.001")
Side = Callable[[str, Feature], object]
Inputs = Mapping[str, Feature]


def formula_of(linked: str) -> str:
    """The name of the decision that computes a linked input."""
    return f"{linked} then"


def before_of(name: str) -> str:
    """The name by which a formula's ``before.NAME`` is read."""
    return f"before {name}"


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a lever could take, with its effort in billionths; the first is what stands."""

    value: Feature
    effort: int


@dataclass(frozen=True, slots=True)
class Movable:
    """A lever with what it could become, by rising effort; ``inputs`` are those it moves."""

    lever: Lever
    choices: tuple[Choice, ...]
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A lever that is of no use to this applicant, and why (a code of this module)."""

    lever: Lever
    why: str


NOTHING_LEFT, NO_EFFECT, DISAGREES = "nothing_left", "no_effect", "figures_disagree"


class Links:
    """The formulas by which inputs move with others, for one applicant.

    Args:
        declared: of the policy.
        model: its formulas as decisions by the linked inputs' names, or None without any.
        inputs: of the applicant, as checked.
        rules: what each input must be.
    """

    def __init__(
        self,
        declared: Declared,
        model: Model | None,
        inputs: Inputs,
        rules: Mapping[str, InputRule],
    ) -> None:
        self.declared = declared
        self._model = model
        self.inputs = inputs
        self._rules = rules
        read = model.inputs if model is not None else ()
        held: dict[str, Feature] = {before_of(name): value for name, value in inputs.items()}
        held |= {**inputs, WAITED: Decimal(0)}
        self._scope = {name: value for name, value in held.items() if name in read}
        self._known: dict[tuple[object, ...], Decimal | None] = {}

    def of(self, lever: Lever) -> list[str]:
        """Linked inputs that move with a lever."""
        name = WAITED if lever.kind is Kind.WAIT else lever.name
        return [linked for linked, reads in self.declared.reads.items() if name in reads]

    def value(self, linked: str, moved: Inputs) -> Decimal | None:
        """A linked input when others are as in ``moved``; None where the formula gives no number.

        Out of the input's range, its nearest end: a policy reads no other.
        """
        reads = self.declared.reads[linked]
        news = {name: moved[name] for name in sorted(reads & moved.keys())}
        key = (linked, *news.items())
        if key not in self._known:
            self._known[key] = self._computed(linked, news)
        return self._known[key]

    def agrees(self, linked: str) -> bool:
        """Whether the formula gives the figure on file when nothing moves."""
        found, held = self.value(linked, {}), self.inputs[linked]
        if found is None or not isinstance(held, Decimal):
            return False
        return abs(found - held) <= _AGREES * abs(held)

    def _computed(self, linked: str, news: Inputs) -> Decimal | None:
        check(self._model is not None, "a linked input has a formula")
        if self._model is None:
            return None
        formula = formula_of(linked)
        found = self._model.evaluate({**self._scope, **news}, formula).outputs[formula]
        if not isinstance(found, Decimal):
            return None
        return self._in_range(self._rules[linked], found)

    def _in_range(self, rule: InputRule, value: Decimal) -> Decimal:
        if rule.type == "integer":
            value = value.to_integral_value(ROUND_FLOOR)
        else:
            value = value.quantize(_LINKED, ROUND_HALF_EVEN).normalize() + 0
        if rule.minimum is not None:
            value = max(value, rule.minimum)
        return value if rule.maximum is None else min(value, rule.maximum)


def movable(
    declared: Declared, links: Links, inputs: Inputs, rules: Mapping[str, InputRule], side: Side
) -> tuple[list[Movable], list[LeftOut]]:
    """The levers with the values worth trying, and those of no use, in the policy's order.

    Values are those on the lever's step at which something can change: of several that rules and
    model cannot tell apart (``side`` says so), the one of least effort stands for all. Where a
    linked input depends on several levers, every step counts.
    """
    found: list[Movable] = []
    out: list[LeftOut] = []
    shared = _shared(declared)
    for lever in declared.levers:
        linked = links.of(lever)
        own = () if lever.kind is Kind.WAIT else (lever.name,)
        every = _choices(lever, inputs, rules)
        if any(not links.agrees(name) for name in linked):
            out.append(LeftOut(lever, DISAGREES))
        elif len(every) == 1:
            out.append(LeftOut(lever, NOTHING_LEFT))
        else:
            told = _Told(lever, [name for name in linked if name not in shared], links, side)
            apart = bool(shared.intersection(linked))
            kept = every if apart else tuple(_apart(every, told))
            if len(kept) == 1:
                out.append(LeftOut(lever, NO_EFFECT))
            else:
                found.append(Movable(lever, kept, (*own, *linked)))
    return found, out


def _shared(declared: Declared) -> frozenset[str]:
    """Linked inputs that depend on more than one lever."""
    names = {WAITED if each.kind is Kind.WAIT else each.name for each in declared.levers}
    return frozenset(name for name, reads in declared.reads.items() if len(reads & names) > 1)


@dataclass(frozen=True, slots=True)
class _Told:
    """On which side of every cut the inputs lie that a lever moves."""

    lever: Lever
    linked: Sequence[str]
    links: Links
    side: Side

    def of(self, value: Feature) -> tuple[object, ...] | None:
        """The sides at a value of the lever; None where a formula gives no number."""
        waits = self.lever.kind is Kind.WAIT
        moved = {WAITED if waits else self.lever.name: value}
        sides = [] if waits else [self.side(self.lever.name, value)]
        for name in self.linked:
            became = self.links.value(name, moved)
            if became is None:
                return None
            sides.append(self.side(name, became))
        return tuple(sides)


def _apart(every: Sequence[Choice], told: _Told) -> Iterator[Choice]:
    seen: set[tuple[object, ...]] = set()
    for choice in every:
        sides = told.of(choice.value)
        if sides is not None and sides not in seen:
            seen.add(sides)
            yield choice


def _choices(lever: Lever, inputs: Inputs, rules: Mapping[str, InputRule]) -> tuple[Choice, ...]:
    """What stands, then every value on the step, by rising effort."""
    now: Feature = Decimal(0) if lever.kind is Kind.WAIT else inputs[lever.name]
    if isinstance(now, bool):
        yes = Choice(True, _billionths(lever.cost or Decimal(1)))
        return (Choice(now, 0),) if now else (Choice(now, 0), yes)
    if not isinstance(now, Decimal):
        return (Choice(now, 0),)  # a figure that nobody knows cannot be said to fall
    rule = None if lever.kind is Kind.WAIT else rules[lever.name]
    values = [value for value in _values(lever, now) if rule is None or _fits(rule, value)]
    span = max((abs(value - now) for value in values), default=Decimal(1))
    found = [
        Choice(value, _billionths(abs(value - now) * (lever.cost or 1 / span))) for value in values
    ]
    # Of two values of one effort the lower comes first.
    return (Choice(now, 0), *sorted(found, key=lambda choice: (choice.effort, choice.value)))


def _billionths(effort: Decimal) -> int:
    return int((effort * _EFFORT).to_integral_value(ROUND_HALF_EVEN))


def _fits(rule: InputRule, value: Decimal) -> bool:
    if rule.type == "integer" and value != value.to_integral_value():
        return False
    low, high = rule.minimum, rule.maximum
    return (low is None or value >= low) and (high is None or value <= high)


def _values(lever: Lever, now: Decimal) -> list[Decimal]:
    if lever.kind is Kind.OTHER_TERM:
        return [value for value in lever.values if value != now]
    down = DIRECTION[lever.kind] == "down"
    low, high = (lever.least, now) if down else (now, lever.least)
    if high <= low:
        return []
    step = lever.step
    while (high - low) / step > MOST_VALUES:
        step *= 10
    if down:
        # Whole steps from the least, so that figures come out round; the nearest below what stands.
        count = int(((high - low) / step).to_integral_value(ROUND_CEILING))
        return [lever.least + step * n for n in range(count)]
    count = int(((high - low) / step).to_integral_value(ROUND_FLOOR))
    return [now + step * n for n in range(1, count + 1)]
