"""Fairness by group and by proxy: reported with intervals, never silently corrected."""

from tael.risk.fairness.assess import (
    Fairness,
    FairnessSettings,
    GroupFigures,
    Judged,
    assess,
)
from tael.risk.fairness.groups import age_groups
from tael.risk.fairness.proxies import Proxies, Proxy, ProxySettings, proxies, together
from tael.risk.fairness.shares import Share, share, wilson
from tael.risk.fairness.verdicts import Finding

__all__ = [
    "Fairness", "FairnessSettings", "Finding", "GroupFigures", "Judged", "Proxies", "Proxy",
    "ProxySettings", "Share", "age_groups", "assess", "proxies", "share", "together", "wilson",
]  # fmt: skip
