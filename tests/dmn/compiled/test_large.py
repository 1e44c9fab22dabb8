"""Large tables: rows of single words by tuple, long tables in chunks; the same answers."""

from __future__ import annotations

import random
from bisect import bisect_right
from decimal import Decimal
from itertools import product

import pytest

from tael.dmn import Model, loads
from tael.dmn.compiled.index import (
    Chunks,
    bins_by_value,
    edges_of,
    numeric_masks,
    point_masks,
    raw_cuts,
    rows_of,
)
from tael.dmn.compiled.plan import Cell, Interval

WORDS = ("u", "v", "w", "x", "y")


def table_of(policy: str, rows: int, *, default: bool, seed: int) -> Model:
    chance = random.Random(seed)  # noqa: S311 - data

    def cell() -> str:
        form = chance.random()
        if form < 0.01:
            return "-"
        if form < 0.02:
            return f'not("{chance.choice(WORDS)}")'
        return ", ".join(f'"{word}"' for word in chance.sample(WORDS, 1 + (form > 0.9)))

    rules = "".join(
        "<rule>" + "".join(f"<inputEntry><text>{cell()}</text></inputEntry>" for _ in "abc")
        + f"<outputEntry><text>{number % 7}</text></outputEntry></rule>"
        for number in range(rows)
    )  # fmt: skip
    given = "<defaultOutputEntry><text>99</text></defaultOutputEntry>" if default else ""
    inputs = "".join(
        f'<inputData id="{n}" name="{n}"><variable name="{n}" typeRef="string"/></inputData>'
        for n in "abc"
    )
    links = "".join(
        f'<informationRequirement><requiredInput href="#{n}"/></informationRequirement>'
        for n in "abc"
    )
    columns = "".join(
        f"<input><inputExpression><text>{n}</text></inputExpression></input>" for n in "abc"
    )
    return loads(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m">'
        f'{inputs}<decision id="d" name="d"><variable name="d"/>{links}'
        f'<decisionTable hitPolicy="{policy}">{columns}<output><outputValues>'
        f"<text>3, 1, 2</text></outputValues>{given}</output>{rules}</decisionTable>"
        "</decision></definitions>"
    )


@pytest.mark.parametrize("policy", ["FIRST", "UNIQUE", "PRIORITY"])
@pytest.mark.parametrize("default", [False, True])
def test_rows_of_single_words_are_found_by_their_tuple(policy: str, *, default: bool) -> None:
    for seed in range(3):
        model = table_of(policy, 70 if policy != "UNIQUE" else 64, default=default, seed=seed)
        for values in product((*WORDS, "other"), repeat=3):
            inputs = dict(zip("abc", values, strict=True))
            fast, general = model.evaluate(inputs), model.evaluate_slowly(inputs)
            assert fast.outputs == general.outputs
            assert fast.trace == general.trace
            assert fast.warnings == general.warnings
        traced = model._fast[None]
        assert traced is not None
        (body,) = traced._body._bodies.values()
        assert body is not None
        assert ".get((" in body.source


def test_chunks_answer_as_the_masks_of_the_whole_table() -> None:
    chance = random.Random(5)  # noqa: S311 - data
    numbers, words = [], []
    for _ in range(5_000):
        low = Decimal(chance.randrange(300))
        numbers.append(Cell((Interval(low, low + chance.randrange(1, 9), True, False),)))
        words.append(Cell((Interval(chance.choice(WORDS), None),), negated=chance.random() < 0.1))
    words = [Cell((Interval(c.intervals[0].low, c.intervals[0].low),), c.negated) for c in words]
    cuts = raw_cuts(edges_of(numbers), int)
    assert cuts is not None
    whole, (points, other) = numeric_masks(numbers, cuts), point_masks(words)
    chunks = Chunks([(numbers, cuts), (words, None)], 5_000)
    for place in range(1, cuts.bins - 1):
        for word in (*WORDS, "other"):
            mask = (whole[place] or 0) & points.get(word, other)
            assert chunks.mask(place, word) == mask
            assert chunks.first(place, word) == (rows_of(mask) or [0])[0]


@pytest.mark.slow
def test_a_long_table_stands_in_chunks() -> None:
    rules = "".join(
        f"<rule><inputEntry><text>[{row}.25..{row + 40}.5)</text></inputEntry>"
        f"<inputEntry><text>&lt; {row}.75</text></inputEntry>"
        f"<outputEntry><text>{row % 7}</text></outputEntry></rule>"
        for row in range(24_000)
    )
    head = "".join(
        f'<inputData id="{n}" name="{n}"><variable name="{n}" typeRef="number"/></inputData>'
        for n in "ab"
    )
    columns = "".join(
        f"<input><inputExpression><text>{n}</text></inputExpression></input>" for n in "ab"
    )
    links = "".join(
        f'<informationRequirement><requiredInput href="#{n}"/></informationRequirement>'
        for n in "ab"
    )
    model = loads(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m">'
        f'{head}<decision id="d" name="d"><variable name="d"/>{links}<decisionTable '
        f'hitPolicy="FIRST">{columns}<output/>{rules}</decisionTable></decision></definitions>'
    )
    for a, b in ((100, 50), (100.25, 99.75), (23_999.25, 5), (7_000, 6_999.5), (5, 24_000)):
        fast = model.evaluate({"a": a, "b": b})
        general = model.evaluate_slowly({"a": a, "b": b})
        assert fast.outputs == general.outputs
        assert fast.trace == general.trace
    traced = model._fast[None]
    assert traced is not None
    found = [b for b in traced._body._bodies.values() if b is not None]
    assert all("&" not in body.source for body in found)


@pytest.mark.parametrize(
    "points", [("0",), ("5",), ("-3", "4"), ("-700", "-1"), ("1.5", "90", "2000")]
)
def test_bins_by_value_are_those_of_the_search(points: tuple[str, ...]) -> None:
    cells = [Cell((Interval(Decimal(each), Decimal(each)),)) for each in points]
    cuts = raw_cuts(edges_of(cells), int)
    assert cuts is not None
    bins = bins_by_value(cuts)
    assert bins is not None
    assert len(bins) >= 256
    assert [bisect_right(cuts.keys, value) for value in range(len(bins))] == list(bins)


def test_whole_numbers_on_either_side_of_small_ones_are_answered_fast() -> None:
    rules = "".join(
        f"<rule><inputEntry><text>[{low}..{low + 9}]</text></inputEntry>"
        f"<outputEntry><text>{low}</text></outputEntry></rule>"
        for low in range(-300, 300, 10)
    )
    model = loads(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m">'
        '<inputData id="a" name="a"><variable name="a" typeRef="number"/></inputData>'
        '<decision id="d" name="d"><variable name="d"/><informationRequirement><requiredInput '
        'href="#a"/></informationRequirement><decisionTable><input><inputExpression><text>a</text>'
        f"</inputExpression></input><output><defaultOutputEntry><text>7</text></defaultOutputEntry>"
        f"</output>{rules}</decisionTable></decision></definitions>"
    )
    for a in (*range(-1300, 1300, 7), -600, -599, 599, 600, 10**6, -(10**6)):
        wanted = a // 10 * 10 if -300 <= a < 300 else 7
        assert model.evaluate({"a": a}).outputs == {"d": wanted}
    traced = model._fast[None]
    assert traced is not None
    assert traced.result({"a": -5}) is not None
    assert traced.result({"a": 10**17}) is None
