"""Reads a folder of definitions: each YAML file is a source, ids.csv holds the ids given so far."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tael.kernel import BadInput
from tael.variables.definitions.check import DefinitionError, Finding, Findings
from tael.variables.definitions.expand import expand_into
from tael.variables.definitions.model import Definitions, Source, Variable
from tael.variables.definitions.names import read_ids
from tael.variables.definitions.sources import read_source
from tael.variables.definitions.yaml import read_yaml

SHIPPED = Path(__file__).with_name("data")


def load_definitions(folder: Path | None = None) -> Definitions:
    """The definitions of ``folder``, or the shipped ones, which are read once.

    Raises:
        DefinitionError: with every finding of the sources, of the ids and of the expansion.
        BadInput: the folder holds no definition.
    """
    return _sound(folder) if folder else _shipped()


@cache
def _shipped() -> Definitions:
    return _sound(SHIPPED)


def _sound(folder: Path) -> Definitions:
    definitions, _, findings = read_definitions(folder)
    if findings:
        raise DefinitionError(findings)
    return definitions


def read_definitions(
    folder: Path | None = None,
) -> tuple[Definitions, tuple[Variable, ...], tuple[Finding, ...]]:
    """The definitions of ``folder``, the variables they make, and all that is wrong with them.

    Raises:
        BadInput: the folder holds no definition.
    """
    place = folder or SHIPPED
    findings = Findings()
    files = sorted(place.glob("*.yaml"))
    if not files:
        raise BadInput(f"{place} holds no definition", rule="a source is a file *.yaml")
    sources: dict[str, Source] = {}
    for file in files:
        text = file.read_text("utf-8", errors="replace")
        node = read_yaml(text, file.name, findings)
        if node is None:
            continue
        source = read_source(node, findings)
        if source.name in sources:
            other = sources[source.name].place.file
            findings.add(source.place, "source", "source_twice", name=source.name, other=other)
            continue
        sources[source.name] = source
    ids = place / "ids.csv"
    numbered = read_ids(ids.read_text("utf-8"), ids.name, findings) if ids.exists() else ()
    definitions = Definitions(tuple(sources.values()), numbered)
    variables = expand_into(definitions, findings)
    return definitions, variables, findings.ordered()
