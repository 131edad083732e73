"""Reading credit rules: what there is, and which one counts for a unit."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from elearn.core.access import Actor, Permission
from elearn.core.credit.rules import CreditRule, Target, rule_by_id, yearly_target
from elearn.core.credit.spec import RuleSpec, rule_of, spec_from_canonical, target_under
from elearn.core.errors import DomainError, NotFound
from elearn.models import CreditRuleChoice, CreditRuleRevision, OrgUnit, Person

# What counts where no unit above a person has chosen anything.
DEFAULT_RULE = "declared"


@dataclass(frozen=True, slots=True)
class Choice:
    """A unit, and the last choice made for it."""

    unit: OrgUnit
    row: CreditRuleChoice


def chosen_spec(session: Session, unit_path: str) -> RuleSpec | None:
    """The rule of the nearest unit at or above `unit_path` that chose one; None: the product's own.

    One statement.
    """
    ids = [int(part) for part in unit_path.split("/") if part]
    row = session.execute(
        select(CreditRuleChoice.revision_id, CreditRuleRevision.spec)
        .join(CreditRuleChoice.org_unit)
        .outerjoin(CreditRuleChoice.revision)
        .where(CreditRuleChoice.org_unit_id.in_(ids))
        .order_by(func.length(OrgUnit.path).desc(), CreditRuleChoice.id.desc())
        .limit(1)
    ).first()
    return None if row is None or row[1] is None else spec_from_canonical(row[1])


def default_rule() -> CreditRule:
    """What counts while no unit has chosen another."""
    return rule_by_id(DEFAULT_RULE)


def rule_for(session: Session, person: Person) -> CreditRule:
    """What a record of this person is credited by, now."""
    spec = chosen_spec(session, _path_of(session, person))
    return default_rule() if spec is None else rule_of(spec)


def rule_again(session: Session, rule_id: str, version: str) -> CreditRule:
    """The very rule a record was made by, for its correction. Raises DomainError when it is gone."""
    stored = _stored_spec(session, rule_id, version)
    return rule_by_id(rule_id, version) if stored is None else rule_of(stored)


def target_for(session: Session, person: Person) -> Target:
    """What the year asks of this person."""
    spec = chosen_spec(session, _path_of(session, person))
    return target_under(spec, yearly_target(person.rank or None))


def rule_name(session: Session, rule_id: str, version: str) -> str:
    """Name and source of the rule a record names; its id for one nobody knows any more."""
    try:
        built_in = rule_by_id(rule_id, version)
    except DomainError:
        built_in = None
    if built_in is not None:
        return f"{built_in.name}（{built_in.source}）"
    stored = _stored_spec(session, rule_id, version)
    return f"{stored.name}（{stored.source}）" if stored else rule_id


def newest_rules(session: Session) -> list[tuple[CreditRuleRevision, RuleSpec]]:
    """The newest version of every rule, by id."""
    newest = (
        select(CreditRuleRevision.rule_id, func.max(CreditRuleRevision.version).label("version"))
        .group_by(CreditRuleRevision.rule_id)
        .subquery()
    )
    rows = session.scalars(
        select(CreditRuleRevision)
        .join(
            newest,
            (newest.c.rule_id == CreditRuleRevision.rule_id)
            & (newest.c.version == CreditRuleRevision.version),
        )
        .order_by(CreditRuleRevision.rule_id)
    )
    return [(row, spec_from_canonical(row.spec)) for row in rows]


def get_revision(session: Session, revision_id: int) -> CreditRuleRevision:
    """One version. Raises NotFound."""
    row = session.get(CreditRuleRevision, revision_id)
    if row is None:
        raise NotFound("没有这条学时规则。")
    return row


def choices_near(session: Session, actor: Actor) -> list[Choice]:
    """The last choice of every unit in the actor's subtrees, and of the units above them."""
    roots = actor.roots(Permission.MANAGE_CREDIT)
    above = {int(part) for root in roots for part in root.split("/") if part}
    last = select(func.max(CreditRuleChoice.id)).group_by(CreditRuleChoice.org_unit_id)
    rows = session.scalars(
        select(CreditRuleChoice)
        .where(CreditRuleChoice.id.in_(last))
        .options(
            joinedload(CreditRuleChoice.org_unit),
            joinedload(CreditRuleChoice.revision),
            joinedload(CreditRuleChoice.chosen_by),
        )
    ).all()
    return sorted(
        (
            Choice(row.org_unit, row)
            for row in rows
            if row.org_unit_id in above or any(row.org_unit.path.startswith(r) for r in roots)
        ),
        key=lambda choice: choice.unit.path,
    )


def _stored_spec(session: Session, rule_id: str, version: str) -> RuleSpec | None:
    spec = session.scalar(
        select(CreditRuleRevision.spec).where(
            CreditRuleRevision.rule_id == rule_id,
            CreditRuleRevision.version == (int(version) if version.isdecimal() else 0),
        )
    )
    return None if spec is None else spec_from_canonical(spec)


def _path_of(session: Session, person: Person) -> str:
    return session.get_one(OrgUnit, person.org_unit_id).path
