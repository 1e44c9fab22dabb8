"""Making models: in Python, and decision tables in spreadsheets.

draft = Draft.new("credit", "https://example.org/credit").input("score", "number")
draft = draft.decision("good", "score >= 600", "boolean")
Path("credit.dmn").write_text(draft.to_xml(), "utf-8")

tables = Draft.read(Path("policy.dmn")).tables()
save_tables("policy.xlsx", tables)
"""

from tael.dmn.authoring.builder import Draft
from tael.dmn.authoring.declarations import Declaration
from tael.dmn.authoring.drawing import Diagram, diagram
from tael.dmn.authoring.forms import (
    Conditional,
    Context,
    Definition,
    Each,
    Filtered,
    Invocation,
    Items,
    Logic,
    Relation,
)
from tael.dmn.authoring.onnx import onnx_function
from tael.dmn.authoring.spreadsheet import read_tables, save_tables
from tael.dmn.authoring.table import InputColumn, OutputColumn, Rule, Table

__all__ = [
    "Conditional", "Context", "Declaration", "Definition", "Diagram", "Draft", "Each", "Filtered",
    "InputColumn", "Invocation", "Items", "Logic", "OutputColumn", "Relation", "Rule", "Table",
    "diagram", "onnx_function", "read_tables", "save_tables",
]  # fmt: skip
