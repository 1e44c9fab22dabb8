"""Which versions decide: arms with their shares, one deployment in force at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum

from tael.kernel import BadInput, VersionId
from tael.policies.model.stopping import StoppingRule

WHOLE = 10_000
"""All applications, in basis points."""

_POINTS = 100
# Farther off than any slip of the pen: an exponent that would fill the memory.
_MOST_POINTS = 10**9


def basis_points(text: str, field: str) -> int:
    """A share as people write it, in percent: ``12.5`` or ``12.5 %`` is 1,250.

    Raises:
        BadInput: no percentage with at most two decimal places; names ``field``.
    """
    try:
        points = Decimal(text.strip().removesuffix("%").strip()) * _POINTS
    except ArithmeticError:
        points = Decimal("NaN")
    known = points.is_finite() and abs(points) < _MOST_POINTS
    if not known or points != points.to_integral_value():
        raise BadInput(
            f"{text!r} is no share", field=field, rule="percent with at most two decimal places"
        ).telling("not_a_share", text=text)
    return int(points)


class Role(Enum):
    """What an arm is for.

    Champion and challengers decide, each its share. A shadow runs beside and decides nothing. The
    share of random acceptance is of those whom the rules would decline by score.
    """

    CHAMPION = "champion"
    CHALLENGER = "challenger"
    SHADOW = "shadow"
    RANDOM_ACCEPT = "random_accept"


@dataclass(frozen=True, slots=True)
class Arm:
    """A version, what it is for, and its share in basis points (10,000 is all)."""

    version: VersionId
    role: Role
    share: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """How a deployment splits applications besides its champion.

    Attributes:
        challengers: basis points by version; the champion gets the rest.
        shadows: versions that run beside and decide nothing.
        random_accept: basis points of random acceptance, by the champion.
        share: the champion's, when it is to be checked; None takes the rest.
        salt: goes into the assignment; '' keeps the one in force, so that who was put to an arm
            stays there as far as the shares allow.
        stopping: when the experiment with the challengers may end, declared beforehand.
    """

    challengers: Mapping[VersionId, int]
    shadows: tuple[VersionId, ...] = ()
    random_accept: int = 0
    share: int | None = None
    salt: str = ""
    stopping: StoppingRule | None = None


EVERYTHING = Traffic({})
"""All applications to one version."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A numbered record of who decides what; never changed but for its end.

    Attributes:
        number: 1 for the first.
        arms: champion first, then challengers, shadows, random acceptance.
        salt: of the assignment.
        by: who deployed.
        why: what they wrote.
        restores: the number of the deployment that a rollback brought back; None otherwise.
        ended_at: None while it is in force.
        signature: of its canonical text, by the installation's key.
        stopping: the stopping rule of its experiment, if one was declared with it.
    """

    number: int
    arms: tuple[Arm, ...]
    salt: str
    at: datetime
    by: str
    why: str
    restores: int | None = None
    ended_at: datetime | None = None
    signature: str = ""
    stopping: StoppingRule | None = None

    @property
    def champion(self) -> VersionId:
        """The version that decides whatever no challenger does."""
        return self.arms[0].version

    @property
    def deciding(self) -> tuple[Arm, ...]:
        """Champion and challengers; their shares add up to 10,000."""
        return tuple(arm for arm in self.arms if arm.role in (Role.CHAMPION, Role.CHALLENGER))

    @property
    def shadows(self) -> tuple[Arm, ...]:
        """Those that run beside."""
        return tuple(arm for arm in self.arms if arm.role is Role.SHADOW)

    @property
    def random_accept(self) -> int:
        """Basis points of random acceptance."""
        return sum(arm.share for arm in self.arms if arm.role is Role.RANDOM_ACCEPT)

    def as_json(self) -> dict[str, object]:
        """What a signature covers, in exact JSON values: all but the end.

        No rule is no key: what was signed before there were rules reads as it did.
        """
        declared = {} if self.stopping is None else {"stopping": self.stopping.as_json()}
        return {
            "number": self.number,
            "arms": [
                {"version": arm.version, "role": arm.role.value, "share": arm.share}
                for arm in self.arms
            ],
            "salt": self.salt,
            "at": self.at.isoformat(),
            "by": self.by,
            "why": self.why,
            "restores": self.restores,
            **declared,
        }


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where an application was put.

    Attributes:
        deployment: by which one.
        bucket: 0 to 9,999.
        arm: champion or challenger: the version that decides.
        shadows: versions that run beside.
        random_accept: whether it is drawn for random acceptance.
    """

    deployment: int
    bucket: int
    arm: Arm
    shadows: tuple[VersionId, ...]
    random_accept: bool

    def as_json(self) -> dict[str, object]:
        """What the decision log keeps of it."""
        return {
            "deployment": self.deployment,
            "bucket": self.bucket,
            "arm": self.arm.role.value,
            "random_accept": self.random_accept,
        }
