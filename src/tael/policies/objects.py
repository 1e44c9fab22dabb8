"""JSON texts of a bundle, read field by field: every fault names its place and the rule."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from tael.kernel import BadInput
from tael.policies.canonical import read

_MOST_CHARACTERS = 4_000_000


class JsonObject:
    """An object of a JSON text; ``path`` leads to it, for the refusals."""

    def __init__(self, data: object, path: str) -> None:
        if not isinstance(data, Mapping):
            raise fault(path, "is missing or no object", "an object").telling(
                "field_no_object", field=path
            )
        self._data = data
        self._path = path

    @classmethod
    def of(cls, text: str, name: str) -> JsonObject:
        """The object that ``text`` writes."""
        if len(text) > _MOST_CHARACTERS:
            raise fault(name, "is too long", f"at most {_MOST_CHARACTERS} characters").telling(
                "text_too_long", field=name, most=_MOST_CHARACTERS
            )
        try:
            data = read(text)
        except ValueError as wrong:
            raise BadInput(f"{name} is not JSON: {wrong}", field=name, rule="JSON object").telling(
                "text_not_json", field=name, place=_place(wrong)
            ) from None
        except RecursionError:
            raise fault(name, "nests too deeply", "JSON object").telling(
                "text_too_deep", field=name
            ) from None
        if not isinstance(data, dict):
            raise BadInput(f"{name} is not a JSON object", field=name, rule="JSON object").telling(
                "field_no_object", field=name
            )
        return cls(data, name)

    @property
    def names(self) -> list[str]:
        return [str(name) for name in self._data]

    @property
    def fields(self) -> dict[str, object]:
        """Its values by name; numbers are ``Decimal``."""
        return {str(name): value for name, value in self._data.items()}

    def at(self, name: str) -> str:
        """Where the field stands."""
        return f"{self._path}.{name}"

    def has(self, name: str) -> bool:
        return self._data.get(name) is not None

    def only(self, known: Collection[str]) -> None:
        """Refuse a field that nobody reads: it would be a slip of the pen without effect."""
        for name in self._data:
            if name not in known:
                told = " | ".join(sorted(known))
                raise fault(self.at(name), "is no field", told).telling(
                    "field_unknown", field=self.at(name), known=told
                )

    def part(self, name: str) -> JsonObject:
        return JsonObject(self._data.get(name), self.at(name))

    def items(self, name: str) -> list[object]:
        found = self._data.get(name)
        if not isinstance(found, list):
            raise fault(self.at(name), f"is {found!r}, no list", "a list").telling(
                "field_no_list", field=self.at(name)
            )
        return found

    def text(self, name: str) -> str:
        found = self._data.get(name)
        if not isinstance(found, str) or not found.strip():
            raise fault(self.at(name), f"is {found!r}, no text", "non-empty text").telling(
                "field_no_text", field=self.at(name)
            )
        return found

    def number(
        self, name: str, *, above: Decimal | None = None, least: Decimal | None = None
    ) -> Decimal:
        """A number, written as one or as text; in the range that is asked for."""
        found = self._data.get(name)
        try:
            number = Decimal(str(found))
        except ArithmeticError:
            number = Decimal("NaN")
        if isinstance(found, bool) or not number.is_finite():
            raise fault(self.at(name), f"is {found!r}, not a number", "a number").telling(
                "field_no_number", field=self.at(name), value=found
            )
        if above is not None and number <= above:
            raise fault(self.at(name), f"is {number}", f"above {above}").telling(
                "field_not_above", field=self.at(name), value=number, least=above
            )
        if least is not None and number < least:
            raise fault(self.at(name), f"is {number}", f">= {least}").telling(
                "field_below", field=self.at(name), value=number, least=least
            )
        return number


def _place(wrong: ValueError) -> str:
    """Line and column of what is no JSON, as ``3:17``; a sign where the reader names none."""
    line, column = getattr(wrong, "lineno", None), getattr(wrong, "colno", None)
    return f"{line}:{column}" if line else "–"


def fault(field: str, what: str, rule: str) -> BadInput:
    """What is wrong with the last name of ``field``, and the rule it breaks."""
    return BadInput(f"{field.rpartition('.')[2]} {what}", field=field, rule=rule)


def code_of(found: object, path: str) -> str:
    """``found`` as a text that is not empty."""
    if not isinstance(found, str) or not found.strip():
        raise fault(path, f"{found!r} is no code", "non-empty text").telling(
            "field_no_text", field=path
        )
    return found
