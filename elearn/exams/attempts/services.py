"""Starting, saving, submitting, closing attempts.

An attempt is evidence: the paper is stored as drawn, answers are an append-only log, the end is
one guarded UPDATE. Whoever comes second - a second click, a second phone, the sweeper - finds the
work done and gets the same answer.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.errors import Conflict, DomainError, Gone, NotFound
from elearn.core.grading.answers import Answer, is_empty
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.grades.policy import GRACE
from elearn.exams.grades.services import grade_attempt
from elearn.exams.sittings.queries import is_eligible
from elearn.exams.timing.clock import ends_at, exam_time, remaining_ms
from elearn.exams.timing.queries import allowance_for
from elearn.models import AnswerEvent, Attempt, AttemptState, ClosedBy, Exam, Person

from .events import AnswerEventIn, Delivery, SaveReply, check_events, read_flags, read_page
from .papers import draw_paper
from .queries import (
    Standing,
    answered_items,
    current_answers,
    due_query,
    open_attempt,
    paper_of,
    standing,
)

log = logging.getLogger("elearn")


def start_attempt(
    session: Session, *, exam: Exam, person: Person, now: datetime, seed: str
) -> Attempt:
    """The person's open attempt; made now if there is none.

    Double clicks and a second phone get the same attempt: the unique index decides, not the
    clock. Raises Conflict or Gone when the window, the number of attempts or the bank forbid it,
    NotFound for somebody who is not invited.
    """
    # Shared with everybody starting; a cancellation waits for us, or we see it.
    terms = ["cancelled_at", "opens_at", "closes_at", "duration_s", "attempts_max"]
    terms += ["retimed", "extended_s", "paused_at", "last_deadline_at"]
    # Alone with it for somebody with extra time, whose deadline may be the exam's last.
    session.refresh(exam, terms, with_for_update={"read": not person.accommodated})
    earlier = _attempts(session, exam, person)
    running = next((a for a in earlier if a.state == AttemptState.IN_PROGRESS), None)
    if running is not None and exam_time(running, now) <= running.deadline_at + GRACE:
        return running
    if running is not None:
        submit_attempt(session, attempt=running, now=now, by=ClosedBy.DEADLINE)
    if not is_eligible(session, exam=exam, person=person):
        raise NotFound
    _require_open(exam, earlier, now)
    allowed = allowance_for(session, exam=exam, person=person, now=now)
    deadline = allowed.deadline(now, exam.closes_at)
    blueprint = read_spec(exam.blueprint_revision)
    paper, bank = draw_paper(session, blueprint=blueprint, seed=seed)
    attempt = Attempt(
        exam_id=exam.id,
        person_id=person.id,
        no=len(earlier) + 1,
        state=AttemptState.IN_PROGRESS,
        seed=seed,
        bank_hash=bank,
        paper_hash=paper.hash,
        paper=paper.canonical(),
        started_at=now,
        deadline_at=deadline,
        extra_s=allowed.extra_s,
    )
    if allowed.extra_s and deadline > ends_at(exam):
        exam.last_deadline_at = deadline
    try:
        with session.begin_nested():
            session.add(attempt)
    except IntegrityError:
        faster = open_attempt(session, exam_id=exam.id, person_id=person.id)
        if faster is None:
            raise Conflict("另一台设备刚刚用掉了这次机会，请刷新页面。", code="E-RACE") from None
        return faster
    return attempt


def save_answers(
    session: Session,
    *,
    attempt: Attempt,
    events: Sequence[Mapping[str, Any]],
    now: datetime,
    flags: Sequence[Any] | None = None,
) -> SaveReply:
    """Append what a client delivered: `{event_id, item, part, value}` each, all or nothing.

    A delivery repeated is answered again, also after the end; an event id reused for something
    else is a Conflict. Raises Gone for anything new after deadline + grace or submission, and
    AnswersRefused (naming the events) for shapes no page of ours sends.
    """
    _hold(session, attempt)
    paper = paper_of(attempt)
    delivery = check_events(paper, events)
    fresh = _not_yet_stored(session, attempt, delivery)
    flagged = read_flags(paper, flags)
    if fresh or (flagged is not None and flagged != attempt.flags):
        _require_running(attempt, now)
        _append(session, attempt, fresh, flagged, now)
    return _reply(attempt, delivery.ids, now)


def save_page(
    session: Session, *, attempt: Attempt, posted: Mapping[str, Sequence[str]], now: datetime
) -> SaveReply:
    """Save the whole page of a browser without scripts.

    Three-way: only what this page changed since it was rendered (field `base`, the last event it
    showed) counts, so a page left open elsewhere cannot bring back older answers.
    """
    _hold(session, attempt)
    page = read_page(paper_of(attempt), posted)
    shown = current_answers(session, attempt.id, up_to=page.base)
    now_stored = current_answers(session, attempt.id)
    changed = [
        AnswerEventIn(f"page-{attempt.last_seq + 1}-{item}-{part}", item, part, answer)
        for (item, part), answer in page.answers.items()
        if _differ(answer, shown.get((item, part)))
        and _differ(answer, now_stored.get((item, part)))
    ]
    if changed or page.flags != attempt.flags:
        _require_running(attempt, now)
        _append(session, attempt, changed, page.flags, now)
    return _reply(attempt, [event.event_id for event in changed], now)


def submit_attempt(
    session: Session, *, attempt: Attempt, now: datetime, by: ClosedBy = ClosedBy.CANDIDATE
) -> Attempt:
    """End the attempt and grade it, exactly once; a second call returns what the first one did.

    After the deadline it ended at the deadline, whoever asks.
    """
    late = exam_time(attempt, now) > attempt.deadline_at
    closed = session.execute(
        update(Attempt)
        .where(Attempt.id == attempt.id, Attempt.state == AttemptState.IN_PROGRESS)
        .values(
            state=AttemptState.SUBMITTED,
            submitted_at=attempt.deadline_at if late else now,
            closed_by=ClosedBy.DEADLINE if late else by,
        )
        .execution_options(synchronize_session=False)
    )
    first = closed.rowcount == 1  # type: ignore[attr-defined]  # a CursorResult: UPDATE counts
    session.refresh(attempt, ["state", "submitted_at", "closed_by", "last_seq", "answered"])
    if first:
        grade_attempt(session, attempt=attempt, now=now)
    return attempt


def close_due_attempts(
    session: Session,
    *,
    now: datetime,
    limit: int = 50,
    exam_id: int | None = None,
    person_id: int | None = None,
) -> int:
    """Close what is past its deadline and grace, though no phone ever came back.

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
                submit_attempt(session, attempt=attempt, now=now, by=ClosedBy.DEADLINE)
                _record_closing(session, attempt, now)
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


def _hold(session: Session, attempt: Attempt) -> None:
    """Lock the row (PostgreSQL; a SQLite writer is alone anyway): sequence numbers are ours."""
    fields = ["state", "last_seq", "answered", "last_saved_at", "flags", "deadline_at"]
    fields += ["paused_at", "news"]
    session.refresh(attempt, fields, with_for_update=True)


def _require_running(attempt: Attempt, now: datetime) -> None:
    if attempt.state != AttemptState.IN_PROGRESS:
        raise Gone("已经交卷，答案不能再改。", code="E-SUBMITTED")
    if exam_time(attempt, now) > attempt.deadline_at + GRACE:
        raise Gone("考试时间已到，系统已收卷。", code="E-DEADLINE")


def _not_yet_stored(session: Session, attempt: Attempt, delivery: Delivery) -> list[AnswerEventIn]:
    rows = session.execute(
        select(
            AnswerEvent.event_id, AnswerEvent.item_no, AnswerEvent.part_no, AnswerEvent.value
        ).where(AnswerEvent.attempt_id == attempt.id, AnswerEvent.event_id.in_(delivery.ids))
    )
    stored = (
        {
            event_id: AnswerEventIn(event_id, item, part, value["answer"])
            for event_id, item, part, value in rows
        }
        if delivery.ids
        else {}
    )
    for event in delivery.events:
        if event.event_id in stored and stored[event.event_id] != event:
            raise Conflict("同一个保存编号用在了不同的答案上。", code="E-EVENT")
    return [event for event in delivery.events if event.event_id not in stored]


def _append(
    session: Session,
    attempt: Attempt,
    events: Sequence[AnswerEventIn],
    flags: list[int] | None,
    now: datetime,
) -> None:
    if events:
        session.execute(
            insert(AnswerEvent),
            [
                {
                    "attempt_id": attempt.id,
                    "seq": attempt.last_seq + number,
                    "event_id": event.event_id,
                    "item_no": event.item,
                    "part_no": event.part,
                    "value": {"answer": event.answer},
                    "received_at": now,
                }
                for number, event in enumerate(events, 1)
            ],
        )
        attempt.last_seq += len(events)
        attempt.answered = answered_items(current_answers(session, attempt.id))
    if flags is not None:
        attempt.flags = flags
    attempt.last_saved_at = now
    session.flush()


def _reply(attempt: Attempt, acked: Sequence[str], now: datetime) -> SaveReply:
    return SaveReply(
        acked=tuple(acked),
        seq=attempt.last_seq,
        saved=attempt.answered,
        server_time=now,
        remaining_ms=remaining_ms(attempt, now),
    )


def _differ(answer: Answer, stored: Answer | None) -> bool:
    """No answer at all and an answer taken back are the same."""
    return answer != stored and not (stored is None and is_empty(answer))


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
