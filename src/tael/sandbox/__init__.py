"""The simulated outside world, called over the wire only: today one partner bank.

No room imports it: whatever is learned from it must come through HTTP, as from a real bank. The
protocol stands in the docstring of ``tael.sandbox.bank``.
"""

from tael.sandbox.bank.faults import FaultPlan
from tael.sandbox.bank.rules import BankPolicy
from tael.sandbox.bank.server import running_bank
from tael.sandbox.process import BankProcess

__all__ = ["BankPolicy", "BankProcess", "FaultPlan", "running_bank"]
