"""``tael loans``: what was lent, what one loan owes, and what a loan would cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from tael.cli.installation import day_or_today, opened
from tael.cli.output import AsJson, put, show, table
from tael.kernel import BadInput, Day, LoanId, Money, Rate

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from rich.console import Console

    from tael.pricing import AllInCost, Due, Method, Schedule
    from tael.servicing import LoanHeader, LoanState, LoanStatus, LoanSummary

_Kind = TypeVar("_Kind", bound=Enum)

group = typer.Typer(help="Loans and their schedules.", no_args_is_help=True)

_Loan = Annotated[str, typer.Argument(help="Id of a loan: loan_...")]
_On = Annotated[str | None, typer.Option("--on", help="Day, like 2026-01-31; today if not given.")]


@group.command("list")
def list_loans(
    ctx: typer.Context,
    status: Annotated[
        str | None, typer.Option("--status", help="active, settled, subrogated, written_off, ...")
    ] = None,
    tier: Annotated[
        int | None, typer.Option("--tier", min=1, max=7, help="Tier at decision, 1 to 7.")
    ] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only loans with an unpaid instalment past due.")
    ] = False,
    on: _On = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many.")] = 50,
    after: Annotated[str, typer.Option("--after", help="Go on after this loan.")] = "",
    as_json: AsJson = False,
) -> None:
    """List loans: outstanding, days past due.

    Examples:

        tael loans list --overdue --on 2026-06-30
        tael loans list --status subrogated --json
        tael loans list --after loan_01jd8c4q8kf3v7s2m5x9w0y1za
    """
    from tael.platform import SYSTEM
    from tael.servicing import LoanQuery

    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        day = day_or_today(on, house, field="on")
        query = LoanQuery(
            status=_status(status),
            tier=tier,
            overdue_on=day if overdue else None,
            after=LoanId.parse(after, field="after") if after else "",
            limit=limit,
        )
        found = house.rooms(work).servicing.store.find(query)
    rows = [_line(header, one, day) for header, one in found]
    columns = ("loan", "status", "tier", "disbursed", "principal", "outstanding", "days past due")
    more = f"There may be more: --after {rows[-1]['loan']}" if len(rows) == limit else ""
    shown = [[value for name, value in row.items() if name != "application"] for row in rows]
    show(
        {"on": day, "loans": rows, "next": rows[-1]["loan"] if more else None},
        lambda screen: screen.print(table(f"Loans on {day}", columns, shown, more)),
        as_json=as_json,
    )


@group.command("show")
def show_loan(
    ctx: typer.Context,
    loan: _Loan,
    on: _On = None,
    as_json: AsJson = False,
) -> None:
    """Show one loan: state, dues, schedule, events.

    Example:

        tael loans show loan_01jd8c4q8kf3v7s2m5x9w0y1za --on 2026-06-30
    """
    from tael.platform import SYSTEM
    from tael.servicing import days_past_due

    loan_id = LoanId.parse(loan, field="loan")
    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        day = day_or_today(on, house, field="on")
        servicing = house.rooms(work).servicing
        file, state = servicing.file(loan_id), servicing.state(loan_id)
        _not_before(day, state.as_of)
        owed = servicing.dues(loan_id, day)
    data = {
        **_head(file.header, state),
        "on": day,
        "days_past_due": days_past_due(state.rows, day),
        "due": owed,
        "schedule": _instalments(state),
        "events": [
            {"day": one.day, "kind": type(one).__name__, "key": one.key} for one in file.log
        ],
    }
    show(data, lambda screen: _draw_loan(screen, data, state, owed), as_json=as_json)


@group.command()
def payoff(
    ctx: typer.Context,
    loan: _Loan,
    on: _On = None,
    as_json: AsJson = False,
) -> None:
    """Quote what settles a loan early on a day.

    Example:

        tael loans payoff loan_01jd8c4q8kf3v7s2m5x9w0y1za
    """
    from tael.platform import SYSTEM

    loan_id = LoanId.parse(loan, field="loan")
    with opened(ctx) as house, house.database.begin(SYSTEM) as work:
        day = day_or_today(on, house, field="on")
        servicing = house.rooms(work).servicing
        _not_before(day, servicing.state(loan_id).as_of)
        amount = servicing.quote_payoff(loan_id, day)

    def draw(_screen: object) -> None:
        put(f"{loan_id} is settled on {day} with {amount}")

    show({"loan": loan_id, "on": day, "amount": amount}, draw, as_json=as_json)


@group.command()
def quote(
    amount: Annotated[str, typer.Argument(help="Principal, like 120000 or 99999.50.")],
    months: Annotated[int, typer.Option("--months", min=1, max=360, help="Number of instalments.")],
    bank_rate: Annotated[str, typer.Option("--bank-rate", help="Per cent a year.")] = "6",
    guarantee_rate: Annotated[
        str, typer.Option("--guarantee-rate", help="Per cent a year.")
    ] = "12",
    method: Annotated[
        str,
        typer.Option("--method", help="equal_instalment, equal_principal, interest_only, flat."),
    ] = "equal_instalment",
    start: Annotated[str, typer.Option("--start", help="Day of disbursement.")] = "2026-01-01",
    currency: Annotated[str, typer.Option("--currency", help="ISO 4217 code.")] = "CNY",
    as_json: AsJson = False,
) -> None:
    """Price a loan, without a database.

    Every instalment by component, and the all-in cost of a year.

    Examples:

        tael loans quote 120000 --months 12
        tael loans quote 500000 --months 24 --bank-rate 4.5 --guarantee-rate 8 --json
    """
    from tael.pricing import Component, Terms, all_in_cost, build_schedule

    schedule = build_schedule(
        Terms(
            principal=Money.parse(amount, currency, field="amount"),
            method=_method(method),
            months=months,
            start=Day.parse(start, field="start"),
            components=(
                Component("bank_interest", Rate.percent(bank_rate, field="bank-rate")),
                Component(
                    "guarantee_fee",
                    Rate.percent(guarantee_rate, field="guarantee-rate"),
                    payee="guarantor",
                ),
            ),
        )
    )
    cost = all_in_cost(schedule)
    rows = [
        {
            "number": row.number,
            "due": row.due,
            "total": row.total,
            "principal": row.principal,
            **row.charges,
        }
        for row in schedule.instalments
    ]
    show(
        {"principal": schedule.terms.principal, "cost": cost, "instalments": rows},
        lambda screen: _draw_quote(screen, schedule, cost, rows),
        as_json=as_json,
    )


def _draw_quote(
    screen: Console, schedule: Schedule, cost: AllInCost, rows: list[dict[str, object]]
) -> None:
    terms = schedule.terms
    title = f"{terms.principal} over {terms.months} months, {terms.method.value}"
    screen.print(table(title, tuple(rows[0]), (list(row.values()) for row in rows)))
    screen.print(
        f"All-in cost {cost.nominal.as_percent():.4f}% a year (12 x monthly IRR), "
        f"{cost.effective.as_percent():.4f}% effective; charges {cost.charges}"
    )


def _draw_loan(
    screen: Console, data: dict[str, object], state: LoanState, owed: Sequence[Due]
) -> None:
    for name, value in data.items():
        if not isinstance(value, Sequence) or isinstance(value, str):
            screen.print(f"{name:>16}  {value}", markup=False)
    columns = ("no.", "due", "principal", "interest", "fee", "paid", "open")
    lines = [list(row.values()) for row in _instalments(state)]
    screen.print(table("Schedule", columns, lines))
    dues = [(one.instalment, one.component, one.amount) for one in owed]
    if dues:
        title = f"Due on {data['on']}"
        screen.print(table(title, ("instalment", "component", "amount"), dues))


def _head(header: LoanHeader, state: LoanState) -> dict[str, object]:
    terms = state.contract.schedule.terms
    return {
        "loan": state.contract.loan_id,
        "application": header.application_id,
        "tier": header.tier,
        "status": state.status.value,
        "partner": state.contract.dimensions.partner,
        "disbursed_on": terms.start,
        "principal": terms.principal,
        "outstanding": state.outstanding,
        "unpaid_principal": state.unpaid_principal,
        "as_of": state.as_of,
    }


def _instalments(state: LoanState) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for row in state.rows:
        whole = row.principal + row.bank_interest + row.guarantee_fee
        paid = row.paid_principal + row.paid_interest + row.paid_fee
        found.append(
            {
                "number": row.number,
                "due": row.due,
                "principal": row.principal,
                "bank_interest": row.bank_interest,
                "guarantee_fee": row.guarantee_fee,
                "paid": paid,
                "open": whole - paid,
            }
        )
    return found


def _line(header: LoanHeader, one: LoanSummary, day: Day) -> dict[str, object]:
    due = one.oldest_unpaid_due
    return {
        "loan": one.loan_id,
        "application": header.application_id,
        "status": one.status,
        "tier": header.tier,
        "disbursed_on": one.disbursed_on,
        "principal": one.principal,
        "outstanding": one.outstanding,
        "days_past_due": max(due.days_until(day), 0) if due else 0,
    }


def _not_before(day: Day, last: Day) -> None:
    if day < last:
        raise BadInput(
            f"the loan has gone on to {last}; ask for that day or a later one",
            field="on",
            rule="not before the loan's last event",
        )


def _status(text: str | None) -> LoanStatus | None:
    from tael.servicing import LoanStatus

    return None if text is None else _one_of(LoanStatus, text, field="status")


def _method(text: str) -> Method:
    from tael.pricing import Method

    return _one_of(Method, text, field="method")


def _one_of(kinds: Iterable[_Kind], text: str, *, field: str) -> _Kind:
    known = {str(kind.value): kind for kind in kinds}
    if text not in known:
        raise BadInput(
            f"{text!r} is not a {field}; use one of {', '.join(known)}",
            field=field,
            rule=f"a known {field}",
        )
    return known[text]
