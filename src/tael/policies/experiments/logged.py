"""From the decision log to the tables of an experiment: arms, shadow pairs, declines by lot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from tael.kernel import ApplicationId, Rate, VersionId, check, day_of
from tael.policies import rules, texts
from tael.policies.canonical import read
from tael.policies.decisions import figures_of, lost_of
from tael.policies.engines import ENGINES
from tael.policies.experiments.declines import Declines
from tael.policies.experiments.shadow import verdict_table
from tael.policies.experiments.tables import ASSIGNED
from tael.policies.figures import CAP, DRAWN
from tael.policies.flow import Grounds, concluded_on
from tael.policies.lottery import ROUTING, accepted
from tael.policies.model import WHOLE, Bundle, LogEntry, Role, Verdict
from tael.policies.texts import Policy


def assigned_table(entries: Iterable[LogEntry], booked: Mapping[ApplicationId, date]) -> pa.Table:
    """Logged decisions as a table of who was put into which arm, for ``track``.

    The last decision on an application counts. Arms are ``champion`` and ``challenger`` with the
    version's id. What was accepted by lot is a decline of its arm, and its loan no loan of the
    arm's: the lot says nothing of how the version decides.

    Args:
        entries: rows of the log, oldest first.
        booked: by application, the day on which the money went out.
    """
    last = {entry.application_id: entry for entry in entries}
    rows = [_assigned(entry, booked.get(entry.application_id)) for entry in last.values()]
    return pa.Table.from_pylist(rows, schema=pa.schema(list(ASSIGNED.items())))


def shadow_tables(
    pairs: Iterable[tuple[LogEntry, str]],
) -> tuple[pa.Table, pa.Table]:
    """Verdicts of the policy in force and of its shadow, for ``classify``.

    Args:
        pairs: rows of the log, each with the shadow's result as it was kept; those that failed are
            left out by the caller, who tells how many. What was accepted by lot is no verdict of
            the policy and is left out too.
    """
    kept = [(str(e.application_id), _object(e.result), _object(said)) for e, said in pairs]
    plain = [row for row in kept if ROUTING not in (row[1].get("routing"), row[2].get("routing"))]
    return (
        verdict_table((name, first) for name, first, _ in plain),
        verdict_table((name, second) for name, _, second in plain),
    )


@dataclass(frozen=True, slots=True)
class LotSettings:
    """What a lot was drawn by.

    Attributes:
        shares: by number of the deployment, its basis points of random acceptance.
        policies: every version in the log, loaded.
        bad: by application accepted by lot, whether its loan defaulted by the month looked at;
            those not in it are not known.
    """

    shares: Mapping[int, int]
    policies: Mapping[VersionId, Policy]
    bad: Mapping[ApplicationId, bool]


def policies_of(bundles: Mapping[VersionId, Bundle]) -> dict[VersionId, Policy]:
    """Versions, loaded: what ``LotSettings`` decides declines again by."""
    return {version: texts.load(bundle, ENGINES) for version, bundle in bundles.items()}


def declines_of(entries: Iterable[LogEntry], settings: LotSettings) -> Declines:
    """Logged decisions as would-be declines with their chances, for ``default_of_declines``.

    Each is decided again without the lot. A decline by a rule that the policy does not open to the
    lot, or on terms under which nothing could be lent, had no chance.
    """
    rows = list(_lots(entries, settings))
    chance, drawn, bad, pd = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return Declines(chance, drawn.astype(bool), bad, pd)


def _lots(
    entries: Iterable[LogEntry], settings: LotSettings
) -> Iterator[tuple[float, bool, float, float]]:
    for entry in entries:
        policy = settings.policies[entry.policy_id]
        verdict, taken = _without_and_with_lot(policy, entry)
        if verdict.outcome != "decline":
            continue
        share = settings.shares.get(int(_object(entry.context).get("deployment", 0)), 0)
        open_to_it = taken is not verdict
        drawn = _object(entry.result).get("routing") == ROUTING
        check(open_to_it or not drawn, "the lot takes what the policy opens to it")
        known = settings.bad.get(entry.application_id) if drawn else None
        yield (
            share / WHOLE if open_to_it else 0.0,
            drawn,
            float("nan") if known is None else float(known),
            float(verdict.pd.fraction),
        )


def _without_and_with_lot(policy: Policy, entry: LogEntry) -> tuple[Verdict, Verdict]:
    """The verdict had the lot not drawn the application, and had it; the same where it may not."""
    inputs, dated = _object(entry.inputs), figures_of(entry.parameters)
    lost, cap = lost_of(entry.parameters), Rate(dated[CAP])
    if lost is None:
        verdict, _ = rules.evaluate(policy, inputs, cap=cap, evaluator=int(dated["evaluator"]))
        return verdict, accepted(policy, inputs, verdict, cap=cap)
    grounds = Grounds(inputs, lost)
    found, taken = concluded_on(policy, grounds, {**dated, DRAWN: Decimal(1)})
    return found.verdict, taken


def _assigned(entry: LogEntry, booked: date | None) -> dict[str, object]:
    result = _object(entry.result)
    by_lot = result.get("routing") == ROUTING
    return {
        "application": str(entry.application_id),
        "arm": _arm(entry),
        "decided_on": day_of(entry.as_of),
        "outcome": "decline" if by_lot else str(result["outcome"]),
        "booked_on": None if by_lot else booked,
    }


def _arm(entry: LogEntry) -> str:
    role = _object(entry.context).get("arm", Role.CHAMPION.value)
    return str(role) if role == Role.CHAMPION.value else f"{role} {entry.policy_id}"


def _object(text: str) -> dict[str, Any]:
    found = read(text) if text else {}
    return found if isinstance(found, dict) else {}
