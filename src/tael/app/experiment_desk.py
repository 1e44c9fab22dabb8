"""Experiments of an installation: each deployment's arms, shadows and lot, and how they went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tael.kernel import NotFound, day_of
from tael.policies.model import StoppingRule

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from tael.app.experiment_rows import Rows
    from tael.app.experiment_telling import Lot
    from tael.platform import Work
    from tael.policies import Policies
    from tael.report import Page


@dataclass(frozen=True)
class Looked:
    """The sections of the page, and how many decisions were read.

    Attributes:
        older: how many were not read, all from before ``since``.
        since: when the oldest of those that were read was made; None where there is none.
    """

    page: Page
    decisions: int
    older: int
    since: datetime | None

    def parts(self, locale: str) -> list[tuple[str, str]]:
        """The sections in ``zh`` or ``en``: titles and HTML, all texts escaped."""
        return self.page.parts(locale)


class Experiments:
    """Reads the experiments of one installation.

    Args:
        policies: the desk of versions and deployments.
        zone: of contract days.
    """

    def __init__(self, policies: Policies, zone: ZoneInfo) -> None:
        self._policies = policies
        self._zone = zone

    def look(
        self,
        work: Work,
        number: int,
        rule: StoppingRule | None = None,
    ) -> Looked:
        """The experiment of deployment ``number`` as of today.

        Args:
            work: the unit of work.
            number: of the deployment.
            rule: what it is looked at by; None: the rule that was declared with it, else the
                usual one. Another than the declared one is told as such.

        Raises:
            NotFound: no such deployment.
        """
        # Arrow and numpy are loaded when an experiment is looked at, not with the installation.
        from tael.app.experiment_rows import Rows  # noqa: PLC0415 - as said above
        from tael.app.experiment_telling import Wanted, tell  # noqa: PLC0415 - as said above

        deployment = next((d for d in self._policies.deployments(work) if d.number == number), None)
        if deployment is None:
            raise NotFound(f"there is no deployment {number}", field="deployment")
        names = {str(one.id): one.name for one in self._policies.versions(work)}
        rows = Rows.read(work, deployment, names)
        today = day_of(work.clock.now(), self._zone)
        lot = self._lot(work, rows) if deployment.random_accept else None
        by = rule or deployment.stopping or StoppingRule()
        page = tell(rows, Wanted(by, today), lot)
        since = rows.entries[0].as_of if rows.entries else None
        return Looked(page, len(rows.entries), rows.older, since)

    def _lot(self, work: Work, rows: Rows) -> Lot:
        from tael.policies.experiments import LotSettings, policies_of  # noqa: PLC0415 - heavy

        versions = {entry.policy_id for entry in rows.entries}
        loaded = policies_of({each: self._policies.bundle(work, each) for each in versions})
        share = {rows.deployment.number: rows.deployment.random_accept}
        return lambda bad: LotSettings(share, loaded, bad)
