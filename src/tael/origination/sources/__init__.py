"""What others know of a borrower: nine sources, asked under signed authorisations.

    with SourceClient(outside) as client:
        answer = client.fetch("bureau", subject, authorisation, key="...", budget_s=2.0)

``SOURCES`` says what each source tells, in which shape, at which price; ``model`` holds the words;
what the client needs of others comes in through ``ports.Outside``.
"""

from tael.origination.sources import model, ports
from tael.origination.sources.authorisations import Signer, authorise
from tael.origination.sources.breaker import Breaker, BreakerLimits
from tael.origination.sources.catalogue import SOURCES, Source, source_named
from tael.origination.sources.client import SourceClient
from tael.origination.sources.memory import MemorySources
from tael.origination.sources.routes import SHIPPED_ROUTES, RouteTable
from tael.origination.sources.schemas import arrow_schema
from tael.origination.sources.store import SqlSources
from tael.origination.sources.streams import StreamRows, stream_rows
from tael.origination.store.source_figures import SourceFigures

__all__ = [
    "SHIPPED_ROUTES",
    "SOURCES",
    "Breaker",
    "BreakerLimits",
    "MemorySources",
    "RouteTable",
    "Signer",
    "Source",
    "SourceClient",
    "SourceFigures",
    "SqlSources",
    "StreamRows",
    "arrow_schema",
    "authorise",
    "model",
    "ports",
    "source_named",
    "stream_rows",
]
