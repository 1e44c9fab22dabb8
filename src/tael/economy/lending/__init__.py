"""Lending in the economy: who applies when, the policy of the time, loans and their months."""

from tael.economy.lending.book import applications_of
from tael.economy.lending.model import Application, Filing, Loan, LoanMonth, Verdict

__all__ = ["Application", "Filing", "Loan", "LoanMonth", "Verdict", "applications_of"]
