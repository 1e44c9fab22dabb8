"""Why a model says what it says: reasons of one row, and what drives the model as a whole."""

from tael.risk.explain.causes import (
    WHOLE,
    ConceptReason,
    Explainer,
    Explanation,
    ReasonSettings,
    Reference,
)
from tael.risk.explain.wording import fact_of, is_protected

__all__ = [
    "WHOLE", "ConceptReason", "Explainer", "Explanation", "ReasonSettings", "Reference", "fact_of",
    "is_protected",
]  # fmt: skip
