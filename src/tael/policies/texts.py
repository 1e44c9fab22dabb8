"""The texts of a bundle, read: every fault is named by text, field and rule."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from tael.kernel import BadInput, Money, Rate
from tael.policies.canonical import read
from tael.policies.model import Bundle, Reason
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
_TYPES: Mapping[str, str] = {
    "number": "number", "integer": "number", "text": "string", "boolean": "boolean",
    "variable": "number",
}  # fmt: skip
# An application is asked for these; a variable is computed.
_ASKED = ("number", "integer", "text", "boolean")
_INPUT_FIELDS = ("type", "minimum", "maximum", "values", "variable", "scale", "missing")
_REASON_FIELDS = ("zh", "en", "concept")
_OPTION_FIELDS = ("code", "tiers", "method", "months", "fee_change", "limit_share")
_PRICE_FIELDS = (
    "currency", "limit_step", "least_amount", "penalty_rate", "servicing_fee", "options",
)  # fmt: skip
_REQUEST = ("amount", "months")
_MOST_CHARACTERS = 4_000_000
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
class Policy:
    """A bundle, loaded and ready to decide.

    ``explained`` are the codes that speak of the score: with one of them the score's reasons are
    given too. A decline on a hard rule alone names that rule and nothing else. ``concepts`` says of
    a code what it speaks of; one concept is named once. ``variables`` are those computed from raw
    events, inputs too, by the ``plan`` of that hash.
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
    parameters = _Object.of(bundle.parameters, "parameters")
    prices = _Object.of(bundle.prices, "prices")
    specs = parameters.part("inputs")
    plan, variables = _variables(bundle.variables, specs.names)
    inputs = tuple(_input_rule(name, specs.part(name)) for name in specs.names)
    texts = parameters.part("reasons")
    codes = parameters.items("explained_by_score") if parameters.has("explained_by_score") else []
    return Policy(
        inputs=inputs + tuple(InputRule(name, "variable", None, None, ()) for name in variables),
        explained=frozenset(_code(code, "parameters.explained_by_score") for code in codes),
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
    )


def examine(policy: Policy, bundle: Bundle) -> None:
    """Refuse a policy that loads but could not decide every application.

    Asked of a draft alone: what once was in force stays readable.

    Raises:
        BadInput: a decision the room reads is missing, rules or model read what no application
            gives, a code has no text, or the rules do not stand their own checks; names text,
            node or field, and rule.
    """
    given = {rule.name: _TYPES[rule.type] for rule in policy.inputs}
    for name in _REQUEST:
        if given.get(name) != "number":
            raise _fault(f"parameters.inputs.{name}", "is not asked for", "every request has it")
    if taken := sorted(given.keys() & policy.scorer.gives.keys()):
        raise _fault(f"parameters.inputs.{taken[0]}", "is the score's", "not an input")
    _examine_decisions(policy.rules)
    _examine_reads(policy, given)
    _examine_words(policy)
    _examine_fields(bundle)
    policy.rules.review()


def _examine_decisions(rules: Rules) -> None:
    for name, entries in DECISIONS.items():
        if name not in rules.decisions:
            raise BadInput(
                f"dmn: there is no decision {name!r}",
                field=name,
                rule="decisions " + ", ".join(DECISIONS),
            )
        known = rules.decisions[name]
        if known and not entries <= set(known):
            missing = ", ".join(sorted(entries - set(known)))
            raise BadInput(
                f"dmn: {name} does not give {missing}",
                field=name,
                rule="entries " + ", ".join(sorted(entries)),
            )


def _examine_reads(policy: Policy, given: Mapping[str, str]) -> None:
    known = {**given, **policy.scorer.gives}
    for name, kind in policy.rules.inputs.items():
        if name not in known:
            raise BadInput(
                f"dmn: reads {name!r}, which no application gives",
                field=name,
                rule="an input or a variable, or " + ", ".join(policy.scorer.gives),
            )
        if kind and kind != known[name]:
            raise BadInput(
                f"dmn: {name!r} is a {kind} in the rules and a {known[name]} in the parameters",
                field=name,
                rule="one type",
            )
    for name in policy.scorer.variables:
        if name not in given:
            raise BadInput(
                f"model: reads {name!r}, which no application gives",
                field=name,
                rule="an input of the parameters, or a variable",
            )
    if policy.plan and policy.scorer.plan and policy.plan != policy.scorer.plan:
        raise _fault(
            "variables.plan",
            f"is {policy.plan[:12]}, the model was trained on {policy.scorer.plan[:12]}",
            "the plan that the model was trained on",
        )


def _examine_words(policy: Policy) -> None:
    for code in (*policy.rules.codes, *policy.scorer.codes, *OWN_CODES, *sorted(policy.explained)):
        if code not in policy.reasons and code not in REASON_TEXTS:
            raise _fault(f"parameters.reasons.{code}", "has no text", "a text in zh and en")


def _examine_fields(bundle: Bundle) -> None:
    """A field that nobody reads is a slip of the pen without effect: refuse it."""
    parameters = _Object.of(bundle.parameters, "parameters")
    parameters.only({"inputs", "reasons", "explained_by_score"})
    for part, known in (("inputs", _INPUT_FIELDS), ("reasons", _REASON_FIELDS)):
        specs = parameters.part(part)
        for name in specs.names:
            specs.part(name).only(known)
    prices = _Object.of(bundle.prices, "prices")
    prices.only(_PRICE_FIELDS)
    for row in prices.items("options"):
        _Object(row, "prices.options").only(_OPTION_FIELDS)


def _variables(text: str, taken: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """Plan and names of the variables that are computed; '' and none where there is no text."""
    if not text:
        return "", ()
    data = _Object.of(text, "variables")
    data.only({"plan", "names"})
    names = [_code(name, "variables.names") for name in data.items("names")]
    for name in names:
        if name in taken or names.count(name) > 1:
            raise _fault(f"variables.names.{name}", "is given twice", "an input or a variable")
    return data.text("plan"), tuple(names)


def _input_rule(name: str, spec: _Object) -> InputRule:
    kind = spec.text("type") if spec.has("type") else ""
    if kind not in _ASKED:
        raise _fault(spec.at("type"), f"{kind!r} is no type", " | ".join(_ASKED))
    low = spec.number("minimum") if spec.has("minimum") else None
    high = spec.number("maximum") if spec.has("maximum") else None
    if low is not None and high is not None and low > high:
        raise _fault(spec.at("minimum"), f"{low} is above the maximum {high}", "<= maximum")
    values = spec.items("values") if spec.has("values") else []
    if any(not isinstance(value, str) for value in values):
        raise _fault(spec.at("values"), "are not all texts", "texts")
    told = tuple(str(value) for value in values)
    return InputRule(name, kind, low, high, told, _taken(name, kind, spec))


def _taken(name: str, kind: str, spec: _Object) -> Taken | None:
    if not spec.has("variable"):
        for field in ("scale", "missing"):
            if spec.has(field):
                raise _fault(spec.at(field), "is said of no variable", "beside variable")
        return None
    if kind not in ("number", "integer") or name in _REQUEST:
        raise _fault(spec.at("variable"), f"{name} is no number that is computed", "a number")
    return Taken(
        _code(spec.text("variable"), spec.at("variable")),
        spec.number("scale") if spec.has("scale") else Decimal(1),
        spec.number("missing") if spec.has("missing") else None,
    )


def _reason(code: str, spec: _Object) -> Reason:
    return Reason(_code(code, "parameters.reasons"), spec.text("zh"), spec.text("en"))


def _code(found: object, path: str) -> str:
    if not isinstance(found, str) or not found.strip():
        raise _fault(path, f"{found!r} is no code", "non-empty text")
    return found


def _price_table(data: _Object) -> PriceTable:
    rows = data.items("options") if data.has("options") else []
    if not rows:
        raise BadInput("the price menu has no options", field="prices.options", rule="at least one")
    options = tuple(_option_rule(_Object(row, "prices.options")) for row in rows)
    if len({option.code for option in options}) != len(options):
        raise BadInput("an option is there twice", field="prices.options.code", rule="unique")
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


def _option_rule(row: _Object) -> OptionRule:
    method = row.text("method")
    if method not in Method.__members__:
        raise _fault(
            row.at("method"), f"{method!r} is no repayment method", " | ".join(Method.__members__)
        )
    tiers = row.items("tiers")
    # True is 1 to Python, and JSON's true is no tier.
    if not tiers or any(isinstance(tier, bool) or tier not in TIERS for tier in tiers):
        raise BadInput(
            f"tiers {tiers} are not all from 1 to 7", field=row.at("tiers"), rule="1 to 7"
        )
    return OptionRule(
        code=_code(row.text("code"), row.at("code")),
        tiers=tuple(int(str(tier)) for tier in tiers),
        method=Method[method],
        months_share=_share(row, "months"),
        fee_change=row.number("fee_change"),
        limit_share=_share(row, "limit_share"),
    )


def _share(row: _Object, name: str) -> Decimal:
    share = row.number(name)
    if not 0 < share <= 1:
        raise _fault(row.at(name), f"is {share}", "above 0, at most 1")
    return share


class _Object:
    """An object of a JSON text; ``path`` leads to it, for the refusals."""

    def __init__(self, data: object, path: str) -> None:
        if not isinstance(data, Mapping):
            raise _fault(path, "is missing or no object", "an object")
        self._data = data
        self._path = path

    @classmethod
    def of(cls, text: str, name: str) -> _Object:
        """The object that ``text`` writes."""
        if len(text) > _MOST_CHARACTERS:
            raise _fault(name, "is too long", f"at most {_MOST_CHARACTERS} characters")
        try:
            data = read(text)
        except ValueError as wrong:
            raise BadInput(f"{name} is not JSON: {wrong}", field=name, rule="JSON object") from None
        except RecursionError:
            raise _fault(name, "nests too deeply", "JSON object") from None
        if not isinstance(data, dict):
            raise BadInput(f"{name} is not a JSON object", field=name, rule="JSON object")
        return cls(data, name)

    @property
    def names(self) -> list[str]:
        return [str(name) for name in self._data]

    def at(self, name: str) -> str:
        """Where the field stands."""
        return f"{self._path}.{name}"

    def has(self, name: str) -> bool:
        return self._data.get(name) is not None

    def only(self, known: Collection[str]) -> None:
        """Refuse a field that nobody reads: it would be a slip of the pen without effect."""
        for name in self._data:
            if name not in known:
                raise _fault(self.at(name), "is no field", " | ".join(sorted(known)))

    def part(self, name: str) -> _Object:
        return _Object(self._data.get(name), self.at(name))

    def items(self, name: str) -> list[object]:
        found = self._data.get(name)
        if not isinstance(found, list):
            raise _fault(self.at(name), f"is {found!r}, no list", "a list")
        return found

    def text(self, name: str) -> str:
        found = self._data.get(name)
        if not isinstance(found, str) or not found.strip():
            raise _fault(self.at(name), f"is {found!r}, no text", "non-empty text")
        return found

    def number(
        self, name: str, *, above: Decimal | None = None, least: Decimal | None = None
    ) -> Decimal:
        """A number, written as one or as text; in the range that is asked for."""
        found = self._data.get(name)
        try:
            number = Decimal(str(found))
        except ArithmeticError:
            number = Decimal("NaN")
        if isinstance(found, bool) or not number.is_finite():
            raise _fault(self.at(name), f"is {found!r}, not a number", "a number")
        if above is not None and number <= above:
            raise _fault(self.at(name), f"is {number}", f"above {above}")
        if least is not None and number < least:
            raise _fault(self.at(name), f"is {number}", f">= {least}")
        return number


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
        ) from wrong
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as wrong:
        raise BadInput(
            f"{name}: {type(wrong).__name__} {wrong}", field=name, rule=f"a {name} of a policy"
        ) from wrong


def _fault(field: str, what: str, rule: str) -> BadInput:
    return BadInput(f"{field.rpartition('.')[2]} {what}", field=field, rule=rule)
