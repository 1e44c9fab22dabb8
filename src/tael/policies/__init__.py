"""Policy versions and their approval, the decision service, and a log that can be replayed.

A policy version is its texts (DMN 1.5 rules, model, price menu, inputs with reasons; variables and
cases where it has them). A second person approves it, then it is deployed. A decision is a pure
function of those texts, the checked inputs and the dated cap, so ``Policies.reproduce`` gives the
same bits.

The doors behind this one load when first read: ``model`` (the room's words), ``engines`` (what
loads the texts), ``backtest``, ``flow`` (staged decisions), ``experiments``, ``recourse`` (what
would change the answer), ``books`` (a lender's uploaded book), ``live``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tael.policies import model
from tael.policies.first import first_bundle
from tael.policies.model import Bundle
from tael.policies.service import Policies
from tael.policies.store import SqlPolicyStore

if TYPE_CHECKING:
    from tael.policies import backtest, books, engines, experiments, flow, live, recourse

__all__ = [
    "Bundle",
    "Policies",
    "SqlPolicyStore",
    "backtest",
    "books",
    "engines",
    "experiments",
    "first_bundle",
    "flow",
    "live",
    "model",
    "recourse",
]

_DOORS = {"backtest", "books", "engines", "experiments", "flow", "live", "recourse"}


def __getattr__(name: str) -> object:
    if name in _DOORS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
