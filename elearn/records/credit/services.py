"""Publishing rule files and choosing a rule. Records made before keep the rule that made them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor, Permission
from elearn.core.credit.spec import RuleSpec
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.core.problems import Problem
from elearn.models import CreditRuleChoice, CreditRuleRevision, OrgUnit

MAX_REASON: Final = 200


def changed_versions(session: Session, specs: Mapping[str, RuleSpec]) -> list[Problem]:
    """A version that was published is never another rule: files that say otherwise."""
    known = {
        (rule_id, version): digest
        for rule_id, version, digest in session.execute(
            select(CreditRuleRevision.rule_id, CreditRuleRevision.version, CreditRuleRevision.hash)
        )
    }
    return [
        Problem(
            file,
            0,
            0,
            "H-version",
            f"学时规则 {spec.id} 的第 {spec.version} 版已经发布过，内容不同",
            "改了规则，就把“版本”加一",
        )
        for file, spec in specs.items()
        if known.get((spec.id, spec.version), spec.revision_hash) != spec.revision_hash
    ]


def publish_credit_rules(session: Session, *, specs: Sequence[RuleSpec], now: datetime) -> None:
    """Add the versions that are new. Nothing is taken away: records may name it."""
    known = {
        (row.rule_id, row.version)
        for row in session.execute(select(CreditRuleRevision.rule_id, CreditRuleRevision.version))
    }
    for spec in specs:
        if (spec.id, spec.version) not in known:
            session.add(
                CreditRuleRevision(
                    rule_id=spec.id,
                    version=spec.version,
                    hash=spec.revision_hash,
                    spec=spec.canonical(),
                    created_at=now,
                )
            )
    session.flush()


def choose_rule(
    session: Session,
    *,
    actor: Actor,
    org_unit: OrgUnit,
    revision: CreditRuleRevision | None,
    reason: str,
    now: datetime,
) -> CreditRuleChoice:
    """From now on this rule counts for the unit and everything below it that chose none itself.

    `revision` None: the product's own rule. Raises Conflict when it is in force already.
    """
    if not actor.may(Permission.MANAGE_CREDIT, org_unit.path):
        raise Forbidden("您不能给这个单位选学时规则。")
    reason = " ".join(reason.split())
    if not 2 <= len(reason) <= MAX_REASON:
        message = f"请写明依据哪个文件，2 到 {MAX_REASON} 个字"
        raise DomainError(message + "。", code="E-REASON", fields={"reason": message})
    session.execute(select(OrgUnit.id).where(OrgUnit.id == org_unit.id).with_for_update())
    last = session.scalar(
        select(CreditRuleChoice)
        .where(CreditRuleChoice.org_unit_id == org_unit.id)
        .order_by(CreditRuleChoice.id.desc())
        .limit(1)
    )
    wanted = revision.id if revision else None
    if last is not None and last.revision_id == wanted:
        raise Conflict("这个单位现在用的就是这条规则。", code="E-CHOSEN")
    row = CreditRuleChoice(
        org_unit_id=org_unit.id,
        revision_id=wanted,
        reason=reason,
        chosen_by_id=actor.person_id,
        chosen_at=now,
    )
    session.add(row)
    session.flush()
    name = revision.spec["name"] if revision else "系统默认（课程标注学时）"
    record_act(
        session,
        actor=actor,
        action="credit.choose",
        now=now,
        object_type="org_unit",
        object_id=org_unit.public_id,
        summary=f"{org_unit.name}的学时规则改为“{name}”",
        detail={
            "rule": revision.rule_id if revision else "",
            "version": revision.version if revision else 0,
            "reason": reason,
            "org_unit": org_unit.path,
        },
    )
    return row
