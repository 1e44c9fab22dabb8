"""What happened to a version, the models behind versions, and whether a signature stands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from tael.kernel import VersionId
from tael.policies.canonical import digest
from tael.policies.model.stopping import StoppingRule, stopping_rule_of


class EventKind(Enum):
    """What may happen to a version, in the order of its life."""

    DRAFTED = "drafted"
    CHECKED = "checked"
    ACCEPTED = "finding accepted"
    BACKTESTED = "back-tested"
    WAIVED = "back-test waived"
    REJECTED = "rejected"
    APPROVED = "approved"
    DEPLOYED = "deployed"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a version's history. Never changed after it was written.

    Attributes:
        version: whose history.
        number: 1 for the first event of the version.
        why: what a person wrote; '' where nobody was asked.
        record: canonical JSON of what happened: outcome of a check, figures of a back-test, the
            signed manifest of an approval.
        signature: of ``record``, of an approval; else ''.
        key: public key that it was made with, 64 hexadecimal digits; else ''.
    """

    version: VersionId
    number: int
    kind: EventKind
    at: datetime
    by: str
    why: str = ""
    record: str = "{}"
    signature: str = ""
    key: str = ""

    @property
    def stopping(self) -> StoppingRule | None:
        """The stopping rule that a deployment declared, as far as this is one that did."""
        if self.kind is not EventKind.DEPLOYED:
            return None
        told: Any = json.loads(self.record)
        return stopping_rule_of(told["stopping"]) if "stopping" in told else None

    @property
    def hash(self) -> str:
        """SHA-256 of ``record``: what a manifest names."""
        return digest(self.record)


class ModelState(Enum):
    """Where a model stands. A policy runs with an approved one only; the last two are final."""

    DRAFT = "draft"
    APPROVED = "approved"
    REFUSED = "refused"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A model text, registered by its hash.

    Attributes:
        hash: SHA-256 of the text.
        kind: ``scorecard``, or of a rated model what ranks in it (``ensemble``, ``booster``, ...).
        name: kind and the model's own hash, short.
        trained_on: hash of the configuration of its training; '' where the text names none.
        plan: hash of the plan of variables that it reads; '' for any.
        ended_by: who refused or retired it.
        why: what they wrote; '' while it is in use, and of those retired before it was asked.
    """

    hash: str
    kind: str
    name: str
    trained_on: str
    plan: str
    state: ModelState
    drafted_by: str
    drafted_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    refused_at: datetime | None = None
    retired_at: datetime | None = None
    ended_by: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether a version is what was approved: ``faults`` name each text or record that is not.

    Attributes:
        version: which one.
        signed_by: who approved it; '' of a version that nobody approved.
        key: public key that verifies the signature, 64 hexadecimal digits.
        faults: (text or record, what is wrong with it).
    """

    version: VersionId
    signed_by: str
    key: str
    faults: tuple[tuple[str, str], ...]

    @property
    def sound(self) -> bool:
        """Whether every text, record and signature fits."""
        return not self.faults
