"""Which source each variable of the shipped catalogue needs, through its parents too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from tael.kernel import BadInput

# The streams of events by the source that delivers them.
SOURCE_OF_STREAM: Mapping[str, str] = {
    "bureau_tradeline": "bureau", "bureau_enquiry": "bureau", "tax_return": "tax",
    "vat_invoice": "invoice", "bank_tx": "bank_statement", "registry_change": "registry",
    "court_record": "court", "device_event": "device", "utility_bill": "device",
    "pos_day": "merchant_books", "book_entry": "merchant_books", "region_month": "region",
}  # fmt: skip


def sources_of(names: Iterable[str]) -> dict[str, frozenset[str]]:
    """The sources of variables by name; a derived one needs those of all its parents.

    Raises:
        BadInput: a name that is no variable of the shipped catalogue.
    """
    known = _known()
    found: dict[str, frozenset[str]] = {}
    for name in names:
        if name not in known:
            raise BadInput(
                f"{name!r} is no variable of the catalogue",
                field=name,
                rule="a variable of the shipped catalogue",
            )
        found[name] = known[name]
    return found


@cache
def _known() -> Mapping[str, frozenset[str]]:
    """Of every variable of the shipped catalogue."""
    from tael.variables import expand, load_definitions  # noqa: PLC0415 - eleven thousand of them

    variables = {variable.name: variable for variable in expand(load_definitions())}
    found: dict[str, frozenset[str]] = {}

    def sources(name: str) -> frozenset[str]:
        if name not in found:
            own = SOURCE_OF_STREAM.get(variables[name].source)
            parents = (sources(parent) for parent in variables[name].parents)
            found[name] = frozenset[str]().union({own} if own else (), *parents)
        return found[name]

    return {name: sources(name) for name in variables}
