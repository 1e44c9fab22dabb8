"""Economies large enough to be judged: the bands that the figures were tuned to before freezing."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tael.economy.build import SIZES, Built, Request, Size, build
from tael.economy.figures import Cohort, cohorts
from tael.economy.manifest import Identity, Manifest
from tael.economy.shard import default_world, make, write

PINNED = Path(__file__).parents[1] / "cases" / "tiny.toml"
SEED = 7
STRESSED, CALM = {2008, 2015, 2019, 2022}, {2010, 2014, 2017, 2021}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(Request(SIZES["tiny"], tmp_path_factory.mktemp("economy") / "tiny", seed=SEED))


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Cohort], Cohort]:
    request = Request(
        Size("bare", 4_000, events=False), tmp_path_factory.mktemp("economy") / "bare", seed=SEED
    )
    build(request)
    return cohorts(request.out)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "least", "most"),
    [
        ("applications", 1_300, 1_700),
        ("loans", 700, 950),
        ("loan_months", 9_000, 13_000),
        ("role_link", 700, 2_500),
        ("events/bank_tx", 200_000, 320_000),
        ("events/vat_invoice", 50_000, 80_000),
        ("events/pos_day", 80_000, 160_000),
        ("events/bureau_tradeline", 30_000, 60_000),
        ("events/bureau_enquiry", 7_000, 14_000),
    ],
)
def test_a_tiny_economy_has_the_volumes_of_the_design(
    tiny: Built, table: str, least: int, most: int
) -> None:
    assert tiny.manifest is not None
    assert least <= tiny.manifest.counts[table] <= most


@pytest.mark.slow
def test_two_processes_make_what_one_makes(tiny: Built, tmp_path: Path) -> None:
    assert tiny.manifest is not None
    size = SIZES["tiny"]
    alone = [write(tmp_path, size, SEED, number) for number in (1, 0)]

    again = Manifest.of(Identity.of(size, SEED), alone[::-1])
    assert again.content == tiny.manifest.content
    assert again.counts == tiny.manifest.counts


@pytest.mark.slow
def test_a_tiny_economy_has_the_content_that_was_pinned(tiny: Built) -> None:
    assert tiny.manifest is not None
    pinned = tomllib.loads(PINNED.read_text("utf-8"))

    assert tiny.manifest.identity.parameters == pinned["parameters"], f"figures: {PINNED.name}"
    assert tiny.manifest.content == pinned["content"], f"content changed; see {PINNED.name}"


@pytest.mark.slow
def test_the_true_probability_ranks_defaults_as_the_design_asks(
    years: tuple[list[Cohort], Cohort],
) -> None:
    every = years[1]
    assert every.oracle is not None
    assert every.foreseen is not None
    assert 0.78 <= every.oracle <= 0.88
    assert every.foreseen - 0.5 >= 0.93 * (every.oracle - 0.5)


@pytest.mark.slow
def test_the_true_probability_is_the_rate_that_is_seen(
    years: tuple[list[Cohort], Cohort],
) -> None:
    every = years[1]
    assert every.all == pytest.approx(every.true_pd, rel=0.15)
    assert every.all is not None
    assert 0.03 < every.all < 0.06


@pytest.mark.slow
def test_cohorts_of_bad_years_default_more(years: tuple[list[Cohort], Cohort]) -> None:
    bad, calm = (
        [item.true_pd or 0.0 for item in years[0] if item.year in chosen]
        for chosen in (STRESSED, CALM)
    )
    assert sum(bad) / len(bad) > 1.3 * sum(calm) / len(calm)


@pytest.mark.slow
def test_a_policy_that_errs_still_keeps_the_worse_away(
    years: tuple[list[Cohort], Cohort],
) -> None:
    every = years[1]
    assert every.declined is not None
    assert every.granted is not None
    assert every.declined > 1.8 * every.granted > 0.02
    approvals = [item.approval or 0.0 for item in years[0]]
    assert max(approvals) > 1.5 * min(approvals)


@pytest.mark.slow
def test_shards_of_any_size_have_the_same_borrowers(tiny: Built) -> None:
    whole = make(default_world(), SEED, range(250, 260), events=True)
    first, second = (
        make(default_world(), SEED, part, events=True)
        for part in (range(250, 256), range(256, 260))
    )
    for name, columns in whole.tables.items():
        for column, (_, values) in columns.items():
            assert values == [*first.tables[name][column][1], *second.tables[name][column][1]]
