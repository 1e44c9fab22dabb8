"""Making models: in Python, and decision tables in spreadsheets."""

from tael.dmn.authoring.spreadsheet import read_tables, save_tables
from tael.dmn.authoring.table import InputColumn, OutputColumn, Rule, Table

__all__ = ["InputColumn", "OutputColumn", "Rule", "Table", "read_tables", "save_tables"]
