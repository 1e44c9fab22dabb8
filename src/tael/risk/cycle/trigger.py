"""The monthly trigger: has predicted left observed for sure, so that one must calibrate again?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tael.kernel import BadInput
from tael.report import Words
from tael.risk.calibration.intervals import expected_to_observed
from tael.risk.calibration.judge import NORMAL_BAND, verdict_of
from tael.risk.calibration.kept import plain
from tael.risk.measures import Interval

QUIET, WATCH, RECALIBRATE = "quiet", "watch", "recalibrate"
_SAYS = {
    QUIET: Words(zh="预测与实际相符，无需重新校准", en="Predicted meets observed: nothing to do"),
    WATCH: Words(
        zh="预测偏离，但坏样本不足以断定：继续观察",
        en="Predicted is off, but the bads are too few to be sure: watch",
    ),
    RECALIBRATE: Words(
        zh="整个置信区间都在允许带之外：重新校准",
        en="The whole interval lies outside the band: calibrate again",
    ),
}


@dataclass(frozen=True, slots=True)
class TriggerSettings:
    """When to act.

    Attributes:
        band: predicted over observed that is still good.
        months: how many of the latest matured months are looked at, at least.
        most_months: and at most, to gather the wanted bads.
        wanted: expected bads to look at; fewer say little.
        level: of the interval; the trigger is looked at monthly, so it is a high one.
    """

    band: tuple[float, float] = NORMAL_BAND
    months: int = 3
    most_months: int = 24
    wanted: float = 30.0
    level: float = 0.99


@dataclass(frozen=True, slots=True)
class Trigger:
    """What the trigger says.

    Attributes:
        state: ``quiet``, ``watch`` or ``recalibrate``.
        ratio: predicted over observed with its exact Poisson interval.
        first, last: months looked at, since January 1970.
        expected, bads: their sums.
        words: what to do, zh and en.
    """

    state: str
    ratio: Interval
    first: int
    last: int
    expected: float
    bads: float
    words: Words

    def to_json(self) -> dict[str, object]:
        """All figures."""
        found: dict[str, object] = plain(self)
        return found


def recalibration_trigger(
    months: Sequence[tuple[int, float, float]], settings: TriggerSettings = TriggerSettings()
) -> Trigger:
    """Look at the latest matured months and say whether to calibrate again.

    Args:
        months: (month, expected bads, bads) of matured months only, in any order.
        settings: when to act.

    Raises:
        BadInput: no month, or nothing expected in them.
    """
    latest = sorted(months, reverse=True)
    if not latest:
        raise BadInput("no matured month", field="months", rule="at least one")
    taken = latest[: settings.months]
    for item in latest[settings.months : settings.most_months]:
        if sum(expected for _, expected, _ in taken) >= settings.wanted:
            break
        taken.append(item)
    expected, bads = (sum(item[i] for item in sorted(taken)) for i in (1, 2))
    ratio = expected_to_observed(expected, bads, level=settings.level)
    verdict = verdict_of(ratio, settings.band)
    state = {"inside": QUIET, "unclear": WATCH, "outside": RECALIBRATE}[verdict]
    return Trigger(state, ratio, taken[-1][0], taken[0][0], expected, bads, _SAYS[state])
