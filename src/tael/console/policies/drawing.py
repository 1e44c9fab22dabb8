"""The life of versions as a picture: a lane each, bands where they decide, a dot for every step."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from tael.kernel import VersionId
from tael.policies.model import WHOLE, Deployment, Event, PolicyVersion, Role

WIDTH, LEFT, RIGHT, TOP, FOOT, LANE = 1000, 168, 24, 30, 26, 38
_MOST_LANES = 10
# Minutes and years stand on one picture: a gap counts by this power of its seconds.
_POWER, _LEAST = 0.35, 2.5
_THIN, _THICK, _APART = 6.0, 18.0, 11.0
_WIDE, _LONGEST_NAME = "\u2e80", 22
_LAST_TICK = 46.0


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time in which a version had an arm."""

    x: float
    width: float
    y: float
    height: float
    role: str
    share: int
    number: int


@dataclass(frozen=True, slots=True)
class Dot:
    """A step in the life of a version."""

    x: float
    event: Event


@dataclass(frozen=True, slots=True)
class Lane:
    """One version: from when to when it is there, and what happened to it."""

    version: PolicyVersion
    name: str
    y: float
    start: float
    end: float
    bands: tuple[Band, ...]
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A deployment on the axis; ``told`` where there is room for its day."""

    x: float
    deployment: Deployment
    told: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole picture, in units of its view box; ``left_out`` versions are not on it."""

    height: float
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    now: float
    left_out: int


def draw(
    versions: Sequence[PolicyVersion],
    events: Sequence[Event],
    deployments: Sequence[Deployment],
    now: datetime,
) -> Drawing:
    """The picture of ``versions`` (newest first), at most ten: those that decided come first."""
    shown = _chosen(versions, deployments)
    known = {one.id for one in shown}
    mine = [one for one in events if one.version in known]
    made = sorted(deployments, key=lambda one: one.number)
    places = _Places([*(one.at for one in mine), *(one.at for one in made),
                      *(one.ended_at for one in made if one.ended_at), now])  # fmt: skip
    lanes = tuple(
        _lane(one, TOP + LANE * (at + 0.5), (mine, made), places) for at, one in enumerate(shown)
    )
    height = TOP + LANE * len(shown) + FOOT
    ticks = tuple(_ticks(made, places))
    return Drawing(height, lanes, ticks, places.of(now), len(versions) - len(shown))


class _Places:
    """Where an instant stands between the first and the last of all."""

    def __init__(self, instants: Iterable[datetime]) -> None:
        self._instants = sorted(set(instants))
        along = [0.0]
        for one, other in pairwise(self._instants):
            seconds = (other - one).total_seconds()
            along.append(along[-1] + max(_LEAST, seconds**_POWER))
        room = WIDTH - LEFT - RIGHT
        self._along = [LEFT + room * (part / along[-1] if along[-1] else 0.5) for part in along]

    def of(self, at: datetime) -> float:
        """Where ``at``, one of the instants, stands."""
        return round(self._along[bisect_left(self._instants, at)], 1)


def _chosen(
    versions: Sequence[PolicyVersion], deployments: Sequence[Deployment]
) -> list[PolicyVersion]:
    latest: dict[VersionId, int] = {}
    for one in sorted(deployments, key=lambda one: one.number):
        latest |= {arm.version: one.number for arm in one.arms}
    told = sorted(versions, key=lambda one: -latest.get(one.id, 0))[:_MOST_LANES]
    return [one for one in versions if one in told]


def _lane(
    version: PolicyVersion,
    y: float,
    happened: tuple[Sequence[Event], Sequence[Deployment]],
    places: _Places,
) -> Lane:
    events = [one for one in happened[0] if one.version == version.id]
    bands = tuple(_bands(version, y, happened[1], places))
    dots = tuple(_dots(events, places))
    start = min([*(one.x for one in dots), *(one.x for one in bands)], default=float(LEFT))
    end = max([*(one.x for one in dots), *(one.x + one.width for one in bands)], default=start)
    return Lane(version, _short(version.name), y, start, end, bands, dots)


def _bands(
    version: PolicyVersion, y: float, made: Sequence[Deployment], places: _Places
) -> Iterable[Band]:
    for one in made:
        start = places.of(one.at)
        end = places.of(one.ended_at) if one.ended_at else float(WIDTH - RIGHT)
        for arm in one.arms:
            if arm.version == version.id and arm.role is not Role.RANDOM_ACCEPT:
                decides = arm.role is not Role.SHADOW
                height = _THIN + (_THICK - _THIN) * arm.share / WHOLE if decides else _THIN
                yield Band(start, max(1.0, round(end - start, 1)), round(y - height / 2, 1),
                           round(height, 1), arm.role.value, arm.share, one.number)  # fmt: skip


def _dots(events: Sequence[Event], places: _Places) -> Iterable[Dot]:
    """Steps too close to be told apart stand beside each other."""
    last = float("-inf")
    for event in sorted(events, key=lambda one: one.number):
        last = min(max(places.of(event.at), last + _APART), WIDTH - RIGHT / 2)
        yield Dot(round(last, 1), event)


def _ticks(made: Sequence[Deployment], places: _Places) -> Iterable[Tick]:
    last = float("-inf")
    for one in made:
        x = places.of(one.at)
        told = x - last >= _LAST_TICK
        last = x if told else last
        yield Tick(x, one, told)


def _short(name: str) -> str:
    """A name as long as the margin is wide; Chinese takes twice the room."""
    room, kept = _LONGEST_NAME, ""
    for letter in name:
        room -= 2 if letter >= _WIDE else 1
        if room < 0:
            return f"{kept}…"
        kept += letter
    return kept
