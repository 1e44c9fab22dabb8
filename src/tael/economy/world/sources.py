"""What each source records and how it reports: every figure invented, none about real bureaus."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Flow:
    """One purpose of a bank account: events a month and their sum as a share of monthly sales.

    ``stress`` moves the number of events with stress; ``pool`` is the number of counterparties.
    ``strain``, ``prudence`` and ``honesty`` move the logarithm of the sums with stress and with the
    owner's traits.
    """

    purpose: str
    direction: str
    subject: str
    monthly: float
    share: float
    stress: float
    pool: int
    strain: float = 0.0
    prudence: float = 0.0
    honesty: float = 0.0


def _flows() -> tuple[Flow, ...]:
    return (
        Flow("sales", "in", "enterprise", 0.91, 0.80, -0.10, 24),
        Flow("supplier", "out", "enterprise", 0.56, 0.50, -0.10, 12, -0.08),
        Flow("wage", "out", "enterprise", 0.385, 0.12, -0.15, 4, -0.15, 0.10),
        Flow("rent", "out", "enterprise", 0.154, 0.05, -0.10, 1),
        Flow("tax", "out", "enterprise", 0.154, 0.03, -0.15, 1, -0.10, 0.0, 0.35),
        Flow("utility", "out", "enterprise", 0.154, 0.01, -0.10, 2),
        Flow("loan_in", "in", "enterprise", 0.028, 0.15, 0.30, 3, 0.20),
        Flow("loan_repay", "out", "enterprise", 0.175, 0.05, 0.05, 3, 0.25, -0.10),
        Flow("cash", "out", "enterprise", 0.126, 0.03, 0.15, 1, 0.10, -0.15, -0.30),
        Flow("own_transfer", "out", "enterprise", 0.154, 0.08, 0.20, 2, 0.10, -0.25, -0.10),
        Flow("fee", "out", "enterprise", 0.084, 0.001, 0.0, 1, 0.15, -0.30),
        Flow("refund", "out", "enterprise", 0.042, 0.01, 0.15, 10),
        Flow("own_transfer", "in", "person", 0.154, 0.08, 0.20, 2),
        Flow("family", "out", "person", 0.21, 0.02, -0.05, 4, -0.10),
        Flow("family", "in", "person", 0.056, 0.03, 0.30, 4, 0.20),
        Flow("cash", "out", "person", 0.105, 0.01, 0.05, 1),
        Flow("loan_repay", "out", "person", 0.175, 0.03, 0.05, 3, 0.20, -0.35),
        Flow("other", "out", "person", 0.245, 0.01, 0.0, 12, 0.0, -0.35),
        Flow("own_transfer", "in", "enterprise", 0.05, 0.05, 0.35, 2, 0.25),
        Flow("cash", "in", "enterprise", 0.06, 0.03, -0.05, 1),
        Flow("family", "in", "enterprise", 0.02, 0.03, 0.30, 4),
        Flow("family", "out", "enterprise", 0.02, 0.01, 0.05, 4),
        Flow("other", "in", "enterprise", 0.03, 0.01, 0.0, 10),
        Flow("other", "out", "enterprise", 0.04, 0.01, 0.0, 12),
        Flow("refund", "in", "enterprise", 0.02, 0.005, 0.0, 10),
        Flow("own_transfer", "out", "person", 0.05, 0.05, 0.30, 2),
        Flow("cash", "in", "person", 0.03, 0.02, 0.0, 1),
        Flow("other", "in", "person", 0.04, 0.02, 0.0, 12),
    )


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a source reports: usual and late delays in days, and shares of flawed records.

    Delays spread evenly from ``least_days`` on, over ``usual_days`` or ``late_days``.
    """

    usual_days: float
    late: float
    late_days: float
    duplicated: float
    corrected: float
    withdrawn: float
    least_days: float = 0.0


@dataclass(frozen=True, slots=True)
class Facility:
    """A kind of account at a lender, and how it is used, repaid and given up.

    ``monthly`` accounts are opened a month, moved by ``stress`` times stress; they run for about
    ``months``. The limit is about ``sales`` months of sales. ``pays`` is ``instalment``,
    ``bullet``, ``revolving`` or ``nothing`` (a guarantee). When the firm defaults the account is
    no longer served with probability ``follows``, from ``lag`` months later at most.
    """

    product: str
    lender: str
    subject: str
    monthly: float
    stress: float
    months: int
    sales: float
    pays: str
    follows: float
    lag: int


def _facilities() -> tuple[Facility, ...]:
    return (
        Facility("business", "bank", "enterprise", 0.0120, -0.10, 14, 2.5, "bullet", 0.95, 1),
        Facility("business", "micro_lender", "enterprise", 0.0020, 0.50, 9, 0.6, "bullet", 0.95, 0),
        Facility("business", "internet", "enterprise", 0.0015, 0.40, 9, 0.5, "instalment", 0.9, 1),
        Facility("mortgage", "bank", "enterprise", 0.0002, -0.20, 110, 18, "instalment", 0.7, 4),
        Facility("card", "bank", "enterprise", 0.0003, 0.10, 48, 0.3, "revolving", 0.9, 1),
        Facility("mortgage", "bank", "person", 0.0011, -0.20, 180, 14, "instalment", 0.35, 9),
        Facility("card", "bank", "person", 0.0038, 0.10, 72, 0.4, "revolving", 0.65, 4),
        Facility("consumer", "bank", "person", 0.0009, -0.10, 24, 0.8, "instalment", 0.6, 4),
        Facility(
            "consumer", "consumer_finance", "person", 0.0020, 0.35, 12, 0.15, "instalment", 0.75, 2
        ),
        Facility("consumer", "internet", "person", 0.0022, 0.50, 9, 0.1, "instalment", 0.8, 2),
        Facility("business", "bank", "person", 0.0022, -0.10, 20, 1.5, "bullet", 0.85, 2),
        Facility("business", "internet", "person", 0.0016, 0.40, 11, 0.4, "instalment", 0.85, 2),
        Facility("business", "micro_lender", "person", 0.0009, 0.50, 8, 0.4, "bullet", 0.9, 1),
        Facility("guarantee", "bank", "person", 0.0014, 0.00, 18, 2.5, "nothing", 0.9, 1),
    )


@dataclass(frozen=True, slots=True)
class Credit:
    """Accounts at the bureau: what is opened, how lateness comes and goes, how it ends.

    ``late`` are log-odds that a calm month begins late; ``stress_lag`` months pass before stress
    shows in them. ``spells`` are running shares of late spells that end after one and two months.
    ``ends`` are running shares of written-off and recovered accounts that nobody serves; the rest
    are written off ``unresolved_months`` later.
    """

    facilities: tuple[Facility, ...] = field(default_factory=_facilities)
    delivery: Delivery = Delivery(10.0, 0.05, 25.0, 0.003, 0.0, 0.001, 15.0)
    spread_of_limits: float = 0.5
    least_limit: int = 100_000
    most_limits: tuple[int, int] = (20_000_000_000, 1_000_000_000)
    rates: tuple[float, ...] = (0.06, 0.18, 0.15, 0.16)
    early: float = 0.12
    late: float = -4.9
    stress_in_late: float = 0.9
    prudence_in_late: float = -0.8
    honesty_in_late: float = -0.4
    stress_lag: int = 4
    spells: tuple[float, float] = (0.72, 0.93)
    ends: tuple[float, float] = (0.50, 0.78)
    least_workout: int = 7
    workout: int = 12
    unresolved_months: int = 24
    use: float = -1.0
    stress_in_use: float = 0.6
    prudence_in_use: float = -0.5
    wealth_in_use: float = -0.3
    spread_of_use: float = 0.25
    stolen: float = 0.12
    circle_rounds: int = 2
    circle_months: int = 40
    circle_sales: float = 2.0
    disputed: float = 0.02
    misstated: float = 0.003


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to pay in a shop: the share of shops that take it, of takings, and of days with some.

    ``ticket`` is the usual sum in fen; ``sectors`` lists section letters, none for all.
    """

    code: str
    shops: float
    share: float
    days: float
    ticket: int
    sectors: str = ""


@dataclass(frozen=True, slots=True)
class Closure:
    """Days on which shops were shut by order, where ``contact`` is at least so much.

    Shops reopen from the middle of the time on. The days are those of the events, rounded.
    """

    first: str
    last: str
    contact: float
    province: str = ""


@dataclass(frozen=True, slots=True)
class Till:
    """Takings of shops: who has a till that reports, by which channels, and what disturbs it.

    ``shops`` is a share of those that invoice nothing; ``takings`` of the sales not invoiced.
    """

    channels: tuple[Channel, ...] = (
        Channel("wechat", 1.0, 0.40, 0.50, 4_000),
        Channel("alipay", 0.75, 0.25, 0.30, 4_500),
        Channel("card", 0.35, 0.15, 0.15, 30_000),
        Channel("takeaway", 0.60, 0.30, 0.45, 3_500, "H"),
        Channel("shop_platform", 0.30, 0.30, 0.35, 9_000, "ACFR"),
        Channel("cash_app", 0.25, 0.10, 0.12, 2_500),
    )
    closures: tuple[Closure, ...] = (
        Closure("2020-01-24", "2020-03-20", 0.85),
        Closure("2020-01-23", "2020-04-08", 0.0, "42"),
        Closure("2022-03-28", "2022-06-01", 0.5, "31"),
    )
    shops: float = 0.28
    takings: float = 0.8
    festival_days: int = 12
    weekend: float = 0.25
    spread_of_days: float = 0.35
    spread_of_tickets: float = 0.3
    stress_in_days: float = 0.10
    refunds: float = 0.03
    stress_in_refunds: float = 0.35
    least_refund: float = 0.01
    most_refund: float = 0.30
    padded: float = 0.5
    delivery: Delivery = Delivery(2.0, 0.02, 5.0, 0.004, 0.003, 0.001)


@dataclass(frozen=True, slots=True)
class Entry:
    """A kind of entry in the books: entries a month and their sum as a share of monthly sales.

    ``partner`` is the row of partners (0 customers, 1 suppliers) and ``pool`` their number;
    ``owed`` says whether it stays open until it is paid.
    """

    code: str
    monthly: float
    share: float
    partner: int
    pool: int
    owed: bool = False


@dataclass(frozen=True, slots=True)
class Books:
    """Books kept in the app: who keeps them, and when what is owed is paid."""

    entries: tuple[Entry, ...] = (
        Entry("sale", 1.6, 0.50, 0, 24),
        Entry("purchase", 0.9, 0.35, 1, 12),
        Entry("receivable", 0.6, 0.30, 0, 24, owed=True),
        Entry("payable", 0.5, 0.25, 1, 12, owed=True),
        Entry("expense", 0.6, 0.06, 2, 6),
        Entry("stock", 0.2, 0.60, 3, 1),
    )
    users: float = 0.15
    spread: float = 0.6
    padded: float = 0.6
    overdue: float = -2.0
    stress_in_overdue: float = 0.6
    market_in_overdue: float = -3.0
    default_in_overdue: float = 3.0
    least_days: float = 10.0
    days: float = 50.0
    late_days: float = 120.0
    settled_late: float = 0.7
    delivery: Delivery = Delivery(2.0, 0.04, 12.0, 0.004, 0.004, 0.003)


@dataclass(frozen=True, slots=True)
class Action:
    """Something done in the app: times a month, moved by stress, and by a thief in its stead."""

    code: str
    monthly: float
    stress: float
    thief: float
    mobile: float
    seconds: int


@dataclass(frozen=True, slots=True)
class Phones:
    """Owners' phones: who uses the app, at what hours, and what a stolen identity shows."""

    actions: tuple[Action, ...] = (
        Action("login", 2.4, 0.10, 1.0, 0.45, 40),
        Action("browse", 1.6, 0.05, 0.5, 0.40, 180),
        Action("apply", 0.06, 0.60, 0.8, 0.45, 600),
        Action("edit", 0.12, 0.25, 0.5, 0.45, 90),
        Action("device_change", 0.03, 0.15, 1.0, 0.60, 30),
        Action("place_change", 0.14, 0.35, 2.0, 0.90, 20),
    )
    users: float = 0.20
    nightly: float = 0.12
    stress_in_night: float = 0.22
    thief_in_night: float = 0.5
    spread: float = 0.7
    delivery: Delivery = Delivery(0.3, 0.03, 1.5, 0.006, 0.0, 0.001)


@dataclass(frozen=True, slots=True)
class Change:
    """A kind of change in the register: how often a month, and what moves it."""

    change: str
    direction: str
    monthly: float
    stress: float = 0.0
    after_default: float = 1.0


@dataclass(frozen=True, slots=True)
class Register:
    """The register of firms: how often what changes, and who leaves the abnormal list again."""

    kinds: tuple[Change, ...] = (
        Change("address", "neutral", 0.0022, 0.10, 1.5),
        Change("address", "down", 0.0003, 0.50, 3.0),
        Change("shareholder", "neutral", 0.0010),
        Change("shareholder", "down", 0.0004, 0.60, 2.0),
        Change("capital", "up", 0.0018, -0.50, 0.1),
        Change("capital", "down", 0.0003, 0.60, 2.0),
        Change("scope", "neutral", 0.0025, 0.0, 0.3),
        Change("abnormal", "down", 0.0013, 0.80, 6.0),
        Change("pledge", "down", 0.0008, 0.70, 0.5),
        Change("pledge", "up", 0.0002, -0.30, 0.2),
        Change("licence", "up", 0.0022, -0.20, 0.1),
        Change("licence", "down", 0.0003, 0.50, 4.0),
    )
    struck_off: float = 0.6
    struck_days: float = 300.0
    delivery: Delivery = Delivery(20.0, 0.05, 70.0, 0.004, 0.0, 0.001)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure observed of a market, and how it follows demand after ``lag`` months.

    ``demand``, ``trend`` and ``growth`` (a year) move its logarithm. It is taken ``every`` so many
    months, with the probability ``taken``, where trade has so much ``contact``.
    """

    measure: str
    base: float
    demand: float
    lag: int
    noise: float
    trend: float = 0.0
    growth: float = 0.0
    seasonal: bool = False
    every: int = 1
    contact: float = 0.0
    taken: float = 1.0


@dataclass(frozen=True, slots=True)
class Markets:
    """What is published of provinces and industries."""

    measures: tuple[Figure, ...] = (
        Figure("sales_index", 1_000, 1.0, 0, 0.04, trend=1.0, seasonal=True),
        Figure("closures", 120, -1.2, 4, 0.15, every=3),
        Figure("rent", 1_000, 0.15, 6, 0.03, trend=0.8, every=3),
        Figure("footfall", 1_000, 1.1, 0, 0.06, growth=0.01, seasonal=True, contact=0.8),
        Figure("price", 1_000, 0.15, 2, 0.01, growth=0.022),
        Figure("visits", 6, 0.4, 0, 0.5, taken=0.35),
    )
    revised: float = 0.12
    revision_days: float = 25.0
    delivery: Delivery = Delivery(12.0, 0.05, 30.0, 0.002, 0.0, 0.001, 10.0)


@dataclass(frozen=True, slots=True)
class Levy:
    """A tax or bill: every how many months it is due, and its share of the sales between."""

    name: str
    months: int
    share: float


@dataclass(frozen=True, slots=True)
class Dispute:
    """A kind of dispute that comes before a court so often a month, moved by stress."""

    subject: str
    role: str
    matter: str
    monthly: float
    stress: float = 0.0


def _disputes() -> tuple[Dispute, ...]:
    return (
        Dispute("enterprise", "defendant", "contract", 0.0008, 0.2),
        Dispute("enterprise", "plaintiff", "contract", 0.0008),
        Dispute("enterprise", "plaintiff", "loan", 0.0001),
        Dispute("enterprise", "defendant", "labour", 0.0010, 0.5),
        Dispute("enterprise", "defendant", "other", 0.0002, 0.1),
        Dispute("enterprise", "plaintiff", "other", 0.0001),
        Dispute("person", "defendant", "contract", 0.0003, 0.3),
        Dispute("person", "plaintiff", "contract", 0.0002),
        Dispute("person", "plaintiff", "loan", 0.0002),
        Dispute("person", "defendant", "other", 0.0002, 0.1),
    )


@dataclass(frozen=True, slots=True)
class Sources:
    """The figures of each source."""

    flows: tuple[Flow, ...] = field(default_factory=_flows)
    till_share: float = 0.5
    bank: Delivery = Delivery(1.0, 0.02, 20.0, 0.004, 0.003, 0.001)
    spread_of_amounts: float = 0.6
    spread_of_sales: float = 0.25
    cushion: float = 0.4
    buffer_in_cushion: float = 0.6
    stress_in_cushion: float = -0.4
    cushion_of_owner: float = 0.3
    wealth_in_cushion: float = 0.6
    prudence_in_cushion: float = 0.3
    invoices_out: float = 0.95
    invoices_in: float = 0.75
    invoice_cost_share: float = 0.6
    invoice_tax: float = 0.09
    invoice_void: float = 0.035
    invoice_red: float = 0.02
    invoice_special: float = 0.45
    invoice_pool: int = 18
    inflation: float = 2.0
    invoices: Delivery = Delivery(4.0, 0.06, 28.0, 0.005, 0.004, 0.001)
    enquiries: float = 0.07
    enquiries_of_owner: float = 0.10
    enquiry_stress: float = 0.45
    enquiry_hidden: float = 0.30
    enquiry_prudence: float = -0.25
    enquiry_fraud: float = 1.2
    enquiry: Delivery = Delivery(3.0, 0.08, 35.0, 0.003, 0.0, 0.002)
    tax_filers: float = 0.3
    tax: Delivery = Delivery(6.0, 0.05, 40.0, 0.004, 0.004, 0.001)
    taxes: tuple[Levy, ...] = (
        Levy("vat", 3, 0.025),
        Levy("income", 12, 0.008),
        Levy("social", 3, 0.02),
        Levy("stamp", 12, 0.0004),
    )
    utility_users: float = 0.15
    utility: Delivery = Delivery(2.0, 0.03, 20.0, 0.003, 0.003, 0.001)
    utilities: tuple[Levy, ...] = (
        Levy("power", 1, 0.012),
        Levy("water", 3, 0.002),
        Levy("gas", 3, 0.002),
        Levy("broadband", 12, 0.001),
    )
    homes: float = 0.12
    home_utilities: tuple[Levy, ...] = (
        Levy("power", 3, 0.0010),
        Levy("water", 6, 0.0003),
        Levy("gas", 6, 0.0003),
        Levy("broadband", 12, 0.0004),
    )
    sued_after_default: float = 0.55
    court_steps: tuple[float, ...] = (1.0, 0.8, 0.6, 0.5)
    court_months: float = 4.0
    disputes: tuple[Dispute, ...] = field(default_factory=_disputes)
    judged: float = 0.4
    enforced: float = 0.4
    credit: Credit = field(default_factory=Credit)
    till: Till = field(default_factory=Till)
    books: Books = field(default_factory=Books)
    phones: Phones = field(default_factory=Phones)
    register: Register = field(default_factory=Register)
    markets: Markets = field(default_factory=Markets)
    court: Delivery = Delivery(20.0, 0.2, 90.0, 0.004, 0.002, 0.001)
    late: float = -2.6
    unpaid: float = -5.0
    stress_in_late: float = 0.7
    prudence_in_late: float = -0.5
    most_days_late: int = 60
    stress_in_power: float = -0.12
