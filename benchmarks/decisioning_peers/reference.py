"""What Tael's policies room decides on the workload: the answers that every stack must give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from decisioning_peers import policy
from decisioning_peers.names import INPUTS
from decisioning_peers.workload import Workload
from tael.kernel import Rate
from tael.policies import Bundle, rules
from tael.policies.engines import ENGINES
from tael.policies.model import PriceOption, Verdict
from tael.policies.texts import load
from tael.risk.pipeline import MISSING_CODES


def answers(workload: Workload) -> Iterator[dict[str, object]]:
    """The answer for each borrower, without the id of the decision; plain, one by one."""
    loaded = load(Bundle(**workload.texts), ENGINES)
    cap = Rate(Decimal(policy.CAP))
    for place in range(len(workload.borrowers)):
        features = features_of(workload, place)
        verdict, _ = rules.evaluate(loaded, rules.checked(loaded, features), cap=cap)
        yield answer(verdict)


def features_of(workload: Workload, place: int) -> dict[str, Decimal]:
    """Every input of the policy, variables among them, of the borrower at ``place``."""
    row = dict(zip(workload.names, workload.values[place].tolist(), strict=True))
    features = {name: _exact(value) for name, value in row.items()} | _read(row)
    amount, months = workload.amounts_minor[place], workload.months[place]
    return features | {"amount": Decimal(amount) / 100, "months": Decimal(months)}


def _read(row: Mapping[str, float]) -> dict[str, Decimal]:
    return {
        each.name: _exact(row[each.variable]) * Decimal(each.scale)
        if row[each.variable] == row[each.variable]  # NaN is not
        else Decimal(each.missing)
        for each in INPUTS
    }


def _exact(value: float) -> Decimal:
    """The shortest text that reads back as the same double; a code where there is no value."""
    missing = value != value  # noqa: PLR0124 - as above
    return Decimal(str(int(MISSING_CODES[1]))) if missing else Decimal(repr(value))


def answer(verdict: Verdict) -> dict[str, object]:
    """A verdict in the words of the benchmark's answer."""
    return {
        "outcome": verdict.outcome,
        "tier": verdict.tier,
        "pd": float(verdict.pd.fraction),
        "points": verdict.points,
        "limit_minor": verdict.limit.minor,
        "options": [_option(each) for each in verdict.options],
        "reasons": [*verdict.reasons],
        "routing": verdict.routing,
    }


def _option(option: PriceOption) -> dict[str, object]:
    rates = {each.name: float(each.rate.fraction) for each in option.components}
    return {
        "code": option.code,
        "method": option.method.name,
        "months": option.months,
        "limit_minor": option.limit.minor,
        "penalty_rate": float(option.penalty_rate.fraction),
        **rates,
    }
