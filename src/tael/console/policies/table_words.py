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


def _translated(tongue: Tongue, message: str) -> str:
    for pattern, template in _MESSAGES:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found:
            values = {
                name: tongue.text(N_("the end of the cell")) if value == _END else value
                for name, value in found.groupdict().items()
            }
            return tongue.text(template) % values
    return message
