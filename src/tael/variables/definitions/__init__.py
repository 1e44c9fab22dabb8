"""Definitions of variables: sources in YAML, their names, ids and texts."""

from tael.variables.definitions.check import DefinitionError, Finding
from tael.variables.definitions.expand import expand
from tael.variables.definitions.load import SHIPPED, load_definitions, read_definitions

__all__ = [
    "SHIPPED",
    "DefinitionError",
    "Finding",
    "expand",
    "load_definitions",
    "read_definitions",
]
