"""The words of the room: versions and their life, deployments, decisions and their log."""

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
from tael.policies.model.deployments import (
    EVERYTHING,
    WHOLE,
    Arm,
    Assignment,
    Deployment,
    Role,
    Traffic,
)
from tael.policies.model.findings import CaseFailure, CheckRecord, Finding, Weight
from tael.policies.model.history import Event, EventKind, ModelState, ModelVersion, Proof
from tael.policies.model.versions import (
    POLICY_MOVES,
    ROLLBACK_MOVES,
    TEXTS,
    Bundle,
    PolicyState,
    PolicyVersion,
    move,
)

__all__ = [
    "EVERYTHING", "POLICY_MOVES", "ROLLBACK_MOVES", "TEXTS", "WHOLE", "Arm", "Assignment", "Bundle",
    "CaseFailure", "CheckRecord", "Decision", "Deployment", "Event", "EventKind", "Feature",
    "Finding", "LogEntry", "LogProof", "ModelState", "ModelVersion", "PolicyState", "PolicyVersion",
    "PriceOption", "Proof", "Reason", "Reproduction", "Role", "Seal", "Traffic", "Verdict",
    "Weight", "money_from_json", "move", "option_from_json",
]  # fmt: skip
