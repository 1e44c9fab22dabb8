"""Each name of the doors loads, the first time and again."""

from __future__ import annotations

import importlib

import pytest

DOORS = ("tael.variables", "tael.variables.definitions", "tael.variables.drivers",
         "tael.variables.quality")  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
def test_every_name_of_a_door_is_there(door: str) -> None:
    module = importlib.import_module(door)
    names = list(module.__all__)

    assert names == list(dict.fromkeys(names))
    assert all(getattr(module, name) is getattr(module, name) for name in names)
    with pytest.raises(AttributeError):
        _ = module.nothing
