"""XML to a small tree of elements that know their line. No entities, no document types.

``xml.etree`` drops line numbers, so expat is driven directly; a document type declaration is
refused before anything in it is read, which leaves no entity to expand.
"""

from __future__ import annotations

from xml.parsers import expat

from tael.dmn.errors import DmnError
from tael.dmn.model.columns import aligned
from tael.dmn.model.element import Element
from tael.dmn.model.plain_rules import TARGET, Lifted, lift

__all__ = ["Element", "parse", "parse_for_reading"]

# Room for a table of 100,000 rules; an element takes some 400 bytes, whatever its text.
_LARGEST_BYTES = 128 * 1024 * 1024
_MOST_ELEMENTS = 4_000_000
_DEEPEST = 200
_TEXT = "text"


def parse(data: bytes, file: str) -> Element:
    """The root element of ``data``.

    Raises:
        DmnError: not well-formed, too large, too deep, or with a document type declaration.
    """
    _refuse_large(data, file)
    return _parsed(_Builder(file, data, None), data, file)


def parse_for_reading(data: bytes, file: str) -> Element:
    """The same tree, whose plain rules read their parts when asked: not to be changed.

    Raises:
        DmnError: as ``parse``.
    """
    _refuse_large(data, file)
    lifted = lift(data)
    text = data if lifted is None else lifted.text
    return _parsed(_Builder(file, data, lifted), text, file)


def _refuse_large(data: bytes, file: str) -> None:
    if len(data) > _LARGEST_BYTES:
        raise DmnError("the file is larger than 128 MiB", file=file, rule="at most 128 MiB")


def _parsed(builder: _Builder, text: bytes, file: str) -> Element:
    try:
        builder.parser.Parse(text, True)
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
    def __init__(self, file: str, data: bytes, lifted: Lifted | None) -> None:
        self._file = file
        self._data = data
        self._lifted = lifted
        self._shift = 0  # how many bytes more the file has up to here than what is parsed
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
        if lifted is not None:
            self.parser.ProcessingInstructionHandler = self._rule

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, tag = name.rpartition(" ")
        line = self.parser.CurrentLineNumber
        if len(self._open) > _DEEPEST:
            raise DmnError(
                "elements nest too deeply", file=self._file, line=line, rule="at most 200 levels"
            )
        self._count_more(1, line)
        element = Element(namespace, tag, dict(attributes), line)
        if tag == _TEXT:
            self._start_of_text = self.parser.CurrentByteIndex + self._shift
        self._open[-1].children.append(element)
        self._open.append(element)
        self._texts.append([])

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        element.text = "".join(self._texts.pop())
        if element.tag == _TEXT:
            end = self.parser.CurrentByteIndex + self._shift
            element.aligned = aligned(self._data, self._start_of_text, end, element.text)

    def _text(self, data: str) -> None:
        self._texts[-1].append(data)

    def _rule(self, target: str, told: str) -> None:
        if target != TARGET or self._lifted is None:
            return
        number, line = int(told), self.parser.CurrentLineNumber
        made = self._lifted.element(number, line)
        self._count_more(1 + 2 * made.raw.count(b"<text>"), line)
        # The instruction as ``lift`` wrote it.
        length = len(f"<?{TARGET} {number} ?>") + told.count("\n")
        self._shift += self._lifted.shift(number, length)
        self._open[-1].children.append(made)

    def _count_more(self, elements: int, line: int) -> None:
        self._count += elements
        if self._count > _MOST_ELEMENTS:
            raise DmnError(
                "too many elements", file=self._file, line=line, rule="at most 4 million elements"
            )

    def _refuse(self, *_: object) -> None:
        raise DmnError(
            "a document type declaration is refused: it can hide entities",
            file=self._file,
            line=self.parser.CurrentLineNumber,
            rule="no DOCTYPE",
        )
