"""What the loops that merge are told: labelled weights, limits and directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tael.kernel import BadInput
from tael.risk.bins.prebins import Prebins
from tael.risk.bins.settings import BinSettings, whole_weights
from tael.risk.extras import need
from tael.risk.sample import Floats, Ints, Sample

if TYPE_CHECKING:
    from tael.risk.kernel import merging

_SIGNS = {"+": "rising", "-": "falling"}


def directions(prebins: Prebins, settings: BinSettings, signs: Mapping[str, str] | None) -> Ints:
    """The wanted direction of each variable, as the loops number them.

    Raises:
        BadInput: a sign other than '+', '-' and ''; names the variable.
    """
    need("numba", "models")
    from tael.risk.kernel import merging  # noqa: PLC0415 - numba loads when something is binned

    numbers = {
        "auto": merging.AUTO,
        "rising": merging.RISING,
        "falling": merging.FALLING,
        "free": merging.FREE,
    }
    wanted = np.full(len(prebins.names), numbers[settings.monotone])
    place = {name: i for i, name in enumerate(prebins.names)}
    for name, sign in (signs or {}).items():
        if sign not in {*_SIGNS, ""}:
            raise BadInput(
                f"the sign of {name!r} is '+', '-' or nothing, not {sign!r}",
                field=name,
                rule="a known sign",
            )
        if sign and name in place:
            wanted[place[name]] = numbers[_SIGNS[sign]]
    wanted[sorted(prebins.fixed)] = merging.FIXED
    return wanted


def rule_of(prebins: Prebins, settings: BinSettings, total: float, unit: float) -> merging.Rule:
    """The limits; ``total`` is the weight of all rows that count."""
    from tael.risk.kernel import merging  # noqa: PLC0415 - numba loads when something is binned

    hand_set = max((int(prebins.filled[i]) for i in prebins.fixed), default=1)
    return merging.Rule(
        prebins.width,
        prebins.most,
        max(settings.max_bins, hand_set),
        settings.max_bins,
        settings.min_share * total,
        settings.difference,
        settings.prior_rows,
        unit,
    )


def check_prebins(prebins: Prebins, sample: Sample, settings: BinSettings) -> None:
    """Pre-bins of this very sample, with these special codes.

    Raises:
        BadInput: they are not.
    """
    same = prebins.names == sample.names and prebins.codes.shape == sample.values.shape
    if not same or prebins.settings.special != settings.special:
        raise BadInput(
            "the pre-bins are of other variables, rows or special codes",
            field="prebins",
            rule="pre-bins of this sample",
        )


def labelled_weights(sample: Sample) -> tuple[Floats, Floats, float]:
    """Whole weights of goods and of bads a row, and the unit of the weights."""
    weight, unit = whole_weights(sample.weight, sample.labelled & (sample.weight > 0))
    bad = sample.bad == 1
    return np.where(bad, 0.0, weight), np.where(bad, weight, 0.0), unit
