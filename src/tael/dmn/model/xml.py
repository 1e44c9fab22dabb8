"""XML to a small tree of elements that know their line. No entities, no document types.

``xml.etree`` drops line numbers, so expat is driven directly; a document type declaration is
refused before anything in it is read, which leaves no entity to expand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from tael.dmn.errors import DmnError
from tael.dmn.model.columns import aligned

# Room for a table of 100,000 rules; an element takes some 400 bytes, whatever its text.
_LARGEST_BYTES = 128 * 1024 * 1024
_MOST_ELEMENTS = 4_000_000
_DEEPEST = 200
_TEXT = "text"


@dataclass(slots=True)
class Element:
    """An element: namespace and local name apart, text of its own, line of its start tag.

    ``aligned`` is the text of a ``text`` element with the columns of the file (``model.columns``).
    """

    namespace: str
    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)
    aligned: str = field(default="", compare=False)

    def all(self, tag: str) -> list[Element]:
        return [child for child in self.children if child.tag == tag]

    def first(self, tag: str) -> Element | None:
        return next((child for child in self.children if child.tag == tag), None)

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    def child_text(self, tag: str) -> str:
        child = self.first(tag)
        return child.text.strip() if child else ""


def parse(data: bytes, file: str) -> Element:
    """The root element of ``data``.

    Raises:
        DmnError: not well-formed, too large, too deep, or with a document type declaration.
    """
    if len(data) > _LARGEST_BYTES:
        raise DmnError("the file is larger than 128 MiB", file=file, rule="at most 128 MiB")
    builder = _Builder(file, data)
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise DmnError(
            f"not well-formed XML: {expat.ErrorString(error.code)}",
            file=file,
            line=error.lineno,
            rule="XML 1.0",
        ) from None
    except (LookupError, ValueError) as error:  # expat asks Python's codecs for the encoding
        raise DmnError(
            f"its encoding cannot be read: {error}", file=file, line=1, rule="UTF-8 or UTF-16"
        ) from None
    return builder.root.children[0]


class _Builder:
    def __init__(self, file: str, data: bytes) -> None:
        self._file = file
        self._data = data
        self._start_of_text = 0
        self._count = 0
        self.root = Element("", "", {}, 0)
        self._open = [self.root]
        self._texts: list[list[str]] = [[]]  # joined once: adding piece by piece is quadratic
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, tag = name.rpartition(" ")
        line = self.parser.CurrentLineNumber
        if len(self._open) > _DEEPEST:
            raise DmnError(
                "elements nest too deeply", file=self._file, line=line, rule="at most 200 levels"
            )
        self._count += 1
        if self._count > _MOST_ELEMENTS:
            raise DmnError(
                "too many elements", file=self._file, line=line, rule="at most 4 million elements"
            )
        element = Element(namespace, tag, dict(attributes), line)
        if tag == _TEXT:
            self._start_of_text = self.parser.CurrentByteIndex
        self._open[-1].children.append(element)
        self._open.append(element)
        self._texts.append([])

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        element.text = "".join(self._texts.pop())
        if element.tag == _TEXT:
            end = self.parser.CurrentByteIndex
            element.aligned = aligned(self._data, self._start_of_text, end, element.text)

    def _text(self, data: str) -> None:
        self._texts[-1].append(data)

    def _refuse(self, *_: object) -> None:
        raise DmnError(
            "a document type declaration is refused: it can hide entities",
            file=self._file,
            line=self.parser.CurrentLineNumber,
            rule="no DOCTYPE",
        )
