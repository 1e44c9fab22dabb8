"""What a history must hold for policies: their inputs, and their models' scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from tael.kernel import BadInput
from tael.policies import texts
from tael.policies.backtest.scores import scores_of
from tael.policies.engines import ENGINES
from tael.policies.model import Bundle


@dataclass(frozen=True, slots=True)
class Asked:
    """An input without which a policy decides nothing.

    Attributes:
        name: of the column.
        type: ``number``, ``integer``, ``text``, ``boolean``, or ``variable``: a number, or the code
            of its kind of missing.
        variable: from which variable it is taken; '' for none.
        scale: what the variable is multiplied by.
        missing: its value where the variable has none; None: the application lacks it.
    """

    name: str
    type: str
    variable: str = ""
    scale: Decimal = Decimal(1)
    missing: Decimal | None = None


def asked_of(bundles: Sequence[Bundle]) -> Mapping[str, Asked]:
    """The inputs of policies by name; a variable that a model alone reads is none.

    Raises:
        BadInput: two policies read one name as two things.
    """
    found: dict[str, Asked] = {}
    for bundle in bundles:
        policy = texts.load(bundle, ENGINES)
        for rule in policy.inputs:
            if rule.type == "variable" and rule.name not in policy.rules.inputs:
                continue
            one = Asked(rule.name, rule.type)
            if rule.taken is not None:
                taken = rule.taken
                one = Asked(rule.name, rule.type, taken.variable, taken.scale, taken.missing)
            if found.setdefault(rule.name, one) != one:
                raise BadInput(
                    f"{rule.name} is one thing to one policy and another to the next",
                    field=rule.name,
                    rule="one type, and one variable that it is taken from",
                )
    return found


def scored(bundle: Bundle, table: pa.Table) -> dict[str, Any]:
    """What the policy's model gives its rules, by name: Arrow arrays, a value a row of ``table``.

    Raises:
        BadInput: the model reads what the table does not hold.
    """
    scorer = ENGINES.scorer(bundle.model)
    names = [name for name in table.column_names if name not in scorer.gives]
    return scores_of(bundle.model, scorer, table.select(names))
