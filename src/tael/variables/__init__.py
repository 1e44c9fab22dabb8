"""Point-in-time variables of person and enterprise: definitions, plan, events, results.

    plan = compile_plan(load_definitions())
    book = load_book(Path("economy"), plan, ["E0000007"]).book
    result = compute(plan, book, 1_700_000_000)

Usable alone: standard library and ``tael.kernel``; the extra ``variables`` reads YAML and Parquet
and compiles the loops. Each name loads when first read.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tael.variables.catalogue import make_catalogue
    from tael.variables.definitions.check import DefinitionError
    from tael.variables.definitions.expand import expand
    from tael.variables.definitions.load import load_definitions, read_definitions
    from tael.variables.definitions.model import Definitions, Variable
    from tael.variables.definitions.names import new_ids, write_ids
    from tael.variables.drivers.batch import compute_batch
    from tael.variables.drivers.files import Wanted, compute_folder
    from tael.variables.drivers.online import Result, compute
    from tael.variables.drivers.peers import store_peers
    from tael.variables.drivers.plain import compute_by_oracle
    from tael.variables.examples.run import run_example
    from tael.variables.packing.book import Book
    from tael.variables.packing.folder import load_book
    from tael.variables.packing.pack import pack
    from tael.variables.packing.stored import from_bytes, to_bytes
    from tael.variables.plan.compiler import compile_plan
    from tael.variables.plan.plan import Plan

__all__ = [
    "Book", "DefinitionError", "Definitions", "Plan", "Result", "Variable", "Wanted",
    "compile_plan", "compute", "compute_batch", "compute_by_oracle", "compute_folder", "expand",
    "from_bytes", "load_book", "load_definitions", "make_catalogue", "new_ids", "pack",
    "read_definitions", "run_example", "store_peers", "to_bytes", "write_ids",
]  # fmt: skip

# Where each name stands; it loads when first read.
_LATER = {
    "Book": "packing.book",
    "DefinitionError": "definitions.check",
    "Definitions": "definitions.model",
    "Plan": "plan.plan",
    "Result": "drivers.online",
    "Variable": "definitions.model",
    "Wanted": "drivers.files",
    "compile_plan": "plan.compiler",
    "compute": "drivers.online",
    "compute_batch": "drivers.batch",
    "compute_by_oracle": "drivers.plain",
    "compute_folder": "drivers.files",
    "expand": "definitions.expand",
    "from_bytes": "packing.stored",
    "load_book": "packing.folder",
    "load_definitions": "definitions.load",
    "make_catalogue": "catalogue",
    "new_ids": "definitions.names",
    "pack": "packing.pack",
    "read_definitions": "definitions.load",
    "run_example": "examples.run",
    "store_peers": "drivers.peers",
    "to_bytes": "packing.stored",
    "write_ids": "definitions.names",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found
