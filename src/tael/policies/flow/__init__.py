"""Staged decisions: sources are fetched only while the outcome still depends on them.

    ahead = Ahead.of(bundle)
    plan = plan_of(ahead.policy, bundle.parameters)
    runner = FlowRunner(ahead, plan, sources)
    result = runner.run(applicant, cap=cap)
    result.outcome, result.skipped, result.saved_minor

``conclude`` gives the same verdict again from the grounds of a result.
"""

from tael.policies.flow.again import ahead_of, concluded_on, run_staged, wanted_on
from tael.policies.flow.ahead import Ahead
from tael.policies.flow.conclude import conclude
from tael.policies.flow.course import FlowSettings
from tael.policies.flow.examine import examine
from tael.policies.flow.order import History
from tael.policies.flow.plan import FlowPlan, SourceRule, Stage, plan_of
from tael.policies.flow.ports import (
    Answer,
    Applicant,
    Compute,
    Consented,
    ConsentPort,
    Grounds,
    SourcePort,
)
from tael.policies.flow.result import (
    Concluded,
    Degraded,
    Fetched,
    FlowResult,
    Refusal,
    Savings,
    Skipped,
    Spent,
    StageRun,
    savings,
)
from tael.policies.flow.run import Staged, StagedRun
from tael.policies.flow.runner import FlowRunner
from tael.policies.flow.staged import staged_bundle
from tael.policies.flow.streams import SOURCE_OF_STREAM, sources_of

__all__ = [
    "SOURCE_OF_STREAM",
    "Ahead",
    "Answer",
    "Applicant",
    "Compute",
    "Concluded",
    "ConsentPort",
    "Consented",
    "Degraded",
    "Fetched",
    "FlowPlan",
    "FlowResult",
    "FlowRunner",
    "FlowSettings",
    "Grounds",
    "History",
    "Refusal",
    "Savings",
    "Skipped",
    "SourcePort",
    "SourceRule",
    "Spent",
    "Stage",
    "StageRun",
    "Staged",
    "StagedRun",
    "ahead_of",
    "conclude",
    "concluded_on",
    "examine",
    "plan_of",
    "run_staged",
    "savings",
    "sources_of",
    "staged_bundle",
    "wanted_on",
]  # fmt: skip
