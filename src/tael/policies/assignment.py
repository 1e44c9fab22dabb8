"""Who is decided by which arm: a pure function of the deployment and a key."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from tael.kernel import BadInput, InvariantBroken, VersionId
from tael.policies.model import WHOLE, Arm, Assignment, Deployment, Role, Traffic

_SEPARATOR = "\x1f"
_LOTTERY = "random_accept"


def bucket(salt: str, key: str) -> int:
    """0 to 9,999, from the first eight bytes of SHA-256 of salt and key.

    2**64 is no multiple of 10,000: a bucket is likelier than another by less than 1 in 10**15.
    """
    found = sha256(f"{salt}{_SEPARATOR}{key}".encode()).digest()
    return int.from_bytes(found[:8]) % WHOLE


def assign(deployment: Deployment, key: str) -> Assignment:
    """The arm of ``key`` (an application's id), the shadows beside it, and the draw of the lottery.

    Arms take buckets in their order, the champion first, each as many as its share: changing a
    share moves only the borders. The lottery has a draw of its own, so that it takes as much of
    each arm.
    """
    at = bucket(deployment.salt, key)
    drawn = bucket(f"{deployment.salt}{_SEPARATOR}{_LOTTERY}", key)
    return Assignment(
        deployment=deployment.number,
        bucket=at,
        arm=_arm(deployment, at),
        shadows=tuple(arm.version for arm in deployment.shadows),
        random_accept=drawn < deployment.random_accept,
    )


def _arm(deployment: Deployment, at: int) -> Arm:
    end = 0
    for arm in deployment.deciding:
        end += arm.share
        if at < end:
            return arm
    raise InvariantBroken(f"the shares of deployment {deployment.number} do not add up to {WHOLE}")


def arms_of(champion: VersionId, traffic: Traffic, *, most_random: int) -> tuple[Arm, ...]:
    """The arms of a deployment: champion first, then challengers, shadows, random acceptance.

    Args:
        champion: gets what the challengers leave.
        traffic: who else gets what.
        most_random: the most basis points of random acceptance that are allowed.

    Raises:
        BadInput: a share out of range, shares that do not add up to 100 %, a version with two
            arms, or a stopping rule without a challenger; names the version or field, and the rule.
    """
    for version, share in traffic.challengers.items():
        if not 0 < share <= WHOLE:
            raise _refused(f"challengers.{version}", share, "above 0 %, at most 100 %").telling(
                "share_out_of_range", share=percent(share)
            )
    taken = sum(traffic.challengers.values())
    if taken >= WHOLE:
        raise BadInput(
            f"the challengers take {percent(taken)}, and the champion has to decide some",
            field="challengers",
            rule="together below 100 %",
        ).telling("shares_too_large", share=percent(taken))
    rest = WHOLE - taken
    if traffic.share is not None and traffic.share != rest:
        raise BadInput(
            f"champion and challengers get {percent(traffic.share + taken)} together",
            field="share",
            rule="together 100 %",
        ).telling("shares_not_whole", share=percent(traffic.share + taken))
    if not 0 <= traffic.random_accept <= most_random:
        rule = f"0 % to {percent(most_random)}"
        raise _refused("random_accept", traffic.random_accept, rule).telling(
            "lottery_out_of_range",
            share=percent(traffic.random_accept),
            most=percent(most_random),
        )
    if traffic.stopping is not None and not traffic.challengers:
        raise BadInput(
            "a stopping rule without a challenger",
            field="stopping",
            rule="a deployment with a challenger",
        ).telling("stopping_alone")
    arms = (Arm(champion, Role.CHAMPION, rest), *_others(champion, traffic))
    _refuse_twice(arms)
    return arms


def percent(share: int) -> str:
    """Basis points as a percentage: 1,250 is 12.5 %."""
    whole, part = divmod(abs(share), 100)
    sign = "-" if share < 0 else ""
    return f"{sign}{whole}" + (f".{part:02}".rstrip("0") if part else "") + " %"


def _others(champion: VersionId, traffic: Traffic) -> Iterator[Arm]:
    for version, share in traffic.challengers.items():
        yield Arm(version, Role.CHALLENGER, share)
    for version in traffic.shadows:
        yield Arm(version, Role.SHADOW, WHOLE)
    if traffic.random_accept:
        yield Arm(champion, Role.RANDOM_ACCEPT, traffic.random_accept)


def _refuse_twice(arms: tuple[Arm, ...]) -> None:
    versions = [arm.version for arm in arms if arm.role is not Role.RANDOM_ACCEPT]
    for version in versions:
        if versions.count(version) > 1:
            raise BadInput(
                f"{version} has two arms", field=str(version), rule="one arm for each version"
            ).telling("two_arms", version=version)


def _refused(field: str, share: int, rule: str) -> BadInput:
    return BadInput(f"the share is {percent(share)}", field=field, rule=rule)
