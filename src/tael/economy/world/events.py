"""What happens to everybody: dated shocks that move risk, dated rules that move only the data.

The dates are those of the years lived through; depths, shares and lengths are invented.
"""

from __future__ import annotations

from dataclasses import dataclass

CHANNELS = ("export", "private", "credit", "heavy", "contact", "property")


@dataclass(frozen=True, slots=True)
class Shock:
    """A swing of demand: ``depth`` in logarithms at its peak, for a firm of average exposure.

    It grows evenly over ``rise`` months from ``begins`` (``2008-09``), and fades over ``fall``.
    ``province`` limits it to one code.
    """

    code: str
    begins: str
    rise: int
    fall: int
    channel: str
    depth: float
    province: str = ""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that moves what is recorded: the share of firms seen in ``source`` before and after.

    It takes hold evenly over ``months`` from ``begins``. ``sectors`` lists section letters, none
    for all. ``detail`` limits it to one kind of event of the source.
    """

    code: str
    begins: str
    months: int
    source: str
    before: float
    after: float
    sectors: str = ""
    detail: str = ""


def shocks() -> tuple[Shock, ...]:
    """The swings of seventeen years."""
    return (
        Shock("export_collapse_2008", "2008-09", 4, 14, "export", -0.34),
        Shock("stimulus_2009", "2009-03", 8, 20, "property", 0.16),
        Shock("private_lending_runs_2011", "2011-08", 5, 18, "private", -0.20),
        Shock("liquidity_squeeze_2013", "2013-06", 2, 9, "credit", -0.10),
        Shock("industrial_slump_2015", "2015-01", 9, 18, "heavy", -0.22),
        Shock("equity_crash_2015", "2015-06", 3, 9, "credit", -0.06),
        Shock("platform_collapse_2018", "2018-06", 4, 14, "credit", -0.12),
        Shock("deleveraging_2018", "2018-04", 8, 12, "private", -0.08),
        Shock("standstill_2020", "2020-02", 1, 8, "contact", -0.62),
        Shock("standstill_hubei_2020", "2020-02", 1, 6, "contact", -0.40, "42"),
        Shock("export_boom_2021", "2020-09", 9, 15, "export", 0.14),
        Shock("property_slump_2021", "2021-08", 10, 36, "property", -0.26),
        Shock("lockdown_shanghai_2022", "2022-04", 1, 5, "contact", -0.55, "31"),
        Shock("lockdowns_2022", "2022-03", 5, 9, "contact", -0.22),
    )


def rule_changes() -> tuple[RuleChange, ...]:
    """The rules that make coverage drift and leave risk alone."""
    services = "GHIJKLMNOPQRS"
    return (
        RuleChange("vat_reform_pilot", "2012-01", 20, "vat_invoice", 0.1, 1.0, services),
        RuleChange("vat_reform_end", "2016-05", 2, "vat_invoice", 0.5, 1.0, services),
        RuleChange("electronic_invoices", "2015-12", 24, "vat_invoice", 0.8, 1.0),
        RuleChange("registry_reform", "2014-03", 12, "registry_change", 0.4, 1.0),
        RuleChange("qr_payments", "2014-01", 48, "bank_tx", 0.35, 1.0, "", "till"),
        RuleChange("qr_tills", "2014-01", 48, "pos_day", 0.0, 1.0),
        RuleChange("merchant_apps", "2017-01", 36, "book_entry", 0.0, 1.0),
        RuleChange("phone_apps", "2016-01", 30, "device_event", 0.0, 1.0),
        RuleChange("second_bureau", "2020-01", 6, "bureau_enquiry", 0.7, 1.0),
        RuleChange("second_bureau_post_loan", "2020-01", 6, "bureau_enquiry", 0.2, 1.0, "", "post"),
        RuleChange(
            "second_bureau_lenders", "2020-01", 6, "bureau_tradeline", 0.25, 1.0, "", "new_lenders"
        ),
        RuleChange("privacy_law", "2021-11", 4, "device_event", 1.0, 0.6),
    )
