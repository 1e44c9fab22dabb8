"""The DMN Technology Compatibility Kit: reading its cases, running them, counting and listing."""

from tael.dmn.conformance.cases import CaseFile, read_kit
from tael.dmn.conformance.columnar import columnar_agreement
from tael.dmn.conformance.report import properties, results_csv
from tael.dmn.conformance.runner import Outcome, counts, run_kit

__all__ = [
    "CaseFile", "Outcome", "columnar_agreement", "counts", "properties", "read_kit", "results_csv",
    "run_kit",
]  # fmt: skip
