"""The words of the room: versions and their moves, decisions and their log."""

from tael.policies.model.decisions import (
    Decision,
    Feature,
    LogEntry,
    LogProof,
    PriceOption,
    Reason,
    Reproduction,
    Seal,
    Verdict,
    money_from_json,
    option_from_json,
)
from tael.policies.model.versions import (
    POLICY_MOVES,
    TEXTS,
    Bundle,
    PolicyState,
    PolicyVersion,
    move,
)

__all__ = [
    "POLICY_MOVES",
    "TEXTS",
    "Bundle",
    "Decision",
    "Feature",
    "LogEntry",
    "LogProof",
    "PolicyState",
    "PolicyVersion",
    "PriceOption",
    "Reason",
    "Reproduction",
    "Seal",
    "Verdict",
    "money_from_json",
    "move",
    "option_from_json",
]
