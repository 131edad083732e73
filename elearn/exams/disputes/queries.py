"""Reading disputes: the person's own, and the desk's."""

from sqlalchemy import Select, case, false, func, or_, select
from sqlalchemy.orm import Session, defer, joinedload

from elearn.core.access import Actor, Permission
from elearn.core.errors import NotFound
from elearn.models import (
    Attempt,
    CorrectionState,
    Dispute,
    DisputeState,
    Exam,
    OrgUnit,
    Person,
    QuestionRevision,
)


def desk_query(actor: Actor) -> Select[Dispute]:
    """Objections of people in the actor's subtrees, open ones first, oldest first; never own."""
    roots = actor.roots(Permission.VIEW_CONTENT)
    waiting = case((Dispute.state == DisputeState.OPEN, 0), else_=1)
    return (
        select(Dispute)
        .join(Person, Person.id == Dispute.person_id)
        .join(OrgUnit, OrgUnit.id == Person.org_unit_id)
        .where(
            Dispute.person_id != actor.person_id,
            or_(false(), *(OrgUnit.path.startswith(r, autoescape=True) for r in roots)),
        )
        .options(
            joinedload(Dispute.attempt).options(
                defer(Attempt.paper), joinedload(Attempt.exam).joinedload(Exam.org_unit)
            ),
            joinedload(Dispute.person).joinedload(Person.org_unit),
            joinedload(Dispute.revision).joinedload(QuestionRevision.question),
            joinedload(Dispute.correction),
        )
        .order_by(waiting, Dispute.created_at, Dispute.id)
    )


def get_dispute(session: Session, *, public_id: str, actor: Actor) -> Dispute:
    """A dispute in the actor's scope. Raises NotFound."""
    row = session.scalar(desk_query(actor).where(Dispute.public_id == public_id))
    if row is None:
        raise NotFound
    return row


def others_about(session: Session, dispute: Dispute) -> int:
    """How many other people object to the same question."""
    query = select(func.count()).where(
        Dispute.question_revision_id == dispute.question_revision_id, Dispute.id != dispute.id
    )
    return session.scalar(query) or 0


def disputes_of(session: Session, attempt_id: int) -> dict[int, Dispute]:
    """Item number -> the candidate's objection to it."""
    rows = session.scalars(
        select(Dispute)
        .where(Dispute.attempt_id == attempt_id)
        .options(joinedload(Dispute.correction))
    )
    return {row.item_no: row for row in rows}


def dispute_words(dispute: Dispute) -> tuple[str, str]:
    """Kind of tag and word: what has become of it."""
    if dispute.state == DisputeState.OPEN:
        return "warn", "异议待答复"
    if dispute.state == DisputeState.REJECTED:
        return "plain", "异议不成立"
    if dispute.correction is not None and dispute.correction.state == CorrectionState.APPLIED:
        return "ok", "异议成立，成绩已更正"
    return "ok", "异议成立，正在更正"
