"""Reading what waits for a marker, without names unless the exam's rule shows them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session, contains_eager, joinedload

from elearn.bank.queries import load_bodies, load_keys
from elearn.core.access import Actor, Permission
from elearn.core.errors import NotFound
from elearn.core.grading.answers import is_empty
from elearn.core.grading.grade import GradeState, Place
from elearn.core.questions.model import QuestionType, RubricPoint
from elearn.exams.attempts.queries import current_answers, paper_of
from elearn.exams.grades.queries import marks_rows
from elearn.models import (
    Attempt,
    AttemptState,
    Exam,
    Grade,
    Mark,
    MarkingRule,
    MarkingSkip,
    MarkingTurn,
    OrgUnit,
    Person,
    Recheck,
    RecheckState,
)

ALIAS_LETTERS: Final = 6
FIRST_ROUND: Final = 1
RECHECK_ROUND: Final = 2
ARBITER: Final = 3  # the turn of whoever decides between two


@dataclass(frozen=True, slots=True)
class Rule:
    """How an exam is marked; the default is once and without names."""

    double: bool = False
    tolerance_centi: int = 0
    show_names: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One answered short answer. `given` is what this marker gave before, if anything; `between`
    what two others gave who differ too much."""

    item: int
    part: int
    material: str
    stem: str
    answer: str
    reference: str
    rubric: tuple[RubricPoint, ...]
    full_centi: int
    given: Mark | None
    between: tuple[Mark, ...] = ()

    @property
    def place(self) -> Place:
        """Where it stands on the paper."""
        return self.item, self.part


def queue_query(actor: Actor, *, now: datetime) -> Select[Attempt]:
    """Sheets this marker could take now, oldest first, skipped ones last: people of the marker's
    subtrees, never the marker's own, nothing another marker holds, nothing marked already."""
    me = actor.person_id
    recheck = _in_recheck()
    final = exists().where(Grade.attempt_id == Attempt.id, Grade.state == GradeState.FINAL)
    waits = and_(Attempt.state == AttemptState.SUBMITTED, _was_pending(), ~final)
    number = case((recheck, RECHECK_ROUND), else_=FIRST_ROUND)
    turn = and_(MarkingTurn.attempt_id == Attempt.id, MarkingTurn.round == number)
    held = or_(MarkingTurn.done_at.is_not(None), MarkingTurn.leased_until > now)
    taken = (
        select(func.count())
        .select_from(MarkingTurn)
        .where(turn, MarkingTurn.marker_id != me, held)
        .correlate(Attempt)
        .scalar_subquery()
    )
    arbiter = exists().where(turn, MarkingTurn.turn == ARBITER)
    double = exists().where(MarkingRule.exam_id == Attempt.exam_id, MarkingRule.double)
    needed = case((recheck, 1), (arbiter, ARBITER), (double, 2), else_=1)
    marked = exists().where(turn, MarkingTurn.marker_id == me, MarkingTurn.done_at.is_not(None))
    before = exists().where(Mark.attempt_id == Attempt.id, Mark.marker_id == me, Mark.round == 1)
    skipped = exists().where(MarkingSkip.attempt_id == Attempt.id, MarkingSkip.marker_id == me)
    return (
        _in_scope(actor)
        .where(
            or_(waits, recheck),
            taken < needed,
            ~marked,
            ~and_(recheck, before),
        )
        .order_by(case((skipped, 1), else_=0), Attempt.submitted_at, Attempt.id)
    )


def get_marking(session: Session, *, public_id: str, actor: Actor) -> Attempt:
    """An attempt in the marker's scope that had short answers to mark. Raises NotFound."""
    attempt = session.scalar(_in_scope(actor).where(Attempt.public_id == public_id, _was_pending()))
    if attempt is None:
        raise NotFound
    return attempt


def own_turns(session: Session, actor: Actor, *, limit: int = 10) -> list[MarkingTurn]:
    """The sheets this marker took last: the way back."""
    return list(
        session.scalars(
            select(MarkingTurn)
            .where(MarkingTurn.marker_id == actor.person_id)
            .options(joinedload(MarkingTurn.attempt).joinedload(Attempt.exam))
            .order_by(MarkingTurn.id.desc())
            .limit(limit)
        )
    )


def rule_of(session: Session, exam_id: int) -> Rule:
    """The exam's rule, or the default."""
    row = session.get(MarkingRule, exam_id)
    return Rule(row.double, row.tolerance_centi, row.show_names) if row else Rule()


def turns_of(session: Session, attempt_id: int, number: int) -> list[MarkingTurn]:
    """The turns of one round, in order."""
    return list(
        session.scalars(
            select(MarkingTurn)
            .where(MarkingTurn.attempt_id == attempt_id, MarkingTurn.round == number)
            .order_by(MarkingTurn.turn)
        )
    )


def recheck_of(session: Session, attempt_id: int) -> Recheck | None:
    """The recheck of an attempt, whatever became of it."""
    return session.scalar(select(Recheck).where(Recheck.attempt_id == attempt_id))


def round_of(session: Session, attempt_id: int) -> int:
    """Marking or recheck?"""
    row = recheck_of(session, attempt_id)
    open_now = row is not None and row.state == RecheckState.MARKING
    return RECHECK_ROUND if open_now else FIRST_ROUND


def marks_by(
    session: Session, attempt_id: int, *, number: int, marker_id: int
) -> dict[Place, Mark]:
    """What one marker gave in one round: the last row of each part."""
    rows = session.scalars(
        select(Mark)
        .where(Mark.attempt_id == attempt_id, Mark.round == number, Mark.marker_id == marker_id)
        .where(Mark.counts.is_(False))
        .order_by(Mark.id)
    )
    return {(mark.item_no, mark.part_no): mark for mark in rows}


def marking_tasks(
    session: Session,
    attempt: Attempt,
    *,
    given: Mapping[Place, Mark] | None = None,
    between: Mapping[Place, tuple[Mark, ...]] | None = None,
    only: Collection[Place] | None = None,
) -> list[Task]:
    """Every short answer with a text, in paper order; empty ones score 0 without a marker.

    `given` defaults to the marks that count; `only` narrows to some places.
    """
    answers = current_answers(session, attempt.id)
    paper = paper_of(attempt)
    wanted = {
        item.revision_hash: item
        for item in paper.items
        if any(part.type is QuestionType.SHORT_ANSWER for part in item.parts)
    }
    bodies, keys = load_bodies(session, wanted), load_keys(session, wanted)
    if given is None:
        given = {(m.item_no, m.part_no): m for m in marks_rows(session, attempt.id)}
    tasks = []
    for digest, item in wanted.items():
        for at, part in enumerate(item.parts):
            place = (item.number, at)
            answer = answers.get(place)
            if part.type is not QuestionType.SHORT_ANSWER or is_empty(answer):
                continue
            if only is not None and place not in only:
                continue
            key = keys[digest].parts[at]
            tasks.append(
                Task(
                    item=item.number,
                    part=at,
                    material=bodies[digest].stem,
                    stem=bodies[digest].parts[at].stem,
                    answer=str(answer),
                    reference=key.reference,
                    rubric=key.rubric,
                    full_centi=part.points_centi,
                    given=given.get(place),
                    between=(between or {}).get(place, ()),
                )
            )
    return tasks


def turn_tasks(session: Session, attempt: Attempt, turn: MarkingTurn, rule: Rule) -> list[Task]:
    """What this turn has to mark. Nobody sees another marker's points before both are in; the
    third, who decides, sees both, and only where they differ too much."""
    if turn.round == FIRST_ROUND and not rule.double:
        return marking_tasks(session, attempt)
    own = marks_by(session, attempt.id, number=turn.round, marker_id=turn.marker_id or 0)
    if turn.turn < ARBITER:
        return marking_tasks(session, attempt, given=own)
    pairs = differing(session, attempt, rule)
    return marking_tasks(session, attempt, given=own, between=pairs, only=pairs)


def differing(session: Session, attempt: Attempt, rule: Rule) -> dict[Place, tuple[Mark, ...]]:
    """Where the two markers are further apart than the rule allows."""
    pairs = first_two(session, attempt)
    return {
        place: pair
        for place, pair in pairs.items()
        if abs(pair[0].points_centi - pair[1].points_centi) > rule.tolerance_centi
    }


def first_two(session: Session, attempt: Attempt) -> dict[Place, tuple[Mark, Mark]]:
    """Place -> what the first and the second marker gave."""
    turns = [t for t in turns_of(session, attempt.id, FIRST_ROUND) if t.turn < ARBITER]
    one, two = (
        marks_by(session, attempt.id, number=FIRST_ROUND, marker_id=turn.marker_id or 0)
        for turn in turns
    )
    return {place: (one[place], two[place]) for place in sorted(one.keys() & two.keys())}


def alias_of(attempt: Attempt) -> str:
    """What the marker calls the paper: no name, no staff number, no unit."""
    return attempt.public_id[:ALIAS_LETTERS].upper()


def rechecks_query(exam: Exam) -> Select[Recheck]:
    """Rechecks of this exam, what waits for a decision first."""
    waiting = case((Recheck.state == RecheckState.REQUESTED, 0), else_=1)
    return (
        select(Recheck)
        .join(Recheck.attempt)
        .where(Attempt.exam_id == exam.id)
        .options(
            contains_eager(Recheck.attempt).joinedload(Attempt.person).joinedload(Person.org_unit),
            joinedload(Recheck.requested_by),
            joinedload(Recheck.decided_by),
        )
        .order_by(waiting, Recheck.id.desc())
    )


def get_recheck(session: Session, *, public_id: str, actor: Actor) -> Recheck:
    """A recheck of an exam the actor schedules. Raises NotFound."""
    roots = actor.roots(Permission.SCHEDULE_EXAM)
    row = session.scalar(
        select(Recheck)
        .join(Recheck.attempt)
        .join(Exam, Exam.id == Attempt.exam_id)
        .join(OrgUnit, OrgUnit.id == Exam.org_unit_id)
        .options(contains_eager(Recheck.attempt).joinedload(Attempt.exam))
        .where(
            Recheck.public_id == public_id,
            or_(false(), *(OrgUnit.path.startswith(r, autoescape=True) for r in roots)),
        )
    )
    if row is None:
        raise NotFound
    return row


def has_marks(session: Session, attempt_id: int) -> bool:
    """Was anything marked by hand?"""
    query = select(literal(1)).where(Mark.attempt_id == attempt_id, Mark.counts.is_(True))
    return session.scalar(query.limit(1)) is not None


def _in_recheck() -> ColumnElement[bool]:
    """Of the attempt of the query, however deep this stands in it."""
    found = exists().where(Recheck.attempt_id == Attempt.id, Recheck.state == RecheckState.MARKING)
    return found.correlate(Attempt)


def _was_pending() -> ColumnElement[bool]:
    return exists().where(Grade.attempt_id == Attempt.id, Grade.state == GradeState.PENDING)


def _in_scope(actor: Actor) -> Select[Attempt]:
    roots = actor.roots(Permission.MARK_EXAM)
    return (
        select(Attempt)
        .join(Person, Person.id == Attempt.person_id)
        .join(OrgUnit, OrgUnit.id == Person.org_unit_id)
        .join(Exam, Exam.id == Attempt.exam_id)
        .options(contains_eager(Attempt.exam), contains_eager(Attempt.person))
        .where(
            Attempt.person_id != actor.person_id,
            or_(false(), *(OrgUnit.path.startswith(r, autoescape=True) for r in roots)),
        )
    )
