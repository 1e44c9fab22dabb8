"""Libraries that not everybody needs: imported where used, with a plain message when absent."""

from __future__ import annotations

from importlib import import_module, util
from types import ModuleType

from tael.kernel import BadInput


def need(module: str, extra: str) -> ModuleType:
    """The module, imported now.

    Raises:
        BadInput: it is not installed; says which extra of the distribution brings it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise BadInput(
            f"this needs the extra {extra!r}: pip install 'tael[{extra}]'",
            field=module,
            rule=f"extra {extra}",
        ) from None


def present(module: str) -> bool:
    """Whether the module is installed; imports nothing of it."""
    return util.find_spec(module) is not None
