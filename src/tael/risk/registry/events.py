"""What can be said of a model in the registry: where it comes from, who signed, what it is for."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from enum import Enum

from tael.kernel import BadInput

_HASH = re.compile(r"[0-9a-f]{32,128}")
_LONGEST_TEXT = 4000


class Decision(Enum):
    """What a signature decides."""

    APPROVED = "approved"
    CONDITIONAL = "conditional"
    REJECTED = "rejected"


class Role(Enum):
    """What a promoted model is: the one that decides, or one that runs beside it."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a model was made of, each as a hash in hexadecimal (32 to 128 digits).

    Attributes:
        plan: of the plan of variables; of the list of columns where there is no plan.
        data: of the rows and labels it was trained on.
        code: of the package's source (``source_hash``).
        config: of the settings, the seed and the definition of bad included.
        parents: hashes of registered models that it was made from (members of an ensemble, the
            model that a calibration stands on).
    """

    plan: str
    data: str
    code: str
    config: str
    parents: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The hashes by name.

        Raises:
            BadInput: a hash that is missing or is none; names it.
        """
        for each in fields(self):
            held = getattr(self, each.name)
            for text in held if each.name == "parents" else (held,):
                hash_of(text, each.name)
        return {**asdict(self), "parents": list(self.parents)}


@dataclass(frozen=True, slots=True)
class Signature:
    """A person's judgement of a model.

    Attributes:
        who: the person, by name or staff number.
        role: in what capacity: developer, validator, owner, committee.
        decision: approved, approved on conditions, or rejected.
        note: conditions or grounds.
        card: digest of the model card that was read; empty when none was.
    """

    who: str
    role: str
    decision: Decision
    note: str = ""
    card: str = ""

    def to_json(self) -> dict[str, object]:
        """The fields as text.

        Raises:
            BadInput: nobody, no role, or a digest that is none.
        """
        if self.card:
            hash_of(self.card, "card")
        return {
            "who": said(self.who, "who"),
            "role": said(self.role, "role"),
            "decision": self.decision.value,
            "note": said(self.note, "note", empty=True),
            "card": self.card,
        }


@dataclass(frozen=True, slots=True)
class Promotion:
    """To what a model is promoted.

    Attributes:
        role: champion or challenger.
        by: who decided.
        why: on what grounds.
        scope: for which product or population; there is one champion in each scope.
    """

    role: Role
    by: str
    why: str
    scope: str = "all"

    def to_json(self) -> dict[str, object]:
        """The fields as text.

        Raises:
            BadInput: nobody, no ground or no scope.
        """
        return {
            "role": self.role.value,
            "by": said(self.by, "by"),
            "why": said(self.why, "why"),
            "scope": said(self.scope, "scope"),
        }


def hash_of(text: str, field: str) -> str:
    """``text``, when it is a hash in hexadecimal.

    Raises:
        BadInput: it is missing or is none.
    """
    if not isinstance(text, str) or not _HASH.fullmatch(text):
        told = "is missing" if not text else f"is no hash: {text!r}"
        raise BadInput(
            f"the hash of {field} {told}", field=field, rule="32 to 128 hexadecimal digits"
        )
    return text


def said(text: str, field: str, *, empty: bool = False) -> str:
    """``text`` for a record: not empty, and no longer than 4,000 characters.

    Raises:
        BadInput: it is empty where it may not be, or too long.
    """
    if (not empty and not text.strip()) or len(text) > _LONGEST_TEXT:
        raise BadInput(
            f"{field} has {len(text)} characters", field=field, rule=f"1 to {_LONGEST_TEXT}"
        )
    return text
