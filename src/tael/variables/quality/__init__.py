"""Quality of sources by day and region: what arrives, how soon, and whether sources agree."""

from tael.variables.quality.assess import Alert, Quality, assess, marks, to_table
from tael.variables.quality.figures import EVERYWHERE
from tael.variables.quality.folder import regions_in, tables_in
from tael.variables.quality.report import page_of
from tael.variables.quality.rules import Rules, read_rules
from tael.variables.quality.store import FOLDER, read_alerts, standing, write_quality

__all__ = [
    "EVERYWHERE",
    "FOLDER",
    "Alert",
    "Quality",
    "Rules",
    "assess",
    "marks",
    "page_of",
    "read_alerts",
    "read_rules",
    "regions_in",
    "standing",
    "tables_in",
    "to_table",
    "write_quality",
]
