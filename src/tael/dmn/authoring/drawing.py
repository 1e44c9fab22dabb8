"""The decision requirements diagram of a model: its own layout, or one made in layers.

What comes out is a document for viewers, not a model: elements, requirements and places in DMN 1.3,
the version that viewers read, without any logic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tael.dmn.authoring.builder import Draft
from tael.dmn.authoring.layers import Box, Line, Point, placed
from tael.dmn.model.writer import write
from tael.dmn.model.xml import Element

_MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/"
_DMNDI = "https://www.omg.org/spec/DMN/20191111/DMNDI/"
_DC = "http://www.omg.org/spec/DMN/20180521/DC/"
_DI = "http://www.omg.org/spec/DMN/20180521/DI/"
_DRAWN = ("inputData", "decision", "businessKnowledgeModel", "knowledgeSource")
_LINKS = ("informationRequirement", "knowledgeRequirement", "authorityRequirement")
_FLAT = ("inputData", "knowledgeSource")
_LETTER, _WIDE_LETTER = 8, 15
_LEAST, _MOST, _PADDING = 120, 260, 36
_ASCII_END = 128


@dataclass(frozen=True, slots=True)
class Diagram:
    """A diagram for a viewer.

    Attributes:
        xml: DMN 1.3 with elements, requirements and places.
        own_layout: whether the places are those of the model itself.
    """

    xml: str
    own_layout: bool


@dataclass(frozen=True, slots=True)
class _Link:
    id: str
    tag: str
    end: str
    start: str
    owner: str


def diagram(draft: Draft) -> Diagram:
    """The diagram of ``draft``, which is left as it is; nothing of what it imports is drawn."""
    shown = [each for each in draft.root.children if each.tag in _DRAWN and each.get("id")]
    links = list(_links(shown, {each.get("id") for each in shown}))
    boxes, lines = _own_places(draft.root, shown, links)
    own = bool(boxes)
    if not own:
        sizes = {each.get("id"): _size(each) for each in shown}
        boxes, lines = placed(sizes, {each.id: (each.start, each.owner) for each in links})
    root = _made("definitions", _names(draft.root))
    root.children = [_node(each, links) for each in shown]
    root.children.append(_places(boxes, lines))
    return Diagram(write(root), own)


def _links(shown: list[Element], known: set[str]) -> Iterator[_Link]:
    for owner in shown:
        for number, link in enumerate(each for each in owner.children if each.tag in _LINKS):
            for end in link.children:
                start = end.get("href").removeprefix("#")
                if start in known:
                    name = link.get("id") or f"{owner.get('id')}_needs_{number}"
                    yield _Link(name, link.tag, end.tag, start, owner.get("id"))


def _size(each: Element) -> tuple[int, int]:
    """As wide as its name, as high as viewers draw its kind."""
    name = each.get("name")
    wide = sum(_LETTER if ord(letter) < _ASCII_END else _WIDE_LETTER for letter in name)
    return min(max(wide + _PADDING, _LEAST), _MOST), 45 if each.tag in _FLAT else 60


def _names(root: Element) -> dict[str, str]:
    return {name: root.get(name) or "model" for name in ("id", "name", "namespace")}


def _node(found: Element, links: list[_Link]) -> Element:
    made = _made(found.tag, {"id": found.get("id"), "name": found.get("name")})
    for link in links:
        if link.owner == found.get("id"):
            end = _made(link.end, {"href": f"#{link.start}"})
            made.children.append(_made(link.tag, {"id": link.id}, end))
    return made


# --- places


def _own_places(
    root: Element, shown: list[Element], links: list[_Link]
) -> tuple[dict[str, Box], dict[str, Line]]:
    """What the model says itself of places; nothing unless it places every element."""
    boxes: dict[str, Box] = {}
    lines: dict[str, Line] = {}
    for each in _below(root.first("DMNDI")):
        name = each.get("dmnElementRef").rpartition(":")[2]
        bounds = each.first("Bounds")
        if each.tag == "DMNShape" and bounds:
            x, y, width, height = (_whole(bounds.get(k)) for k in ("x", "y", "width", "height"))
            boxes[name] = Box(x, y, width, height)
        elif each.tag == "DMNEdge":
            ways = each.all("waypoint")
            lines[name] = tuple(Point(_whole(way.get("x")), _whole(way.get("y"))) for way in ways)
    if not {each.get("id") for each in shown} <= set(boxes) or not shown:
        return {}, {}
    for link in links:
        if len(lines.get(link.id, ())) < 2:  # noqa: PLR2004 - a line has two ends
            lines[link.id] = (boxes[link.start].top, boxes[link.owner].bottom)
    known = {each.get("id") for each in shown}
    drawn = {link.id for link in links}
    return (
        {name: box for name, box in boxes.items() if name in known},
        {name: line for name, line in lines.items() if name in drawn},
    )


def _below(root: Element | None) -> Iterator[Element]:
    waiting = [root] if root else []
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(reversed(each.children))


def _whole(text: str) -> int:
    try:
        return round(float(text))
    except (ValueError, OverflowError):
        return 0


def _places(boxes: dict[str, Box], lines: dict[str, Line]) -> Element:
    drawing = Element(_DMNDI, "DMNDiagram", {"id": "diagram"}, 0)
    for name, box in boxes.items():
        bounds = {key: str(getattr(box, key)) for key in ("x", "y", "width", "height")}
        shape = {"id": f"shape_{name}", "dmnElementRef": name}
        place = Element(_DC, "Bounds", bounds, 0)
        drawing.children.append(Element(_DMNDI, "DMNShape", shape, 0, "", [place]))
    for name, line in lines.items():
        ways = [Element(_DI, "waypoint", {"x": str(at.x), "y": str(at.y)}, 0) for at in line]
        edge = {"id": f"edge_{name}", "dmnElementRef": name}
        drawing.children.append(Element(_DMNDI, "DMNEdge", edge, 0, "", ways))
    return Element(_DMNDI, "DMNDI", {}, 0, "", [drawing])


def _made(tag: str, attributes: dict[str, str], *children: Element) -> Element:
    return Element(_MODEL, tag, attributes, 0, "", list(children))
