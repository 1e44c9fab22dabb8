"""Fairness by group and by proxy: reported with intervals, never silently corrected."""

from tael.risk.fairness.assess import (
    Decided,
    Fairness,
    FairnessSettings,
    GroupFigures,
    assess,
)
from tael.risk.fairness.groups import age_groups
from tael.risk.fairness.proxies import Proxies, Proxy, ProxySettings, proxies, together
from tael.risk.fairness.shares import Share, share
from tael.risk.fairness.table import GROUP_COLUMNS, group_rows
from tael.risk.fairness.verdicts import Finding

__all__ = [
    "GROUP_COLUMNS", "Decided", "Fairness", "FairnessSettings", "Finding", "GroupFigures",
    "Proxies", "Proxy", "ProxySettings", "Share", "age_groups", "assess", "group_rows", "proxies",
    "share", "together",
]  # fmt: skip
