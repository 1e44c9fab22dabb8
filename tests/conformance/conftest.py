"""Published loan schedules for the tests here: the cases, and the list of what is not covered.

A module that asks for ``findings`` has a table ``READERS``: family to a function from a case to
what the source says and what we say. A reader that meets a case outside the engine calls
``pytest.skip`` with a reason of published_schedules_skipped.toml.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TAEL_TEST_DATA", ROOT.parent / "shared"))
SCHEDULES = DATA / "data" / "schedules" / "schedules.json"
SKIPPED = Path(__file__).with_name("cases") / "published_schedules_skipped.toml"

Case = Mapping[str, Any]
Finding = tuple[str, object, object]


def published_schedules() -> list[Case]:
    """Every case of the outside file; none when it is absent."""
    return json.loads(SCHEDULES.read_text("utf-8"))["cases"] if SCHEDULES.exists() else []


def skipped_schedules() -> dict[str, list[str]]:
    """Reason to the ids of the cases that are not covered for it."""
    listed = tomllib.loads(SKIPPED.read_text("utf-8"))
    return {reason: entry["cases"] for reason, entry in listed.items()}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each case of the families the module reads."""
    if "published" not in metafunc.fixturenames:
        return
    readers = metafunc.module.READERS
    cases = [case for case in published_schedules() if case["family"] in readers]
    if cases:
        metafunc.parametrize("published", cases, ids=[case["id"] for case in cases])
    else:
        reason = f"no published schedules at {SCHEDULES}; set TAEL_TEST_DATA"
        metafunc.parametrize("published", [pytest.param(None, marks=pytest.mark.skip(reason))])


def _read(reader: Callable[[Case], list[Finding]], case: Case) -> list[Finding]:
    try:
        return reader(case)
    except KeyError:  # inputs that no case known so far has: told apart from figures that differ
        pytest.skip("shape")


@pytest.fixture
def findings(published: Case, request: pytest.FixtureRequest) -> list[Finding]:
    """Label, what the source says, what we say; or a skip for a listed reason."""
    listed = skipped_schedules()
    try:
        found = _read(request.module.READERS[published["family"]], published)
    except pytest.skip.Exception as skip:
        reason = str(skip.msg)
        assert reason in listed, f"{reason!r} is not among the reasons of {SKIPPED.name}"
        known = {name for names in listed.values() for name in names}
        whole_list = known <= {case["id"] for case in published_schedules()}
        grown = whole_list and published["id"] not in listed[reason]
        assert not grown, f"{published['id']} used to be covered: the list only shrinks"
        raise
    assert found, f"{published['id']} compares nothing"
    listed_ids = [name for names in listed.values() for name in names]
    assert published["id"] not in listed_ids, "covered now: take it off the list"
    return found
