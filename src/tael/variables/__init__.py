"""Point-in-time variables of person and enterprise: definitions, plan, events, results.

    plan = compile_plan(load_definitions())
    book = load_book(Path("economy"), plan, ["E0000007"]).book
    result = compute(plan, book, 1_700_000_000)

The doors behind this one: ``coverage`` (what is published), ``definitions`` (what is wrong with
them, ids), ``drivers`` (parts, backfill, clusters, peers) and ``quality`` (of sources).

Usable alone: it loads nothing of the platform; the extra ``columns`` compiles the loops. Each name
loads when first read.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tael.variables import coverage, definitions, drivers, quality
    from tael.variables.catalogue import make_catalogue
    from tael.variables.definitions.expand import expand
    from tael.variables.definitions.load import load_definitions
    from tael.variables.definitions.model import Definitions, Variable
    from tael.variables.drivers.batch import compute_batch
    from tael.variables.drivers.files import Wanted, compute_folder
    from tael.variables.drivers.online import Result, compute
    from tael.variables.drivers.plain import compute_by_oracle
    from tael.variables.drivers.shards import compute_shards
    from tael.variables.drivers.stored import compute_stored
    from tael.variables.examples.run import run_example
    from tael.variables.packing.book import Book
    from tael.variables.packing.folder import load_book
    from tael.variables.packing.pack import pack
    from tael.variables.packing.stored import from_bytes, to_bytes
    from tael.variables.plan.compiler import compile_plan
    from tael.variables.plan.plan import Plan

__all__ = [
    "Book", "Definitions", "Plan", "Result", "Variable", "Wanted", "compile_plan", "compute",
    "compute_batch", "compute_by_oracle", "compute_folder", "compute_shards", "compute_stored",
    "coverage",
    "definitions", "drivers", "expand", "from_bytes", "load_book",
    "load_definitions", "make_catalogue", "pack", "quality", "run_example", "to_bytes",
]  # fmt: skip

# Where each name stands; it loads when first read.
_LATER = {
    "Book": "packing.book",
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
    "compute_stored": "drivers.stored",
    "compute_shards": "drivers.shards",
    "expand": "definitions.expand",
    "from_bytes": "packing.stored",
    "load_book": "packing.folder",
    "load_definitions": "definitions.load",
    "make_catalogue": "catalogue",
    "pack": "packing.pack",
    "run_example": "examples.run",
    "to_bytes": "packing.stored",
}
# Doors inside this one: what each use case is made of.
_DOORS = {"coverage", "definitions", "drivers", "quality"}


def __getattr__(name: str) -> object:
    if name in _DOORS:
        return import_module(f"{__name__}.{name}")
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found
