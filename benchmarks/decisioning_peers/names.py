"""The variables that the policy reads, and under which name its rules know each. No import."""

from __future__ import annotations

from typing import NamedTuple

# Candidates of the scorecard: a characteristic for each that tells goods from bads beside the rest.
CANDIDATES = (
    "ent.bank_tx.private.all.all.amount.share",
    "ent.bank_tx.private.all.365d.amount.share",
    "ent.bank_tx.own_transfer.in.all.amount.share",
    "ent.bank_tx.own_transfer.in.730d.events.days_since_last",
    "ent.bank_tx.wage.out.all.amount.share",
    "ent.bank_tx.wage.out.730d.amount.sum",
    "ent.bank_tx.wage.out.all.events.gap_mean",
    "ent.bank_tx.financing.all.all.amount.share",
    "ent.bank_tx.fixed_cost.out.730d.amount.std",
    "ent.bank_tx.fixed_cost.out.all.amount.cv",
    "ent.bank_tx.running_cost.out.all.amount.share",
    "ent.bank_tx.loan_repay.out.all.amount.share",
    "ent.bank_tx.cash.out.all.amount.share",
    "ent.bank_tx.sales.in.730d.events.n",
    "ent.bank_tx.sales.in.730d.counterparty.distinct",
    "ent.bank_tx.sales.in.all.events.share",
    "ent.bank_tx.sales.in.365d.events.velocity",
    "ent.bank_tx.sales.in.730d.events.days_since_first",
    "ent.bank_tx.supplier.out.90d.amount.last",
    "ent.bank_tx.supplier.out.90d.amount.min",
    "ent.bank_tx.tax.out.all.amount.cv",
    "ent.bank_tx.tax.out.all.amount.max",
    "ent.bank_tx.loan_in.in.730d.amount.min",
    "ent.bank_tx.loan_in.in.730d.events.days_since_last",
    "per.bank_tx.family.out.365d.amount.share",
    "per.bank_tx.family.in.365d.amount.max",
    "per.bank_tx.all.in.365d.events.n",
    "per.bank_tx.own_transfer.all.180d.events.n",
    "per.bank_tx.own_transfer.all.90d.amount.mean",
    "per.bank_tx.family.in.365d.amount.sum",
    "per.bureau_enquiry.all.all.730d.events.n",
    "per.bureau_enquiry.all.hard.365d.events.n",
    "per.bureau_enquiry.all.hard.90d.events.n",
    "per.bureau_enquiry.all.all.365d.events.days_since_last",
    "per.bureau_enquiry.internet.all.730d.events.share",
    "per.bureau_enquiry.all.all.180d.events.velocity",
    "per.bureau_tradeline.all.late.all.events.n",
    "per.bureau_tradeline.all.late.1825d.due.sum",
    "per.bureau_tradeline.card.late.all.balance.mean",
    "per.bureau_tradeline.card.late.730d.balance.max",
    "per.bureau_tradeline.all.late.all.events.days_since_last",
    "ent.bureau_enquiry.all.all.365d.events.days_since_last",
    "ent.bureau_enquiry.all.all.365d.events.n",
    "ent.bureau_enquiry.internet.all.365d.events.days_since_last",
    "ent.bureau_tradeline.bank.any.730d.events.days_since_last",
    "ent.bureau_tradeline.bank.any.all.balance.mean",
    "ent.bureau_tradeline.bank.any.180d.balance.max",
    "ent.bureau_tradeline.bank.late.all.balance.max",
    "ent.tax_return.all.missed.all.events.days_since_last",
    "ent.tax_return.all.all.730d.days_late.max",
    "ent.tax_return.social.missed.all.events.days_since_last",
    "ent.tax_return.all.missed.365d.events.n",
    "ent.utility_bill.missed.730d.events.share",
    "ent.utility_bill.missed.365d.events.days_since_last",
    "ent.utility_bill.power.90d.quantity.mean",
    "ent.utility_bill.all.180d.amount.mean",
    "ent.registry_change.down.all.events.days_since_last",
    "ent.registry_change.up.all.events.share",
    "ent.registry_change.capital.all.events.days_since_last",
    "ent.vat_invoice.in.red.all.events.share",
    "ent.vat_invoice.in.red.all.amount.share",
    "ent.vat_invoice.out.red.730d.amount.mean",
    "ent.vat_invoice.in.valid.90d.amount.std",
    "ent.vat_invoice.out.valid.90d.amount.share",
    "ent.vat_invoice.out.special.730d.amount.sum",
    "ent.pos_day.code.refund.365d.amount.share",
    "ent.pos_day.all.sale.90d.amount.cv",
    "per.device_event.login.day.365d.events.share",
    "per.device_event.all.all.30d.events.days_since_last",
    "ent.court_record.all.contract.1825d.events.days_since_last",
    "ent.court_record.defendant.all.all.amount.max",
    "ent.book_entry.all.90d.amount.mean",
)


class Input(NamedTuple):
    """What the rules read of a variable: its value times ``scale``, ``missing`` where it has none.

    A divisor rather than a factor is what binary floating point can do without an error; the
    policy's own text says the factor.
    """

    name: str
    variable: str
    divisor: int = 1
    missing: int = 0

    @property
    def scale(self) -> str:
        return "1" if self.divisor == 1 else "0.01"


MONEY = 100  # fen in a yuan
NEVER = 9_999
INPUTS = (
    Input("turnover_12m", "ent.bank_tx.sales.in.365d.amount.sum", MONEY),
    Input("turnover_3m", "ent.bank_tx.sales.in.90d.amount.sum", MONEY),
    Input("days_since_sale", "ent.bank_tx.sales.in.all.events.days_since_last", 1, NEVER),
    Input("sales_12m", "ent.bank_tx.sales.in.365d.events.n"),
    Input("buyers_2y", "ent.bank_tx.sales.in.730d.counterparty.distinct"),
    Input("repaid_12m", "ent.bank_tx.loan_repay.out.365d.amount.sum", MONEY),
    Input("borrowed_6m", "ent.bank_tx.loan_in.in.180d.amount.sum", MONEY),
    Input("private_share", "ent.bank_tx.private.all.365d.amount.share"),
    Input("night_share", "ent.bank_tx.night.out.180d.events.share"),
    Input("invoiced_12m", "ent.vat_invoice.out.valid.365d.amount.sum", MONEY),
    Input("invoice_deviation", "ent.vat_invoice.out.valid.365d.amount.std", MONEY),
    Input("takings_12m", "ent.pos_day.all.sale.365d.amount.sum", MONEY),
    Input("tax_paid_12m", "ent.tax_return.all.all.365d.paid.sum", MONEY),
    Input("missed_returns_12m", "ent.tax_return.all.missed.365d.events.n"),
    Input("tax_days_late", "ent.tax_return.all.all.730d.days_late.max"),
    Input("owner_late_2y", "per.bureau_tradeline.all.late.730d.events.n"),
    Input("owner_bad_5y", "per.bureau_tradeline.all.bad.1825d.events.n"),
    Input("owner_accounts", "per.bureau_tradeline.all.current.90d.account.distinct"),
    Input("owner_enquiries_3m", "per.bureau_enquiry.all.hard.90d.events.n"),
    Input("owner_enquiries_12m", "per.bureau_enquiry.all.hard.365d.events.n"),
    Input("internet_enquiries_6m", "per.bureau_enquiry.internet.all.180d.events.n"),
    Input("firm_enquiries_6m", "ent.bureau_enquiry.all.all.180d.events.n"),
    Input("firm_debt", "ent.bureau_tradeline.bank.any.180d.balance.max", MONEY),
    Input("firm_accounts", "ent.bureau_tradeline.bank.any.180d.account.distinct"),
    Input("suits_2y", "ent.court_record.defendant.all.730d.events.n"),
    Input("enforced", "ent.court_record.executed.all.all.amount.sum", MONEY),
    Input("owner_enforced_5y", "per.court_record.executed.all.1825d.events.n"),
    Input("device_changes_3m", "per.device_event.device_change.90d.events.n"),
    Input("missed_bills_12m", "ent.utility_bill.missed.365d.events.n"),
    Input("abnormal_1y", "ent.registry_change.abnormal.365d.events.n"),
    Input("pledges_3y", "ent.registry_change.pledge.1095d.events.n"),
    Input("overdue_receivables", "ent.book_entry.receivable.overdue.365d.amount.sum", MONEY),
)
