"""Text to tokens. Names with spaces are put together by the parser, which knows the scope."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from tael.dmn.errors import FeelSyntaxError

_ASTRAL = "\U00010000-\U000effff"
# The characters of names and spaces: rules 28, 29 and 61 of DMN 1.5 clause 10.3.1.2, and what
# Python calls letters and spaces besides.
_SPACE = r"\s\u180e\u200b\ufeff"
_FIRST = (
    r"\u037f-\u167f\u1681-\u180d\u180f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff"
    rf"\uf900-\ufdcf\ufdf0-\ufefe\uff00-\ufffd{_ASTRAL}"
)
_TOKEN = re.compile(
    rf"""
    (?P<space>(?:[{_SPACE}]|//[^\n]*|/\*.*?\*/)+)
  | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<name>(?:[^\W0-9]|[{_FIRST}])(?:\w|[\u00b7\u0300-\u036f\u203f\u2040{_FIRST}])*|\?)
  | (?P<symbol>\.\.|\*\*|<=|>=|!=|->|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6})|(.))", re.DOTALL)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


class Kind(Enum):
    NUMBER = "number"
    STRING = "string"
    NAME = "name"
    SYMBOL = "symbol"
    END = "end"


_MANY_LINES = ("space", "string")
_KINDS = {kind.value: kind for kind in Kind}


class Position(NamedTuple):
    """Where something stands: the line of the file, the 1-based column in the expression's line."""

    line: int
    column: int


class Token(NamedTuple):
    """A piece of an expression. ``text`` of a string is already unescaped."""

    kind: Kind
    text: str
    start: int
    end: int
    at: Position


def tokens(text: str, first_line: int = 1) -> list[Token]:
    """The tokens of ``text``, the last of kind END; lines count from ``first_line``.

    Raises:
        FeelSyntaxError: a string that does not end.
    """
    found: list[Token] = []
    lead = len(text) - len(text.lstrip())  # long where a file is one line: its column is kept so
    line, line_start = first_line + text.count("\n", 0, lead), text.rfind("\n", 0, lead) + 1
    for match in _TOKEN.finditer(text, lead):
        group, raw, start = match.lastgroup or "", match.group(), match.start()
        if group != "space":
            at = Position(line, start - line_start + 1)
            found.append(_token(group, raw, match.span(), at))
        if group in _MANY_LINES and "\n" in raw:
            line += raw.count("\n")
            line_start = start + raw.rfind("\n") + 1
    found.append(
        Token(Kind.END, "", len(text), len(text), Position(line, len(text) - line_start + 1))
    )
    return found


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """The token texts of a name, by which the parser recognises it whatever its spacing."""
    return tuple(token.text for token in tokens(name)[:-1])


def _token(group: str, raw: str, span: tuple[int, int], at: Position) -> Token:
    if group == "string":
        try:
            text = _unescape(raw[1:-1]) if "\\" in raw else raw[1:-1]
        except ValueError:
            message = "a character of a string is beyond the last one, \\U10FFFF"
            raise FeelSyntaxError(message, line=at.line, column=at.column) from None
        return Token(Kind.STRING, text, span[0], span[1], at)
    if raw == '"':
        raise FeelSyntaxError("a string does not end", line=at.line, column=at.column)
    return Token(_KINDS[group], raw, span[0], span[1], at)


def _unescape(body: str) -> str:
    def one(match: re.Match[str]) -> str:
        short, long, simple = match.groups()
        if simple is None:
            return chr(int(short or long, 16))
        return _SIMPLE.get(simple, "\\" + simple)

    # Escaped surrogate pairs become one character, as a Java or JavaScript author means them.
    text = _ESCAPE.sub(one, body)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
