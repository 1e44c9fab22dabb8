"""The decisions of one deployment with what became of them, as the tables an experiment reads.

Who was put where stands in the decision log; what became of the loans in the reports of each day,
or in the month ends. A loan is bad once it was 90 days past due, claimed of the guarantor or
written off; its loss is what was claimed and not recovered. Profit is not known of a month end, and
not told.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from tael.app.store.outcomes import MonthEnd, Outcomes, Shadowed
from tael.kernel import ApplicationId
from tael.platform import Work
from tael.policies.experiments import (
    OutcomeReport,
    SqlOutcomes,
    assigned_table,
    outcome_table,
)
from tael.policies.model import Deployment, LogEntry, Role
from tael.risk import BadDefinition

MOST_DECISIONS = 50_000
_BAD_DAYS = BadDefinition().days_past_due
_OUTCOMES = pa.schema(
    [
        ("application", pa.string()),
        ("month_on_book", pa.int64()),
        ("known_on", pa.date32()),
        ("bad", pa.bool_()),
        ("loss_minor", pa.int64()),
        ("profit_minor", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Rows:
    """The decisions of a deployment, oldest first, and what became of them.

    Attributes:
        deployment: whose.
        entries: rows of the log, at most ``MOST_DECISIONS``, the newest.
        booked: by application the day on which its money went out, as the books or reports say.
        ends: month ends of the loans.
        names: of the versions, by id.
        shadowed: what each shadow would have said, by version.
        reports: what the end of each day reported of the loans; of a book from before there were
            such reports the month ends stand in.
        older: decisions of its time that were not read.
    """

    deployment: Deployment
    entries: Sequence[LogEntry]
    booked: Mapping[ApplicationId, date]
    ends: Sequence[MonthEnd]
    names: Mapping[str, str]
    shadowed: Mapping[str, Sequence[Shadowed]]
    reports: Sequence[OutcomeReport] = ()
    older: int = 0

    @classmethod
    def read(
        cls,
        work: Work,
        deployment: Deployment,
        names: Mapping[str, str],
        most: int = MOST_DECISIONS,
    ) -> Rows:
        """As this unit of work sees them; of more than ``most`` decisions the newest."""
        source = Outcomes(work)
        found = source.decisions(deployment.at, deployment.ended_at, most)
        full = len(found) >= most
        older = source.count(deployment.at, deployment.ended_at) - len(found) if full else 0
        entries = [entry for entry in found if _number(entry) in (0, deployment.number)]
        applications = [str(entry.application_id) for entry in entries]
        reports = SqlOutcomes(work).of([entry.application_id for entry in entries])
        reported = {one.application_id: one.booked_on for one in reports}
        return cls(
            deployment,
            entries,
            {**reported, **source.booked(applications)},
            source.month_ends(applications),
            names,
            {arm.version: source.shadowed(arm.version, entries) for arm in deployment.shadows},
            reports,
            older,
        )

    @property
    def accepted_by_lot(self) -> int:
        """Decisions of the lot."""
        return sum(_by_lot(entry) for entry in self.entries)

    @property
    def would_be_declines(self) -> list[LogEntry]:
        """What was declined, and what would have been but for the lot."""
        return [e for e in self.entries if _by_lot(e) or outcome_of(e) == "decline"]

    def assigned(self) -> pa.Table:
        """Who was put into which arm, as ``track`` reads it; arms by the names of their versions.

        A loan that a person lent to one the policy declined says nothing of how the policy decides.
        """
        last = {entry.application_id: entry for entry in self.entries}
        declined = {one for one, entry in last.items() if outcome_of(entry) == "decline"}
        booked = {one: day for one, day in self.booked.items() if one not in declined}
        table = assigned_table(self.entries, booked)
        arms = [self._arm(name) for name in table.column("arm").to_pylist()]
        place = table.column_names.index("arm")
        return table.set_column(place, "arm", pa.array(arms, pa.string()))

    def outcomes(self) -> pa.Table:
        """Reports of every day on which there was news, as ``track`` reads them."""
        if self.reports:
            return outcome_table(self.reports)
        rows = [
            {
                "application": end.application,
                "month_on_book": end.months,
                "known_on": end.known_on,
                "bad": bad,
                "loss_minor": end.claimed - end.recovered,
                "profit_minor": end.recovered - end.claimed,
            }
            for end, bad in self._worst()
        ]
        return pa.Table.from_pylist(rows, schema=_OUTCOMES)

    def bad_by(self, months: int) -> dict[str, bool]:
        """By application whether its loan was bad by a month on book, of those where it is known.

        A bad that came early is known when the goods of its age are.
        """
        bad: dict[str, bool] = {}
        old: set[str] = set()
        rows = self.outcomes().to_pylist()
        for row in sorted(rows, key=lambda one: (one["known_on"], one["month_on_book"])):
            if row["month_on_book"] <= months:
                bad[row["application"]] = row["bad"]
            if row["month_on_book"] >= months:
                old.add(row["application"])
        return {application: gone for application, gone in bad.items() if application in old}

    def _worst(self) -> list[tuple[MonthEnd, bool]]:
        """Each month end, and whether the loan was bad by then."""
        worst: dict[str, bool] = defaultdict(bool)
        found = []
        for end in sorted(self.ends, key=lambda one: (one.application, one.months)):
            gone = end.dpd >= _BAD_DAYS or end.claimed > 0 or end.written_off > 0
            worst[end.application] = worst[end.application] or gone
            found.append((end, worst[end.application]))
        return found

    def _arm(self, name: str) -> str:
        role, _, version = name.partition(" ")
        told = self.names.get(version, version)
        twice = list(self.names.values()).count(told) > 1
        return f"{role} {told} {version[-6:]}" if twice else f"{role} {told}".strip()


def outcome_of(entry: LogEntry) -> str:
    """What was decided: approve, decline or refer."""
    return str(read_json(entry.result).get("outcome", ""))


def read_json(text: str) -> dict[str, Any]:
    """An object of the log; empty where there is none."""
    found = json.loads(text) if text else {}
    return found if isinstance(found, dict) else {}


def _by_lot(entry: LogEntry) -> bool:
    return read_json(entry.result).get("routing") == Role.RANDOM_ACCEPT.value


def _number(entry: LogEntry) -> int:
    return int(read_json(entry.context).get("deployment", 0))
