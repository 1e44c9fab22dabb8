"""What parsing gives: a tree, and the names in it that nobody declared."""

from __future__ import annotations

from tael.dmn.feel import syntax as s
from tael.dmn.feel.lexer import Position


class Parsed:
    """A tree and the names it reads that no scope knows."""

    def __init__(self, tree: s.Expression, unknown: tuple[tuple[str, Position], ...]) -> None:
        self.tree = tree
        self.unknown = unknown


class ParsedTests:
    """Unary tests and the names they read that no scope knows."""

    def __init__(self, tree: s.UnaryTests, unknown: tuple[tuple[str, Position], ...]) -> None:
        self.tree = tree
        self.unknown = unknown
