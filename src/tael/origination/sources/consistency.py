"""Whether the sections of one answer agree: a summary that tells of other records is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tael.origination.sources.columns import InvalidAnswer
from tael.origination.sources.model import Columns

Sections = Mapping[str, Columns]


def check_consistency(source: str, sections: Sections) -> None:
    """Compare the summaries of a source with its records, where both were delivered.

    Raises:
        InvalidAnswer: they differ.
    """
    check = _CHECKS.get(source)
    if check is not None:
        check(sections)


def _bureau(sections: Sections) -> None:
    """The summary counts the accounts and those overdue, which are among them."""
    if not {"summary", "accounts", "overdue"} <= sections.keys():
        return
    accounts, overdue = sections["accounts"]["account"], sections["overdue"]["account"]
    _same("summary.accounts", sections["summary"]["accounts"], (len(accounts),))
    _same("summary.overdue_accounts", sections["summary"]["overdue_accounts"], (len(overdue),))
    strangers = set(overdue) - set(accounts)
    if strangers:
        raise InvalidAnswer(
            f"{len(strangers)} overdue accounts are not among the accounts",
            field="overdue.account",
            rule="an account of the report",
        )


def _statement(sections: Sections) -> None:
    """The totals are those of the lines, each counted once."""
    if not {"totals", "transactions"} <= sections.keys():
        return
    totals, lines = sections["totals"], sections["transactions"]
    sums = {"credit": 0, "debit": 0}
    for direction, amount in zip(lines["direction"], lines["amount_minor"], strict=True):
        if isinstance(amount, int):
            sums[str(direction)] += amount
    _same("totals.lines", totals["lines"], (len(lines["id"]),))
    _same("totals.credit_minor", totals["credit_minor"], (sums["credit"],))
    _same("totals.debit_minor", totals["debit_minor"], (sums["debit"],))


def _same(field: str, told: tuple[object, ...], counted: tuple[object, ...]) -> None:
    if told != counted:
        raise InvalidAnswer(
            "the records say otherwise", field=field, rule="the summary of these records"
        )


_CHECKS: Mapping[str, Callable[[Sections], None]] = {
    "bureau": _bureau,
    "bank_statement": _statement,
}
