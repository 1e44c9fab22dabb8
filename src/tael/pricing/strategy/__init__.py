"""Prime strategy (客群上移): which price and limit to offer to whom, for targets of R1-R3 and loss.

A ``Market`` holds cells (tier x segment) with their demand and risk, prices and limits to choose
from, curves of take-up, costs, guarantor and banks. ``menu_of`` prices every choice, ``bounds_of``
makes bounds of targets, ``Search(menu, bounds).run()`` gives the most profitable strategy that
keeps them. Sums are exact: floats stand in the solver alone, and its answer is priced and proven
again.

SciPy's HiGHS is loaded when something is searched.
"""

from tael.pricing.strategy.baseline import Baseline, cut_off, uniform
from tael.pricing.strategy.bounds import Bound, Targets, bounds_of
from tael.pricing.strategy.contradiction import Contradiction, contradiction_of
from tael.pricing.strategy.curve import Beyond, MonotoneCurve, Point, TakeUp
from tael.pricing.strategy.economics import Worth
from tael.pricing.strategy.figures import Costs, Guarantor, Risk
from tael.pricing.strategy.frontier import (
    Plan,
    Stage,
    Steps,
    Toll,
    Tried,
    cases_of,
    changes,
    frontier,
    path,
    sensitivity,
    shares_between,
    tolls,
)
from tael.pricing.strategy.logistic import LogisticCurve
from tael.pricing.strategy.menu import Menu, menu_of
from tael.pricing.strategy.model import (
    Ask,
    Cell,
    Grid,
    Limit,
    Market,
    Partner,
    Price,
    Segment,
    Terms,
)
from tael.pricing.strategy.offer import Offer, priced, today_of
from tael.pricing.strategy.search import Answer, Search
from tael.pricing.strategy.solver import Effort, Solved, Status

__all__ = [
    "Answer", "Ask", "Baseline", "Beyond", "Bound", "Cell", "Contradiction", "Costs", "Effort",
    "Grid", "Guarantor", "Limit", "LogisticCurve", "Market", "Menu", "MonotoneCurve", "Offer",
    "Partner", "Plan", "Point", "Price", "Risk", "Search", "Segment", "Solved", "Stage", "Status",
    "Steps", "TakeUp", "Targets", "Terms", "Toll", "Tried", "Worth", "bounds_of", "cases_of",
    "changes", "contradiction_of", "cut_off", "frontier", "menu_of", "path", "priced",
    "sensitivity", "shares_between", "today_of", "tolls", "uniform",
]  # fmt: skip
