"""Point-in-time variables of person and enterprise: definitions, names, catalogue.

    definitions = load_definitions()
    variables = expand(definitions)
    make_catalogue(definitions, variables).to_json()

Usable alone: standard library and ``tael.kernel``; YAML is read by the extra ``variables``. Each
name loads when first read.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tael.variables.catalogue import Catalogue, make_catalogue
    from tael.variables.definitions.check import DefinitionError, Finding
    from tael.variables.definitions.expand import expand
    from tael.variables.definitions.load import load_definitions, read_definitions
    from tael.variables.definitions.model import Definitions, Source, Variable
    from tael.variables.definitions.names import new_ids, write_ids

__all__ = [
    "Catalogue", "DefinitionError", "Definitions", "Finding", "Source", "Variable",
    "expand", "load_definitions", "make_catalogue", "new_ids", "read_definitions", "write_ids",
]  # fmt: skip

# Where each name stands; it loads when first read.
_LATER = {
    "Catalogue": "catalogue",
    "DefinitionError": "definitions.check",
    "Definitions": "definitions.model",
    "Finding": "definitions.check",
    "Source": "definitions.model",
    "Variable": "definitions.model",
    "make_catalogue": "catalogue",
    "expand": "definitions.expand",
    "load_definitions": "definitions.load",
    "new_ids": "definitions.names",
    "read_definitions": "definitions.load",
    "write_ids": "definitions.names",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found
