"""What the funnel asks of a variable, step by step; hashed with its record."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from tael.kernel import BadInput

WANTED = 1063


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of how many rows something is known.

    Attributes:
        least: share of the rows with a value or with no event; asked of the latest block too.
        most_same: share of the rows that one value, or one kind of missing, may hold.
    """

    least: float = 0.03
    most_same: float = 0.995


@dataclass(frozen=True, slots=True)
class Leaks:
    """When a variable is too good to have been known.

    Attributes:
        level: an AUC alone, two standard errors taken off, from which nothing honest is left.
        crowd: lift over one half, two standard errors taken off, against the strongest of the
            crowd below its top thousandth; asked where ``crowd_least`` variables are.
        crowd_least: the fewest variables that make a crowd.
        family: the same against the best of its own source, where ten others are.
        free_of_bads: share of the rows in pieces without one bad.
        availability: difference of the share with a value, rows with an outcome less the others.
        foreknowledge: how much closer a variable is to the borrower's next record than to the
            present one, as a difference of correlations; 4.5 standard errors come on top.
        both: geometric mean of the lift against the crowd's limit and of the closeness to the next
            record against its limit.
        pairs_least: the fewest pairs of applications of one borrower to ask that.
        suspects: so many of the strongest variables are asked that.
        era: rank correlation with time, or share of the variance that the month explains.
    """

    level: float = 0.80
    crowd: float = 1.2
    crowd_least: int = 200
    family: float = 2.0
    free_of_bads: float = 0.5
    availability: float = 0.9
    foreknowledge: float = 0.25
    both: float = 0.75
    pairs_least: int = 300
    suspects: int = 512
    era: float = 0.95


@dataclass(frozen=True, slots=True)
class Stability:
    """What must stay over the vintages.

    Attributes:
        blocks: at most so many stretches of whole months with about equal bads.
        bads_per_block: the fewest bads of a block; fewer blocks are made where there are few.
        psi: population stability index of a block against the others; 0.25 is customary.
        against: standard errors by which one block may contradict the order of the others.
        agreeing: share of the blocks that must agree with the others.
    """

    blocks: int = 5
    bads_per_block: int = 20
    psi: float = 0.25
    against: float = 2.0
    agreeing: float = 0.6


@dataclass(frozen=True, slots=True)
class Strength:
    """Information value against chance.

    Attributes:
        permutations: so often the outcomes are permuted within their vintage.
        quantile: of the information values found by chance; at or below it a variable is dropped.
    """

    permutations: int = 10
    quantile: float = 0.95


@dataclass(frozen=True, slots=True)
class Clusters:
    """Variables that say the same.

    Attributes:
        correlation: of ranks, from which a variable joins the cluster of a stronger one.
        copy: from which it is never kept beside a kept one of its cluster.
        most: so many are kept at most of one cluster.
        each: one more is kept for each so many members.
    """

    correlation: float = 0.9
    copy: float = 0.97
    most: int = 3
    each: int = 8


@dataclass(frozen=True, slots=True)
class Boosting:
    """Which variables trees use, time after time. A fold leaves one block of time out.

    Attributes:
        folds: at most so many.
        trees: of a fold.
        leaves: of a tree.
        learning_rate: of the trees.
        sampled: share of the variables that one tree may use: with few, the weaker get a turn.
        stable: share of the folds from which on a variable's gain decides its rank; the others
            follow by information value, for what one fold uses is often noise.
    """

    folds: int = 4
    trees: int = 80
    leaves: int = 8
    learning_rate: float = 0.05
    sampled: float = 0.1
    stable: float = 0.6


@dataclass(frozen=True, slots=True)
class Quotas:
    """Who must be represented.

    Attributes:
        source: of each subject's source at least so many, as far as it has them.
        subject: of each subject (person, enterprise) at least this share.
        most: of one family (subject and source) at most this share, while others are left.
    """

    source: int = 10
    subject: float = 0.2
    most: float = 0.5


@dataclass(frozen=True, slots=True)
class SelectionSettings:
    """The funnel as a whole.

    Attributes:
        wanted: exactly so many variables are kept.
        seed: of permutations and trees.
        threads: how many work; the result does not depend on it, nor does the hash.
    """

    wanted: int = WANTED
    seed: int = 0
    threads: int = 2
    coverage: Coverage = field(default_factory=Coverage)
    leaks: Leaks = field(default_factory=Leaks)
    stability: Stability = field(default_factory=Stability)
    strength: Strength = field(default_factory=Strength)
    clusters: Clusters = field(default_factory=Clusters)
    boosting: Boosting = field(default_factory=Boosting)
    quotas: Quotas = field(default_factory=Quotas)

    def __post_init__(self) -> None:
        for name in ("wanted", "threads"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} is below one", field=name, rule="at least one")
        if self.stability.blocks < _LEAST_BLOCKS:
            raise BadInput(
                "the training period is cut into two blocks at least",
                field="stability.blocks",
                rule=f"at least {_LEAST_BLOCKS}",
            )

    @property
    def bads_least(self) -> int:
        """The fewest bads that a sample must hold."""
        return _LEAST_BLOCKS * self.stability.bads_per_block

    def to_json(self) -> dict[str, object]:
        """All of it but the threads."""
        told = asdict(self)
        del told["threads"]
        return told


_LEAST_BLOCKS = 2
