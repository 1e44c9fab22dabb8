from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tael.economy.agents import ALWAYS, Borrower, Life, borrower, circle_of, life
from tael.economy.world import MONTHS, Parameters, World
from tael.kernel import BadInput

SEED, COUNT = 7, 400


@pytest.fixture(scope="module")
def world() -> World:
    return World.of(Parameters())


@pytest.fixture(scope="module")
def row(world: World) -> list[Borrower]:
    return [borrower(world, SEED, number) for number in range(COUNT)]


@pytest.fixture(scope="module")
def lives(world: World, row: list[Borrower]) -> list[Life]:
    return [life(world, subject) for subject in row]


def test_one_borrower_alone_is_the_one_of_the_row(world: World, row: list[Borrower]) -> None:
    assert all(borrower(world, SEED, number) == row[number] for number in (0, 17, 399))
    assert borrower(world, SEED + 1, 0) != row[0]


def test_a_negative_number_is_refused(world: World) -> None:
    with pytest.raises(BadInput, match="-1"):
        borrower(world, SEED, -1)


def test_able_owners_have_productive_firms(row: list[Borrower]) -> None:
    pairs = np.array([(item.owner.ability, item.firm.productivity) for item in row])

    assert np.corrcoef(pairs.T)[0, 1] > 0.4


def test_roles_are_valid_then_and_known_later(row: list[Borrower]) -> None:
    links = [link for item in row for link in item.links]

    assert all(
        link.valid_from < link.valid_to and link.known_at >= link.valid_from for link in links
    )
    assert {"legal_representative", "controller", "shareholder", "spouse", "guarantor"} == {
        link.role for link in links
    }


def test_a_firm_has_one_legal_representative_at_any_time(row: list[Borrower]) -> None:
    changed = 0
    for item in row:
        terms = [link for link in item.links if link.role == "legal_representative"]
        instants = [link.valid_from for link in terms] + [ALWAYS - 1]
        assert all(len(item.holders("legal_representative", at)) == 1 for at in instants)
        assert item.holders("legal_representative", terms[0].valid_from - 1) == ()
        changed += len(terms) > 1
    assert 0.1 < changed / len(row) < 0.3


def test_every_member_of_a_circle_knows_the_same_circle(world: World, row: list[Borrower]) -> None:
    circles = {item.circle for item in row if item.circle}

    assert circles
    for circle in circles:
        assert 3 <= len(circle) <= 5
        assert all(circle_of(world, SEED, member) == circle for member in circle)


def test_all_kinds_of_fraud_and_hidden_borrowing_occur(world: World) -> None:
    row = [borrower(world, SEED, number) for number in range(1_500)]
    kinds = {item.fraud.kind for item in row if item.fraud}

    assert kinds == {"inflated_invoices", "circular_transfers", "broker_packed", "stolen_identity"}
    assert 0.05 < sum(item.hidden_month >= 0 for item in row) / len(row) < 0.25


def test_a_life_alone_is_the_one_of_the_row(
    world: World, row: list[Borrower], lives: list[Life]
) -> None:
    inside = next(item.number for item in row if item.circle)
    for number in (0, inside):
        alone = life(world, borrower(world, SEED, number))
        assert alone.hazard.tobytes() == lives[number].hazard.tobytes()
        assert alone.sales.tobytes() == lives[number].sales.tobytes()


def test_a_firm_sells_only_while_it_is_open(row: list[Borrower], lives: list[Life]) -> None:
    for item, months in zip(row, lives, strict=True):
        assert not months.sales[months.open == 0].any()
        assert months.open.tolist() == [
            int(month >= item.firm.opened and not 0 <= months.close_month <= month)
            for month in range(MONTHS)
        ]
        assert months.default_month < 0 or months.default_month >= item.firm.opened


def test_the_hazard_answers_shocks(world: World, row: list[Borrower], lives: list[Life]) -> None:
    calm = World.of(dataclasses.replace(Parameters(), shocks=()))
    catering = [item for item in row if world.parameters.industries[item.firm.industry].code == "H"]
    months = slice(146, 152)  # March to August 2020
    struck = np.mean([lives[item.number].hazard[months].mean() for item in catering])
    spared = np.mean([life(calm, item).hazard[months].mean() for item in catering])

    assert len(catering) > 10
    assert struck > 2 * spared


def test_rules_move_no_risk(row: list[Borrower], lives: list[Life]) -> None:
    bare = World.of(dataclasses.replace(Parameters(), rules=()))

    for item in row[:40]:
        assert life(bare, item).hazard.tobytes() == lives[item.number].hazard.tobytes()


def test_hidden_borrowing_and_fraud_raise_the_hazard(world: World, row: list[Borrower]) -> None:
    item = dataclasses.replace(row[0], hidden_month=-1, fraud=None)
    hidden = dataclasses.replace(item, hidden_month=100)

    before, after = life(world, item).hazard, life(world, hidden).hazard
    assert before[:100].tolist() == after[:100].tolist()
    assert (after[100:] > before[100:]).all()


def test_a_default_presses_the_rest_of_its_circle(
    world: World, row: list[Borrower], lives: list[Life]
) -> None:
    pressed = 0
    for item in row:
        if item.circle:
            alone = life(world, dataclasses.replace(item, circle=())).hazard
            assert (lives[item.number].hazard >= alone).all()
            pressed += bool((lives[item.number].hazard > alone).any())
    assert pressed


def test_the_true_probability_ranks_defaults_as_the_design_asks(world: World) -> None:
    lives = [life(world, borrower(world, SEED, number)) for number in range(1_200)]
    risk, bad = [], []
    for months in lives:
        for first in range(0, MONTHS, 12):
            if months.open[first] and not 0 <= months.default_month < first:
                risk.append(1 - np.prod(1 - months.hazard[first : first + 12]))
                bad.append(first <= months.default_month < first + 12)
    ranks, hit = np.argsort(np.argsort(risk)), np.array(bad)
    count = hit.sum()
    auc = (ranks[hit].sum() - count * (count - 1) / 2) / (count * (len(hit) - count))

    assert 0.78 <= auc <= 0.88
    assert 0.01 < hit.mean() < 0.05
