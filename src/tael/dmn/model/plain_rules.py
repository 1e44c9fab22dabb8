"""Rules of large tables, taken from the bytes of the file without an element for every cell.

Nine tenths of a DMN file are rules of the plainest form: entries that hold one text each. These are
found by one expression and stand in the tree as a single element; what is inside it is read again
from the bytes when somebody asks. Everything else, and every file in which a comment, a second
default namespace or an odd character could make such bytes mean something else, is left to expat,
which also reads all that stands around the rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

from tael.dmn.model.columns import aligned
from tael.dmn.model.element import Element

_ID = rb'(?: id="[^"<&\n\t]*+")?+'
_TEXT = rb"<text>(?:[^<&]++|&(?:lt|gt|amp|quot|apos);)*+</text>"


def _entries(tag: bytes) -> bytes:
    return rb"(?:<" + tag + _ID + rb">\s*+" + _TEXT + rb"\s*+</" + tag + rb">\s*+)*+"


_RULE = re.compile(
    rb"<rule" + _ID + rb">\s*+" + _entries(b"inputEntry") + _entries(b"outputEntry")
    + _entries(b"annotationEntry") + rb"</rule>"
)  # fmt: skip
_ENTRY = re.compile(
    rb'<(\w+)(?: id="([^"]*)")?>(\s*)(<text>)([^<]*)</text>(\s*)</\w+>(\s*)'
)  # of a rule that was found
_HEAD = re.compile(rb'<rule(?: id="([^"]*)")?>(\s*)')
_TEXTS = re.compile(rb"<text>([^<]*)<")
_DEFAULT = re.compile(rb"""\sxmlns=(?:"([^"<&]*)"|'([^'<&]*)')""")
_DECLARATION = re.compile(
    rb"""<\?xml version=["']1\.0["'](?: encoding=["']utf-8["'])? ?\?>""", re.IGNORECASE
)
# Control characters and noncharacters that XML refuses, carriage returns that it changes.
_ODD = re.compile(rb"[\x00-\x08\x0b-\x1f]|\xef\xbf[\xbe\xbf]")
_LEAST = 2_000
TARGET = "rule"


@dataclass(frozen=True, slots=True)
class Lifted:
    """A file whose plain rules are told by processing instructions ``rule`` with their number.

    Attributes:
        data: the file as it is.
        text: the file with instructions for rules; lines are the same.
        spans: where in ``data`` each rule begins and ends.
        namespace: the default namespace, which is that of the rules.
        words: each text of a cell that was met, by its bytes.
    """

    data: bytes
    text: bytes
    spans: list[tuple[int, int]]
    namespace: str
    words: dict[bytes, str]

    def element(self, number: int, line: int) -> RuleElement:
        """The element of a rule that begins on ``line``."""
        return RuleElement(self, number, line)

    def shift(self, number: int, length: int) -> int:
        """How much longer the rule is than its instruction of ``length`` bytes."""
        start, end = self.spans[number]
        return end - start - length


def lift(data: bytes) -> Lifted | None:
    """The file with its plain rules lifted out; None where that is not safe, or not worth it."""
    if len(data) < _LEAST or b"<rule" not in data:
        return None
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    head = _DECLARATION.match(data)
    body = head.end() if head else 0
    namespace = _default_namespace(data, body)
    unsafe = b"<!" in data or data.find(b"<?", body) >= 0 or b"]]>" in data
    if namespace is None or unsafe or _ODD.search(data):
        return None
    spans: list[tuple[int, int]] = []

    def told(found: re.Match[bytes]) -> bytes:
        spans.append(found.span())
        lines = b"\n" * found.group().count(b"\n")
        return b"<?rule %d %s?>" % (len(spans) - 1, lines)

    text = _RULE.sub(told, data)
    return Lifted(data, text, spans, namespace, {}) if spans else None


def _default_namespace(data: bytes, body: int) -> str | None:
    """The default namespace when the root declares it and nobody else does."""
    root = data.find(b"<", body)
    found = _DEFAULT.search(data, root, data.find(b"<", root + 1))
    if found is None or len(re.findall(rb"\bxmlns\s*=", data)) != 1:
        return None
    if b">" in data[root : found.start()]:
        return None  # it may be text behind the tag
    return (found[1] or found[2] or b"").decode() or None


class RuleElement(Element):
    """A plain rule; its parts are read from the bytes whenever they are asked for."""

    __slots__ = ("_lifted", "_number")

    def __init__(self, lifted: Lifted, number: int, line: int) -> None:
        self._lifted = lifted
        self._number = number
        self.namespace = lifted.namespace
        self.tag = "rule"
        self.line = line
        self.aligned = ""

    @property
    def span(self) -> tuple[int, int]:
        """Where it begins and ends in the bytes of the file."""
        return self._lifted.spans[self._number]

    @property
    def file(self) -> Lifted:
        """What it was taken from."""
        return self._lifted

    @property
    def raw(self) -> bytes:
        """Its bytes."""
        start, end = self.span
        return self._lifted.data[start:end]

    @property
    def columns(self) -> tuple[int, int]:
        """How many conditions and conclusions it has."""
        raw = self.raw
        return raw.count(b"<inputEntry"), raw.count(b"<outputEntry")

    @property
    def has_ids_inside(self) -> bool:
        """Whether an entry may have an id."""
        return b' id="' in self.raw[len(b"<rule i") :]

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of its conditions, conclusions and annotations, in this order."""
        words = self._lifted.words
        found = []
        for written in _TEXTS.findall(self.raw):
            word = words.get(written)
            if word is None:
                word = words[written] = unescape(written.decode())
            found.append(word)
        return tuple(found)

    @property
    def attributes(self) -> dict[str, str]:  # type: ignore[override]
        found = _HEAD.match(self.raw)
        return {"id": found[1].decode()} if found and found[1] is not None else {}

    @property
    def text(self) -> str:  # type: ignore[override]
        head = _HEAD.match(self.raw)
        gaps = [each[7] for each in _ENTRY.finditer(self.raw)]
        return b"".join([head[2] if head else b"", *gaps]).decode()

    @property
    def children(self) -> list[Element]:  # type: ignore[override]
        raw, (start, _) = self.raw, self.span
        return [self._entry(raw, start, found) for found in _ENTRY.finditer(raw)]

    def _entry(self, raw: bytes, start: int, found: re.Match[bytes]) -> Element:
        text = unescape(found[5].decode())
        line = self.line + raw.count(b"\n", 0, found.start(4))
        begin, end = start + found.start(4), start + found.end(5)
        inner = Element(self.namespace, "text", {}, line, text)
        inner.aligned = aligned(self._lifted.data, begin, end, text)
        attributes = {"id": found[2].decode()} if found[2] is not None else {}
        outer_line = self.line + raw.count(b"\n", 0, found.start())
        around = (found[3] + found[6]).decode()
        return Element(self.namespace, found[1].decode(), attributes, outer_line, around, [inner])
