"""Starting, submitting, closing, settling attempts (saving: `saving.py`).

An attempt is evidence: the paper is stored as drawn, answers are an append-only log, the end is
one guarded UPDATE. Whoever comes second - a second click, a second phone, the sweeper - finds the
work done and gets the same answer.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from elearn.audit import record_act
from elearn.config import DISPLAY_ZONE
from elearn.core.errors import Conflict, DomainError, Gone, NotFound
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.grades.policy import GRACE, LATE_SYNC
from elearn.exams.grades.queries import last_grade
from elearn.exams.grades.services import grade_attempt, record_grade
from elearn.exams.papers.drawing import Source, paper_for, paper_source
from elearn.exams.sittings.queries import hold_exam, is_eligible
from elearn.exams.timing.clock import ends_at, exam_time
from elearn.exams.timing.queries import allowance_for, open_book_for
from elearn.inserting import insert_new
from elearn.models import Attempt, AttemptState, ClosedBy, Exam, Person

from .entry import require_entry
from .queries import Standing, due_query, has_late_answers, next_try_at, open_attempt, standing
from .saving import save_answers, save_page
from .shapes import read_shape

__all__ = [
    "close_due_attempts",
    "save_answers",
    "save_page",
    "settle_attempt",
    "start_attempt",
    "submit_attempt",
]
log = logging.getLogger("elearn")
#: What decides whether an end is late; an examiner may change it until then.
TERMS: Final = ("deadline_at", "paused_at")
#: What the end of an attempt sets, and what others may have changed until then.
ENDING: Final = ("state", "submitted_at", "closed_by", "late_until", "last_seq", "answered")

# The guarded end of an attempt: whoever gets a row has closed it.
_END: Final = (
    update(Attempt)
    .where(
        Attempt.id == bindparam("of_attempt"),
        Attempt.state == AttemptState.IN_PROGRESS,
        Attempt.deadline_at == bindparam("known_deadline"),
        Attempt.paused_at.is_not_distinct_from(bindparam("known_pause")),
    )
    .values(
        state=AttemptState.SUBMITTED,
        submitted_at=bindparam("ended_at"),
        closed_by=bindparam("ended_by"),
        late_until=bindparam("open_until"),
    )
    .returning(*(getattr(Attempt, name) for name in ENDING))
    .execution_options(synchronize_session=False)
)


def start_attempt(
    session: Session,
    *,
    exam: Exam,
    person: Person,
    now: datetime,
    seed: str,
    source: Source | None = None,
) -> Attempt:
    """The person's open attempt; made now if there is none.

    Double clicks and a second phone get the same attempt: the unique index decides, not the
    clock. `seed` is used only by an exam that never committed a master seed. `source`: found with
    the exam by `find_start`. Raises Conflict or Gone when the window, the number of
    attempts or the bank forbid it, NotFound for somebody who is not invited.
    """
    found = source is not None
    if not found:
        hold_exam(session, exam=exam, person=person)
    if source is None or not source.whole:
        # One statement sees what was there when it began, even if it then waited for the exam.
        source = paper_source(session, exam=exam, person=person)
    earlier = _attempts(session, exam, person) if source.tries else []
    running = next((a for a in earlier if a.state == AttemptState.IN_PROGRESS), None)
    if running is not None and exam_time(running, now) <= running.deadline_at + GRACE:
        return running
    if running is not None:
        submit_attempt(session, attempt=running, now=now, by=ClosedBy.DEADLINE)
    # Whoever found the exam and has nothing there is invited.
    invited = found and not earlier
    if not invited and not is_eligible(session, exam=exam, person=person):
        raise NotFound
    earlier = [attempt for attempt in earlier if attempt.refiled_at is None]
    _require_open(exam, earlier, now)
    _require_cooled(exam, earlier, now)
    require_entry(session, exam=exam, person=person, now=now)
    # After every check: whoever may not start now opens no paper.
    return _begin(session, exam, person, source, seed=seed, now=now)


def _begin(
    session: Session, exam: Exam, person: Person, source: Source, *, seed: str, now: datetime
) -> Attempt:
    """The new attempt, or the one a second click was faster with."""
    allowed = allowance_for(session, exam=exam, person=person, now=now)
    deadline = allowed.deadline(now, exam.closes_at)
    book = read_spec(exam.blueprint_revision).book
    drawn = paper_for(session, exam=exam, person=person, source=source, seed=seed, now=now)
    if allowed.extra_s and deadline > ends_at(exam):
        exam.last_deadline_at = deadline
    attempt = insert_new(
        session,
        Attempt,
        {
            "exam_id": exam.id,
            "person_id": person.id,
            "no": source.no,
            "state": AttemptState.IN_PROGRESS,
            "seed": drawn.seed,
            "bank_hash": drawn.bank_hash,
            "paper_hash": drawn.paper_hash,
            "paper": drawn.paper,
            "draw": drawn.draw,
            "started_at": now,
            "deadline_at": deadline,
            "extra_s": allowed.extra_s,
            "open_book": open_book_for(session, book=book, person=person, now=now),
            "answered_mask": read_shape(drawn.paper).mask({}),
        },
    )
    if attempt is None:
        faster = open_attempt(session, exam_id=exam.id, person_id=person.id)
        if faster is None:
            raise Conflict("另一台设备刚刚用掉了这次机会，请刷新页面。", code="E-RACE")
        return faster
    return attempt


def submit_attempt(
    session: Session,
    *,
    attempt: Attempt,
    now: datetime,
    by: ClosedBy = ClosedBy.CANDIDATE,
    reason: str = "",
) -> Attempt:
    """End the attempt and grade it, exactly once; a second call returns what the first one did.

    After the deadline it ended at the deadline, whoever asks, and answers made before it may still
    come until `late_until`: only then is it settled. `reason`: of the grade, when there is one.
    """
    ended = _end(session, attempt, now, by)
    if ended is None:
        session.refresh(attempt, (*ENDING, *TERMS), with_for_update=True)
        if attempt.state == AttemptState.IN_PROGRESS:  # extended, paused or resumed just now
            ended = _end(session, attempt, now, by)
    if ended is None:
        return attempt
    for name, value in zip(ENDING, ended, strict=True):
        set_committed_value(attempt, name, value)
    grade_attempt(session, attempt=attempt, now=now, reason=reason, first=True)
    return attempt


def _end(session: Session, attempt: Attempt, now: datetime, by: ClosedBy) -> Row[Any] | None:
    """The guarded update: None when it has ended, or its time is not what we believe."""
    late = exam_time(attempt, now) > attempt.deadline_at
    window = attempt.deadline_at + LATE_SYNC
    return session.execute(
        _END,
        {
            "of_attempt": attempt.id,
            "known_deadline": attempt.deadline_at,
            "known_pause": attempt.paused_at,
            # The clock may have been set back: nobody hands in before the start.
            "ended_at": attempt.deadline_at if late else max(now, attempt.started_at),
            "ended_by": ClosedBy.DEADLINE if late else by,
            "open_until": window if late and now <= window else None,
        },
    ).one_or_none()


def settle_attempt(session: Session, *, attempt: Attempt, now: datetime) -> bool:
    """The late window is over: count what came in it, write the record. False if it was done."""
    settled = session.execute(
        update(Attempt)
        .where(Attempt.id == attempt.id, Attempt.late_until < now)
        .values(late_until=None)
        .execution_options(synchronize_session=False)
    )
    if settled.rowcount != 1:  # type: ignore[attr-defined]  # a CursorResult
        return False
    session.refresh(attempt, ["late_until", "last_seq", "answered"])
    grade = last_grade(session, attempt.id)
    if grade is None or has_late_answers(session, attempt):
        grade_attempt(session, attempt=attempt, now=now, reason="迟到补传")
    else:
        record_grade(session, attempt=attempt, grade=grade, now=now)
    return True


def close_due_attempts(
    session: Session,
    *,
    now: datetime,
    limit: int = 50,
    exam_id: int | None = None,
    person_id: int | None = None,
) -> int:
    """Close what is past its deadline and grace, though no phone ever came back; settle what is
    past its late window. Returns how many attempts were looked after.

    Several processes may do it at once: each takes attempts nobody else holds. One attempt that
    cannot be graded is logged and does not keep the others open.
    """
    query = due_query(now).order_by(Attempt.deadline_at).limit(limit)
    if exam_id is not None:
        query = query.where(Attempt.exam_id == exam_id)
    if person_id is not None:
        query = query.where(Attempt.person_id == person_id)
    closed = 0
    for attempt_id in session.scalars(query.with_for_update(skip_locked=True)).all():
        try:
            with session.begin_nested():
                attempt = session.get_one(Attempt, attempt_id)
                if attempt.state == AttemptState.IN_PROGRESS:
                    submit_attempt(session, attempt=attempt, now=now, by=ClosedBy.DEADLINE)
                    _record_closing(session, attempt, now)
                else:
                    settle_attempt(session, attempt=attempt, now=now)
        except (DomainError, KeyError, ValueError):
            log.exception("attempt %s could not be closed", attempt_id)
        else:
            closed += 1
    return closed


def _attempts(session: Session, exam: Exam, person: Person) -> list[Attempt]:
    query = select(Attempt).where(Attempt.exam_id == exam.id, Attempt.person_id == person.id)
    return list(session.scalars(query.order_by(Attempt.no)))


def _require_open(exam: Exam, earlier: Sequence[Attempt], now: datetime) -> None:
    now_is = standing(exam, earlier, now)
    if now_is is Standing.CANCELLED:
        raise Gone("这场考试已取消。", code="E-CANCELLED")
    if now_is is Standing.NOT_OPEN:
        raise Conflict("考试还没有开始，请到时间再进入。", code="E-NOTOPEN")
    if now_is is Standing.CLOSED:
        raise Gone("考试已结束。", code="E-CLOSED")
    if now_is is Standing.USED_UP:
        raise Conflict("考试次数已用完。", code="E-USED")


def _require_cooled(exam: Exam, earlier: Sequence[Attempt], now: datetime) -> None:
    """重考间隔: so many days after handing in."""
    at = next_try_at(exam, earlier)
    if at is not None and now < at:
        when = at.astimezone(DISPLAY_ZONE).strftime("%Y-%m-%d %H:%M")
        raise Conflict(
            f"两次考试要间隔 {exam.cooldown_days} 天，{when} 后可以再考。", code="E-COOLDOWN"
        )


def _record_closing(session: Session, attempt: Attempt, now: datetime) -> None:
    record_act(
        session,
        actor=None,
        action="attempt.close",
        now=now,
        object_type="attempt",
        object_id=attempt.public_id,
        summary="到时间自动收卷",
        detail={"answered": attempt.answered, "deadline_at": attempt.deadline_at.isoformat()},
    )
