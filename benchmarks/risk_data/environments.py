"""Environments of the rivals: pinned packages, each set apart, made once and kept in a cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# scorecardpy breaks on pandas 2 and later; the others take the newest.
PINS = {
    "optbinning": ("optbinning==1.0.0", "numpy==2.4.6", "pandas==3.1.1", "scikit-learn==1.9.1"),
    "scorecardpy": (
        "scorecardpy==0.1.9.7", "numpy==1.26.4", "pandas==1.5.3", "scikit-learn==1.5.2",
        "scipy==1.14.1", "setuptools==79.0.1", "statsmodels==0.14.4",
    ),
    "toad": (
        "toad==0.1.7", "numpy==2.4.6", "pandas==2.3.3", "scikit-learn==1.9.1",
        "setuptools==79.0.1",
    ),
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
    _run(
        uv,
        "pip",
        "install",
        "--quiet",
        "--no-compile-bytecode",
        "--python",
        str(python),
        *PINS[name],
    )
    marker.write_text(made_from, "utf-8")
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603 - uv and our pins
