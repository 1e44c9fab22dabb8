"""Decisions in approval order: the DMN policy sees the probability and the amount, nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

from tael import dmn
from tael.app.replay.model import Decision, Loan
from tael.kernel import BadInput, Rate

_INPUTS = {"pd", "amount"}
_DECISIONS = ("tier", "outcome", "prices")
_OUTCOMES = {"approve": True, "decline": False}


def load_policy(path: Path | None) -> dmn.Model:
    """The policy in ``path``, or the one that ships.

    Raises:
        BadInput: it lacks tier, outcome or prices, or asks for more than pd and amount.
    """
    if path is None:
        shipped = files("tael.app.replay") / "data" / "replay_policy.dmn"
        model = dmn.loads(shipped.read_bytes(), file="replay_policy.dmn")
    else:
        model = dmn.load(path)
    missing = [name for name in _DECISIONS if name not in model.decisions]
    unknown = [name for name in model.inputs if name not in _INPUTS]
    if missing or unknown:
        wrong = [f"no decision {name!r}" for name in missing]
        wrong += [f"an input {name!r}" for name in unknown]
        raise BadInput(
            f"the policy has {', '.join(wrong)}",
            field="policy",
            rule="decisions tier, outcome, prices from pd and amount",
        )
    return model


def decide(
    policy: dmn.Model, loans: Sequence[Loan], pds: Sequence[Rate], scores: Sequence[int]
) -> Iterator[Decision]:
    """One decision per loan, in the given order.

    Raises:
        BadInput: the policy leaves a value open or gives one of another kind; names the row.
    """
    for loan, pd, score in zip(loans, pds, scores, strict=True):
        result = policy.evaluate({"pd": pd, "amount": loan.amount.decimal()})
        if result.warnings:
            raise _undetermined(loan, str(result.warnings[0]))
        tier, outcome = result.outputs["tier"], result.outputs["outcome"]
        prices = result.outputs["prices"]
        if not isinstance(tier, Decimal) or outcome not in _OUTCOMES:
            raise _undetermined(loan, f"tier {tier!r}, outcome {outcome!r}")
        yield Decision(
            loan=loan,
            pd=pd,
            score=score,
            tier=int(tier),
            approved=_OUTCOMES[str(outcome)],
            bank_interest=_price(loan, prices, "bank_interest"),
            guarantee_fee=_price(loan, prices, "guarantee_fee"),
        )


def _price(loan: Loan, prices: object, name: str) -> Rate:
    rate = prices.get(name) if isinstance(prices, dict) else None
    if not isinstance(rate, Decimal) or rate < 0:
        raise _undetermined(loan, f"{name} is {rate!r}")
    return Rate(rate)


def _undetermined(loan: Loan, what: str) -> BadInput:
    return BadInput(
        f"the policy does not determine an answer: {what}",
        field="policy",
        row=loan.row,
        rule="every decision has a value",
    )
