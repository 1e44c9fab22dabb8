"""Models for other systems: ONNX (extra 'interchange') and PMML, scoring as ours do."""

from tael.risk.export.onnx import to_onnx
from tael.risk.export.pmml import points_to_pmml, to_pmml
from tael.risk.export.provenance import Provenance

__all__ = ["Provenance", "points_to_pmml", "to_onnx", "to_pmml"]
