"""Who decides what: versions put in force by share of applications, brought back, retired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tael.kernel import Conflict, InvariantBroken, NotFound, VersionId, day_of
from tael.platform import Work
from tael.policies.assignment import arms_of, assign
from tael.policies.canonical import canonical, digest
from tael.policies.figures import RANDOM_ACCEPT, rate_of
from tael.policies.manifest import model_of
from tael.policies.model import (
    EVERYTHING,
    WHOLE,
    Arm,
    Assignment,
    Deployment,
    EventKind,
    ModelState,
    PolicyState,
    PolicyVersion,
    Role,
    Traffic,
    move,
)
from tael.policies.shelf import Shelf
from tael.policies.writing import if_any, in_writing


class Deployments(Shelf):
    """Deployments: numbered, signed, one in force at a time."""

    def deploy(
        self, work: Work, version_id: VersionId, traffic: Traffic = EVERYTHING, *, why: str = ""
    ) -> Deployment:
        """Put an approved version in force as champion, alone or beside others.

        What was in force and has no arm any more is retired in the same transaction.

        Raises:
            NotFound: no such version; names it.
            BadInput: shares that do not add up, a share out of range, a version with two arms, or a
                ``why`` that says nothing.
            Conflict: a version is not approved, was retired, or is not what was approved any more;
                names version and text.
        """
        told = if_any(why, "why")
        store = self._open(work)
        store.only_deployer()
        most = 0
        if traffic.random_accept:
            today = day_of(work.clock.now())
            allowed = rate_of(self._parameters.value(work, RANDOM_ACCEPT, today), RANDOM_ACCEPT)
            most = int(allowed.fraction * WHOLE)
        arms = arms_of(version_id, traffic, most_random=most)
        before = store.deployment_in_force(lock=True)
        salt = traffic.salt or (before.salt if before else digest(version_id)[:16])
        planned = self._planned(work, arms, salt=salt, why=told)
        made = replace(planned, stopping=traffic.stopping)
        return self._deployed(work, before, made)

    def rollback(self, work: Work, why: str, *, to: int | None = None) -> Deployment:
        """Bring back, in one act, what was in force before: versions, shares, salt, stopping rule.

        Asked again, it goes one deployment further back; with nothing in force, to the last one;
        ``to`` is the number of any other.

        Raises:
            BadInput: ``why`` says nothing.
            Conflict: there is no such deployment, its record is not the one that was signed, or a
                version of it is not what was approved any more.
        """
        told = in_writing(why, "why")
        store = self._open(work)
        store.only_deployer()
        before = store.deployment_in_force(lock=True)
        known = {one.number: one for one in store.deployments()}
        if to is not None:
            number = to
        elif before is None:
            number = max(known, default=0)
        else:
            number = (before.restores or before.number) - 1
        if number not in known or (before and number == before.number):
            raise Conflict(
                f"there is no deployment {number} to go back to",
                field="deployment",
                rule="an earlier one",
            ).telling("no_deployment", number=number)
        wanted = _origin(known, number)
        if not self.genuine(wanted):
            raise Conflict(
                f"deployment {wanted.number} is not the one that was signed",
                code="tampered",
                field="deployment",
                rule="what was signed",
            ).telling("deployment_tampered", number=wanted.number)
        made = self._planned(work, wanted.arms, salt=wanted.salt, why=told)
        back = replace(made, restores=wanted.number, stopping=wanted.stopping)
        return self._deployed(work, before, back)

    def retire(self, work: Work, version_id: VersionId, *, why: str = "") -> PolicyVersion:
        """Take a version out of use.

        Of the champion in force: nothing is decided then until another is deployed. One that was
        approved and never deployed is withdrawn.

        Raises:
            BadInput: a ``why`` that says nothing.
            Conflict: it is neither, or has another arm: deploy without it.
        """
        told = if_any(why, "why")
        store = self._open(work)
        store.only_deployer()  # before any row, as whoever deploys does: else the two wait forever
        version = self._found(work, version_id, lock=True)
        move(version.state, PolicyState.RETIRED)
        found = store.deployment_in_force(lock=True)
        if found is None or version.state is PolicyState.APPROVED:
            return self._retired(work, version, why=told)
        if found.champion != version_id:
            raise Conflict(
                f"{version_id} has an arm of deployment {found.number}; deploy without it",
                field="version_id",
                rule="the champion",
            ).telling("has_an_arm", version=version_id, number=found.number)
        store.end_deployment(found.number, work.clock.now())
        for other in _versions_of(found.arms):
            self._retired(work, self._found(work, other, lock=True), why=told)
        return self._found(work, version_id)

    def deployments(self, work: Work) -> Sequence[Deployment]:
        """Every deployment, newest first."""
        return self._open(work).deployments()

    def assigned(self, work: Work, key: str) -> Assignment:
        """Where ``key`` (an application's id) is put by the deployment in force.

        Raises:
            Conflict: none is in force.
        """
        return assign(self.deployment(work), key)

    # --- inside

    def _planned(self, work: Work, arms: tuple[Arm, ...], *, salt: str, why: str) -> Deployment:
        known = self._open(work).deployments()
        return Deployment(
            number=1 + max((one.number for one in known), default=0),
            arms=arms,
            salt=salt,
            at=work.clock.now(),
            by=work.actor.id,
            why=why,
        )

    def _deployed(self, work: Work, before: Deployment | None, planned: Deployment) -> Deployment:
        store = self._open(work)
        restores = planned.restores
        coming = [self._ready(work, one, restores) for one in _versions_of(planned.arms)]
        made = replace(planned, signature=self._signer.sign(canonical(planned.as_json())))
        if before is not None:
            store.end_deployment(before.number, work.clock.now())
        store.add_deployment(made)
        self._leave(work, before, made)
        self._come(work, coming, made)
        return made

    def _ready(self, work: Work, version_id: VersionId, restores: int | None) -> PolicyVersion:
        """A version that may decide: approved, unchanged since, its model in use."""
        version = self._found(work, version_id, lock=True)
        if version.state is not PolicyState.DEPLOYED:
            move(version.state, PolicyState.DEPLOYED, rollback=restores is not None)
        for text, wrong in self.verify(work, version_id).faults:
            raise Conflict(
                f"{version_id}, {text}: {wrong}",
                code="tampered",
                field=text,
                rule="what a second person approved",
            ).telling("tampered", version=version_id, part=text, wrong=wrong)
        model = self._open(work).model(model_of(version))
        if model is None or model.state is not ModelState.APPROVED:
            raise Conflict(
                f"{version_id} runs with a model that is not approved",
                field="model",
                rule="an approved model",
            ).telling("model_not_approved", version=version_id)
        return version

    def _leave(self, work: Work, before: Deployment | None, made: Deployment) -> None:
        staying = set(_versions_of(made.arms))
        for version_id in _versions_of(before.arms) if before else ():
            if version_id not in staying:
                version = self._found(work, version_id, lock=True)
                self._retired(work, version, why=made.why, number=made.number)

    def _come(self, work: Work, coming: Sequence[PolicyVersion], made: Deployment) -> None:
        declared = {} if made.stopping is None else {"stopping": made.stopping.as_json()}
        for version in coming:
            back = made.restores is not None
            state = PolicyState.DEPLOYED
            if version.state is not state:
                move(version.state, state, rollback=back)
                moved = replace(version, state=state, deployed_at=work.clock.now(), retired_at=None)
                self._open(work).change(moved)
            told = {
                "deployment": made.number,
                "restores": made.restores,
                "arms": [
                    {"role": arm.role.value, "share": arm.share}
                    for arm in made.arms
                    if arm.version == version.id
                ],
            } | declared
            self._happened(work, version.id, EventKind.DEPLOYED, told, why=made.why)

    def _retired(
        self, work: Work, version: PolicyVersion, *, why: str, number: int | None = None
    ) -> PolicyVersion:
        moved = self._moved(work, version, PolicyState.RETIRED, retired_at=work.clock.now())
        told = {"deployment": number}
        self._happened(work, version.id, EventKind.RETIRED, told, why=why.strip())
        return moved


def _versions_of(arms: Sequence[Arm]) -> list[VersionId]:
    return [arm.version for arm in arms if arm.role is not Role.RANDOM_ACCEPT]


def _origin(known: dict[int, Deployment], number: int) -> Deployment:
    """The deployment that ``number`` is, or that it brought back."""
    found = known[number]
    while found.restores is not None:
        if found.restores >= found.number:
            raise InvariantBroken(f"deployment {found.number} restores a later one")
        if found.restores not in known:
            raise NotFound(f"there is no deployment {found.restores}", field="deployment").telling(
                "no_deployment", number=found.restores
            )
        found = known[found.restores]
    return found
