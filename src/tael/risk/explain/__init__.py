"""Why a model says what it says: reasons of one row, and what drives the model as a whole."""

from tael.risk.explain.causes import (
    WHOLE,
    ConceptReason,
    Explainer,
    Explanation,
    ReasonSettings,
    Reference,
)
from tael.risk.explain.charts import (
    add_curve,
    add_drops,
    add_explanation,
    add_importance,
    add_individual_curves,
    add_path,
)
from tael.risk.explain.curves import Curve, individual_curves, local_effects, partial_dependence
from tael.risk.explain.cuts import cuts_of
from tael.risk.explain.importance import (
    Drop,
    Judged,
    Shuffling,
    grouped,
    groups_of,
    mean_contributions,
    permutation_importance,
    split_gains,
)
from tael.risk.explain.reach import PartRow, Reach
from tael.risk.explain.whatif import (
    CHANGEABLE,
    Advisor,
    Answer,
    Bounds,
    Path,
    Step,
    log_odds_of,
    what_if,
)
from tael.risk.explain.wording import fact_of, is_protected

__all__ = [
    "CHANGEABLE", "WHOLE", "Advisor", "Answer", "Bounds", "ConceptReason", "Curve", "Drop",
    "Explainer", "Explanation", "Judged", "PartRow", "Path", "Reach", "ReasonSettings", "Reference",
    "Shuffling", "Step", "add_curve", "add_drops", "add_explanation", "add_importance",
    "add_individual_curves", "add_path", "cuts_of", "fact_of", "grouped", "groups_of",
    "individual_curves", "is_protected", "local_effects", "log_odds_of", "mean_contributions",
    "partial_dependence", "permutation_importance", "split_gains", "what_if",
]  # fmt: skip
