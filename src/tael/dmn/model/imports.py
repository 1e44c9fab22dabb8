"""Where imported models are found: beside the file, by location or by namespace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tael.dmn.errors import DmnError
from tael.dmn.model.xml import Element, parse_for_reading

# Gives the root element of the model with a namespace, and its file; None when there is none.
Resolver = Callable[[str, str], tuple[Element, str] | None]
_MOST_NEIGHBOURS = 500


def beside(path: Path) -> Resolver:
    """Finds models in the folder of ``path``: the location an import names, else its namespace."""

    def resolve(namespace: str, location: str) -> tuple[Element, str] | None:
        if location and Path(location).name == location:
            named = path.parent / location
            if named.is_file():
                return parse_for_reading(named.read_bytes(), str(named)), str(named)
        for neighbour in sorted(path.parent.glob("*.dmn"))[:_MOST_NEIGHBOURS]:
            if neighbour == path or namespace.encode() not in (data := neighbour.read_bytes()):
                continue
            try:
                root = parse_for_reading(data, str(neighbour))
            except DmnError:
                continue  # a broken neighbour is no answer
            if root.get("namespace") == namespace:
                return root, str(neighbour)
        return None

    return resolve


def among(texts: Mapping[str, str]) -> Resolver:
    """Finds models in ``texts``, DMN text by namespace."""

    def resolve(namespace: str, _location: str) -> tuple[Element, str] | None:
        text = texts.get(namespace)
        if text is None:
            return None
        return parse_for_reading(text.encode("utf-8", "surrogatepass"), namespace), namespace

    return resolve
