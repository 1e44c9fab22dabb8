"""Experiments on policies: outcomes by arm, when to stop, a shadow's differences, declines by lot.

    track(assigned, outcomes, Window(12, as_of=day), rule=Rule(Measure.DEFAULT, margin=0.01))
    classify(verdict_table(incumbent), verdict_table(shadow))
    default_at_equal_rate(Scores(incumbent_pd, shadow_pd, bad), rate=0.6)
    default_of_declines(Declines(chance, accepted, bad, pd))

Pure functions over Arrow tables and numpy arrays; ``assigned_table``, ``shadow_tables`` and
``declines_of`` make these of the decision log, ``experiment_page`` tells the results.
"""

from tael.policies.experiments.arms import (
    ArmFigures,
    Course,
    Ending,
    Experiment,
    Look,
    courses,
    track,
)
from tael.policies.experiments.declines import (
    DeclineFigures,
    Declines,
    default_of_declines,
)
from tael.policies.experiments.equal_rate import EqualRate, Scores, default_at_equal_rate
from tael.policies.experiments.logged import (
    LotSettings,
    assigned_table,
    declines_of,
    policies_of,
    shadow_tables,
)
from tael.policies.experiments.outcomes import Tally, Window
from tael.policies.experiments.page import Results, experiment_page
from tael.policies.experiments.planning import Needed, Plan, applications_needed
from tael.policies.experiments.reports import OutcomeReport, outcome_table
from tael.policies.experiments.shadow import CLASS_WORDS, Class, Shadow, classify, verdict_table
from tael.policies.experiments.stopping import Measure, Rule, Standing, State
from tael.policies.experiments.store import SqlOutcomes

__all__ = [
    "CLASS_WORDS",
    "ArmFigures",
    "Class",
    "Course",
    "DeclineFigures",
    "Declines",
    "Ending",
    "EqualRate",
    "Experiment",
    "Look",
    "LotSettings",
    "Measure",
    "Needed",
    "OutcomeReport",
    "Plan",
    "Results",
    "Rule",
    "Scores",
    "Shadow",
    "SqlOutcomes",
    "Standing",
    "State",
    "Tally",
    "Window",
    "applications_needed",
    "assigned_table",
    "classify",
    "courses",
    "declines_of",
    "default_at_equal_rate",
    "default_of_declines",
    "experiment_page",
    "outcome_table",
    "policies_of",
    "shadow_tables",
    "track",
    "verdict_table",
]
