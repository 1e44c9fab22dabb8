"""The decision as a pure function: inputs are checked, scored, put through the DMN, and priced."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal

from tael.kernel import BadInput, Money, Rate, TaelError, check
from tael.policies.model import Feature, PriceOption, Verdict
from tael.policies.ports import Answer, Score
from tael.policies.texts import TIERS, InputRule, OptionRule, Policy, PriceTable
from tael.pricing import Component

OUTCOMES = ("approve", "decline", "refer")
# More than four reasons are not likely to help: official interpretation of 12 CFR 1002.9(b)(2).
MOST_REASONS = 4
# Raised when this code decides otherwise on the same texts: 2 names four reasons at most, and one
# concept once; 3 notes of the trace which rules fired, the rest is had by deciding again; 4 asks a
# model for reasons only where they are given. What was decided before is decided again as it was.
EVALUATOR = 4
_BRIEF, _ON_DEMAND = 3, 4


def checked(
    policy: Policy, features: Mapping[str, object], trusted: Collection[str] = ()
) -> dict[str, Feature]:
    """``features`` as the policy reads them: every input there, exact, in range; nothing else.

    ``trusted`` are inputs that the house computed itself: there, and exact.

    Raises:
        BadInput: names the first input at fault, in the policy's order.
    """
    known = {rule.name for rule in policy.inputs}
    for name in features:
        if name not in known:
            raise BadInput(
                f"the policy knows no input {name!r}",
                field=name,
                rule="an input of the policy in force",
            )
    return {
        rule.name: features[rule.name] if rule.name in trusted else _checked(rule, features)  # type: ignore[misc]
        for rule in policy.inputs
    }


def with_request(
    policy: Policy, features: Mapping[str, object], amount: Money, months: int
) -> dict[str, object]:
    """``features`` with the two that every application gives: ``amount`` and ``months``.

    Raises:
        BadInput: they stand among the features, or the amount is in another currency.
    """
    for name in ("amount", "months"):
        if name in features:
            raise BadInput(
                f"{name} is the application's, not a feature", field=name, rule="given once"
            )
    if amount.currency != policy.prices.currency:
        raise BadInput(
            f"the amount is in {amount.currency}, the policy prices in {policy.prices.currency}",
            code="currency_mismatch",
            field="amount",
            rule="the currency of the policy's prices",
        )
    return {**features, "amount": amount.decimal(), "months": months}


def evaluate(
    policy: Policy,
    inputs: Mapping[str, Feature],
    *,
    cap: Rate,
    evaluator: int = EVALUATOR,
    whole: bool = False,
) -> tuple[Verdict, object]:
    """The verdict on checked ``inputs`` with the trace, as exact JSON values.

    Args:
        policy: loaded.
        inputs: as ``checked`` gives them.
        cap: the annual all-in cap.
        evaluator: that of the log row when it is decided again.
        whole: tell all that was read and found; else which rules fired, and the score.
    """
    score = policy.scorer.score(inputs)
    answer = policy.rules.evaluate({**inputs, **score.more, "pd": score.pd.fraction})
    verdict = verdict_of(policy, inputs, (score, answer), cap=cap, evaluator=evaluator)
    if whole or evaluator < _BRIEF:
        return verdict, {"decisions": answer.trace(), "score": _score_trace(score, explained=True)}
    explained = evaluator < _ON_DEMAND
    return verdict, {"fired": answer.fired, "score": _score_trace(score, explained=explained)}


def verdict_of(
    policy: Policy,
    inputs: Mapping[str, Feature],
    found: tuple[Score, Answer],
    *,
    cap: Rate,
    evaluator: int = EVALUATOR,
) -> Verdict:
    """The verdict on what model and rules answered; of ``inputs`` only the request is read."""
    score, answer = found
    values = answer.values
    tier = int(_number(values, "tier"))
    _demand(tier in TIERS, "tier", tier, "1 to 7")
    outcome = str(values.get("outcome"))
    _demand(outcome in OUTCOMES, "outcome", outcome, " | ".join(OUTCOMES))
    limit = _limit(policy.prices, _number(values, "limit"))
    options = _options(policy.prices, values, tier, inputs, cap)
    outcome, more = _afterwards(policy.prices, outcome, limit, options, inputs)
    hard = [*answer.knock_outs, *more]
    soft = () if policy.explained.isdisjoint(hard) else (*answer.shortfalls, *score.reasons())
    return Verdict(
        outcome=outcome,
        tier=tier,
        pd=score.pd,
        points=score.points,
        reasons=_named(policy, hard, soft, evaluator),
        limit=limit if outcome != "decline" else Money.zero(policy.prices.currency),
        options=options if outcome != "decline" else (),
        routing=str(values.get("routing") or ""),
        hard=tuple(hard),
    )


def _demand(said: bool, field: str, value: object, rule: str) -> None:  # noqa: FBT001 - as check
    """What the rules say is the policy's, not the code's: it is refused, not broken."""
    if not said:
        raise TaelError(
            f"the policy says {value!r} for {field}",
            code="policy_undetermined",
            field=field,
            rule=rule,
        )


def _afterwards(
    prices: PriceTable,
    outcome: str,
    limit: Money,
    options: Sequence[PriceOption],
    inputs: Mapping[str, Feature],
) -> tuple[str, list[str]]:
    """What limit and price add: an approval under which nothing can be lent is none."""
    if outcome == "decline":
        return outcome, []
    if limit.decimal() < prices.least_amount:
        return "decline", ["limit_too_small"]
    if not options:
        return "decline", ["no_price_within_cap"]
    asked = inputs.get("amount")
    if isinstance(asked, Decimal) and limit.decimal() < asked:
        return outcome, ["limit_below_request"]
    return outcome, []


def _options(
    prices: PriceTable,
    values: Mapping[str, object],
    tier: int,
    inputs: Mapping[str, Feature],
    cap: Rate,
) -> tuple[PriceOption, ...]:
    table = _mapping(values, "prices")
    bank, fee = _number(table, "bank_interest"), _number(table, "guarantee_fee")
    return priced(prices, (bank, fee, _number(values, "limit")), tier, inputs, cap)[1]


def priced(
    prices: PriceTable,
    terms: tuple[Decimal, Decimal, Decimal],
    tier: int,
    inputs: Mapping[str, Feature],
    cap: Rate,
) -> tuple[Money, tuple[PriceOption, ...]]:
    """The limit and the options of the menu for ``tier`` that stay within ``cap``.

    ``terms`` are the bank's interest and the guarantee fee, annual, and the limit in major units.
    """
    bank, fee, limit = terms
    asked = inputs["months"]
    check(isinstance(asked, Decimal), "months were checked to be a number")
    built = (
        _option(prices, rule, Rate(bank), Rate(fee + rule.fee_change), (limit, Decimal(str(asked))))
        for rule in prices.options
        if tier in rule.tiers
    )
    # The exact cost of each offer is computed and checked again when it is made and signed.
    within = tuple(o for o in built if o.borrower_rate <= cap and o.limit.decimal() > 0)
    return _limit(prices, limit), within


def _option(
    prices: PriceTable, rule: OptionRule, bank: Rate, fee: Rate, size: tuple[Decimal, Decimal]
) -> PriceOption:
    limit, months = size
    return PriceOption(
        code=rule.code,
        method=rule.method,
        months=max(1, int(months * rule.months_share)),
        limit=_limit(prices, limit * rule.limit_share),
        components=(
            Component("bank_interest", bank, payer="borrower", payee="bank"),
            Component("guarantee_fee", fee, payer="borrower", payee="guarantor"),
            Component("servicing_fee", prices.servicing_fee, payer="guarantor", payee="platform"),
        ),
        penalty_rate=prices.penalty_rate,
    )


def _limit(prices: PriceTable, amount: Decimal) -> Money:
    steps = (amount / prices.limit_step).quantize(Decimal(1), rounding=ROUND_DOWN)
    return Money.of(max(Decimal(0), steps * prices.limit_step), prices.currency)


def _named(
    policy: Policy, hard: Sequence[str], soft: Sequence[str], evaluator: int
) -> tuple[str, ...]:
    """The reasons that are given: the first codes, rules before score, no concept twice."""
    if evaluator == 1:
        return (*hard, *(code for code in soft if code not in hard))
    first: dict[str, str] = {}
    for code in (*hard, *soft):
        first.setdefault(policy.concepts.get(code, code), code)
    return tuple(first.values())[:MOST_REASONS]


def _score_trace(score: Score, *, explained: bool) -> dict[str, object]:
    why = {"reasons": list(score.reasons())} if explained else {}
    return {"pd": score.pd.fraction, "points": score.points, **why, **score.more}


def _checked(rule: InputRule, features: Mapping[str, object]) -> Feature:
    if rule.type == "variable" and rule.name in features and features[rule.name] is None:
        return None
    if rule.name not in features or features[rule.name] is None:
        raise BadInput(f"{rule.name} is missing", field=rule.name, rule="required")
    value = features[rule.name]
    if rule.type == "boolean":
        return _checked_boolean(rule, value)
    if rule.type == "text":
        return _checked_text(rule, value)
    return _checked_number(rule, value)


def _checked_boolean(rule: InputRule, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadInput(f"{value!r} is neither true nor false", field=rule.name, rule="boolean")
    return value


def _checked_text(rule: InputRule, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{value!r} is not a text", field=rule.name, rule="non-empty text")
    if rule.values and value not in rule.values:
        raise BadInput(
            f"{value!r} is not one of {', '.join(rule.values)}",
            field=rule.name,
            rule="one of " + ", ".join(rule.values),
        )
    return value


def _checked_number(rule: InputRule, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise BadInput(
            f"{value!r} is not an exact number; hand in an int or a Decimal",
            field=rule.name,
            rule=f"exact {rule.type}",
        )
    number = Decimal(value)
    if not number.is_finite():
        raise BadInput(f"{value} is not a number", field=rule.name, rule="finite number")
    if rule.type == "integer" and number != number.to_integral_value():
        raise BadInput(f"{value} is not a whole number", field=rule.name, rule="integer")
    if rule.minimum is not None and number < rule.minimum:
        raise BadInput(
            f"{value} is below {rule.minimum}", field=rule.name, rule=f">= {rule.minimum}"
        )
    if rule.maximum is not None and number > rule.maximum:
        raise BadInput(
            f"{value} is above {rule.maximum}", field=rule.name, rule=f"<= {rule.maximum}"
        )
    return number


def _mapping(data: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = data.get(name)
    if not isinstance(found, Mapping):
        raise BadInput(f"{name} is missing or no object", field=name, rule="an object")
    return found


def _number(data: Mapping[str, object], name: str) -> Decimal:
    found = data.get(name)
    try:
        number = Decimal(str(found))
    except ArithmeticError:
        number = Decimal("NaN")
    if isinstance(found, bool) or not number.is_finite():
        raise BadInput(f"{name} is {found!r}, not a number", field=name, rule="a number")
    return number
