"""The drawing of versions over time: lanes, bands, dots, and where they stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tael.console.policies.drawing import LEFT, RIGHT, WIDTH, Drawing, draw
from tael.kernel import VersionId
from tael.policies.model import (
    Arm,
    Deployment,
    Event,
    EventKind,
    PolicyState,
    PolicyVersion,
    Role,
)

START = datetime(2025, 1, 1, tzinfo=UTC)


def _version(number: int, name: str = "") -> PolicyVersion:
    at = START + timedelta(days=number)
    made = VersionId.derive(at, str(number))
    return PolicyVersion(made, name or f"v{number}", PolicyState.DRAFT, {}, "wang", at)


def _event(version: PolicyVersion, number: int, days: float) -> Event:
    at = START + timedelta(days=days)
    return Event(version.id, number, EventKind.DRAFTED, at, "wang")


def _picture(count: int = 3) -> Drawing:
    versions = [_version(number) for number in range(count)][::-1]
    first, second = versions[-1], versions[-2]
    arms = (Arm(first.id, Role.CHAMPION, 7500), Arm(second.id, Role.CHALLENGER, 2500))
    one = Deployment(1, (Arm(first.id, Role.CHAMPION, 10_000),), "s", START + timedelta(days=50),
                     "li", "", ended_at=START + timedelta(days=60))  # fmt: skip
    two = Deployment(2, arms, "s", START + timedelta(days=60), "li", "try")
    events = [_event(each, 1, at) for at, each in enumerate(reversed(versions))]
    events += [_event(first, 2, 0.0), _event(first, 3, 0.0)]
    return draw(versions, events, [two, one], START + timedelta(days=90))


def test_a_band_is_as_high_as_its_share_and_ends_with_its_deployment() -> None:
    lanes = {lane.name: lane for lane in _picture().lanes}
    whole, part = lanes["v0"].bands
    (beside,) = lanes["v1"].bands
    assert whole.height > part.height > beside.height
    assert whole.x + whole.width <= part.x + 0.1
    assert part.x + part.width == WIDTH - RIGHT
    assert (beside.x, beside.role, beside.share) == (part.x, "challenger", 2500)


def test_time_runs_from_left_to_right_within_the_picture() -> None:
    drawing = _picture()
    places = [dot.x for lane in drawing.lanes for dot in lane.dots]
    assert min(places) == LEFT
    assert drawing.now == WIDTH - RIGHT
    assert [tick.deployment.number for tick in drawing.ticks] == [1, 2]
    assert drawing.ticks[0].x < drawing.ticks[1].x < drawing.now


def test_steps_of_one_instant_stand_beside_each_other() -> None:
    lanes = {lane.name: lane for lane in _picture().lanes}
    first, second, third = (dot.x for dot in lanes["v0"].dots)
    assert first < second < third


def test_a_long_history_keeps_those_that_decided() -> None:
    drawing = _picture(14)
    names = [lane.name for lane in drawing.lanes]
    assert (len(names), drawing.left_out) == (10, 4)
    assert names[-2:] == ["v1", "v0"]


def test_a_name_is_as_long_as_the_margin() -> None:
    versions = [_version(0, "a name that is far too long for the margin"), _version(1, "收紧" * 20)]
    short = [lane.name for lane in draw(versions, [], [], START).lanes]
    assert [name[-1] for name in short] == ["…", "…"]
    assert len(short[1]) < len(short[0])
