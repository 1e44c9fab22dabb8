from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import numpy as np
import pytest

from tael.economy.world import Parameters, World, month_of
from tael.economy.world.events import Shock
from tael.economy.world.parameters import GENERATOR_VERSION
from tael.economy.world.scene import course_of
from tael.kernel import BadInput

PINNED = Path(__file__).parents[1] / "cases" / "parameters.toml"


def test_the_figures_are_those_that_were_pinned() -> None:
    pinned = tomllib.loads(PINNED.read_text("utf-8"))

    assert Parameters().hash == pinned["sha256"], f"figures changed; see {PINNED.name}"
    assert pinned["generator_version"] == GENERATOR_VERSION


def test_one_figure_changed_changes_the_hash() -> None:
    parameters = Parameters()
    other = dataclasses.replace(
        parameters, course=dataclasses.replace(parameters.course, stress=1.31)
    )

    assert other.hash != parameters.hash


def test_there_are_31_provinces_and_20_sections() -> None:
    parameters = Parameters()

    assert len({place.code for place in parameters.provinces}) == 31
    assert "".join(item.code for item in parameters.industries) == "ABCDEFGHIJKLMNOPQRST"
    assert len({place.growth for place in parameters.provinces}) > 20


def test_a_shock_grows_to_its_peak_and_fades() -> None:
    course = course_of(Shock("slump", "2010-03", rise=2, fall=4, channel="credit", depth=-1))
    begins = month_of("2010-03")

    assert course[begins - 1 : begins + 7].tolist() == [0, 0.5, 1, 0.75, 0.5, 0.25, 0, 0]


@pytest.mark.parametrize(
    "shock",
    [
        Shock("moon", "2010-01", 1, 1, "moon", -1),
        Shock("sudden", "2010-01", 0, 1, "credit", -1),
        Shock("endless", "2010-01", 1, 0, "credit", -1),
    ],
)
def test_a_shock_that_cannot_be_placed_is_refused(shock: Shock) -> None:
    with pytest.raises(BadInput, match=shock.code):
        World.of(dataclasses.replace(Parameters(), shocks=(shock,)))


def test_a_shock_of_one_province_stays_there() -> None:
    shock = Shock("flood", "2012-06", 1, 6, "contact", -0.5, "42")
    world = World.of(dataclasses.replace(Parameters(), shocks=(shock,)))
    codes = [place.code for place in world.parameters.provinces]
    hit = np.flatnonzero((world.demand != 0).any(axis=(1, 2)))

    assert [codes[place] for place in hit] == ["42"]


def test_exporters_and_caterers_suffer_from_different_shocks() -> None:
    world = World.of(Parameters())
    guangdong = [place.code for place in world.parameters.provinces].index("44")
    factory, catering = "ABCDEFGH".index("C"), "ABCDEFGH".index("H")
    at_2009, at_2020 = month_of("2008-12"), month_of("2020-02")
    demand = world.demand[guangdong]

    assert demand[factory, at_2009] < demand[catering, at_2009]
    assert demand[catering, at_2020] < demand[factory, at_2020]


def test_coverage_rises_with_the_reforms_and_differs_by_industry() -> None:
    world = World.of(Parameters())
    catering, factory = "ABCDEFGH".index("H"), "ABCDEFGH".index("C")
    early, late = month_of("2010-01"), month_of("2018-06")
    share = world.coverage["vat_invoice"]

    assert share[catering, early] < 0.1 < share[factory, early]
    assert share[catering, late] == share[factory, late] == 1.0
    assert world.recorded("no_such_source", 0).tolist() == [1.0] * 204
