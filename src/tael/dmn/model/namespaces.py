"""The XML namespaces of the versions of DMN that are read."""

from __future__ import annotations

from collections.abc import Mapping

VERSIONS: Mapping[str, str] = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
CURRENT = "https://www.omg.org/spec/DMN/20230324/MODEL/"
# Extension elements of ours that say which reasons a model gives; see ``reason_carriers``.
REASONS = "https://tael.example/dmn/reasons"
