"""Quality of sources by day and region: what arrives, how soon, and whether sources agree."""

from tael.variables.quality.assess import Alert, Quality, assess, marks, to_table
from tael.variables.quality.figures import EVERYWHERE
from tael.variables.quality.folder import regions_in, tables_in
from tael.variables.quality.report import page_of
from tael.variables.quality.rules import Rules, read_rules

__all__ = [
    "EVERYWHERE",
    "Alert",
    "Quality",
    "Rules",
    "assess",
    "marks",
    "page_of",
    "read_rules",
    "regions_in",
    "tables_in",
    "to_table",
]
