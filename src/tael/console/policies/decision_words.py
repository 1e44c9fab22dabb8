"""What the pages about decisions and sources say: texts of closed lists, for the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from tael.console.words import N_
from tael.policies.model import ChainFault

FAULTS: Mapping[ChainFault, str] = {
    ChainFault.INPUTS: N_("The inputs are not those that were decided on."),
    ChainFault.RESULT: N_("The result is not the one that was decided."),
    ChainFault.ROW: N_("The row is not what it was when it was sealed."),
    ChainFault.BEFORE: N_("The link before it is missing or another."),
    ChainFault.AFTER: N_("The link after it follows another."),
}
DIFFERING: Mapping[str, str] = {
    "result": N_("Result"),
    "trace": N_("Trace"),
    "inputs": N_("Inputs"),
    "evidence": N_("Evidence"),
    "failure": N_("Failure"),
}
TIMINGS: Mapping[str, str] = {
    "variables": N_("Variables"),
    "policy": N_("Rules, model, prices"),
}
TEXTS: Mapping[str, str] = {
    "dmn": N_("Rules"),
    "model": N_("Model"),
    "prices": N_("Prices"),
    "parameters": N_("Parameters"),
    "variables": N_("Variables"),
    "cases": N_("Test cases"),
    "engine": N_("Engine"),
    "rules": N_("Rules as they ran"),
    "dated": N_("Figures of the day"),
}
HOW: Mapping[str, str] = {
    "complete": N_("With everything known"),
    "early": N_("Early: what was not asked could not change it"),
    "degraded": N_("Without a source that did not answer"),
}
