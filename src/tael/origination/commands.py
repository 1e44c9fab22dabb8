"""Commands that may come twice: one key, one effect."""

from __future__ import annotations

from collections.abc import Callable

from tael.kernel import BadInput, Conflict
from tael.origination.ports import OriginationStore
from tael.origination.rules import canonical, digest

_LONGEST_KEY = 200


def once(
    store: OriginationStore, key: str, inputs: object, act: Callable[[], str]
) -> tuple[str, bool]:
    """The id that ``act`` gives, and whether it acted now; a repeated command gets the first id.

    ``inputs`` is what the command was given, as JSON values.

    Raises:
        BadInput: no key.
        Conflict: the key came before with other inputs.
    """
    if not isinstance(key, str) or not key.strip() or len(key) > _LONGEST_KEY:
        raise BadInput(
            "a command carries a key of its own",
            field="key",
            rule=f"1 to {_LONGEST_KEY} characters",
        )
    fingerprint = digest(canonical(inputs))
    known = store.command(key)
    if known is None:
        result = act()
        store.add_command(key, fingerprint, result)
        return result, True
    if known[0] != fingerprint:
        raise Conflict(
            f"the key {key!r} was used with other inputs",
            code="key_reused",
            field="key",
            rule="one key, one command",
        )
    return known[1], False
