"""Champion against challenger on the same rows, and the written rule by which one is promoted."""

from tael.risk.challenger.paired import (
    DeLong,
    Gain,
    Pairs,
    delong,
    paired_auc_gain,
    paired_gain,
)

__all__ = ["DeLong", "Gain", "Pairs", "delong", "paired_auc_gain", "paired_gain"]
