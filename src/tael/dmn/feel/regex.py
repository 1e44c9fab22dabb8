r"""XPath regular expressions (XQuery 3.1 Functions and Operators, clause 5.6), as FEEL asks for.

They differ from Python's: classes subtract, ``$`` is the end itself, ``\w`` is what is neither
punctuation nor space, there is no look-around. A pattern is read by its own grammar, so that what
XPath refuses is refused here, and written again for the ``regex`` library, which has the classes
and stops after a time: no pattern can hold a decision up.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from tael.dmn.errors import Nothing

if TYPE_CHECKING:
    import regex

_LONGEST_PATTERN = 10_000
_LONGEST_TEXT = 1_000_000
_LONGEST_RESULT = 10_000_000
_MOST_REPEATS = 10_000
_HEAVIEST = 100_000
_TIME_S = 1.0
_FLAGS = frozenset("smixq")
_SPACES = " \t\r\n"
_SINGLE = frozenset("\\|.-^?*+{}()[]$")
_CONTROLS = {"n": "\\n", "r": "\\r", "t": "\\t"}
_NAME_START = (
    ":A-Z_a-z\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF"
    "\\u200C-\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF"
    "\\uFDF0-\\uFFFD\\U00010000-\\U000EFFFF"
)
_NAME = _NAME_START + "\\-.0-9\\u00B7\\u0300-\\u036F\\u203F-\\u2040"
_CLASSES = {
    "d": "\\p{Nd}",
    "s": "[ \\t\\n\\r]",
    "w": "[^\\p{P}\\p{Z}\\p{C}]",
    "i": f"[{_NAME_START}]",
    "c": f"[{_NAME}]",
}
_NEGATED = {
    "D": "\\P{Nd}",
    "S": "[^ \\t\\n\\r]",
    "W": "[\\p{P}\\p{Z}\\p{C}]",
    "I": f"[^{_NAME_START}]",
    "C": f"[^{_NAME}]",
}
_CATEGORY = re.compile(r"\{(Is[A-Za-z0-9-]+|[LMNPZSC][a-z]?)\}")
_QUANTITY = re.compile(r"\{(\d{1,5})(?:(,)(\d{1,5})?)?\}")


def matches(text: str, pattern: str, flags: str) -> bool:
    """Whether the pattern occurs in ``text``. Raises Nothing for a pattern XPath refuses."""
    return bool(_search(_compiled(pattern, flags), text))


def replace(text: str, pattern: str, replacement: str, flags: str) -> str:
    """``text`` with every occurrence replaced; ``$1`` in the replacement is a group.

    Raises Nothing for a broken pattern or replacement, and for a pattern that matches nothing at
    all: where it would match is undefined.
    """
    compiled = _compiled(pattern, flags)
    _refuse_empty(compiled)
    parts = [replacement] if "q" in flags else _template(replacement, compiled.groups)

    length = len(text)

    def put(found: regex.Match[str]) -> str:
        nonlocal length
        new = "".join(part if isinstance(part, str) else (found[part] or "") for part in parts)
        length += len(new)
        if length > _LONGEST_RESULT:
            raise Nothing(f"a string has at most {_LONGEST_RESULT} characters")
        return new

    _refuse_long(text)
    try:
        return str(compiled.sub(put, text, timeout=_TIME_S))
    except TimeoutError:
        raise _too_slow() from None


def split(text: str, pattern: str) -> tuple[str, ...]:
    """``text`` cut at every occurrence of the pattern. Raises Nothing as ``replace`` does."""
    compiled = _compiled(pattern, "")
    _refuse_empty(compiled)
    _refuse_long(text)
    pieces: list[str] = []
    at = 0
    try:
        for found in compiled.finditer(text, timeout=_TIME_S):
            pieces.append(text[at : found.start()])
            at = found.end()
    except TimeoutError:
        raise _too_slow() from None
    return (*pieces, text[at:])


def _search(compiled: regex.Pattern[str], text: str) -> object:
    _refuse_long(text)
    try:
        return compiled.search(text, timeout=_TIME_S)
    except TimeoutError:
        raise _too_slow() from None


def _refuse_empty(compiled: regex.Pattern[str]) -> None:
    if _search(compiled, "") is not None:
        raise Nothing("the pattern matches the empty string")


def _refuse_long(text: str) -> None:
    if len(text) > _LONGEST_TEXT:
        raise Nothing(f"the string is longer than {_LONGEST_TEXT} characters")


def _too_slow() -> Nothing:
    return Nothing(f"the pattern takes longer than {_TIME_S:.0f} s on this string")


def _template(replacement: str, groups: int) -> list[str | int]:
    """The pieces of a replacement: text, and the numbers of groups."""
    parts: list[str | int] = []
    at = 0
    while at < len(replacement):
        sign, rest = replacement[at], replacement[at + 1 :]
        if sign == "\\":
            if rest[:1] not in ("\\", "$"):
                raise Nothing("in a replacement a backslash stands before \\ or $")
            parts.append(rest[0])
            at += 2
        elif sign == "$":
            digits = re.match(r"\d+", rest, re.ASCII)
            if digits is None:
                raise Nothing("in a replacement a $ stands before the number of a group")
            number = digits[0]
            while len(number) > 1 and int(number) > groups:
                number = number[:-1]
            parts.append(int(number) if int(number) <= groups else "")
            at += 1 + len(number)
        else:
            parts.append(sign)
            at += 1
    return parts


@lru_cache(maxsize=512)
def _compiled(pattern: str, flags: str) -> regex.Pattern[str]:
    import regex  # noqa: PLC0415 - only patterns need it

    if not _FLAGS.issuperset(flags):
        raise Nothing(f"flags are letters of s, m, i, x and q, not {flags!r}")
    if len(pattern) > _LONGEST_PATTERN:
        raise Nothing(f"the pattern is longer than {_LONGEST_PATTERN} characters")
    written = regex.escape(pattern) if "q" in flags else _Translator(pattern, flags).translate()
    try:
        caseless = regex.IGNORECASE if "i" in flags else 0
        return regex.compile(written, regex.VERSION1 | caseless)
    except (regex.error, RecursionError, OverflowError) as error:
        raise Nothing(f"{pattern!r} is not a regular expression: {error}") from None


class _Translator:
    """Reads XPath's grammar, writes that of ``regex``."""

    def __init__(self, pattern: str, flags: str) -> None:
        self._text = _without_spaces(pattern) if "x" in flags else pattern
        self._at = 0
        self._dot_all = "s" in flags
        self._lines = "m" in flags
        self._caseless = "i" in flags
        self._weight = 1
        self._groups = 0
        self._closed: set[int] = set()

    def translate(self) -> str:
        written = self._alternatives()
        if self._at < len(self._text):
            raise self._error("a parenthesis closes that was not opened")
        return written

    def _error(self, why: str) -> Nothing:
        return Nothing(f"{self._text!r} is not a regular expression: {why}")

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        sign = self._text[self._at : self._at + 1]
        if not sign:
            raise self._error("it ends too early")
        self._at += 1
        return sign

    def _alternatives(self) -> str:
        parts = [""]
        weight = 1
        while (sign := self._peek()) not in ("", ")"):
            if sign == "|":
                self._at += 1
                parts.append("")
            else:
                parts[-1] += self._piece()
                weight += self._weight
        self._weight = weight
        return "|".join(parts)

    def _piece(self) -> str:
        sign = self._peek()
        if sign == "^":
            self._at += 1
            return r"(?:\A|(?<=\n)(?!\Z))" if self._lines else r"\A"
        if sign == "$":
            self._at += 1
            return r"(?=\n|\Z)" if self._lines else r"\Z"
        self._weight = 1
        atom, weight = self._atom(), self._weight
        quantifier, least = self._quantifier()
        # ``regex`` writes out what must repeat: counts within counts multiply.
        self._weight = weight * max(least, 1)
        if self._weight > _HEAVIEST:
            raise self._error(f"its counts multiply to more than {_HEAVIEST} repeats")
        return atom + quantifier

    def _atom(self) -> str:
        sign = self._take()
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._class()
        if sign == "\\":
            return self._cased(self._escape())
        if sign == ".":
            return r"[\s\S]" if self._dot_all else r"[^\n\r]"
        if sign in "?*+{}]":
            raise self._error(f"{sign!r} stands for itself only behind a backslash")
        return _literal(sign)

    def _group(self) -> str:
        plain = self._text.startswith("?:", self._at)
        if plain:
            self._at += 2
        elif self._peek() == "?":
            raise self._error("of the forms (?...) only (?:...) exists")
        number = 0
        if not plain:
            self._groups += 1
            number = self._groups
        inner = self._alternatives()
        if self._peek() != ")":
            raise self._error("a parenthesis is not closed")
        self._at += 1
        if plain:
            return f"(?:{inner})"
        self._closed.add(number)
        return f"({inner})"

    def _quantifier(self) -> tuple[str, int]:
        """What stands behind an atom, and how often the atom must come at least."""
        sign, least = self._peek(), 1
        if sign and sign in "?*+":
            self._at += 1
            written = sign
        elif sign == "{":
            written, least = self._counted()
        else:
            return "", least
        if self._peek() == "?":
            self._at += 1
            written += "?"
        return written, least

    def _counted(self) -> tuple[str, int]:
        found = _QUANTITY.match(self._text, self._at)
        if found is None:
            raise self._error("a count is written {n}, {n,} or {n,m}")
        low, high = int(found[1]), int(found[3]) if found[3] else None
        if max(low, high or 0) > _MOST_REPEATS or (high is not None and high < low):
            raise self._error(f"a count of repeats is at most {_MOST_REPEATS}, least before most")
        self._at = found.end()
        return found[0], low

    def _escape(self) -> str:
        sign = self._take()
        if sign.isdecimal() and sign.isascii():
            return self._reference(sign)
        return self._class_escape(sign)

    def _class_escape(self, sign: str) -> str:
        if sign in _SINGLE:
            return "\\" + sign
        if sign in _CONTROLS:
            return _CONTROLS[sign]
        if sign in _CLASSES or sign in _NEGATED:
            return (_CLASSES | _NEGATED)[sign]
        if sign in "pP":
            return self._category(sign)
        raise self._error(f"there is no escape \\{sign}")

    def _category(self, sign: str) -> str:
        found = _CATEGORY.match(self._text, self._at)
        if found is None:
            raise self._error("a category is written \\p{L} or \\p{IsBasicLatin}")
        self._at = found.end()
        name = found[1]
        return f"\\{sign}{{{'Block=' + name[2:] if name.startswith('Is') else name}}}"

    def _cased(self, written: str) -> str:
        """Flag i leaves categories and blocks as they are (F&O 5.6.1.1)."""
        return f"(?-i:{written})" if self._caseless and written[:2].lower() == "\\p" else written

    def _reference(self, first: str) -> str:
        digits = first
        while self._text[self._at : self._at + 1].isdecimal():
            longer = digits + self._text[self._at]
            if int(longer) > self._groups:
                break
            digits = longer
            self._at += 1
        number = int(digits)
        if number not in self._closed:
            raise self._error(f"there is no group {number} before \\{number}")
        return f"(?({number})\\{number}|)"  # a group that took no part is the empty string

    def _class(self) -> str:
        negated = self._text[self._at : self._at + 1] == "^"
        self._at += negated
        items, cased, taken = "", "", ""
        while True:
            sign = self._take()
            if sign == "]" and items + cased:
                break
            if sign == "-" and self._text[self._at : self._at + 1] == "[" and items + cased:
                self._at += 1
                taken = self._class()
                if self._take() != "]":
                    raise self._error("a subtraction ends its class")
                break
            item = self._class_item(sign)
            if self._cased(item) == item:
                items += item
            else:
                cased += item
        if cased or taken.startswith("(?"):
            return _one_of(items, cased, negated=negated, taken=taken)
        inner = f"[{'^' if negated else ''}{items}]"
        return f"[{inner}--{taken}]" if taken else inner

    def _class_item(self, sign: str) -> str:
        low, is_set = self._class_sign(sign)
        following = self._text[self._at : self._at + 2]
        if following[:1] != "-" or following[1:] in ("]", "[", "") or is_set:
            return low
        self._at += 1
        high, high_is_set = self._class_sign(self._take())
        if high_is_set or ord(_plain(low)) > ord(_plain(high)):
            raise self._error("a span in a class runs from a character to a later one")
        return f"{low}-{high}"

    def _class_sign(self, sign: str) -> tuple[str, bool]:
        """One character of a class as ``regex`` writes it, and whether it stands for several."""
        if sign == "\\":
            escape = self._take()
            return self._class_escape(escape), escape in "pP" or escape in {*_CLASSES, *_NEGATED}
        if sign in "[]":
            raise self._error(f"{sign!r} in a class stands behind a backslash")
        return _literal(sign), False


def _one_of(items: str, cased: str, *, negated: bool, taken: str) -> str:
    """A class in which flag i does not hold for the items that are ``cased``."""
    either = "|".join(
        [*([f"[{items}]"] if items else []), *([f"(?-i:[{cased}])"] if cased else [])]
    )
    one = rf"(?!{either})[\s\S]" if negated else f"(?:{either})"
    return f"(?:(?!{taken}){one})" if taken else f"(?:{one})"


def _without_spaces(pattern: str) -> str:
    """Flag x: white space outside classes does not count, not even inside an escape."""
    kept: list[str] = []
    depth, escaped = 0, False
    for sign in pattern:
        if sign in _SPACES and not depth:
            continue
        kept.append(sign)
        if not escaped:
            depth += (sign == "[") - (sign == "]" and depth > 0)
        escaped = sign == "\\" and not escaped
    return "".join(kept)


def _literal(sign: str) -> str:
    return f"\\{sign}" if sign.isascii() and not sign.isalnum() and sign.isprintable() else sign


def _plain(written: str) -> str:
    controls = {"\\n": "\n", "\\r": "\r", "\\t": "\t"}
    return controls.get(written, written[-1])
