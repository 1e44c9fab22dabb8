"""Pages about policies: versions and deployments, tables, back-tests, decisions, sources.

One module a page, each with a ``router``; ``routers`` is what the site includes, in this order:
an address with a fixed name comes before one that takes an id in its place.
"""

from tael.console.policies import (
    approvals,
    backtests,
    decisions,
    deploying,
    diagram,
    experiments,
    models,
    sources,
    tables,
    version,
    versions,
)

__all__ = ["routers"]

routers = (
    diagram.router,
    tables.router,
    backtests.router,
    experiments.router,
    sources.router,
    decisions.router,
    approvals.router,
    models.router,
    deploying.router,
    version.router,
    versions.router,
)
