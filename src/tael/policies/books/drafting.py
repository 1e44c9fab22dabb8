"""A cut-off as a policy: a table over the book's own score or tier, with limits and prices.

What the draft says comes out of the book: probabilities from its outcomes, limits and rates from
what was lent. A person reads it before it is checked, back-tested and approved like any other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tael.kernel import BadInput
from tael.policies.books.analysis import Analysis
from tael.policies.books.model import CURRENCY, Role
from tael.policies.books.money import LONGEST_MONTHS, PPM, Assumptions, Ints
from tael.policies.books.ranking import Ranking, plain_text
from tael.policies.books.rows import UNKNOWN, Flags, Rows
from tael.policies.canonical import canonical
from tael.policies.model import Bundle
from tael.risk import Feature, Scorecard, tier

if TYPE_CHECKING:
    from tael.dmn.authoring import Table

# The input that the rules read; ``pd`` is the name of what the policy's own model gives.
INPUTS: Mapping[Role, str] = {Role.SCORE: "score", Role.PD: "given_pd", Role.TIER: "given_tier"}
BELOW, MODEL = "below_cutoff", "book_score"
_TIERS = range(1, 8)
# A condition and one conclusion.
_PAIR = 2
_STEP, _CENTS = Decimal(1000), Decimal(100)
_NAMESPACE = "https://tael.example/books/"
_WORDS: Mapping[Role, tuple[str, str]] = {
    Role.SCORE: ("评分", "score"),
    Role.PD: ("违约概率", "probability of default"),
    Role.TIER: ("风险等级", "risk tier"),
}


@dataclass(frozen=True)
class _Priced:
    """What the book lent in each tier: the largest amount, major units, and the mean rate."""

    limit: Mapping[int, Decimal]
    rate: Mapping[int, Decimal]
    least: Decimal
    step: Decimal


def bundle_of(found: Analysis, cut: int, assumed: Assumptions, source: str) -> Bundle:
    """The texts of a policy that accepts what the cut-off numbered ``cut`` accepts.

    ``source`` names the book and its hash in the rules' description.

    Raises:
        BadInput: too few outcomes, or a column that does not tell goods from bads.
    """
    ranking, rows = found.ranking, found.rows
    card = _scorecard(rows, ranking)
    bins = _bins(card, ranking)
    tiers = _tier_of_rows(rows, ranking, bins)
    accepted = ranking.passed() > cut
    priced = _priced(rows, tiers, accepted, assumed)
    told = f"{source}; cut-off {ranking.cuts[cut].text}"
    return Bundle(
        dmn=_rules(ranking, cut, bins, priced, told),
        model=card.to_json(),
        prices=_prices(priced),
        parameters=_parameters(ranking),
        cases=_cases(ranking, cut, rows, priced),
    )


@dataclass(frozen=True, slots=True)
class _Bin:
    """Values of the book's column that have one probability: a FEEL test, and its tier."""

    test: str
    tier: int
    low: float
    high: float
    texts: tuple[str, ...] = ()


def _scorecard(rows: Rows, ranking: Ranking) -> Scorecard:
    """The book's column as a scorecard of one characteristic, on the rows with an outcome."""
    known = (rows.outcome != UNKNOWN) & ~np.isnan(ranking.goodness)
    name = INPUTS[ranking.role]
    if ranking.tiers:
        feature = Feature(name, "categorical", max_bins=7, reason=MODEL)
        values = np.asarray(rows.ranking[Role.TIER], dtype=object)[known].astype(str)
    else:
        monotone = "falling" if ranking.higher else "rising"
        feature = Feature(name, monotone=monotone, reason=MODEL)
        values = np.asarray(rows.ranking[ranking.role], dtype=np.float64)[known]
    try:
        return Scorecard([feature]).fit({name: values}, rows.outcome[known])
    except BadInput as wrong:
        raise BadInput(
            "the book has too few outcomes, or this column does not tell goods from bads: "
            f"{wrong.message}",
            code="book_no_signal", field=ranking.role.value, rule="a column that ranks",
        ) from wrong  # fmt: skip


def _bins(card: Scorecard, ranking: Ranking) -> list[_Bin]:
    """The values in order, neighbours of one tier together."""
    name = INPUTS[ranking.role]
    if ranking.tiers:
        by_text = {text: _tier(card, name, text) for text in ranking.tiers}
        found = []
        for number in sorted(set(by_text.values())):
            texts = tuple(text for text, each in by_text.items() if each == number)
            found.append(_Bin(", ".join(_quoted(text) for text in texts), number, 0, 0, texts))
        return found
    edges = [-np.inf, *card.characteristics_[0].binning.cuts, np.inf]
    pairs: list[tuple[float, float, int]] = []
    for low, high in pairwise(edges):
        inside = low if np.isfinite(low) else high - 1 if np.isfinite(high) else 0.0
        number = _tier(card, name, inside)
        if pairs and pairs[-1][2] == number:
            pairs[-1] = (pairs[-1][0], high, number)
        else:
            pairs.append((low, high, number))
    return [_Bin(_range(low, high), number, low, high) for low, high, number in pairs]


def _tier(card: Scorecard, name: str, value: object) -> int:
    return tier(card.pd({name: value}))


def _range(low: float, high: float) -> str:
    lower, upper = (plain_text(Decimal(repr(float(each)))) for each in (low, high))
    if not np.isfinite(low):
        return "-" if not np.isfinite(high) else f"< {upper}"
    return f">= {lower}" if not np.isfinite(high) else f"[{lower}..{upper})"


def _tier_of_rows(rows: Rows, ranking: Ranking, bins: Sequence[_Bin]) -> Ints:
    found = np.full(rows.count, UNKNOWN, dtype=np.int64)
    if ranking.tiers:
        texts = np.asarray(rows.ranking[Role.TIER], dtype=object)
        for each in bins:
            found[np.isin(texts, np.array(each.texts, dtype=object))] = each.tier
        return found
    values = np.asarray(rows.ranking[ranking.role], dtype=np.float64)
    for each in bins:
        found[(values >= each.low) & (values < each.high)] = each.tier
    return found


def _priced(rows: Rows, tiers: Ints, accepted: Flags, assumed: Assumptions) -> _Priced:
    """Limits and rates by tier; a tier the cut-off leaves empty takes those of the whole book."""
    member = accepted if accepted.any() else np.ones(rows.count, dtype=bool)
    overall = _mean_rate(rows, member, assumed)
    largest = int(rows.amount[member].max())
    step = _STEP if largest >= int(_STEP * _CENTS) * 10 else Decimal(1)
    limit, rate = {}, {}
    for number in _TIERS:
        mine = member & (tiers == number)
        most = int(rows.amount[mine].max()) if mine.any() else largest
        limit[number] = _down(Decimal(most) / _CENTS, step)
        rate[number] = _mean_rate(rows, mine, assumed) if mine.any() else overall
    least = _down(Decimal(int(rows.amount[member].min())) / _CENTS, step)
    return _Priced(limit, rate, min(least, *limit.values()), step)


def _mean_rate(rows: Rows, member: Flags, assumed: Assumptions) -> Decimal:
    """The mean annual rate of the rows by amount, to a hundredth of a per cent."""
    amount = int(rows.amount[member].sum())
    if not amount:
        return assumed.rate
    pairs = zip(rows.amount[member].tolist(), rows.rate_ppm[member].tolist(), strict=True)
    weighted = sum(minor * ppm for minor, ppm in pairs)
    return (Decimal(weighted) / amount / PPM).quantize(Decimal("0.0001"))


def _down(amount: Decimal, step: Decimal) -> Decimal:
    return (amount / step).quantize(Decimal(1), rounding=ROUND_DOWN) * step


def _rules(ranking: Ranking, cut: int, bins: Sequence[_Bin], priced: _Priced, told: str) -> str:
    """The DMN file: tier, knock-outs, outcome, prices, limit."""
    from tael.dmn.authoring import Draft  # noqa: PLC0415 - heavy, and only drafts need it

    name, kind = INPUTS[ranking.role], "string" if ranking.tiers else "number"
    below = _below(ranking, cut)
    knock_outs = _table(name, kind, [(below, _quoted(BELOW))] if below else [], told=told)
    by_tier = [str(number) for number in _TIERS]
    rates = [(text, plain_text(priced.rate[int(text)]), "0") for text in by_tier]
    limits = [(text, plain_text(priced.limit[int(text)])) for text in by_tier]
    answers = [("> 0", '"decline"'), ("0", '"approve"')]
    return (
        Draft.new("book_policy", _NAMESPACE)
        .type("codes", "string", collection=True)
        .type("answer", "string", allowed='"approve", "decline", "refer"')
        .type("price", components={"bank_interest": "number", "guarantee_fee": "number"})
        .input(name, kind, ", ".join(_quoted(text) for text in ranking.tiers))
        .input("amount", "number", "> 0")
        .input("months", "number", "> 0")
        .decision("tier", _table(name, kind, [(b.test, str(b.tier)) for b in bins]), "number")
        .decision("knock_outs", knock_outs, "codes")
        .decision("outcome", _table("count(knock_outs)", "number", answers), "answer")
        .decision("prices", _table("tier", "number", rates), "price")
        .decision("limit", _table("tier", "number", limits), "number")
        .to_xml()
    )


def _table(name: str, kind: str, rows: Sequence[tuple[str, ...]], told: str | None = None) -> Table:
    """A table over one column; ``told`` makes it collect texts and describes it."""
    from tael.dmn import authoring  # noqa: PLC0415 - heavy, and only drafts need it

    texts = told is not None or name.startswith("count")
    names = ("bank_interest", "guarantee_fee") if rows and len(rows[0]) > _PAIR else ("",)
    outputs = tuple(
        authoring.OutputColumn(name=each, type="string" if texts else "number") for each in names
    )
    allowed = ">= 0" if name.startswith("count") else ""
    return authoring.Table(
        (authoring.InputColumn(name, kind, allowed),),
        outputs,
        tuple(authoring.Rule(row[:1], row[1:]) for row in rows),
        "COLLECT" if told is not None else "UNIQUE",
        more={"description": told} if told else {},
    )


def _below(ranking: Ranking, cut: int) -> str:
    """The FEEL test of what the cut-off declines; '' where it declines nobody."""
    if cut == 0:
        return ""
    text = ranking.cuts[cut].text
    if ranking.tiers:
        # Cuts go from accepting all: the tiers before this one are declined.
        return ", ".join(_quoted(each.text) for each in ranking.cuts[:cut])
    return f"< {text}" if ranking.higher else f"> {text}"


def _prices(priced: _Priced) -> str:
    return json.dumps(
        {
            "currency": CURRENCY,
            "limit_step": str(priced.step),
            "least_amount": str(priced.least),
            "penalty_rate": "0",
            "servicing_fee": "0",
            "options": [
                {
                    "code": "as_asked", "tiers": list(_TIERS), "method": "EQUAL_INSTALMENT",
                    "months": "1", "fee_change": "0", "limit_share": "1",
                },
            ],
        },
        ensure_ascii=False, indent=1,
    )  # fmt: skip


def _parameters(ranking: Ranking) -> str:
    zh, en = _WORDS[ranking.role]
    given: dict[str, object] = {"type": "text", "values": list(ranking.tiers)}
    if ranking.role is Role.SCORE:
        given = {"type": "number"}
    elif ranking.role is Role.PD:
        given = {"type": "number", "minimum": "0", "maximum": "1"}
    reasons = {
        BELOW: {"zh": f"{zh}未达准入标准", "en": f"The {en} does not meet the cut-off"},
        MODEL: {"zh": f"{zh}不理想", "en": f"The {en} is weak"},
        "limit_below_request": {
            "zh": "可用额度低于申请金额", "en": "The limit is lower than the amount asked for",
        },
        "limit_too_small": {
            "zh": "可用额度低于最低放款金额", "en": "The limit is below the smallest loan",
        },
        "no_price_within_cap": {
            "zh": "综合成本超过上限，无可用方案",
            "en": "No price stays within the cap on all-in cost",
        },
    }  # fmt: skip
    for code in (BELOW, MODEL):
        reasons[code]["concept"] = "book_score"
    inputs: dict[str, object] = {
        INPUTS[ranking.role]: given,
        "amount": {"type": "number", "minimum": "1"},
        "months": {"type": "integer", "minimum": "1", "maximum": str(LONGEST_MONTHS)},
    }
    return json.dumps({"inputs": inputs, "reasons": reasons}, ensure_ascii=False, indent=1)


def _cases(ranking: Ranking, cut: int, rows: Rows, priced: _Priced) -> str:
    """What the cut-off itself must give, and the next worse value: so a slip shows in the check."""
    amount = min(priced.limit.values())
    months = int(np.sort(rows.months)[rows.count // 2])
    name = INPUTS[ranking.role]
    expected = [("at_the_cutoff", cut, "approve")]
    if cut:
        expected.append(("below_the_cutoff", cut - 1, "decline"))
    cases = [
        {"name": title, "inputs": {name: _given(ranking, at)}, "expect": {"outcome": outcome}}
        for title, at, outcome in expected
    ]
    shared = {"amount": max(amount, priced.least), "months": Decimal(months)}
    return canonical({"given": shared, "cases": cases})


def _given(ranking: Ranking, at: int) -> str | Decimal:
    text = ranking.cuts[at].text
    return text if ranking.tiers else Decimal(text)


def _quoted(text: str) -> str:
    """``text`` as FEEL writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
