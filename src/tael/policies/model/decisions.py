"""What a decision and its log are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum

from tael.kernel import ApplicationId, DecisionId, Money, Rate, VersionId
from tael.policies.canonical import digest, read
from tael.pricing import Component, Method

Feature = str | bool | Decimal | None

ASK = "ask"
"""The outcome of a shadow alone that would have asked sources which the decision did not ask."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code of the policy with its text in both languages."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class PriceOption:
    """One way to take the money at this decision.

    ``limit`` is the most that may be borrowed this way; ``components`` are annual rates, each with
    payer and payee; ``penalty_rate`` is annual, on overdue principal.
    """

    code: str
    method: Method
    months: int
    limit: Money
    components: tuple[Component, ...]
    penalty_rate: Rate

    @property
    def borrower_rate(self) -> Rate:
        """What the borrower pays a year, all components together: without upfront fees, all in."""
        paid = (part.rate for part in self.components if part.payer == "borrower")
        return sum(paid, Rate.zero())


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy says: a pure function of bundle, inputs and dated parameters.

    ``hard`` are all codes that decline or refer by themselves, told or not.
    """

    outcome: str
    tier: int
    pd: Rate
    points: int
    reasons: tuple[str, ...]
    limit: Money
    options: tuple[PriceOption, ...]
    routing: str
    hard: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The verdict in exact JSON values: the text that ``reproduce`` compares."""
        return {
            "outcome": self.outcome,
            "tier": self.tier,
            "pd": self.pd.fraction,
            "points": self.points,
            "reasons": list(self.reasons),
            "limit": _money(self.limit),
            "routing": self.routing,
            "options": [_option(option) for option in self.options],
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision, as logged: outcome ``approve``, ``decline`` or ``refer``; tier 1 (best) to 7.

    ``versions`` are the hashes of the policy's texts, its version id, the hash of the dated
    parameters, and the hash of the rules' content with the engine that ran them; ``as_of`` is the
    instant of which everything was known.
    """

    id: DecisionId
    application_id: ApplicationId
    policy_id: VersionId
    as_of: datetime
    outcome: str
    tier: int
    pd: Rate
    points: int
    reasons: tuple[Reason, ...]
    limit: Money
    options: tuple[PriceOption, ...]
    routing: str
    versions: Mapping[str, str]
    inputs_hash: str
    result_hash: str

    @property
    def reason_codes(self) -> tuple[str, ...]:
        """The codes alone, in the order of the policy."""
        return tuple(reason.code for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A row of the decision log: texts exactly as hashed. Never changed after it was written.

    ``context`` is canonical JSON of what surrounded the decision: deployment and arm, the evidence
    by hash with its sources and when they were known; '' of a decision on handed-in features.
    ``timings`` is JSON of microseconds by step.
    """

    id: DecisionId
    application_id: ApplicationId
    policy_id: VersionId
    key: str
    as_of: datetime
    recorded_by: str
    inputs: str
    inputs_hash: str
    parameters: str
    result: str
    result_hash: str
    trace: str
    elapsed_us: int
    context: str = ""
    timings: str = ""

    def surroundings(self) -> Mapping[str, str]:
        """The fields of ``context`` as text; none of a decision on handed-in features."""
        found = read(self.context) if self.context else {}
        return (
            {name: str(value) for name, value in found.items()} if isinstance(found, dict) else {}
        )

    def content_hash(self) -> str:
        """What the seal of this row covers: everything that is business content, not the timing."""
        more = (digest(self.context),) if self.context else ()
        return digest(
            "\x1f".join(
                (self.id, self.application_id, self.policy_id, self.key, self.as_of.isoformat(),
                 self.recorded_by, self.inputs_hash, digest(self.parameters), self.result_hash,
                 digest(self.trace), *more)
            )
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seal:
    """A link of the chain over the log: ``hash`` covers the row and the link before it."""

    sequence: int
    decision_id: DecisionId
    previous_hash: str
    hash: str


class ChainFault(Enum):
    """What does not hold at a place of the log."""

    INPUTS = "inputs"  # the inputs are not those that were hashed when it was decided
    RESULT = "result"  # the result is not the one that was hashed
    ROW = "row"  # the row is not what was sealed
    BEFORE = "before"  # the link before is missing or another
    AFTER = "after"  # the link after follows another


@dataclass(frozen=True, slots=True)
class ChainPlace:
    """Where a decision stands in the chain over the log; ``sequence`` is None before it is sealed.

    ``faults`` are empty where row and chain hold.
    """

    sequence: int | None
    previous_hash: str
    hash: str
    faults: tuple[ChainFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Differing:
    """A place of ``text`` (``result``, ``trace``, ``inputs``) that came out otherwise.

    ``place`` is a path (``options[1].limit``), '' for the text as a whole; ``logged`` and ``now``
    are None where there is nothing.
    """

    text: str
    place: str
    logged: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A decision run again from its log row: ``same`` when result and trace agree bit for bit.

    ``engine_recorded`` is the engine that made it ('' before that was kept), ``engine_now`` this
    one; ``differences`` are all places that came out otherwise.
    """

    decision_id: DecisionId
    same: bool
    recorded: str
    recomputed: str
    engine_recorded: str = ""
    engine_now: str = ""
    differences: tuple[Differing, ...] = ()


@dataclass(frozen=True, slots=True)
class LogProof:
    """Outcome of checking the log: rows looked at, rows sealed, and the ids that do not fit."""

    rows: int
    sealed: int
    broken: tuple[DecisionId, ...]

    @property
    def whole(self) -> bool:
        """Whether every row is what it was when it was sealed."""
        return not self.broken


def option_from_json(data: Mapping[str, object]) -> PriceOption:
    """The option that ``Verdict.as_json`` wrote."""
    components = data["components"]
    rows = components if isinstance(components, list) else []
    return PriceOption(
        code=str(data["code"]),
        method=Method[str(data["method"])],
        months=int(str(data["months"])),
        limit=money_from_json(data["limit"]),
        components=tuple(
            Component(
                name=str(c["name"]),
                rate=Rate(Decimal(str(c["rate"]))),
                payer=str(c["payer"]),
                payee=str(c["payee"]),
            )
            for c in rows
        ),
        penalty_rate=Rate(Decimal(str(data["penalty_rate"]))),
    )


def money_from_json(data: object) -> Money:
    """Money from minor units and currency, as this room writes it."""
    pair = data if isinstance(data, dict) else {}
    return Money(int(str(pair["minor"])), str(pair["currency"]))


def _money(amount: Money) -> dict[str, object]:
    return {"minor": amount.minor, "currency": amount.currency}


def _option(option: PriceOption) -> dict[str, object]:
    return {
        "code": option.code,
        "method": option.method.name,
        "months": option.months,
        "limit": _money(option.limit),
        "penalty_rate": option.penalty_rate.fraction,
        "components": [
            {"name": c.name, "rate": c.rate.fraction, "payer": c.payer, "payee": c.payee}
            for c in option.components
        ],
    }
