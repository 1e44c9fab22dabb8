"""Reject inference: rows that stand for all who applied, and how wrong each way to them is."""

from tael.risk.rejects.bias import BASELINE, YARDSTICK, Bias, Level, Trial, measure_bias
from tael.risk.rejects.methods import infer
from tael.risk.rejects.settings import METHODS, Evidence, Inference, Record, RejectSettings

__all__ = [
    "BASELINE", "METHODS", "YARDSTICK", "Bias", "Evidence", "Inference", "Level", "Record",
    "RejectSettings", "Trial", "infer", "measure_bias",
]  # fmt: skip
