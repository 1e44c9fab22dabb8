"""A command that lists loans starts without what only pages, models or migrations need."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_HEAVY = ("alembic", "fastapi", "numpy", "polars", "pyarrow", "sklearn", "uvicorn")
_LOOK = """
import json, sys
import tael.app.installation, tael.cli.policies
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules of a process that has opened the door of every command."""
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", _LOOK], check=True, stdout=subprocess.PIPE, text=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("name", _HEAVY)
def test_a_start_does_not_load(name: str, loaded: set[str]) -> None:
    assert "tael.policies.service" in loaded
    assert name not in loaded
