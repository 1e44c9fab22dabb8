"""The texts of a bundle, read: every fault is named by text, field and rule."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from tael.kernel import BadInput, Money, Rate
from tael.policies.cases import Case, read_cases
from tael.policies.model import Bundle, Reason
from tael.policies.objects import JsonObject, code_of, fault
from tael.policies.ports import Engines, Rules, Scorer
from tael.pricing import Method
from tael.risk import REASON_TEXTS

TIERS = range(1, 8)
# What the room reads of the rules; prices by the names of its entries.
DECISIONS: Mapping[str, frozenset[str]] = {
    "tier": frozenset(),
    "outcome": frozenset(),
    "limit": frozenset(),
    "prices": frozenset({"bank_interest", "guarantee_fee"}),
}
# Codes the room itself gives, after limit and price.
OWN_CODES = ("limit_below_request", "limit_too_small", "no_price_within_cap")
FEEL_TYPES: Mapping[str, str] = {
    "number": "number", "integer": "number", "text": "string", "boolean": "boolean",
    "variable": "number",
}  # fmt: skip
# An application is asked for these; a variable is computed.
_ASKED = ("number", "integer", "text", "boolean")
# What every application gives.
REQUEST = ("amount", "months")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Taken:
    """An input that is computed from raw events: a ``variable`` of the catalogue.

    Its value times ``scale`` (amounts are in minor units there), and ``missing`` where it has none;
    without ``missing`` an application whose variable has no value lacks the input.
    """

    variable: str
    scale: Decimal
    missing: Decimal | None


@dataclass(frozen=True, slots=True)
class InputRule:
    """What one input must be: type, range, closed list. All inputs of the list are required.

    ``variable`` is the type of a variable that is computed: a number, or None where it has no
    value. ``taken`` is there of a number that rules read under a name of their own.
    """

    name: str
    type: str
    minimum: Decimal | None
    maximum: Decimal | None
    values: tuple[str, ...]
    taken: Taken | None = None


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
class Lottery:
    """Random acceptance: which declines may be taken, and on what terms.

    ``codes`` are those of declines by score; one with any other code is never taken. The amount is
    in the major unit of the policy's currency, rates are annual.
    """

    codes: frozenset[str]
    most_amount: Decimal
    tier: int
    bank_interest: Rate
    guarantee_fee: Rate


@dataclass(frozen=True, slots=True)
class Policy:
    """A bundle, loaded and ready to decide.

    ``explained`` are the codes that speak of the score: with one of them the score's reasons are
    given too. A decline on a hard rule alone names that rule and nothing else. ``concepts`` says of
    a code what it speaks of; one concept is named once. ``variables`` are those computed from raw
    events, inputs too, by the ``plan`` of that hash. ``cases`` are its own tests.
    ``bundle`` are the texts themselves.
    """

    inputs: tuple[InputRule, ...]
    explained: frozenset[str]
    reasons: Mapping[str, Reason]
    concepts: Mapping[str, str]
    prices: PriceTable
    rules: Rules
    scorer: Scorer
    plan: str = ""
    variables: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    lottery: Lottery | None = None
    bundle: Bundle | None = None

    def reason(self, code: str) -> Reason:
        """The code with its texts; a code without a text stands for itself."""
        known = self.reasons.get(code)
        if known is None and code in REASON_TEXTS:
            return Reason(code, *REASON_TEXTS[code])
        return known or Reason(code, code, code)


def load(bundle: Bundle, engines: Engines) -> Policy:
    """``bundle`` ready to decide.

    Raises:
        BadInput: one of the texts cannot be read; names which, where, and the rule.
    """
    parameters = JsonObject.of(bundle.parameters, "parameters")
    prices = JsonObject.of(bundle.prices, "prices")
    specs = parameters.part("inputs")
    plan, variables = _variables(bundle.variables, specs.names)
    inputs = tuple(_input_rule(name, specs.part(name)) for name in specs.names)
    texts = parameters.part("reasons")
    codes = parameters.items("explained_by_score") if parameters.has("explained_by_score") else []
    return Policy(
        inputs=inputs + tuple(InputRule(name, "variable", None, None, ()) for name in variables),
        explained=frozenset(code_of(code, "parameters.explained_by_score") for code in codes),
        reasons={code: _reason(code, texts.part(code)) for code in texts.names},
        concepts={
            code: texts.part(code).text("concept")
            for code in texts.names
            if texts.part(code).has("concept")
        },
        prices=_price_table(prices),
        rules=_named("dmn", engines.rules, bundle.dmn),
        scorer=_named("model", engines.scorer, bundle.model),
        plan=plan,
        variables=variables,
        cases=read_cases(bundle.cases),
        lottery=_lottery(parameters),
        bundle=bundle,
    )


def _lottery(parameters: JsonObject) -> Lottery | None:
    if not parameters.has("random_accept"):
        return None
    spec = parameters.part("random_accept")
    spec.only({"codes", "most_amount", "tier", "bank_interest", "guarantee_fee"})
    codes = frozenset(code_of(code, spec.at("codes")) for code in spec.items("codes"))
    tier = spec.number("tier")
    if not codes:
        raise fault(spec.at("codes"), "name nothing", "at least one code").telling(
            "field_empty", field=spec.at("codes")
        )
    if tier not in TIERS:
        raise fault(spec.at("tier"), f"is {tier}", "1 to 7").telling(
            "tiers_unknown", field=spec.at("tier"), value=tier
        )
    return Lottery(
        codes=codes,
        most_amount=spec.number("most_amount", above=Decimal(0)),
        tier=int(tier),
        bank_interest=Rate(spec.number("bank_interest", least=Decimal(0))),
        guarantee_fee=Rate(spec.number("guarantee_fee", least=Decimal(0))),
    )


def _variables(text: str, taken: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """Plan and names of the variables that are computed; '' and none where there is no text."""
    if not text:
        return "", ()
    data = JsonObject.of(text, "variables")
    data.only({"plan", "names"})
    names = [code_of(name, "variables.names") for name in data.items("names")]
    for name in names:
        if name in taken or names.count(name) > 1:
            raise fault(
                f"variables.names.{name}", "is given twice", "an input or a variable"
            ).telling("variable_twice", name=name)
    return data.text("plan"), tuple(names)


def _input_rule(name: str, spec: JsonObject) -> InputRule:
    kind = spec.text("type") if spec.has("type") else ""
    if kind not in _ASKED:
        raise fault(spec.at("type"), f"{kind!r} is no type", " | ".join(_ASKED)).telling(
            "field_none_of", field=spec.at("type"), value=kind, known=" | ".join(_ASKED)
        )
    low = spec.number("minimum") if spec.has("minimum") else None
    high = spec.number("maximum") if spec.has("maximum") else None
    if low is not None and high is not None and low > high:
        raise fault(spec.at("minimum"), f"{low} is above the maximum {high}", "<= maximum").telling(
            "field_above", field=spec.at("minimum"), value=low, most=high
        )
    values = spec.items("values") if spec.has("values") else []
    if any(not isinstance(value, str) for value in values):
        raise fault(spec.at("values"), "are not all texts", "texts").telling(
            "field_no_text", field=spec.at("values")
        )
    told = tuple(str(value) for value in values)
    return InputRule(name, kind, low, high, told, _taken(name, kind, spec))


def _taken(name: str, kind: str, spec: JsonObject) -> Taken | None:
    if not spec.has("variable"):
        for field in ("scale", "missing"):
            if spec.has(field):
                raise fault(spec.at(field), "is said of no variable", "beside variable").telling(
                    "field_beside_variable", field=spec.at(field)
                )
        return None
    if kind not in ("number", "integer") or name in REQUEST:
        raise fault(
            spec.at("variable"), f"{name} is no number that is computed", "a number"
        ).telling("input_not_computed", name=name)
    return Taken(
        code_of(spec.text("variable"), spec.at("variable")),
        spec.number("scale") if spec.has("scale") else Decimal(1),
        spec.number("missing") if spec.has("missing") else None,
    )


def _reason(code: str, spec: JsonObject) -> Reason:
    return Reason(code_of(code, "parameters.reasons"), spec.text("zh"), spec.text("en"))


def _price_table(data: JsonObject) -> PriceTable:
    rows = data.items("options") if data.has("options") else []
    if not rows:
        raise BadInput(
            "the price menu has no options", field="prices.options", rule="at least one"
        ).telling("field_empty", field="prices.options")
    options = tuple(_option_rule(JsonObject(row, "prices.options")) for row in rows)
    if len({option.code for option in options}) != len(options):
        raise BadInput(
            "an option is there twice", field="prices.options.code", rule="unique"
        ).telling("option_twice")
    currency = data.text("currency") if data.has("currency") else "CNY"
    _named("prices.currency", Money.zero, currency)
    return PriceTable(
        currency=currency,
        limit_step=data.number("limit_step", above=Decimal(0)),
        least_amount=data.number("least_amount", least=Decimal(0)),
        penalty_rate=Rate(data.number("penalty_rate", least=Decimal(0))),
        servicing_fee=Rate(data.number("servicing_fee", least=Decimal(0))),
        options=options,
    )


def _option_rule(row: JsonObject) -> OptionRule:
    method = row.text("method")
    if method not in Method.__members__:
        raise fault(
            row.at("method"), f"{method!r} is no repayment method", " | ".join(Method.__members__)
        ).telling(
            "field_none_of",
            field=row.at("method"),
            value=method,
            known=" | ".join(Method.__members__),
        )
    tiers = row.items("tiers")
    # True is 1 to Python, and JSON's true is no tier.
    if not tiers or any(isinstance(tier, bool) or tier not in TIERS for tier in tiers):
        raise BadInput(
            f"tiers {tiers} are not all from 1 to 7", field=row.at("tiers"), rule="1 to 7"
        ).telling("tiers_unknown", field=row.at("tiers"), value=tiers)
    return OptionRule(
        code=code_of(row.text("code"), row.at("code")),
        tiers=tuple(int(str(tier)) for tier in tiers),
        method=Method[method],
        months_share=_share(row, "months"),
        fee_change=row.number("fee_change"),
        limit_share=_share(row, "limit_share"),
    )


def _share(row: JsonObject, name: str) -> Decimal:
    share = row.number(name)
    if not 0 < share <= 1:
        raise fault(row.at(name), f"is {share}", "above 0, at most 1").telling(
            "field_no_part", field=row.at(name), value=share
        )
    return share


def _named(name: str, load_text: Callable[[str], _T], text: str) -> _T:
    """What ``load_text`` makes of ``text``; whatever it cannot read is bad input of that name."""
    try:
        return load_text(text)
    except BadInput as wrong:
        # The engine knows its node and line; the room knows which of its texts was meant.
        raise BadInput(
            f"{name}: {wrong}",
            code=wrong.code,
            field=name if "." in name else wrong.field or name,
            row=wrong.row,
            rule=wrong.rule,
        ).telling("unreadable", text=name, why=wrong) from wrong
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as wrong:
        raise BadInput(
            f"{name}: {type(wrong).__name__} {wrong}", field=name, rule=f"a {name} of a policy"
        ).telling("unreadable", text=name, why=f"{type(wrong).__name__} {wrong}") from wrong
