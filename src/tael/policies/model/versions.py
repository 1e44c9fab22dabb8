"""What a policy version is, and which moves it may make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from tael.kernel import Conflict, VersionId
from tael.policies.canonical import digest

# The texts of a policy, by the names they have in ``Bundle``, as files and in refusals.
TEXTS = ("dmn", "model", "prices", "parameters", "variables", "cases")


class PolicyState(Enum):
    """Where a policy version stands: two people stand between a draft and a live decision."""

    DRAFT = "draft"
    CHECKED = "checked"
    BACKTESTED = "backtested"
    APPROVED = "approved"
    DEPLOYED = "deployed"
    RETIRED = "retired"


POLICY_MOVES: Mapping[PolicyState, frozenset[PolicyState]] = {
    PolicyState.DRAFT: frozenset({PolicyState.CHECKED}),
    PolicyState.CHECKED: frozenset({PolicyState.BACKTESTED}),
    # A second person who says no sends it back to whoever drafted it.
    PolicyState.BACKTESTED: frozenset({PolicyState.APPROVED, PolicyState.DRAFT}),
    PolicyState.APPROVED: frozenset({PolicyState.DEPLOYED, PolicyState.RETIRED}),
    PolicyState.DEPLOYED: frozenset({PolicyState.RETIRED}),
    PolicyState.RETIRED: frozenset(),
}
# A rollback alone brings a version back that was in force before.
ROLLBACK_MOVES: Mapping[PolicyState, frozenset[PolicyState]] = {
    **dict.fromkeys(PolicyState, frozenset()),
    PolicyState.RETIRED: frozenset({PolicyState.DEPLOYED}),
}


def move(current: PolicyState, to: PolicyState, *, rollback: bool = False) -> PolicyState:
    """``to``, when the table allows it from ``current``.

    Raises:
        Conflict: any other move.
    """
    if to in POLICY_MOVES[current] or (rollback and to in ROLLBACK_MOVES[current]):
        return to
    back = to is PolicyState.DEPLOYED and to in ROLLBACK_MOVES[current]
    allowed = " or ".join(sorted(state.value for state in POLICY_MOVES[current])) or "nowhere"
    remedy = "; a rollback brings it back, or draft its texts again" if back else ""
    raise Conflict(
        f"a policy version goes from {current.value} to {allowed}, not to {to.value}{remedy}",
        field="state",
        rule=", ".join(state.value for state in PolicyState),
    ).telling("version_state", state=current.value, to=to.value)


@dataclass(frozen=True, slots=True)
class Bundle:
    """The texts a policy is made of. Each is kept whole, so an old decision can be run again.

    Args:
        dmn: a DMN 1.5 file.
        model: a scorecard or a rated model as ``tael.risk`` writes it (JSON).
        prices: the menu of offers by tier (JSON).
        parameters: inputs with their ranges, and the figures of the policy (JSON).
        variables: '' where features are handed in; else which variables of which plan are computed
            from raw events: ``{"plan": hash, "names": [...]}``.
        cases: '' or the policy's own tests: ``{"cases": [{"name", "inputs", "expect"}]}``.
    """

    dmn: str
    model: str
    prices: str
    parameters: str
    variables: str = ""
    cases: str = ""

    def hashes(self) -> dict[str, str]:
        """SHA-256 of each text by its name: what a contract freezes and a replay compares."""
        return {name: digest(getattr(self, name)) for name in TEXTS}


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of the policy, with who wrote, approved and deployed it."""

    id: VersionId
    name: str
    state: PolicyState
    hashes: Mapping[str, str]
    drafted_by: str
    drafted_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    deployed_at: datetime | None = None
    retired_at: datetime | None = None
