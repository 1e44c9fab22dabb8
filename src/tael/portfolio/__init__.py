"""Portfolio figures, each defined once, from monthly loan rows, tied to the journal. Read only."""

from tael.portfolio.memory import MemoryMonthStore
from tael.portfolio.model import Dashboard, Definition, Figure, LoanMonth, TieOut, Unit
from tael.portfolio.rules import DEFINITIONS, vintage_curves
from tael.portfolio.service import Portfolio
from tael.portfolio.store import SqlMonthStore

__all__ = [
    "DEFINITIONS",
    "Dashboard",
    "Definition",
    "Figure",
    "LoanMonth",
    "MemoryMonthStore",
    "Portfolio",
    "SqlMonthStore",
    "TieOut",
    "Unit",
    "vintage_curves",
]
