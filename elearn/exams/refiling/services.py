"""Moving a paper result to the person whose sheet it is, or to the time it was sat.

Composed of acts there are (docs/decisions/0020): the wrong attempt is annulled and its record
withdrawn, the right one is entered from the same answers, all in the transaction of the second
person's consent. Nothing is edited; the wrong attempt is no try of anybody.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.config import DISPLAY_ZONE
from elearn.core.access import Actor, Permission
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.exams.amendments.queries import amendments_of, form_paper, letter_of, open_amendment
from elearn.exams.amendments.rereading import moved
from elearn.exams.attempts.queries import current_answers, paper_of
from elearn.exams.attempts.saving import hold_attempt
from elearn.exams.grades.queries import last_grade
from elearn.exams.grades.services import move_hours
from elearn.exams.notices.services import tell_person
from elearn.exams.printing.entering import record_result, require_free, require_time
from elearn.exams.sittings.queries import is_eligible
from elearn.exams.voiding.queries import waiting_void
from elearn.exams.voiding.services import annul_agreed
from elearn.models import (
    Attempt,
    Exam,
    PaperRefiling,
    PaperResult,
    Person,
    PrintRun,
    RefilingDecision,
)
from elearn.records.services import withdraw_record

from .queries import open_refiling

MAX_REASON: Final = 100
MAX_NOTE: Final = 200


def propose_refiling(
    session: Session,
    *,
    actor: Actor,
    run: PrintRun,
    result: PaperResult,
    person: Person,
    held_at: datetime,
    reason: str,
    now: datetime,
) -> PaperRefiling:
    """The sheet is `person`'s and was sat at `held_at`; nothing changes until another agrees.

    The same proposal again gives the one that waits. Raises DomainError, Conflict or Forbidden
    with what stands against it.
    """
    attempt = result.attempt
    _require_other(actor, run.exam, attempt, person)
    reason = " ".join(reason.split())
    if not 2 <= len(reason) <= MAX_REASON:
        message = f"请写明怎么录错的，2 到 {MAX_REASON} 个字"
        raise DomainError(message + "。", code="E-REASON", fields={"reason": message})
    hold_attempt(session, attempt)
    waiting = open_refiling(session, attempt.id)
    if waiting is not None:
        if (waiting.person_id, waiting.held_at) == (person.id, held_at):
            return waiting
        message = "这份答卷已有一项改归在等另一位考务人员确认，先处理那一项。"
        raise Conflict(message, code="E-WAITING")
    _require_movable(session, attempt)
    _require_target(session, run, attempt, person, held_at, now)
    row = PaperRefiling(
        attempt_id=attempt.id,
        person_id=person.id,
        held_at=held_at,
        reason=reason,
        proposed_by_id=actor.person_id,
        proposed_at=now,
    )
    session.add(row)
    session.flush()
    _record(session, actor, row, attempt, "refiling.propose", "提出改归", now)
    return row


def decide_refiling(
    session: Session,
    *,
    actor: Actor,
    run: PrintRun,
    refiling: PaperRefiling,
    accepted: bool,
    note: str,
    now: datetime,
) -> RefilingDecision:
    """The second person's verdict. A second click changes nothing.

    Raises Forbidden for the one who proposed and for both candidates, Conflict when it was decided
    otherwise or something changed since.
    """
    attempt = refiling.result.attempt
    _require_other(actor, run.exam, attempt, refiling.person)
    # The exam first, as everybody who enters results holds it: two of us never wait for each other.
    session.refresh(run.exam, ["cancelled_at"], with_for_update={"read": True})
    hold_attempt(session, attempt)
    session.refresh(refiling, ["decision"])
    if refiling.decision is not None:
        if refiling.decision.accepted == accepted:
            return refiling.decision
        raise Conflict("这项改归已经有了决定，不能再改。", code="E-DECIDED")
    if actor.person_id == refiling.proposed_by_id:
        message = "改归要由提出人以外的考务人员对照答题卡确认。"
        raise Forbidden(message, code="E-FOUR-EYES")
    note = note.strip()
    if len(note) > MAX_NOTE or not (accepted or note):
        message = f"请写明为什么不改，最多 {MAX_NOTE} 个字"
        raise DomainError(message + "。", code="E-NOTE", fields={"note": message})
    new = _carry_out(session, actor, run, refiling, note, now) if accepted else None
    decision = RefilingDecision(
        refiling_id=refiling.id,
        proposed_by_id=refiling.proposed_by_id,
        decided_by_id=actor.person_id,
        accepted=accepted,
        note=note,
        new_attempt_id=new.id if new else None,
        decided_at=now,
    )
    session.add(decision)
    session.flush()
    session.expire(refiling, ["decision"])
    action, verb = (
        ("refiling.accept", "同意改归") if accepted else ("refiling.refuse", "不同意改归")
    )
    more = {"note": note, "new_attempt": new.public_id if new else None}
    _record(session, actor, refiling, attempt, action, verb, now, **more)
    return decision


def _carry_out(
    session: Session,
    actor: Actor,
    run: PrintRun,
    refiling: PaperRefiling,
    note: str,
    now: datetime,
) -> Attempt:
    """The wrong attempt counts for nothing and nobody; the right one holds the same answers."""
    old, person = refiling.result.attempt, refiling.person
    _require_movable(session, old)
    before = last_grade(session, old.id)
    if before is None:
        raise Conflict("这份答卷还没有评分，请稍后再试。", code="E-NOGRADE")
    # Later than every grade before, also when the clock was set back: the replay asks for that.
    now = max(now, before.graded_at + timedelta(milliseconds=1))
    require_free(session, run.exam, person, besides=old)
    letter = letter_of(refiling.result, amendments_of(session, [old.id]).get(old.id, ()))
    answers = moved(current_answers(session, old.id), paper_of(old), form_paper(run, letter))
    old.refiled_at = now
    annul_agreed(
        session,
        attempt=old,
        reason=f"纸笔答卷改归：{refiling.reason}",
        asked_by_id=refiling.proposed_by_id,
        asked_at=refiling.proposed_at,
        decided_by_id=actor.person_id,
        note=note,
        now=now,
    )
    withdraw_record(session, attempt_public_id=old.public_id, reason="纸笔答卷改归", now=now)
    if before.passed:
        move_hours(session, attempt=old, now=now, reason="另一份答卷改归，学时改计入这一次")
    new, is_new = record_result(
        session,
        actor=actor,
        run=run,
        person=person,
        letter=letter,
        answers=answers,
        held_at=refiling.held_at,
        source=refiling.result.source,
        now=now,
        invited=True,  # asked when it was proposed: who was transferred since has sat it all the same
    )
    if not is_new:
        message = "这个时间的同样一份答卷已经录入过，不能再改归成它。多录的一份，请提出作废。"
        raise Conflict(message, code="E-ENTERED")
    _tell(session, refiling, new, now)
    return new


def _tell(session: Session, refiling: PaperRefiling, new: Attempt, now: datetime) -> None:
    """Both people; where only the time was wrong, the one."""
    old = refiling.result.attempt
    if old.person_id == new.person_id:
        text = "您的纸笔答卷开考时间录错，已按考场记录改正，答案没有变。"
    else:
        text = "一份您的纸笔答卷曾误录在别人名下，已改到您的名下并评分。"
        gone = (
            "一份别人的纸笔答卷曾误录在您的名下，已经撤销，它的成绩和学时不再算在您的名下，"
            "也不占用您的考试次数。您本人参加了考试的，请向考务人员核对您的答卷。"
        )
        tell_person(session, person_id=old.person_id, exam_id=old.exam_id, text=gone, now=now)
    tell_person(
        session, person_id=new.person_id, exam_id=new.exam_id, attempt=new, text=text, now=now
    )


def _require_other(actor: Actor, exam: Exam, attempt: Attempt, person: Person) -> None:
    if not actor.may(Permission.SCHEDULE_EXAM, exam.org_unit.path):
        raise Forbidden("这场考试不在您的考务范围内。")
    if actor.person_id in {attempt.person_id, person.id}:
        raise Forbidden("不能处理和自己有关的答卷，请另外两位考务人员办理。")


def _require_movable(session: Session, attempt: Attempt) -> None:
    if attempt.refiled_at is not None:
        raise Conflict("这份答卷已经改归，请到现在的那份答卷上处理。", code="E-REFILED")
    if attempt.voided_at is not None:
        raise Conflict("这份答卷已经作废，不能改归。", code="E-VOIDED")
    if waiting_void(session, attempt) is not None:
        raise Conflict("有人提出作废这份答卷，请先处理那一项。", code="E-WAITING")
    if open_amendment(session, attempt.id) is not None:
        raise Conflict("这份答卷有一项录入改正等确认，请先处理那一项。", code="E-WAITING")


def _require_target(
    session: Session,
    run: PrintRun,
    attempt: Attempt,
    person: Person,
    held_at: datetime,
    now: datetime,
) -> None:
    if (person.id, held_at) == (attempt.person_id, attempt.started_at):
        raise DomainError("和已经录入的一样，人和开考时间都没有变。", code="E-SAME")
    require_time(run.exam, held_at, now)
    if person.id == attempt.person_id:
        return
    if not is_eligible(session, exam=run.exam, person=person):
        message = f"{person.name}（{person.staff_no}）不在这场考试的应考范围内，请核对工号。"
        raise DomainError(message, code="E-AUDIENCE", fields={"staff_no": message})
    require_free(session, run.exam, person, besides=attempt)


def _record(
    session: Session,
    actor: Actor,
    row: PaperRefiling,
    attempt: Attempt,
    action: str,
    verb: str,
    now: datetime,
    **detail: Any,
) -> None:
    old, new = attempt.person, session.get_one(Person, row.person_id)
    when = row.held_at.astimezone(DISPLAY_ZONE).strftime("%Y-%m-%d %H:%M")
    record_act(
        session,
        actor=actor,
        action=action,
        now=now,
        object_type="attempt",
        object_id=attempt.public_id,
        summary=(
            f"{verb}：{old.name}（{old.staff_no}）名下的纸笔答卷归"
            f"{new.name}（{new.staff_no}），开考 {when}"
        ),
        detail={
            "refiling": row.public_id,
            "from": old.public_id,
            "to": new.public_id,
            "held_at_before": attempt.started_at.isoformat(),
            "held_at": row.held_at.isoformat(),
            "reason": row.reason,
            **detail,
        },
    )
