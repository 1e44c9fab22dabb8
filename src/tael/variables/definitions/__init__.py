"""Definitions of variables: sources in YAML, what is wrong with them, names, ids and texts."""

from tael.variables.definitions.check import DefinitionError, Finding
from tael.variables.definitions.expand import expand
from tael.variables.definitions.load import SHIPPED, load_definitions, read_definitions
from tael.variables.definitions.model import (
    Column,
    Definitions,
    Family,
    Measure,
    Numbered,
    Source,
    Text,
    Variable,
)
from tael.variables.definitions.names import new_ids, write_ids

__all__ = [
    "SHIPPED",
    "Column",
    "DefinitionError",
    "Definitions",
    "Family",
    "Finding",
    "Measure",
    "Numbered",
    "Source",
    "Text",
    "Variable",
    "expand",
    "load_definitions",
    "new_ids",
    "read_definitions",
    "write_ids",
]
