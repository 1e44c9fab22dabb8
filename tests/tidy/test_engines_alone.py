"""An engine imports in a clean interpreter with no web framework, database driver or platform."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

ENGINES = (
    "kernel",
    "report",
    "dmn",
    "variables",
    "risk",
    "pricing",
    "ledger",
    "dialogue",
    "economy",
)
SHARED = {"kernel", "report"}
ROOMS_ABOVE = {
    "app", "cli", "console", "sandbox", "assistant", "origination", "funding", "servicing",
    "policies", "acquisition", "merchants", "portfolio", "platform",
}  # fmt: skip
HEAVY = {
    "fastapi", "starlette", "uvicorn", "jinja2", "httpx", "sqlalchemy", "psycopg", "alembic",
    "dbos", "asyncpg", "typer", "structlog", "pydantic", "cryptography", "argon2",
}  # fmt: skip
# At import; an engine may import an extra (YAML, DuckDB, Polars) inside the function that needs it.
LIBRARIES = {
    "kernel": set(),
    "report": set(),
    "pricing": set(),
    "ledger": set(),
    "dialogue": set(),
    "dmn": {"numpy", "numba", "pyarrow"},
    "variables": {"numpy", "numba", "pyarrow"},
    "risk": {"numpy", "numba", "pyarrow", "scipy", "sklearn", "lightgbm"},
    "economy": {"numpy", "numba", "pyarrow"},
}


def offences(engine: str, loaded: set[str]) -> list[str]:
    """What ``engine`` drags in that it must not; ``loaded`` holds names of loaded modules."""
    top = {name.partition(".")[0] for name in loaded}
    rooms = {name.split(".")[1] for name in loaded if name.startswith("tael.")}
    others = set(ENGINES) - SHARED - {engine}
    found = [
        f"tael.{engine} loads {name}; engines stay free of it: hand its work in from `app`"
        for name in sorted(top & HEAVY)
    ]
    found += [
        f"tael.{engine} loads tael.{room}; `app` hands in what one engine needs of another room"
        for room in sorted(rooms & (ROOMS_ABOVE | others))
    ]
    return found


def top_level_offences(source) -> list[str]:
    """Third-party imports at the head of an engine's file that its list does not hold."""
    found = []
    nested = {line for line, *_ in _nested_imports(source)}
    for line, module, _ in source.imports():
        top = module.partition(".")[0]
        if (
            line in nested
            or top in sys.stdlib_module_names
            or top in LIBRARIES[source.room] | {"tael"}
        ):
            continue
        found.append(
            f"{source.path}:{line}: {source.room} imports {top} at its head; "
            "use the standard library, or import the extra inside the function that needs it"
        )
    return found


def _nested_imports(source) -> list[tuple[int, str, str]]:
    return [
        entry for entry in source.imports() if source.lines[entry[0] - 1].startswith((" ", "\t"))
    ]


def test_a_database_driver_or_a_neighbour_in_an_engine_is_refused() -> None:
    loaded = {"sqlalchemy.orm", "tael.platform.work", "tael.pricing", "tael.kernel.money", "json"}
    found = offences("ledger", loaded)
    assert len(found) == 3
    assert "hand its work in from `app`" in found[0]
    assert not offences("ledger", {"tael.ledger", "tael.kernel", "tael.report", "decimal"})


def test_a_library_at_the_head_of_a_light_engine_is_refused(snippet) -> None:
    assert top_level_offences(snippet("import numpy as np", "src/tael/ledger/rules.py"))
    assert not top_level_offences(snippet("import numpy as np", "src/tael/risk/bins.py"))
    inside = "def load():\n    import yaml\n    return yaml"
    assert not top_level_offences(snippet(inside, "src/tael/variables/load.py"))


def test_engines_import_at_their_head_only_what_their_list_holds(sources) -> None:
    engines = [source for source in sources if source.room in LIBRARIES]
    found = [line for source in engines for line in top_level_offences(source)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_engine_imports_alone(engine, rooms) -> None:
    if engine not in rooms:
        pytest.skip(f"tael.{engine} is not built yet")
    program = f"import json, sys, tael.{engine}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(  # noqa: S603 - our own interpreter on a constant program
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = offences(engine, set(json.loads(done.stdout)))
    assert not found, "\n".join(found)
