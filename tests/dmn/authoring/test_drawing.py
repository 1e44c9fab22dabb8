"""Diagrams for viewers: every element, every requirement, and places where nothing covers."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import pytest

from tael.dmn.authoring import Draft, diagram
from tael.dmn.authoring.layers import Box, placed
from tael.dmn.model.xml import Element, parse

POLICIES = Path(__file__).parents[3] / "src/tael/policies/data"
FILES = ["first_policy.dmn", "staged_policy.dmn"]


def _drawn(xml: str) -> tuple[Element, dict[str, Box], dict[str, list[Element]]]:
    root = parse(xml.encode(), "<diagram>")
    drawing = root.all("DMNDI")[0].all("DMNDiagram")[0]
    boxes = {}
    for shape in drawing.all("DMNShape"):
        at = shape.all("Bounds")[0]
        sides = (int(at.get(name)) for name in ("x", "y", "width", "height"))
        boxes[shape.get("dmnElementRef")] = Box(*sides)
    lines = {e.get("dmnElementRef"): e.all("waypoint") for e in drawing.all("DMNEdge")}
    return root, boxes, lines


def _apart(one: Box, other: Box) -> bool:
    return (
        one.x + one.width <= other.x
        or other.x + other.width <= one.x
        or one.y + one.height <= other.y
        or other.y + other.height <= one.y
    )


@pytest.mark.parametrize("name", FILES)
def test_every_element_and_requirement_has_its_place(name: str) -> None:
    draft = Draft.read(POLICIES / name)
    before = draft.to_xml()
    made = diagram(draft)
    assert not made.own_layout
    assert draft.to_xml() == before
    root, boxes, lines = _drawn(made.xml)
    nodes = [e for e in draft.root.children if e.tag in ("decision", "inputData")]
    assert set(boxes) == {e.get("id") for e in nodes}
    links = [e for node in nodes for e in node.children if e.tag.endswith("Requirement")]
    assert len(lines) == len(links)
    assert root.namespace == "https://www.omg.org/spec/DMN/20191111/MODEL/"
    assert "<text>" not in made.xml


@pytest.mark.parametrize("name", FILES)
def test_no_box_covers_another_and_what_is_read_stands_below(name: str) -> None:
    root, boxes, _ = _drawn(diagram(Draft.read(POLICIES / name)).xml)
    for one, other in combinations(boxes.values(), 2):
        assert _apart(one, other), (one, other)
    assert min(box.x for box in boxes.values()) >= 0
    ends = [
        (end.get("href").removeprefix("#"), node.get("id"))
        for node in root.children
        for link in node.children
        for end in link.children
        if end.get("href")
    ]
    assert ends
    assert all(boxes[read].y > boxes[reader].y for read, reader in ends)


def test_the_same_model_is_drawn_the_same_way() -> None:
    read = [Draft.read(POLICIES / FILES[1]) for _ in range(2)]
    assert diagram(read[0]) == diagram(read[1])


def test_a_line_passes_upright_through_the_layers_between() -> None:
    links = {"ab": ("a", "b"), "bc": ("b", "c"), "ac": ("a", "c")}
    boxes, lines = placed(dict.fromkeys("abc", (100, 60)), links)
    assert set(boxes) == set("abc")
    assert {name: len(line) for name, line in lines.items()} == {"ab": 2, "bc": 2, "ac": 4}
    assert all(below.y > above.y for line in lines.values() for below, above in pairwise(line))
    assert lines["ac"][1].x == lines["ac"][2].x
    assert not boxes["b"].x <= lines["ac"][1].x <= boxes["b"].x + boxes["b"].width


def test_a_circle_is_drawn_all_the_same() -> None:
    boxes, lines = placed(dict.fromkeys("ab", (100, 60)), {"1": ("a", "b"), "2": ("b", "a")})
    assert (len(boxes), len(lines)) == (2, 2)


def test_nothing_has_no_places() -> None:
    assert placed({}, {}) == ({}, {})
    assert not diagram(Draft.new("empty", "https://example.org/empty")).own_layout


def _with_places(*names: str) -> str:
    di = "https://www.omg.org/spec/DMN/20230324/DMNDI/"
    dc = "http://www.omg.org/spec/DMN/20180521/DC/"
    shapes = "".join(
        f'<DMNShape dmnElementRef="{name}"><Bounds xmlns="{dc}" x="{n * 300}.4" y="7" width="99"'
        f' height="50"/></DMNShape>'
        for n, name in enumerate(names)
    )
    drafted = Draft.new("m", "https://example.org/m").input("score", "number")
    text = drafted.decision("good", "score >= 600", "boolean").to_xml()
    drawing = f'<DMNDI xmlns="{di}"><DMNDiagram>{shapes}</DMNDiagram></DMNDI></definitions>'
    return text.replace("</definitions>", drawing)


def test_places_of_the_model_itself_are_kept() -> None:
    made = diagram(Draft.read(_with_places("_score", "_good")))
    assert made.own_layout
    _, boxes, lines = _drawn(made.xml)
    assert boxes == {"_score": Box(0, 7, 99, 50), "_good": Box(300, 7, 99, 50)}
    assert [len(line) for line in lines.values()] == [2]


def test_places_of_some_elements_only_give_way_to_a_layout() -> None:
    assert not diagram(Draft.read(_with_places("_score"))).own_layout
