"""What is wrong with a cell, in the reader's language: the engine speaks English."""

from __future__ import annotations

import re
from collections.abc import Callable

from tael.console.tongue import Tongue
from tael.console.words import N_

_PLACE = re.compile(r"(?P<what>.*) at column (?P<column>\d+) of .*", re.DOTALL)
_MESSAGES = (
    (r"(?P<name>.+) is not a name in scope", N_("%(name)s is not a name that this table knows")),
    (r"a value was expected, found (?P<found>.+)", N_("a value is missing before %(found)s")),
    (r"a type was expected, found (?P<found>.+)", N_("a type is missing before %(found)s")),
    (r"(?P<what>.+) was expected, found (?P<found>.+)", N_("%(what)s is missing before %(found)s")),
    (r"the expression should end before (?P<found>.+)", N_("it should end before %(found)s")),
    (r"the (?:expression|type) nests deeper than \d+ levels", N_("it nests too deeply")),
    (r"a string does not end", N_("a closing quotation mark is missing")),
    (r"arguments are all by .+", N_("give all arguments by position, or all by name")),
    (r"a key is followed by a colon", N_("a colon is missing after a key")),
    (r"(?P<found>.+) is too large for a number", N_("%(found)s is too large for a number")),
    (r"a range has two end points", N_("a range has two ends: [1..2]")),
    (r"a range ends with .+", N_("a closing bracket of the range is missing: [1..2]")),
    (r"an iterator is written: name in list", N_("write: name in list")),
    (r"the parameters of a function end .+", N_("a bracket is missing after the parameters")),
)  # fmt: skip
# What the reader of a spreadsheet says of its lines and cells.
_SHEET = (
    (r"(?P<found>.+) begins no line of a table; .+",
     N_("%(found)s begins no line of a table; a rule begins with its number")),
    (r"(?P<found>.+) is none of (?P<known>.+)", N_("%(found)s is none of %(known)s")),
    (r"a second line (?P<found>.+)", N_("a second line %(found)s")),
    (r"a second column (?P<found>.+)", N_("a second column %(found)s")),
    (r"an? [a-z ]+ is one of (?P<known>.+), not (?P<found>.+)",
     N_("%(found)s is none of %(known)s")),
    (r"a table has at least one output column", N_("the table has no output column")),
    (r"a cell under no column", N_("a cell stands under no column")),
    (r"a conclusion is empty; .+", N_("a conclusion is empty; write null for no value")),
    (r"no line 'column' says .+", N_("no line “column” says what the columns are")),
    (r"no line 'expression' says .+", N_("no line “expression” says what the columns look at")),
    (r"an input column has no expression", N_("an input column has no expression")),
    (r"an input column has no default", N_("an input column cannot have a default")),
    (r"not (?:JSON: .+|a JSON object of texts)", N_("this is no JSON object of texts")),
    (r"is no (?:spreadsheet|XLSX file.*)", N_("it is no spreadsheet; .xlsx and .csv can be read")),
    (r"is too large unpacked", N_("it is too large unpacked")),
    (r"byte (?P<byte>\d+) is not UTF-8", N_("byte %(byte)s is not UTF-8")),
    (r"cannot be read: .+", N_("it cannot be read")),
    (r"XLSX files need openpyxl.+", N_("this installation reads .csv only")),
    (r"row (?P<row>\d+): .+", N_("row %(row)s is not CSV")),
    (r"(?:not JSON|JSONDecodeError).*", N_("it is not JSON")),
    (r"not a \w+ of this format", N_("it is of another format")),
)  # fmt: skip
# What the readers of rules and models say of a file.
_FILE = (
    (r"the root element is (?P<found>'[^']*').*, not DMN .+",
     N_("it begins with %(found)s, not with DMN 1.1 to 1.5")),
    (r"not well-formed XML: .+", N_("it is no well-formed XML")),
    (r"its encoding cannot be read: .+", N_("its encoding cannot be read")),
    (r"elements nest too deeply", N_("its elements nest too deeply")),
    (r"too many elements", N_("it has too many elements")),
    (r"the file is larger than (?P<most>.+)", N_("it is larger than %(most)s")),
    (r"a document type declaration is refused.+",
     N_("it declares a document type, which may hide things")),
    (r"an import of type (?P<found>.+) is not read", N_("an import of type %(found)s is not read")),
    (r"imports go round in a circle.+", N_("its imports go round in a circle, or too deep")),
    (r"requires itself: (?P<found>.+)", N_("it requires itself: %(found)s")),
    (r"requires (?P<found>.+), which does not exist",
     N_("it requires %(found)s, which is not there")),
    (r"a second element has the id (?P<found>.+)", N_("a second element has the id %(found)s")),
    (r"expression language (?P<found>.+) is not FEEL", N_("the language %(found)s is not FEEL")),
    (r"functions of kind (?P<found>.+) are not run", N_("functions of kind %(found)s are not run")),
    (r"hit policy (?P<found>.+) is not one of DMN", N_("the hit policy %(found)s is none of DMN")),
    (r"the row has (?P<cells>\d+) cells, the relation (?P<columns>\d+) columns",
     N_("a row has %(cells)s cells and the relation %(columns)s columns")),
    (r"rule (?P<rule>\d+) has .+", N_("rule %(rule)s has not one cell a column")),
    (r"not a scorecard(?:: .+)?", N_("it is no scorecard")),
    (r"(?P<found>'[^']+') is no (?P<kind>.+)", N_("%(found)s is no %(kind)s")),
)  # fmt: skip
_ROW = re.compile(
    r"row (?P<row>\d+)(?:, column (?P<column>[A-Z]+))?(?:, rule (?P<rule>\d+))?: (?P<what>.*)",
    re.DOTALL,
)
# File, line, node and text before an engine's own sentence.
_BEFORE = re.compile(r"(?P<place>(?:[^\s:]+:\d+: )?(?:[\w. ()#/-]+: )*)(?P<what>.+)", re.DOTALL)
_END = "'the end'"


def cell_words(tongue: Tongue) -> Callable[[str], str]:
    """A function from what a judge says of a cell to what its reader is told; '' stays ''."""

    def told(message: str) -> str:
        found = _PLACE.fullmatch(message)
        if found is None:
            return _translated(tongue, message)
        place = tongue.text(N_("%(what)s (character %(column)s)"))
        return place % {"what": _translated(tongue, found["what"]), "column": found["column"]}

    return told


def sheet_words(tongue: Tongue, message: str) -> str:
    """What the readers of spreadsheets and rules say, for its reader; unknown words stay."""
    found = _ROW.fullmatch(message)
    if found is not None:
        told = {name: found[name] for name in ("row", "column", "rule") if found[name]}
        what = _engine(tongue, found["what"])
        return " · ".join(
            [*(tongue.text(_PLACES[name]) % value for name, value in told.items()), what]
        )
    return _engine(tongue, message)


_PLACES = {"row": N_("row %s"), "column": N_("column %s"), "rule": N_("rule %s")}


def _engine(tongue: Tongue, message: str) -> str:
    """An engine's sentence, whatever place stands before it."""
    whole = cell_words(tongue)(message)
    if whole != message:
        return whole
    found = _BEFORE.fullmatch(message)
    if found is None or not found["place"]:
        return message
    what = cell_words(tongue)(found["what"])
    return message if what == found["what"] else f"{found['place']}{what}"


def _translated(tongue: Tongue, message: str) -> str:
    for pattern, template in (*_MESSAGES, *_SHEET, *_FILE):
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found:
            values = {
                name: tongue.text(N_("the end of the cell")) if value == _END else value
                for name, value in found.groupdict().items()
            }
            return tongue.text(template) % values
    return message
