"""What of boxed logic can read a name: a large table has few cells that can."""

from __future__ import annotations

from dataclasses import replace

from tael.dmn.feel.simple_cells import are_simple_tests, is_simple_value
from tael.dmn.model.element import Element

_CELLS = {"inputEntry": are_simple_tests, "outputEntry": is_simple_value}


def reading_part(boxed: Element) -> Element:
    """``boxed`` without the rules of its tables that read no name: most of a large table."""
    if boxed.tag != "decisionTable":
        parts = [reading_part(child) for child in boxed.children]
        same = all(part is child for part, child in zip(parts, boxed.children, strict=True))
        return boxed if same else replace(boxed, children=parts)
    known: dict[tuple[str, str], bool] = {}
    columns = len(boxed.all("input")), len(boxed.all("output"))
    kept = [c for c in boxed.children if c.tag != "rule" or not _is_plain(c, columns, known)]
    # A rule that is to be told by its number keeps it.
    whole = any(c.tag == "rule" and _cells(c) != columns for c in kept)
    return boxed if whole else replace(boxed, children=kept)


def _cells(rule: Element) -> tuple[int, int]:
    tags = [each.tag for each in rule.children]
    return tags.count("inputEntry"), tags.count("outputEntry")


def _is_plain(rule: Element, columns: tuple[int, int], known: dict[tuple[str, str], bool]) -> bool:
    """Whether a rule is whole and each cell a number, a word, a comparison or the like."""
    count = [0, 0]
    for cell in rule.children:
        if cell.tag not in _CELLS:
            continue
        text = cell.first("text")
        key = cell.tag, text.text if text else ""
        plain = known.get(key)
        if plain is None:
            plain = known[key] = _CELLS[cell.tag](key[1])
        if not plain or "expressionLanguage" in cell.attributes:
            return False
        count[cell.tag == "outputEntry"] += 1
    return tuple(count) == columns
