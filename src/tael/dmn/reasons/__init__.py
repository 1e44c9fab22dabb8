"""Adverse-action reasons: why an outcome is not better, in the model's own codes.

A knock-out that fired is a reason as it stands. A characteristic of a scorecard is one by its
shortfall: what it gave less than the most attainable (method ``maximum``) or than the middle of a
chosen group of applicants (method ``median``). Knock-outs come first, in the order of their rules;
then the largest shortfall, ties in the order of declaration. One concept is named once.

Why so: a creditor in the United States gives the specific principal reasons for adverse action (15
U.S.C. 1691(d), Regulation B, 12 CFR 1002.9(b)(2)); the official interpretation of that paragraph
holds more than four unlikely to help, and takes for a scoring system the factors that fell furthest
below an average of other applicants, or any method that gives much the same. In China a person may
ask to have a decision explained that was made by automatic means alone and weighs on their rights
(个人信息保护法, art. 24). Which method and whose median is the lender's to choose and to defend.

``Reasoner(graph)`` is made once a model. ``bind`` gives the same codes from row numbers, in a few
microseconds; ``tests/properties/test_dmn_reasons.py`` holds both equal.
"""

from tael.dmn.reasons.bound import Bound
from tael.dmn.reasons.quick import Quick
from tael.dmn.reasons.reasoner import METHODS, Explanation, Question, Reason, Reasoner

__all__ = ["METHODS", "Bound", "Explanation", "Question", "Quick", "Reason", "Reasoner"]
