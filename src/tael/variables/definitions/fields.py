"""Reads the fields of a node: what is not as it must be becomes a finding and a harmless value."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tael.variables.definitions.check import Findings
from tael.variables.definitions.model import DAY_S, Text
from tael.variables.definitions.names import WORD
from tael.variables.definitions.yaml import Node

# Digits of other scripts are digits to Python and no part of a name.
_DAYS = re.compile(r"([0-9]{1,9})d")
_WHOLE = re.compile(r"[0-9]{1,15}")
MOST_DAYS = 36_500  # a hundred years, longer than any event lies back


class Fields:
    """A mapping under its reader: typed access, and findings for what is missing or unknown."""

    def __init__(self, node: Node, known: Iterable[str], findings: Findings) -> None:
        self.node = node
        self.place = node.place
        self.findings = findings
        self.parts: dict[str, Node] = {}
        if not isinstance(node.value, dict):
            self.fault(node, "shape", wanted="a mapping")
            return
        allowed = sorted(known)
        for name, part in node.value.items():
            if name in allowed:
                self.parts[name] = part
            else:
                self.fault(part, "field_unknown", name=name, known=", ".join(allowed))

    def fault(self, node: Node, rule: str, **values: object) -> None:
        """Note that ``node`` breaks ``rule``."""
        self.findings.add(node.place, node.field, rule, **values)

    def need(self, name: str) -> Node | None:
        """The field ``name``; a finding when it is missing."""
        if name not in self.parts and isinstance(self.node.value, dict):
            self.fault(self.node, "field_missing", name=name)
        return self.parts.get(name)

    def some(self, name: str) -> None:
        """A finding when the list or mapping ``name`` is missing or holds nothing."""
        part = self.need(name)
        if part is not None and not part.value:
            self.fault(part, "empty", name=name)

    def text(self, name: str, default: str | None = None) -> str:
        """A scalar; needed where there is no ``default``."""
        part = self.parts.get(name) if default is not None else self.need(name)
        if part is None:
            return default or ""
        found = self.scalar(part)
        if default is None and isinstance(part.value, str) and not found.strip():
            self.fault(part, "field_missing", name=name)
        return found

    def scalar(self, part: Node) -> str:
        """The text of a scalar node."""
        if isinstance(part.value, str):
            return part.value
        self.fault(part, "shape", wanted="one value")
        return ""

    def word(self, name: str) -> str:
        """A scalar that may stand in a name."""
        part = self.need(name)
        return "" if part is None else self.checked(self.scalar(part), part)

    def checked(self, word: str, part: Node) -> str:
        """``word`` itself, with a finding when no name may hold it."""
        if not WORD.fullmatch(word):
            self.fault(part, "word", name=word)
        return word

    def number(self, name: str, default: int, *, least: int = 0, most: int = 10**12) -> int:
        """A whole number from ``least`` to ``most``."""
        part = self.parts.get(name)
        if part is None:
            return default
        if isinstance(part.value, str) and _WHOLE.fullmatch(part.value):
            number = int(part.value)
            if least <= number <= most:
                return number
            self.fault(part, "number", name=name, least=least, most=most)
        else:
            self.fault(part, "shape", wanted="a whole number")
        return default

    def flag(self, name: str) -> bool:
        """``yes`` or ``no``; no where it is not given."""
        told = self.text(name, "no")
        if told not in {"yes", "no"}:
            self.fault(self.parts[name], "shape", wanted="yes or no")
        return told == "yes"

    def days(self, name: str) -> int:
        """Whole days, written 3d."""
        part = self.need(name)
        found = _DAYS.fullmatch(self.scalar(part)) if part else None
        if part and not found:
            self.fault(part, "shape", wanted="days like 3d")
        return int(found[1]) if found else 0

    def items(self, name: str) -> tuple[Node, ...]:
        """A list; empty where it is not given."""
        part = self.parts.get(name)
        if part is None:
            return ()
        if isinstance(part.value, tuple):
            return part.value
        self.fault(part, "shape", wanted="a list")
        return ()

    def mapping(self, name: str) -> dict[str, Node]:
        """A mapping; empty where it is not given."""
        part = self.parts.get(name)
        if part is None:
            return {}
        if isinstance(part.value, dict):
            return part.value
        self.fault(part, "shape", wanted="a mapping")
        return {}

    def words(self, name: str) -> tuple[str, ...]:
        """A list of scalars."""
        return tuple(self.scalar(part) for part in self.items(name))

    def title(self, name: str = "title") -> Text:
        """A text in both languages; needed."""
        part = self.need(name)
        if part is None:
            return Text("", "")
        both = Fields(part, ("zh", "en"), self.findings)
        return Text(both.text("zh"), both.text("en"))

    def windows(self) -> tuple[int | None, ...]:
        """The windows in seconds, ascending; None is all of the past."""
        found: list[int | None] = []
        for part in self.items("windows"):
            word = self.scalar(part)
            days = _DAYS.fullmatch(word)
            if days and not int(days[1]):
                self.fault(part, "window_zero")
            elif days and int(days[1]) > MOST_DAYS:
                self.fault(part, "window_long", name=word, most=MOST_DAYS)
            elif not days and word != "all":
                self.fault(part, "window", name=word)
            else:
                seconds = int(days[1]) * DAY_S if days else None
                if found and (found[-1] is None or (seconds or found[-1] + 1) <= found[-1]):
                    self.fault(part, "window_order", name=word)
                else:
                    found.append(seconds)
        return tuple(found)
