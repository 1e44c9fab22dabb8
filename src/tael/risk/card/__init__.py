"""The model card: purpose, data, leak tests, variables, performance, limits, hashes, sign-off.

    card = Card("Small firms, 12 months", model.hash, clock.now(), {
        "purpose": Part((Words("...", "..."),)),
        "data": data_part(training),
        "performance": performance_part(performance(bad, pd, years), Words("年份", "Year")),
    })
    card.to_json(), card.markdown("zh"), card.page(registry.records(model.hash)).html("en")

After Mitchell et al., Model Cards for Model Reporting (FAT* 2019), and the headings of SR 11-7. A
part that nobody handed in says "not measured": nothing is filled in for it.
"""

from tael.risk.card.card import Card
from tael.risk.card.measured import (
    Performance,
    PerformanceSettings,
    performance,
    performance_part,
)
from tael.risk.card.parts import HEADINGS, NOT_MEASURED, Part, Table, part_from_json, part_to_json
from tael.risk.card.sections import (
    LeakTest,
    calibration_part,
    data_part,
    fairness_part,
    hashes_part,
    leaks_part,
    limits_part,
    monitoring_part,
    selection_part,
    variables_part,
)

__all__ = [
    "HEADINGS", "NOT_MEASURED", "Card", "LeakTest", "Part", "Performance", "PerformanceSettings",
    "Table", "calibration_part", "data_part", "fairness_part", "hashes_part", "leaks_part",
    "limits_part", "monitoring_part", "part_from_json", "part_to_json", "performance",
    "performance_part", "selection_part", "variables_part",
]  # fmt: skip
