"""Champion against challenger on the same rows, and the written rule by which one is promoted."""

from tael.risk.challenger.changes import Change, approval_changes
from tael.risk.challenger.compare import (
    Quality,
    Scored,
    Verdict,
    compare,
    data_hash,
    score_psi,
)
from tael.risk.challenger.paired import (
    DeLong,
    Gain,
    Pairs,
    delong,
    paired_auc_gain,
    paired_gain,
)
from tael.risk.challenger.rule import Clause, PromotionRule
from tael.risk.challenger.swap import SwapSet, approve, swap_set
from tael.risk.challenger.table import (
    CLAUSE_COLUMNS,
    SWAP_COLUMNS,
    clause_rows,
    refusal_words,
    swap_rows,
)

__all__ = [
    "CLAUSE_COLUMNS", "SWAP_COLUMNS", "Change", "Clause", "DeLong", "Gain", "Pairs",
    "PromotionRule", "Quality", "Scored", "SwapSet", "Verdict", "approval_changes", "approve",
    "clause_rows", "compare", "data_hash", "delong", "paired_auc_gain", "paired_gain",
    "refusal_words", "score_psi", "swap_rows", "swap_set",
]  # fmt: skip
