"""Giving points for short answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor
from elearn.core.centi import centi_text
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.core.grading.grade import GradeState, Place
from elearn.exams.attempts.saving import hold_attempt
from elearn.exams.grades.queries import last_grade
from elearn.exams.grades.services import grade_attempt
from elearn.exams.notices.services import tell_person
from elearn.models import Attempt, Mark, MarkingSkip, MarkingTurn, RecheckState

from .queries import (
    ARBITER,
    FIRST_ROUND,
    RECHECK_ROUND,
    Rule,
    Task,
    alias_of,
    differing,
    first_two,
    marks_by,
    queue_query,
    recheck_of,
    round_of,
    rule_of,
    turn_tasks,
    turns_of,
)

MAX_COMMENT: Final = 1000
LEASE: Final = timedelta(minutes=30)
LOOKS: Final = 50  # for a free sheet while others take theirs


@dataclass(frozen=True, slots=True)
class PartMark:
    """Points per rubric point, in the rubric's own hundredths."""

    rubric: tuple[int, ...]
    comment: str = ""


def mark_attempt(
    session: Session,
    *,
    actor: Actor,
    attempt: Attempt,
    given: Mapping[Place, PartMark],
    now: datetime,
) -> bool:
    """Add marks; True when the attempt got its final grade by them.

    Marks are added, never changed: the last one of a part counts. Where two markers are asked, or
    in a recheck, they count once the decision is made. Raises Conflict when another marker holds
    the sheet or has finished, DomainError for points outside the rubric.
    """
    turn = take_turn(session, actor=actor, attempt=attempt, now=now)
    rule = rule_of(session, attempt.exam_id)
    tasks = {task.place: task for task in turn_tasks(session, attempt, turn, rule)}
    if not given:
        raise DomainError("还没有填写任何得分。", code="E-MARK")
    alone = turn.round == FIRST_ROUND and not rule.double
    marks = [
        _mark(attempt, tasks.get(place), mark, actor, now, number=turn.round, counts=alone)
        for place, mark in sorted(given.items())
        if _is_new(tasks.get(place), mark)
    ]
    session.add_all(marks)
    session.flush()
    _record_marks(session, actor, attempt, marks, turn, now)
    if any(task.given is None and task.place not in given for task in tasks.values()):
        return False
    turn.done_at, turn.leased_until = now, None
    session.flush()
    if alone:
        grade_attempt(session, attempt=attempt, now=now, reason="阅卷完成")
        return True
    if turn.round == RECHECK_ROUND:
        finish_recheck(session, attempt=attempt, turn=turn, now=now)
        return True
    return settle_double(session, attempt=attempt, rule=rule, now=now)


def take_turn(session: Session, *, actor: Actor, attempt: Attempt, now: datetime) -> MarkingTurn:
    """Hold the sheet for half an hour; taking it again prolongs that. Raises Conflict when others
    hold every turn there is, or when this marker's turn is over."""
    hold_attempt(session, attempt)
    mine = _turn_for(session, actor, attempt, now)
    session.add(mine)
    mine.marker_id, mine.leased_until = actor.person_id, now + LEASE
    session.flush()
    return mine


def held_turn(
    session: Session, *, actor: Actor, attempt: Attempt, now: datetime
) -> MarkingTurn | None:
    """The turn this marker holds now; None when the sheet has to be taken first. Only looks.

    Raises Conflict when taking it would.
    """
    mine = _turn_for(session, actor, attempt, now)
    held = mine.leased_until is not None and mine.leased_until > now
    return mine if held and mine.marker_id == actor.person_id else None


def _turn_for(session: Session, actor: Actor, attempt: Attempt, now: datetime) -> MarkingTurn:
    """The turn this marker has or could have; a new one is not stored yet."""
    if attempt.person_id == actor.person_id:
        raise Forbidden("不能给自己的答卷评分。")
    number = round_of(session, attempt.id)
    grade = last_grade(session, attempt.id)
    if number == FIRST_ROUND and (grade is None or grade.state == GradeState.FINAL):
        raise Conflict("这份答卷已经阅完，评分没有改动。", code="E-MARKED")
    turns = turns_of(session, attempt.id, number)
    mine = next((turn for turn in turns if turn.marker_id == actor.person_id), None)
    if mine is None:
        return _free_turn(session, actor, attempt, number, turns, now)
    if mine.done_at is not None and not _may_reopen(turns, mine):
        raise Conflict("这份答卷您已经评完，评分没有改动。", code="E-MARKED")
    return mine


def take_next(session: Session, *, actor: Actor, now: datetime) -> Attempt | None:
    """The next sheet of the queue, held for this marker: two markers never get the same one.

    A sheet somebody took between our look and our lock is passed over: we look again.
    """
    query = queue_query(actor, now=now).limit(1).with_for_update(skip_locked=True, of=Attempt)
    for _ in range(LOOKS):
        attempt = session.scalar(query)
        if attempt is None:
            return None
        try:
            with session.begin_nested():
                take_turn(session, actor=actor, attempt=attempt, now=now)
        except Conflict:
            continue
        return attempt
    return None


def leave_sheet(
    session: Session, *, actor: Actor, attempt: Attempt, skip: bool, now: datetime
) -> None:
    """Give the sheet back; with `skip` it comes last to this marker. A second click is harmless."""
    number = round_of(session, attempt.id)
    for turn in turns_of(session, attempt.id, number):
        if turn.marker_id == actor.person_id and turn.done_at is None:
            turn.leased_until = now
    if skip and session.get(MarkingSkip, (attempt.id, actor.person_id)) is None:
        session.add(MarkingSkip(attempt_id=attempt.id, marker_id=actor.person_id, skipped_at=now))
    session.flush()


def settle_double(session: Session, *, attempt: Attempt, rule: Rule, now: datetime) -> bool:
    """After a marker is through: wait for the second, ask a third, or make the grade.

    Points: the mean of the two, half a hundredth up; where a third decided, the third's.
    """
    turns = turns_of(session, attempt.id, FIRST_ROUND)
    done = [turn for turn in turns if turn.done_at is not None]
    if len(done) < 2:
        return False
    apart = differing(session, attempt, rule)
    third = next((turn for turn in turns if turn.turn == ARBITER), None)
    if apart and third is None:
        session.add(MarkingTurn(attempt_id=attempt.id, round=FIRST_ROUND, turn=ARBITER))
        session.flush()
        return False
    if third is not None and third.done_at is None:
        return False
    decided: dict[Place, Mark] = {}
    if third is not None:
        decided = marks_by(session, attempt.id, number=FIRST_ROUND, marker_id=third.marker_id or 0)
    for place, pair in first_two(session, attempt).items():
        session.add(_counting(decided[place]) if place in apart else _mean(pair))
    session.flush()
    reason = "双评完成" if third is None else "双评有差异，第三人评定"
    grade_attempt(session, attempt=attempt, now=now, reason=reason)
    return True


def finish_recheck(session: Session, *, attempt: Attempt, turn: MarkingTurn, now: datetime) -> None:
    """The recheck's marks count from now on: a new grade, never an edit."""
    recheck = recheck_of(session, attempt.id)
    if recheck is None:
        raise Conflict("这份答卷没有在复核。", code="E-RECHECK")
    marks = marks_by(session, attempt.id, number=turn.round, marker_id=turn.marker_id or 0)
    session.add_all(_counting(mark) for mark in marks.values())
    session.flush()
    row = grade_attempt(session, attempt=attempt, now=now, reason=f"复核：{recheck.reason}")
    recheck.state, recheck.done_at, recheck.score_after = RecheckState.DONE, now, row.score_centi
    session.flush()
    tell_person(
        session,
        person_id=attempt.person_id,
        exam_id=attempt.exam_id,
        attempt=attempt,
        text="您的答卷复核完毕。",
        now=now,
    )


def scaled_points(full_centi: int, given: Sequence[int], rubric: Sequence[int]) -> int:
    """Rubric points -> points of this paper, rounded down; all of the rubric is all of the part."""
    total = sum(rubric)
    return full_centi * sum(given) // total if total else full_centi


def _is_new(task: Task | None, mark: PartMark) -> bool:
    """The form sends back what was given before: that is no new mark."""
    before = task.given if task else None
    same = before and (before.rubric, before.comment) == (list(mark.rubric), mark.comment)
    return not same


def _mark(
    attempt: Attempt,
    task: Task | None,
    mark: PartMark,
    actor: Actor,
    now: datetime,
    *,
    number: int,
    counts: bool,
) -> Mark:
    if task is None:
        raise DomainError("这道题不需要评分。", code="E-MARK")
    limits = [point.points_centi for point in task.rubric]
    if len(mark.rubric) != len(limits):
        raise DomainError(f"第 {task.item} 题的评分要点不全。", code="E-MARK")
    for points, limit in zip(mark.rubric, limits, strict=True):
        if not 0 <= points <= limit:
            message = f"第 {task.item} 题这一条的得分要在 0 到 {centi_text(limit)} 分之间。"
            raise DomainError(message, code="E-MARK")
    if len(mark.comment) > MAX_COMMENT:
        raise DomainError(f"评语最多 {MAX_COMMENT} 个字。", code="E-MARK")
    return Mark(
        attempt_id=attempt.id,
        item_no=task.item,
        part_no=task.part,
        points_centi=scaled_points(task.full_centi, mark.rubric, limits),
        rubric=list(mark.rubric),
        comment=mark.comment,
        marker_id=actor.person_id,
        marked_at=now,
        round=number,
        counts=counts,
    )


def _may_reopen(turns: Sequence[MarkingTurn], mine: MarkingTurn) -> bool:
    """Of two markers, the first may look again until the second is through."""
    return all(turn.done_at is None for turn in turns if turn is not mine) and len(turns) > 1


def _free_turn(
    session: Session,
    actor: Actor,
    attempt: Attempt,
    number: int,
    turns: Sequence[MarkingTurn],
    now: datetime,
) -> MarkingTurn:
    if number == RECHECK_ROUND and _marked_before(session, actor, attempt):
        raise Conflict("复核要由没有评过这份答卷的人来评。", code="E-FOUR-EYES")
    for turn in turns:
        if turn.done_at is None and (turn.leased_until is None or turn.leased_until <= now):
            return turn
    needed = 2 if number == FIRST_ROUND and rule_of(session, attempt.exam_id).double else 1
    if len(turns) >= needed:
        raise Conflict("这份答卷已有别的阅卷人在评或评完了。", code="E-LEASED")
    return MarkingTurn(attempt_id=attempt.id, round=number, turn=len(turns) + 1)


def _marked_before(session: Session, actor: Actor, attempt: Attempt) -> bool:
    query = select(Mark.id).where(
        Mark.attempt_id == attempt.id,
        Mark.marker_id == actor.person_id,
        Mark.round == FIRST_ROUND,
    )
    return session.scalar(query.limit(1)) is not None


def _counting(mark: Mark) -> Mark:
    """The same marks again, as a row that counts."""
    return Mark(
        attempt_id=mark.attempt_id,
        item_no=mark.item_no,
        part_no=mark.part_no,
        points_centi=mark.points_centi,
        rubric=mark.rubric,
        comment=mark.comment,
        marker_id=mark.marker_id,
        marked_at=mark.marked_at,
        round=mark.round,
        counts=True,
    )


def _mean(pair: tuple[Mark, Mark]) -> Mark:
    one, two = pair
    both = _counting(two)
    both.points_centi = (one.points_centi + two.points_centi + 1) // 2
    both.rubric = [(a + b + 1) // 2 for a, b in zip(one.rubric, two.rubric, strict=True)]
    both.comment = "；".join(dict.fromkeys(text for text in (one.comment, two.comment) if text))
    return both


def _record_marks(
    session: Session,
    actor: Actor,
    attempt: Attempt,
    marks: Sequence[Mark],
    turn: MarkingTurn,
    now: datetime,
) -> None:
    record_act(
        session,
        actor=actor,
        action="attempt.mark",
        now=now,
        object_type="attempt",
        object_id=attempt.public_id,
        summary=f"给答卷 {alias_of(attempt)} 评了 {len(marks)} 道题",
        detail={
            "points": {f"{m.item_no}.{m.part_no}": m.points_centi for m in marks},
            "round": turn.round,
            "turn": turn.turn,
        },
    )
