"""Environments of the rivals: pinned packages, each set apart, made once and kept in a cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

_IMPORTED = (
    "numba", "numpy", "pyarrow", "pyyaml", "regex", "sqlalchemy", "psycopg", "psycopg-binary",
    "psycopg-pool", "argon2-cffi", "cryptography", "structlog", "rich", "typer",
)  # fmt: skip
_PACKAGE = (*(f"{name}=={version(name)}" for name in _IMPORTED), "pandas<3")
# The newest of each that worked, in `decisioning` of a whole stack; getML and featuretools ask for
# an older pandas and numpy.
PINS = {
    "duckdb": ("duckdb==2.0.0", "numpy==2.4.6", "pyarrow==26.0.1"),
    "polars": ("polars==2.1.0", "numpy==2.4.6", "pyarrow==26.0.1"),
    "decisioning": (
        "asyncpg==0.32.0", "duckdb==2.0.0", "fastapi==0.165.0", "httptools==0.9.0",
        "numpy==2.4.6", "orjson==3.13.0", "polars==2.1.0", "pyarrow==26.0.1", "uvicorn==0.54.0",
        "uvloop==0.23.0", "zen-engine==2.1.3",
    ),
    "getml": ("getml==1.5.1", "numpy==2.2.6", "pandas==2.2.3", "pyarrow==19.0.1"),
    "featuretools": (
        "featuretools==1.31.0", "numpy==2.2.6", "pandas==2.3.3", "pyarrow==26.0.1",
        "setuptools==80.10.2", "woodwork==0.31.0",
    ),
    # Clusters that back-tests run on: with what this package imports there.
    "sail": ("pysail==0.7.2", "pyspark-client==4.2.0", *_PACKAGE),
    "spark": ("pyspark[connect]==4.2.0", *_PACKAGE),
}  # fmt: skip
MADE_FROM = "made-from.txt"


def cache() -> Path:
    """Where environments are kept unless another folder is asked for."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tael" / "rivals"


def python_of(name: str, folder: Path) -> Path:
    """The interpreter of a rival's environment, which is made first where it is missing.

    Raises:
        subprocess.CalledProcessError: the packages cannot be installed here.
    """
    home = folder / name
    python = home / "bin" / "python"
    made_from = "\n".join((sys.version.split()[0], *PINS[name]))
    marker = home / MADE_FROM
    if marker.exists() and marker.read_text("utf-8") == made_from:
        return python
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    uv = os.environ.get("UV") or shutil.which("uv") or "uv"
    _run(uv, "venv", "--quiet", "--python", sys.executable, str(home))
    _run(uv, "pip", "install", "--quiet", "--python", str(python), *PINS[name])
    marker.write_text(made_from, "utf-8")
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603 - uv and our pins
