"""Reject inference: rows that stand for all who applied, and how wrong each way to them is."""

from tael.risk.rejects.bias import BASELINE, YARDSTICK, Bias, Level, Trial, measure_bias
from tael.risk.rejects.methods import infer
from tael.risk.rejects.settings import METHODS, Evidence, Inference, Record, RejectSettings
from tael.risk.rejects.table import BIAS_COLUMNS, bias_rows, refusal_words

__all__ = [
    "BASELINE", "BIAS_COLUMNS", "METHODS", "YARDSTICK", "Bias", "Evidence", "Inference", "Level",
    "Record", "RejectSettings", "Trial", "bias_rows", "infer", "measure_bias", "refusal_words",
]  # fmt: skip
