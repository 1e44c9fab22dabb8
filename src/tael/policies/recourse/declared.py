"""Which changes a policy may suggest: a closed list of kinds, and what none of them may touch.

A policy's parameters may hold a ``recourse``: changes an owner can bring about, and how inputs hang
together, as FEEL. What is not declared is never suggested; what cannot be changed, what is only
claimed, and records of the past are refused here, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from string import Formatter

from tael.kernel import BadInput
from tael.policies.objects import JsonObject, fault
from tael.policies.texts import InputRule
from tael.report import Words

WAITED = "waited"
_CHANGE_FIELDS = (
    "kind", "direction", "least", "most", "step", "values", "months", "cost", "zh", "en",
)  # fmt: skip
_PLACES = frozenset({"from", "to", "by", "months"})
_MOST_CHANGES = 12


class Kind(Enum):
    """What an owner can do; the values are the words of the declaration."""

    PAY_DOWN = "pay_down"
    CLOSE_LINE = "close_line"
    WAIT = "wait"
    LESS_AMOUNT = "less_amount"
    OTHER_TERM = "other_term"
    FILE_TAX = "file_tax"
    ADD_GUARANTOR = "add_guarantor"
    AUTHORISE = "authorise"


# Which way each goes, and what its input must be. None of them raises a sum: an owner who is told
# that a higher revenue would do is told to invent one.
DIRECTION: Mapping[Kind, str] = {
    Kind.PAY_DOWN: "down", Kind.CLOSE_LINE: "down", Kind.WAIT: "up", Kind.LESS_AMOUNT: "down",
    Kind.OTHER_TERM: "either", Kind.FILE_TAX: "down", Kind.ADD_GUARANTOR: "up",
    Kind.AUTHORISE: "up",
}  # fmt: skip
_TYPES: Mapping[Kind, tuple[str, ...]] = {
    Kind.PAY_DOWN: ("number", "integer", "variable"),
    Kind.CLOSE_LINE: ("integer", "variable"),
    Kind.LESS_AMOUNT: ("number", "integer"),
    Kind.OTHER_TERM: ("integer", "number"),
    Kind.FILE_TAX: ("integer", "boolean", "variable"),
    Kind.ADD_GUARANTOR: ("integer", "boolean"),
    Kind.AUTHORISE: ("boolean",),
}
# The only input that a kind speaks of; or a word that the input's name must hold.
_ONLY: Mapping[Kind, str] = {Kind.LESS_AMOUNT: "amount", Kind.OTHER_TERM: "months"}
_SPEAKS_OF: Mapping[Kind, tuple[str, ...]] = {
    Kind.FILE_TAX: ("tax", "filing", "税", "申报"),
    Kind.ADD_GUARANTOR: ("guarantor", "guarantee", "cosigner", "borrower", "担保", "保证", "共同"),
    Kind.AUTHORISE: ("authoris", "authoriz", "consent", "shared", "授权"),
}
# Words of names by what is wrong with suggesting them. A Latin word is the beginning of a part of
# the name, or with '$' the whole part; a Chinese one stands anywhere in it.
_IMMUTABLE = (
    "age$", "ages$", "sex$", "gender", "birth", "race$", "ethnic", "nationalit", "religio",
    "marital", "married", "spouse", "famil", "child", "health", "disab", "pregnan", "politic",
    "region", "province", "city$", "district", "county", "address", "hukou", "industry", "sector",
    "kind$", "years$", "founded", "opened", "establish", "education", "degree$", "name$", "id$",
    "年龄", "性别", "民族", "婚", "宗教", "健康", "地区", "省", "城市", "户籍", "行业", "成立",
    "年限", "学历", "主体类型",
)  # fmt: skip
_CLAIMED = (
    "revenue", "turnover", "income", "sales", "profit", "margin", "takings", "receipt", "invoice",
    "cash", "flow", "inflow", "employee", "headcount", "staff", "wage", "salar", "asset", "propert",
    "equity", "volatil", "growth", "customer", "paid$", "收入", "营业额", "流水", "销售", "利润",
    "开票", "发票", "员工", "资产", "房产", "纳税额", "客户",
)  # fmt: skip
_RECORDS = (
    "overdue", "late$", "lates$", "lateness", "default", "delinquen", "arrear", "court", "lawsuit",
    "judg", "enquir", "inquir", "bankrupt", "fraud", "blacklist", "dpd", "逾期", "查询", "涉诉",
    "诉讼", "失信", "黑名单",
)  # fmt: skip
# Debt held against income, or against sales, is no claim of these.
_DEBTS = ("debt", "loan", "liabilit", "borrow", "repayment", "负债", "贷款", "借款", "还款")
_NUMBERS = ("number", "integer", "variable")
_WHY: Sequence[tuple[tuple[str, ...], str, str]] = (
    (_IMMUTABLE, "is nothing that an owner can change", "what an owner can influence"),
    (_CLAIMED, "can be had at once by inventing it only", "nothing that only a false claim moves"),
    (_RECORDS, "is a record of the past, which time alone changes", "kind wait, by a link"),
)
_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_TEXT = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Lever:
    """A change that may be suggested.

    Attributes:
        name: of the input it moves; ``wait`` for time.
        kind: what it is.
        step: values are ``least`` (``most`` going up) and whole steps from there.
        least: how far down it may go; of ``wait`` and what goes up, how far up.
        values: the only ones, where they are listed (terms).
        months: how long it takes as a rule; None where nobody says.
        cost: effort a unit; None: the share of the way that can be gone.
        words: what to do, with ``{from}``, ``{to}``, ``{by}`` and ``{months}``.
    """

    name: str
    kind: Kind
    step: Decimal
    least: Decimal
    values: tuple[Decimal, ...]
    months: int | None
    cost: Decimal | None
    words: Words


@dataclass(frozen=True, slots=True)
class Declared:
    """What a policy may suggest, and how its inputs hang together.

    Attributes:
        levers: in the order of the text.
        links: FEEL by the input that moves with others. A formula reads inputs as they become (its
            own and other linked ones as they were), ``before.NAME`` as it was, and ``waited`` in
            months.
        reads: by linked input the inputs its formula reads as they become, and ``waited``.
    """

    levers: tuple[Lever, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    reads: Mapping[str, frozenset[str]] = field(default_factory=dict)


def declared(parameters: str, inputs: Sequence[InputRule]) -> Declared:
    """What the parameters text of a policy with these ``inputs`` declares; nothing is nothing.

    Raises:
        BadInput: a field that is none, a kind that is none, an input that cannot be changed, is
            only claimed, or is a record; a formula that reads what is no input; names place, and
            rule.
    """
    whole = JsonObject.of(parameters, "parameters")
    if not whole.has("recourse"):
        return Declared()
    data = whole.part("recourse")
    data.only(("changes", "links"))
    rules = {rule.name: rule for rule in inputs}
    changes = data.part("changes")
    if len(changes.names) > _MOST_CHANGES:
        raise fault(changes.at("*"), f"are {len(changes.names)}", f"at most {_MOST_CHANGES}")
    levers = tuple(_lever(name, changes.part(name), rules) for name in changes.names)
    links = data.part("links") if data.has("links") else JsonObject({}, data.at("links"))
    formulas = {name: links.text(name) for name in links.names}
    reads = {name: _reads(links.at(name), name, formulas, rules) for name in formulas}
    for name in formulas:
        _check_link(links.at(name), name, reads[name], levers)
    return Declared(levers, formulas, reads)


def _lever(name: str, spec: JsonObject, rules: Mapping[str, InputRule]) -> Lever:
    spec.only(_CHANGE_FIELDS)
    kind = _kind(spec)
    _check_input(name, kind, spec, rules)
    if spec.has("direction") and spec.text("direction") != DIRECTION[kind]:
        raise fault(
            spec.at("direction"), f"of {kind.value} is {DIRECTION[kind]}", "the kind's direction"
        )
    step = spec.number("step", above=Decimal(0)) if spec.has("step") else Decimal(1)
    months = spec.number("months", least=Decimal(0)) if spec.has("months") else None
    if months is not None and months != months.to_integral_value():
        raise fault(spec.at("months"), f"is {months}", "whole months")
    return Lever(
        name=name,
        kind=kind,
        step=step,
        least=_end(kind, spec),
        values=_values(kind, spec),
        months=None if months is None else int(months),
        cost=spec.number("cost", above=Decimal(0)) if spec.has("cost") else None,
        words=Words(_words(spec, "zh"), _words(spec, "en")),
    )


def _kind(spec: JsonObject) -> Kind:
    told = spec.text("kind")
    for kind in Kind:
        if kind.value == told:
            return kind
    raise fault(spec.at("kind"), f"{told!r} is no kind", " | ".join(each.value for each in Kind))


def _check_input(name: str, kind: Kind, spec: JsonObject, rules: Mapping[str, InputRule]) -> None:
    """Refuse an input that this kind may not move."""
    if (name == Kind.WAIT.value) != (kind is Kind.WAIT):
        raise fault(spec.at("kind"), f"of {name} is {kind.value}", "wait moves time, nothing else")
    if kind is Kind.WAIT:
        return
    if name not in rules:
        raise fault(spec.at("kind"), f"speaks of {name}, which is no input", "an input")
    exempt = (_RECORDS,) if kind is Kind.FILE_TAX else ()
    if name not in _ONLY.values():
        _refuse(spec.at("kind"), name, exempt)
    if _ONLY.get(kind, name) != name:
        raise fault(spec.at("kind"), f"{kind.value} moves {_ONLY[kind]}, not {name}", _ONLY[kind])
    if kind not in _ONLY and name in _ONLY.values():
        raise fault(
            spec.at("kind"), f"{kind.value} does not move {name}", "less_amount, other_term"
        )
    words = _SPEAKS_OF.get(kind)
    if words and not any(word in name.lower() for word in words):
        raise fault(spec.at("kind"), f"{kind.value} does not fit {name}", " | ".join(words))
    if rules[name].type not in _TYPES[kind]:
        raise fault(
            spec.at("kind"),
            f"{kind.value} moves {' or '.join(_TYPES[kind])}, {name} is {rules[name].type}",
            " | ".join(_TYPES[kind]),
        )


def _refuse(field: str, name: str, exempt: Sequence[tuple[str, ...]] = ()) -> None:
    """Refuse an input by what its name says it is."""
    lifted = (_CLAIMED, *exempt) if _holds(name, _DEBTS) else exempt
    for words, what, rule in _WHY:
        if words not in lifted and _holds(name, words):
            raise BadInput(f"{name} {what}", field=field, rule=rule)


def _holds(name: str, words: Sequence[str]) -> bool:
    parts = re.split(r"[^a-z0-9]+", name.lower())
    for word in words:
        plain = word.rstrip("$")
        if not plain.isascii() and plain in name:
            return True
        if plain in parts if word.endswith("$") else any(p.startswith(plain) for p in parts):
            return True
    return False


def _end(kind: Kind, spec: JsonObject) -> Decimal:
    """How far it may go: ``least`` of what goes down, ``most`` of what goes up."""
    if kind is Kind.OTHER_TERM:
        return Decimal(0)
    if DIRECTION[kind] == "down":
        return spec.number("least", least=Decimal(0)) if spec.has("least") else Decimal(0)
    if kind is Kind.WAIT:
        return spec.number("most", above=Decimal(0))
    return spec.number("most", above=Decimal(0)) if spec.has("most") else Decimal(1)


def _values(kind: Kind, spec: JsonObject) -> tuple[Decimal, ...]:
    if kind is not Kind.OTHER_TERM:
        if spec.has("values"):
            raise fault(spec.at("values"), "are listed for terms only", "kind other_term")
        return ()
    listed = spec.items("values")
    found = []
    for each in listed:
        if isinstance(each, bool) or not isinstance(each, Decimal | int) or each <= 0:
            raise fault(spec.at("values"), f"hold {each!r}", "months above 0")
        found.append(Decimal(each))
    if not found:
        raise fault(spec.at("values"), "are none", "the terms that are offered")
    return tuple(sorted(set(found)))


def _words(spec: JsonObject, locale: str) -> str:
    text = spec.text(locale)
    try:
        named = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as wrong:
        raise fault(spec.at(locale), f"is no text with places: {wrong}", "{from} {to}") from None
    if not named <= _PLACES:
        raise fault(
            spec.at(locale),
            f"has a place {min(named - _PLACES)!r}",
            " | ".join(sorted(f"{{{place}}}" for place in _PLACES)),
        )
    return text


def _reads(
    field: str, name: str, formulas: Mapping[str, str], rules: Mapping[str, InputRule]
) -> frozenset[str]:
    """The inputs that a formula reads as they become, and ``waited``."""
    if name not in rules:
        raise fault(field, "is no input", "an input of the parameters")
    if rules[name].type not in _NUMBERS:
        raise fault(field, f"is a {rules[name].type}", "a number")
    words = set(_NAME.findall(_TEXT.sub("", formulas[name])))
    for word in words:
        head, _, tail = word.partition(".")
        if head == "before" and tail not in rules:
            raise fault(field, f"reads {word}, which is no input", "before.NAME of an input")
    found = frozenset(words & (rules.keys() | {WAITED}))
    if others := sorted((found & formulas.keys()) - {name}):
        raise fault(field, f"reads {others[0]}, which is linked itself", "no link of a link")
    return found - {name}


def _check_link(field: str, name: str, reads: frozenset[str], levers: Sequence[Lever]) -> None:
    """A link may let time pass over anything; what people do moves no claim, record or trait."""
    moved = {lever.name for lever in levers}
    if name in moved:
        raise fault(field, "is moved by a change of its own", "changed, or linked")
    if reads == {WAITED}:
        _refuse(field, name, (_IMMUTABLE, _RECORDS))
        return
    _refuse(field, name)
