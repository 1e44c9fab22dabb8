"""The policy that ships: a worked example to start from, around a model of the lender's own."""

from __future__ import annotations

from importlib.resources import files

from tael.policies.model import Bundle


def first_bundle(model: str) -> Bundle:
    """The shipped rules, prices, parameters and cases with ``model`` (JSON of ``tael.risk``).

    Tiers R1 to R7 by probability of default; bank interest 5.5 to 6 % and guarantee fee 6 to 16 % a
    year, so that every price stays below an all-in cap of 24 % and better tiers pay less and may
    borrow more. The figures are ours: they show the machinery, not a market.
    """
    data = files("tael.policies") / "data"

    def text(name: str) -> str:
        return (data / name).read_text(encoding="utf-8")

    return Bundle(
        dmn=text("first_policy.dmn"),
        model=model,
        prices=text("first_prices.json"),
        parameters=text("first_parameters.json"),
        cases=text("first_cases.json"),
    )
