"""The simulated outside world, called over the wire only: one partner bank and nine data sources.

No room imports it: whatever is learned from it must come through HTTP, as from a real bank. The
protocols stand in the docstrings of ``tael.sandbox.bank`` and ``tael.sandbox.sources``.
"""

from tael.sandbox import sources
from tael.sandbox.bank.faults import FaultPlan
from tael.sandbox.bank.rules import BankPolicy
from tael.sandbox.bank.server import running_bank
from tael.sandbox.process import BankProcess, SourcesProcess

__all__ = ["BankPolicy", "BankProcess", "FaultPlan", "SourcesProcess", "running_bank", "sources"]
