"""The decision as a pure function: inputs are checked, scored, put through the DMN, and priced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from tael.kernel import BadInput, Money, Rate, check
from tael.policies.canonical import read
from tael.policies.model import Bundle, Feature, PriceOption, Reason, Verdict
from tael.policies.ports import Engines, Rules, Score, Scorer
from tael.pricing import Component, Method
from tael.risk import REASON_TEXTS

OUTCOMES = ("approve", "decline", "refer")
TIERS = range(1, 8)
_TYPES = ("number", "integer", "text", "boolean")


@dataclass(frozen=True, slots=True)
class InputRule:
    """What one input must be: type, range, closed list. All inputs of the list are required."""

    name: str
    type: str
    minimum: Decimal | None
    maximum: Decimal | None
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OptionRule:
    """One line of the price menu: for which tiers, and how it differs from the table's price."""

    code: str
    tiers: tuple[int, ...]
    method: Method
    months_share: Decimal
    fee_change: Decimal
    limit_share: Decimal


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The price menu of a policy: offers by tier around the rates that the DMN gives."""

    currency: str
    limit_step: Decimal
    least_amount: Decimal
    penalty_rate: Rate
    servicing_fee: Rate
    options: tuple[OptionRule, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A bundle, loaded and ready to decide.

    ``explained`` are the codes that speak of the score: with one of them the scorecard's reasons
    are given too. A decline on a hard rule alone names that rule and nothing else.
    """

    inputs: tuple[InputRule, ...]
    explained: frozenset[str]
    reasons: Mapping[str, Reason]
    prices: PriceTable
    rules: Rules
    scorer: Scorer

    def reason(self, code: str) -> Reason:
        """The code with its texts; a code without a text stands for itself."""
        known = self.reasons.get(code)
        if known is None and code in REASON_TEXTS:
            return Reason(code, *REASON_TEXTS[code])
        return known or Reason(code, code, code)


def load(bundle: Bundle, engines: Engines) -> Policy:
    """``bundle`` ready to decide.

    Raises:
        BadInput: one of the four texts cannot be read; names which, where, and the rule.
    """
    parameters = _json(bundle.parameters, "parameters")
    prices = _json(bundle.prices, "prices")
    return Policy(
        inputs=tuple(
            _input_rule(name, spec) for name, spec in _mapping(parameters, "inputs").items()
        ),
        explained=frozenset(str(code) for code in _items(parameters.get("explained_by_score"))),
        reasons={
            code: Reason(code, str(_mapping(texts, code)["zh"]), str(_mapping(texts, code)["en"]))
            for texts in [_mapping(parameters, "reasons")]
            for code in texts
        },
        prices=_price_table(prices),
        rules=engines.rules(bundle.dmn),
        scorer=engines.scorer(bundle.scorecard),
    )


def checked(policy: Policy, features: Mapping[str, object]) -> dict[str, Feature]:
    """``features`` as the policy reads them: every input there, exact, in range; nothing else.

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
    return {rule.name: _checked(rule, features) for rule in policy.inputs}


def evaluate(policy: Policy, inputs: Mapping[str, Feature], *, cap: Rate) -> tuple[Verdict, object]:
    """The verdict on checked ``inputs`` with the trace; ``cap`` is the annual all-in cap."""
    score = policy.scorer.score(inputs)
    values, trace = policy.rules.evaluate({**inputs, "pd": score.pd.fraction})
    tier = int(_number(values, "tier"))
    check(tier in TIERS, f"a tier is 1 to 7, not {tier}")
    outcome = str(values.get("outcome"))
    check(outcome in OUTCOMES, f"an outcome is one of {', '.join(OUTCOMES)}, not {outcome!r}")
    limit = _limit(policy.prices, _number(values, "limit"))
    options = _options(policy.prices, values, tier, inputs, cap)
    reasons = [*_codes(values, "knock_outs"), *_codes(values, "referrals")]
    outcome, more = _afterwards(policy.prices, outcome, limit, options, inputs)
    reasons += more
    if not policy.explained.isdisjoint(reasons):
        reasons += [code for code in score.reasons if code not in reasons]
    verdict = Verdict(
        outcome=outcome,
        tier=tier,
        pd=score.pd,
        points=score.points,
        reasons=tuple(reasons),
        limit=limit if outcome != "decline" else Money.zero(policy.prices.currency),
        options=options if outcome != "decline" else (),
        routing=str(values.get("routing") or ""),
    )
    return verdict, {"decisions": trace, "score": _score_trace(score)}


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
    limit, asked = _number(values, "limit"), inputs["months"]
    check(isinstance(asked, Decimal), "months were checked to be a number")
    built = (
        _option(prices, rule, Rate(bank), Rate(fee + rule.fee_change), (limit, Decimal(str(asked))))
        for rule in prices.options
        if tier in rule.tiers
    )
    return tuple(o for o in built if _borrower_rate(o) <= cap and o.limit.decimal() > 0)


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


def _borrower_rate(option: PriceOption) -> Rate:
    # Without upfront fees the all-in rate of a schedule is the sum of its rates; the exact cost of
    # each offer is computed and checked again when it is made and when it is signed.
    paid = (part.rate.fraction for part in option.components if part.payer == "borrower")
    return Rate(sum(paid, Decimal(0)))


def _limit(prices: PriceTable, amount: Decimal) -> Money:
    steps = (amount / prices.limit_step).quantize(Decimal(1), rounding=ROUND_DOWN)
    return Money.of(max(Decimal(0), steps * prices.limit_step), prices.currency)


def _codes(values: Mapping[str, object], name: str) -> list[str]:
    found = values.get(name)
    if found is None:
        return []
    return [str(code) for code in found] if isinstance(found, list | tuple) else [str(found)]


def _score_trace(score: Score) -> dict[str, object]:
    return {
        "pd": score.pd.fraction,
        "points": score.points,
        "reasons": list(score.reasons),
    }


def _checked(rule: InputRule, features: Mapping[str, object]) -> Feature:
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


def _input_rule(name: str, spec: object) -> InputRule:
    fields = spec if isinstance(spec, dict) else {}
    if fields.get("type") not in _TYPES:
        raise BadInput(
            f"input {name!r} has type {fields.get('type')!r}",
            field=f"parameters.inputs.{name}.type",
            rule=" | ".join(_TYPES),
        )
    low, high = fields.get("minimum"), fields.get("maximum")
    return InputRule(
        name=name,
        type=str(fields["type"]),
        minimum=None if low is None else Decimal(str(low)),
        maximum=None if high is None else Decimal(str(high)),
        values=tuple(str(value) for value in fields.get("values", ())),
    )


def _price_table(data: Mapping[str, object]) -> PriceTable:
    rows = data.get("options")
    if not isinstance(rows, list) or not rows:
        raise BadInput("the price menu has no options", field="prices.options", rule="at least one")
    options = tuple(_option_rule(row) for row in rows)
    if len({option.code for option in options}) != len(options):
        raise BadInput("an option is there twice", field="prices.options.code", rule="unique")
    return PriceTable(
        currency=str(data.get("currency", "CNY")),
        limit_step=_number(data, "limit_step"),
        least_amount=_number(data, "least_amount"),
        penalty_rate=Rate(_number(data, "penalty_rate")),
        servicing_fee=Rate(_number(data, "servicing_fee")),
        options=options,
    )


def _option_rule(row: object) -> OptionRule:
    fields = row if isinstance(row, dict) else {}
    method = str(fields.get("method"))
    if method not in Method.__members__:
        raise BadInput(
            f"{method!r} is not a repayment method",
            field="prices.options.method",
            rule=" | ".join(Method.__members__),
        )
    tiers = _items(fields.get("tiers"))
    if not tiers or any(tier not in TIERS for tier in tiers):
        raise BadInput(
            f"tiers {tiers} are not all from 1 to 7", field="prices.options.tiers", rule="1 to 7"
        )
    return OptionRule(
        code=str(fields.get("code")),
        tiers=tuple(int(str(tier)) for tier in tiers),
        method=Method[method],
        months_share=_share(fields, "months"),
        fee_change=_number(fields, "fee_change"),
        limit_share=_share(fields, "limit_share"),
    )


def _json(text: str, name: str) -> Mapping[str, object]:
    try:
        data = read(text)
    except ValueError as wrong:
        raise BadInput(f"{name} is not JSON: {wrong}", field=name, rule="JSON object") from None
    if not isinstance(data, dict):
        raise BadInput(f"{name} is not a JSON object", field=name, rule="JSON object")
    return data


def _mapping(data: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = data.get(name)
    if not isinstance(found, Mapping):
        raise BadInput(f"{name} is missing or no object", field=name, rule="an object")
    return found


def _items(found: object) -> list[object]:
    return list(found) if isinstance(found, list) else []


def _share(data: Mapping[str, object], name: str) -> Decimal:
    share = _number(data, name)
    if not 0 < share <= 1:
        raise BadInput(
            f"{name} is {share}", field=f"prices.options.{name}", rule="above 0, at most 1"
        )
    return share


def _number(data: Mapping[str, object], name: str) -> Decimal:
    found = data.get(name)
    try:
        number = Decimal(str(found))
    except ArithmeticError:
        number = Decimal("NaN")
    if isinstance(found, bool) or not number.is_finite():
        raise BadInput(f"{name} is {found!r}, not a number", field=name, rule="a number")
    return number
