"""Dated figures as the room reads them."""

from __future__ import annotations

from decimal import Decimal

from tael.kernel import BadInput, Rate

CAP = "cap.all_in"
RANDOM_ACCEPT = "policy.random_accept_most"
# Among the figures of a log row where random acceptance drew the application and the policy takes
# part.
DRAWN = "drawn"
# In the row of a staged decision: by source that was asked or wanted in vain, why.
LOST = "lost"


def rate_of(value: object, name: str) -> Rate:
    """A fraction of one, from ``"0.24"`` or ``{"rate": "0.24"}``."""
    if isinstance(value, dict):
        value = value.get("rate")
    try:
        return Rate(Decimal(str(value)))
    except ArithmeticError:
        raise BadInput(
            f"{name} is {value!r}, no fraction", field=name, rule="decimal fraction of one"
        ).telling("parameter_no_fraction", name=name, value=value) from None
