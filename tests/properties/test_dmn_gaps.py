"""The search for gaps against brute force, on tables cut into boxes that fit, lack and overlap."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tael.dmn.authoring import Draft, InputColumn, OutputColumn, Rule, Table
from tael.dmn.verification.gaps import Rules, gaps
from tael.dmn.verification.search import Box, Budget

# Per column the first bin and the one behind the last.
Cut = tuple[tuple[int, int], ...]
SIZES = (5, 4, 3)


@st.composite
def tables(draw: st.DrawFn) -> list[Cut]:
    """A space cut again and again; then some boxes go, some stand there twice, or grow."""
    cuts: list[Cut] = [tuple((0, size) for size in SIZES)]
    for _ in range(draw(st.integers(0, 14))):
        number, column = draw(st.integers(0, len(cuts) - 1)), draw(st.integers(0, 2))
        first, end = cuts[number][column]
        if end - first > 1:
            middle = draw(st.integers(first + 1, end - 1))
            whole = cuts.pop(number)
            parts = ((first, middle), (middle, end))
            cuts += [(*whole[:column], part, *whole[column + 1 :]) for part in parts]
    for _ in range(draw(st.integers(0, 2))):
        gone = draw(st.integers(0, len(cuts)))
        cuts = [each for number, each in enumerate(cuts) if number != gone]
    for _ in range(draw(st.integers(0, 2))):
        if cuts:
            chosen, column = draw(st.sampled_from(cuts)), draw(st.integers(0, 2))
            wide = (0, draw(st.integers(chosen[column][1], SIZES[column])))
            cuts.append((*chosen[:column], wide, *chosen[column + 1 :]))
    return draw(st.permutations(cuts))


def points(cut: Cut) -> set[tuple[int, ...]]:
    return set(itertools.product(*(range(first, end) for first, end in cut)))


def rules_of(cuts: Sequence[Cut]) -> Rules:
    inside = [points(cut) for cut in cuts]
    return Rules(
        columns=[
            [sum(1 << n for n, cut in enumerate(cuts) if cut[c][0] <= b < cut[c][1])
             for b in range(size)]
            for c, size in enumerate(SIZES)
        ],
        spans=[[((cut[c][0], cut[c][1] - 1),) for cut in cuts] for c in range(len(SIZES))],
        meets=[sum(1 << n for n, other in enumerate(inside) if mine & other) for mine in inside],
    )  # fmt: skip


@given(tables())
def test_the_gaps_are_what_no_rule_covers_in_the_widest_boxes(cuts: list[Cut]) -> None:
    found: list[Box] = []
    assert gaps(rules_of(cuts), Budget(60.0), found)
    covered = set().union(*map(points, cuts))
    free = points(tuple((0, size) for size in SIZES)) - covered
    boxes = [set(itertools.product(*box)) for box in found]
    assert set().union(*boxes) == free
    for box, inside in zip(found, boxes, strict=True):
        assert inside.isdisjoint(covered)
        for column, size in enumerate(SIZES):
            for more in set(range(size)) - set(box[column]):
                wider = (*box[:column], (more,), *box[column + 1 :])
                assert not covered.isdisjoint(itertools.product(*wider))


@given(tables())
def test_a_table_of_ranges_and_words_has_the_overlaps_and_gaps_of_its_points(
    cuts: list[Cut],
) -> None:
    words = ("a", "b", "c")
    draft = Draft.new("m", "urn:m").input("x", "number", "[0..5)").input("y", "number", "[0..4)")
    draft = draft.input("z", "string", ", ".join(f'"{word}"' for word in words))
    rules = tuple(
        Rule(
            (*(f"[{first}..{end})" for first, end in cut[:2]),
             ", ".join(f'"{word}"' for word in words[slice(*cut[2])])),
            (str(number),),
        )
        for number, cut in enumerate(cuts)
    )  # fmt: skip
    columns = (InputColumn("x", "number"), InputColumn("y", "number"), InputColumn("z", "string"))
    table = Table(columns, (OutputColumn("", "number"),), rules, "UNIQUE")
    proof = draft.decision("d", table, "number").model().verify(60.0)
    told = {each.rules for each in proof.findings if each.kind == "overlap"}
    pairs = itertools.combinations(enumerate(cuts, start=1), 2)
    assert not proof.spent
    assert told == {(m, n) for (m, a), (n, b) in pairs if points(a) & points(b)}
    covered = set().union(*map(points, cuts))
    holes = [each for each in proof.findings if each.kind == "gap"]
    assert bool(holes) == (len(covered) < len(points(tuple((0, size) for size in SIZES))))
    for each in holes:
        assert each.example is not None
        x, y, z = each.example.values()
        assert (int(str(x).split(".")[0]), int(str(y).split(".")[0]), words.index(str(z))) not in (
            covered
        )
