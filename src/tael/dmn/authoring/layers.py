"""Places for a graph in layers: what is read stands below what reads it.

The four steps of Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical
system structures", IEEE Transactions on Systems, Man, and Cybernetics 11 (2), 1981: layers by the
longest path, long lines broken at each layer, order by barycentres, places.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise

_GAP_X, _GAP_Y, _MARGIN = 28, 70, 20
_SWEEPS = 8
# A line on its way through a layer takes little room; so many inputs stand beside each other.
_BEND, _BEND_GAP = 6, 6
_MOST_BESIDE = 6


@dataclass(frozen=True, slots=True)
class Point:
    """A point, in pixels from the top left corner."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Box:
    """Where an element stands: its top left corner, its width and its height, in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def top(self) -> Point:
        """The middle of the upper side: lines leave here."""
        return Point(self.x + self.width // 2, self.y)

    @property
    def bottom(self) -> Point:
        """The middle of the lower side: lines arrive here."""
        return Point(self.x + self.width // 2, self.y + self.height)


Line = tuple[Point, ...]


def placed(
    sizes: Mapping[str, tuple[int, int]], links: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, Box], dict[str, Line]]:
    """Boxes of the nodes and lines of the links, by their names; a circle is drawn all the same.

    ``sizes`` are widths and heights, ``links`` say from which node to which.
    """
    layer = _layers(sizes, list(links.values()))
    sizes, chains = dict(sizes), {}
    for name, (start, end) in links.items():
        bends = [f"{name} at {level}" for level in range(layer[start] + 1, layer[end])]
        layer |= {bend: layer[start] + 1 + n for n, bend in enumerate(bends)}
        sizes |= dict.fromkeys(bends, (_BEND, 0))
        chains[name] = [start, *bends, end]
    steps = [pair for chain in chains.values() for pair in pairwise(chain)]
    rows = _ordered(layer, steps)
    boxes = _boxes(rows, sizes, steps)
    lines = {name: _line([boxes[each] for each in chain]) for name, chain in chains.items()}
    broken = {bend for chain in chains.values() for bend in chain[1:-1]}
    return {name: box for name, box in boxes.items() if name not in broken}, lines


def _line(along: list[Box]) -> Line:
    """From the top of the first box straight up through the layers between to the last one."""
    between = (end for bend in along[1:-1] for end in (bend.bottom, bend.top))
    return (along[0].top, *between, along[-1].bottom)


def _layers(nodes: Mapping[str, object], links: list[tuple[str, str]]) -> dict[str, int]:
    """The longest path from below; what reads nothing stands just under its first reader."""
    layer = dict.fromkeys(nodes, 0)
    for _ in nodes:  # a circle would climb for ever: as many rounds as nodes are enough
        moved = False
        for start, end in links:
            if layer[end] <= layer[start] < len(layer):
                layer[end], moved = layer[start] + 1, True
        if not moved:
            break
    reading = {end for _, end in links}
    for node in nodes:
        readers = [layer[end] for start, end in links if start == node]
        if node not in reading and readers:
            layer[node] = max(0, min(readers) - 1)
    return _dealt(layer, reading)


def _dealt(layer: Mapping[str, int], reading: AbstractSet[str]) -> dict[str, int]:
    """Many inputs of one layer stand in several rows: one row would be too wide to read."""
    found: dict[str, int] = {}
    base = 0
    for level in range(max(layer.values(), default=-1) + 1):
        inside = [node for node, at in layer.items() if at == level]
        inputs = [node for node in inside if node not in reading]
        rows = max(1, -(-len(inputs) // _MOST_BESIDE))
        found |= dict.fromkeys(inside, base + rows - 1)
        found |= {node: base + n % rows for n, node in enumerate(inputs)}
        base += rows
    return found


def _ordered(layer: Mapping[str, int], steps: list[tuple[str, str]]) -> list[list[str]]:
    """The nodes of each layer from left to right, so that few lines cross."""
    rows: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node, level in layer.items():
        rows[level].append(node)
    beside: dict[str, list[str]] = defaultdict(list)
    for start, end in steps:
        beside[start].append(end)
        beside[end].append(start)
    for sweep in range(_SWEEPS):
        for row in rows if sweep % 2 else rows[::-1]:
            place = {n: at / max(len(r) - 1, 1) for r in rows for at, n in enumerate(r)}
            middle = {n: _mean([place[m] for m in beside[n]], place[n]) for n in row}
            row.sort(key=middle.__getitem__)
    return rows


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _boxes(
    rows: list[list[str]], sizes: Mapping[str, tuple[int, int]], steps: list[tuple[str, str]]
) -> dict[str, Box]:
    centre = _centres(rows, sizes, steps)
    left = min((at - sizes[n][0] / 2 for n, at in centre.items()), default=0.0)
    boxes, y = {}, _MARGIN
    for row in reversed(rows):
        high = max((sizes[node][1] for node in row), default=0)
        for node in row:
            width, height = sizes[node]
            x = round(centre[node] - left - width / 2) + _MARGIN
            tall = height or high
            boxes[node] = Box(x, y + (high - tall) // 2, width, tall)
        y += high + _GAP_Y
    return boxes


def _centres(
    rows: list[list[str]], sizes: Mapping[str, tuple[int, int]], steps: list[tuple[str, str]]
) -> dict[str, float]:
    """Each node near the middle of its neighbours, in the order of its row, none over another."""
    beside: dict[str, list[str]] = defaultdict(list)
    for start, end in steps:
        beside[start].append(end)
        beside[end].append(start)
    centre = {node: 0.0 for row in rows for node in row}
    for row in rows:
        whole = sum(sizes[node][0] + _gap(sizes[node]) for node in row)
        _pack(row, sizes, centre, dict.fromkeys(row, 0.0), start=-whole / 2)
    for sweep in range(_SWEEPS):
        for row in rows if sweep % 2 else rows[::-1]:
            wanted = {n: _mean([centre[m] for m in beside[n]], centre[n]) for n in row}
            _pack(row, sizes, centre, wanted, start=float("-inf"))
    return centre


def _pack(
    row: list[str],
    sizes: Mapping[str, tuple[int, int]],
    centre: dict[str, float],
    wanted: Mapping[str, float],
    *,
    start: float,
) -> None:
    """From left to right as wanted where there is room, then the row as a whole to its middle."""
    edge = start
    for node in row:
        half = sizes[node][0] / 2
        centre[node] = max(wanted[node], edge + half) if edge > float("-inf") else wanted[node]
        edge = centre[node] + half + _gap(sizes[node])
    if start == float("-inf") and row:
        shift = sum(wanted[node] - centre[node] for node in row) / len(row)
        for node in row:
            centre[node] += shift


def _gap(size: tuple[int, int]) -> int:
    return _GAP_X if size[1] else _BEND_GAP
