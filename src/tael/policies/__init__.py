"""Policy versions and their approval, the decision service, and a log that can be replayed.

A policy version is four texts (DMN 1.5 rules, scorecard, price menu, inputs with reasons). A second
person approves it, then it is deployed; the one before is retired. A decision is a pure function of
those texts, the checked inputs and the dated cap, so ``Policies.reproduce`` gives the same bits.
"""

from tael.policies.engines import ENGINES
from tael.policies.first import first_bundle
from tael.policies.model import (
    Bundle,
    Decision,
    PolicyState,
    PolicyVersion,
    PriceOption,
    Reason,
)
from tael.policies.ports import Engines, Score
from tael.policies.service import Policies
from tael.policies.store import SqlPolicyStore

__all__ = [
    "ENGINES",
    "Bundle",
    "Decision",
    "Engines",
    "Policies",
    "PolicyState",
    "PolicyVersion",
    "PriceOption",
    "Reason",
    "Score",
    "SqlPolicyStore",
    "first_bundle",
]
