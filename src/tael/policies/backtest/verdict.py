"""What a policy says of a million applications: ``rules.evaluate``, in columns.

The decision of one application (``tael.policies.rules``) is the definition; here it is computed by
``Model.watch_batch`` and in whole units of money. A row that columns cannot decide exactly (a
number of more than 62 bits, a limit that is no number) is decided alone, by the definition itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, Decimal
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tael import dmn
from tael.dmn import BatchResult
from tael.kernel import Rate, TaelError, check, minor_digits
from tael.policies import rules, texts
from tael.policies.backtest import inputs
from tael.policies.backtest.menu import Menu, Offers
from tael.policies.backtest.numbers import Truths, Units, Whole, units_of
from tael.policies.backtest.reasons import Codes, FirstReason, Places, first_of
from tael.policies.backtest.scores import PROBABILITY, scores_of
from tael.policies.engines import DmnRules, Engines
from tael.policies.model import Bundle
from tael.policies.ports import Score
from tael.policies.scorers import scorer_of

OUTCOMES = ("unanswered", "approve", "refer", "decline")
UNANSWERED, APPROVE, REFER, DECLINE = range(4)
UNDETERMINED = "policy_undetermined"
_RULES = " rules"
Small = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What a policy says of each row.

    Attributes:
        outcome: int8, a place in ``OUTCOMES``; 0 where an input is missing or refused, or the
            policy leaves a value open.
        tier: int8, 1 the best; 0 where there is none.
        pd: int64, billionths.
        limit: int64, minor units; 0 with a decline.
        offers: what may be borrowed, and how.
        reason: int32, a place in ``codes``: the first reason.
        codes: reasons by number; of rows without an answer what was wrong.
        alone: how many rows were decided one by one.
        ruled: int8, the outcome that the rules alone gave. As are the others, only where what
            stands behind the answers is asked for.
        doubles: float64 by the name of a decision that gives numbers, near its value.
        fired: int32 by the name of a decision table: 1-based number of the first rule that fired.
    """

    outcome: Small
    tier: Small
    pd: Whole
    limit: Whole
    offers: Offers
    reason: Places
    codes: tuple[str, ...]
    alone: int
    ruled: Small | None = None
    doubles: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    fired: Mapping[str, Places] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.outcome)


class Decider:
    """A policy version, ready to decide columns.

    Args:
        bundle: its texts.
        cap: the annual all-in cap that prices must stay under.
    """

    def __init__(self, bundle: Bundle, cap: Rate) -> None:
        self.bundle = bundle
        self.cap = cap
        self.policy = texts.load(bundle, _ENGINES)
        self._model = _model_of(self.policy)
        self._reason = FirstReason(self._model)
        self.menu = Menu(self.policy.prices, cap)
        own = [node.name for node in self._model.graph.decisions.values() if not node.path]
        asked = (*texts.DECISIONS, *self._reason.decisions)
        self._asked = [name for name in own if name in asked]
        self._watched = [name for name in own if name not in asked]
        self._digits = minor_digits(self.policy.prices.currency)
        self._least = _up(self.policy.prices.least_amount.scaleb(self._digits))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The columns without which no row is decided, the model's scores counted as at hand."""
        asked = {rule.name for rule in self.policy.inputs if rule.type != "variable"}
        read = self.policy.rules.inputs.keys() - self.policy.scorer.gives.keys()
        return frozenset(asked | read)

    def tells(self, name: str) -> bool:
        """Whether any figure hangs on the decision ``name``."""
        return self._hangs_on(name, (*texts.DECISIONS, *self._reason.decisions))

    def decides(self, name: str) -> bool:
        """Whether more hangs on the decision ``name`` than limit and price."""
        return self._hangs_on(name, ("outcome", "tier", *self._reason.decisions))

    def _hangs_on(self, name: str, others: Iterable[str]) -> bool:
        """Whether any of the decisions ``others`` reads the decision ``name``, or is it."""
        decisions = self._model.graph.decisions
        keys = {node.name: key for key, node in decisions.items() if not node.path}
        waiting, seen = [keys[other] for other in others if other in keys], set()
        while waiting:
            key = waiting.pop()
            if key not in seen:
                seen.add(key)
                node = decisions.get(key) or self._model.graph.knowledge.get(key)
                waiting += node.scope.values() if node else ()
        return keys.get(name) in seen

    def decide(self, table: pa.Table, *, look: bool = False, sound: bool = False) -> Verdicts:
        """The verdicts on rows whose columns are inputs of the policy.

        Columns ``pd`` (and whatever else the model gives the rules) count as its scores; without
        them the model scores the rows. With ``look`` also what stands behind the answers is kept;
        ``sound`` rows are not looked through for faults again.

        Raises:
            BadInput: a column that is missing or of another type.
        """
        if sound:
            return self._decide(table, look=look)
        faults, told = inputs.faults(self.policy, table)
        fine = faults == 0
        rows = table if fine.all() else table.filter(pa.array(fine))
        found = self._decide(rows, look=look)
        return found if fine.all() else _spread(found, fine, faults, told)

    def slow(self, table: pa.Table) -> Mapping[str, str]:
        """The decisions that are computed one row at a time, and why; found without any row."""
        if self.reads - set(table.column_names):
            return {}
        none = table.slice(0, 0)
        for name in self.policy.scorer.gives:
            none = _with_column(none, name, pa.array([], PROBABILITY))
        return self._model.watch_batch(none, self._asked, self._watched).fallbacks

    def _decide(self, table: pa.Table, *, look: bool) -> Verdicts:
        scores = scores_of(self.bundle.model, self.policy.scorer, table)
        for name, column in scores.items():
            table = _with_column(table, name, column)
        trace = look or self._reason.by_rule
        batch = self._model.watch_batch(table, self._asked, self._watched, trace=trace)
        outcome, tier, codes = _outcomes(batch.table), _tiers(batch.table), Codes()
        ruled = outcome.copy()
        reason = self._reason.of(batch, codes)
        sizes = _sizes(batch.table, table)
        offers, alone = self._offers(tier, sizes)
        limit = offers.whole.copy()
        open_ = (outcome == UNANSWERED) | (tier == 0)
        open_[list(batch.warned)] = True
        for each in sizes or ():
            open_ |= each.missing
        asked = units_of(inputs.one_array(table.column("amount")))
        for marks, code in self._afterwards(outcome, limit, offers.kinds, asked):
            reason[marks & (reason == 0)] = codes.number(code)
        limit[outcome == DECLINE] = 0
        offers.withdraw(outcome == DECLINE)
        pd = _billionths(scores["pd"])
        made = Verdicts(outcome, tier, pd, limit, offers, reason, (), 0)
        if look:
            doubles, fired = _doubles(batch, scores), _fired(batch.table)
            made = replace(made, ruled=ruled, doubles=doubles, fired=fired)
        rows = np.flatnonzero(alone & ~open_).tolist()
        for row in rows:
            open_[row] = not self._alone(made, row, table.slice(row, 1), codes)
        _clear(made, open_, codes.number(UNDETERMINED))
        return replace(made, codes=tuple(codes.names), alone=len(rows))

    def _offers(self, tier: Small, sizes: Sequence[Units] | None) -> tuple[Offers, Truths]:
        """What is offered, and which rows must be decided alone."""
        limit, bank, fee, months = sizes or (None,) * 4
        every = np.ones(len(tier), np.bool_)
        if limit is None or bank is None or fee is None or months is None:
            return self.menu.none(len(tier)), every
        offers = self.menu.offers(tier, limit, bank, fee, months)
        if offers is None or self._reason.unread:
            return offers or self.menu.none(len(tier)), every
        return offers, limit.wide | bank.wide | fee.wide | months.wide

    def _afterwards(
        self, outcome: Small, limit: Whole, kinds: Whole, asked: Units | None
    ) -> Iterator[tuple[Truths, str]]:
        """What limit and price add, as ``rules`` has it; ``outcome`` is changed."""
        lends = (outcome == APPROVE) | (outcome == REFER)
        small = lends & (limit < self._least)
        priceless = lends & ~small & (kinds == 0)
        yield small, "limit_too_small"
        yield priceless, "no_price_within_cap"
        outcome[small | priceless] = DECLINE
        if asked is not None:
            short = lends & ~small & ~priceless & _is_below(limit, asked, self._digits)
            yield short, "limit_below_request"

    def _alone(self, made: Verdicts, row: int, told: pa.Table, codes: Codes) -> bool:
        """Decide one row by the definition; whether it has an answer."""
        given = {name: _exact(value) for name, value in told.to_pylist()[0].items()}
        more = {name: given[name] for name in self.policy.scorer.gives if name != "pd"}
        known = tuple(rule for rule in self.policy.inputs if rule.name in given)
        scorer = _Given(Score(Rate(given["pd"]), 0, more))
        policy = replace(self.policy, scorer=scorer, inputs=known)
        try:
            features = rules.checked(policy, {rule.name: given[rule.name] for rule in known})
            verdict, _ = rules.evaluate(policy, features, cap=self.cap)
        except TaelError:  # the policy leaves this row's answer open
            return False
        made.outcome[row] = OUTCOMES.index(verdict.outcome)
        made.tier[row] = verdict.tier
        made.limit[row] = verdict.limit.minor
        made.reason[row] = codes.number(verdict.reasons[0]) if verdict.reasons else 0
        self.menu.write(made.offers, row, verdict.options)
        return True


class _OpenRules(DmnRules):
    """A DMN file that answers, and whose model may be asked in columns."""

    @property
    def model(self) -> dmn.Model:
        """The model behind the answers."""
        return self._model


# A model takes longer to load than any other text, and versions that differ elsewhere share it.
_ENGINES = Engines(rules=_OpenRules, scorer=lru_cache(maxsize=8)(scorer_of))


def _model_of(policy: texts.Policy) -> dmn.Model:
    rules_ = policy.rules
    check(isinstance(rules_, _OpenRules), "a policy is loaded with the engines that are handed in")
    return rules_.model if isinstance(rules_, _OpenRules) else dmn.loads("")


class _Given:
    """A scorer whose answer is at hand."""

    variables: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    gives: Mapping[str, str] = {}
    plan = ""

    def __init__(self, score: Score) -> None:
        self._score = score

    def score(self, features: Mapping[str, object]) -> Score:
        """The same for every row."""
        del features
        return self._score


def _exact(value: Any) -> Any:
    """A double as its shortest decimal."""
    return Decimal(repr(value)) if isinstance(value, float) else value


def _sizes(decided: pa.Table, table: pa.Table) -> tuple[Units, ...] | None:
    """Limit, bank interest, guarantee fee and months asked; None when one is no number."""
    prices = inputs.one_array(decided.column("prices"))
    fields = ("bank_interest", "guarantee_fee")
    if not pa.types.is_struct(prices.type):
        return None
    names = {prices.type.field(place).name for place in range(prices.type.num_fields)}
    if not names.issuperset(fields):
        return None
    limit, months = decided.column("limit"), table.column("months")
    parts = (pc.struct_field(prices, name) for name in fields)
    found = [units_of(inputs.one_array(each)) for each in (limit, *parts, months)]
    known = tuple(each for each in found if each is not None)
    return known if len(known) == len(found) else None


def _is_below(limit: Whole, asked: Units, digits: int) -> Truths:
    """Whether a limit in minor units is below a request in major ones, exactly."""
    shift = asked.scale - digits
    if shift <= 0:
        return np.asarray(limit < asked.values * 10**-shift)
    # The request may have digits below the minor unit: what is left of it counts.
    whole, rest = np.divmod(asked.values, 10**shift)
    return np.asarray((limit < whole) | ((limit == whole) & (rest > 0)))


def _up(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_CEILING))


def _outcomes(table: pa.Table) -> Small:
    column = inputs.one_array(table.column("outcome"))
    if not pa.types.is_string(column.type):
        return np.zeros(len(column), np.int8)
    coded = column.dictionary_encode()
    known = [
        OUTCOMES.index(text) if text in rules.OUTCOMES else UNANSWERED
        for text in coded.dictionary.to_pylist()
    ]
    places = coded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
    found: Small = np.array([*known, UNANSWERED], np.int8)[places]
    return found


def _tiers(table: pa.Table) -> Small:
    """The tier where it is one of 1 to 7; a fraction of one counts as the room cuts it."""
    units = units_of(inputs.one_array(table.column("tier")))
    if units is None:
        return np.zeros(table.num_rows, np.int8)
    whole = units.values // 10**units.scale
    known = (whole >= texts.TIERS[0]) & (whole <= texts.TIERS[-1]) & ~units.missing & ~units.wide
    return np.where(known, whole, 0).astype(np.int8)


def _billionths(column: Any) -> Whole:
    """Probabilities as given, decimals of nine digits."""
    units = units_of(column)
    if units is None or units.scale != 9:  # noqa: PLR2004 - what ``scores_of`` gives
        raise TypeError(f"a probability of {column.type}")
    return units.values


def _doubles(batch: BatchResult, scores: Mapping[str, Any]) -> dict[str, npt.NDArray[np.float64]]:
    found = dict(batch.doubles)
    decided = {name: batch.table.column(name) for name in batch.table.column_names}
    for name, column in (*decided.items(), *scores.items()):
        if pa.types.is_decimal(column.type):
            values = inputs.one_array(column).cast(pa.float64())
            found[name] = values.fill_null(np.nan).to_numpy(zero_copy_only=False)
    return found


def _fired(table: pa.Table) -> dict[str, Places]:
    """The first rule of each table that fired; 0 for none."""
    found = {}
    for name in table.column_names:
        if name.endswith(_RULES):
            numbers = inputs.one_array(table.column(name))
            flat = numbers.flatten().to_numpy(zero_copy_only=False)
            found[name.removesuffix(_RULES)] = first_of(numbers, flat)
    return found


def _clear(made: Verdicts, marks: Truths, code: int) -> None:
    """Take back everything said of rows that have no answer."""
    made.outcome[marks] = UNANSWERED
    made.tier[marks] = 0
    made.limit[marks] = 0
    made.reason[marks] = code
    made.offers.withdraw(marks)


def _spread(
    found: Verdicts, fine: Truths, faults: npt.NDArray[np.int16], told: list[str]
) -> Verdicts:
    """The verdicts among all rows; those with a fault have no answer and say which."""

    def wide(values: npt.NDArray[Any], empty: object = 0) -> npt.NDArray[Any]:
        made = np.full(len(fine), empty, values.dtype)
        made[fine] = values
        return made

    first = len(found.codes)
    reason = wide(found.reason)
    reason[~fine] = first - 1 + faults[~fine]
    return Verdicts(
        outcome=wide(found.outcome),
        tier=wide(found.tier),
        pd=wide(found.pd),
        limit=wide(found.limit),
        offers=found.offers.mapped(wide),
        reason=reason,
        codes=(*found.codes, *told[1:]),
        alone=found.alone,
        ruled=None if found.ruled is None else wide(found.ruled),
        doubles={name: wide(values, np.nan) for name, values in found.doubles.items()},
        fired={name: wide(values) for name, values in found.fired.items()},
    )


def _with_column(table: pa.Table, name: str, column: Any) -> pa.Table:
    if name in table.column_names:
        return table.set_column(table.column_names.index(name), name, column)
    return table.append_column(name, column)
