"""Correcting a typed paper result: one proposes, another holds the sheet against it and accepts.

Nothing is edited: the right answers become answer events after those that were typed, and a new
grade follows, with its record, as after any other correction.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor, Permission
from elearn.core.assembly.paper import Paper, PaperPart
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.core.grading.answers import Answer
from elearn.core.grading.grade import Place
from elearn.core.questions.model import QuestionType
from elearn.exams.attempts.queries import answered_items, current_answers, paper_of
from elearn.exams.attempts.saving import hold_attempt
from elearn.exams.attempts.shapes import shape_of
from elearn.exams.grades.queries import last_grade
from elearn.exams.grades.services import follow_correction, grade_attempt
from elearn.exams.printing.typed import Entry, label_of, places, read_part, without_empty
from elearn.models import (
    AmendmentDecision,
    AnswerEvent,
    Attempt,
    Exam,
    Grade,
    Mark,
    MarkingTurn,
    PaperAmendment,
    PaperResult,
    PrintMode,
    PrintRun,
)

from .queries import amendments_of, changes_of, form_paper, letter_of, open_amendment
from .rereading import moved, read_as

MAX_REASON: Final = 100
MAX_NOTE: Final = 200
# The grade that follows, in the history a candidate reads.
REASON: Final = "纸笔录入更正"
Changes = dict[Place, tuple[Answer | None, Answer | None]]


def propose_amendment(
    session: Session,
    *,
    actor: Actor,
    run: PrintRun,
    result: PaperResult,
    letter: str,
    lines: Entry,
    reason: str,
    now: datetime,
) -> PaperAmendment:
    """What the sheet really says: `letter` its form, `lines` the wrong questions by that form.

    The same proposal again gives the one that waits. Raises DomainError, Conflict or Forbidden
    with what stands against it.
    """
    attempt = result.attempt
    _require_other(actor, run.exam, attempt)
    reason = " ".join(reason.split())
    if not 2 <= len(reason) <= MAX_REASON:
        message = f"请写明哪里录错了，2 到 {MAX_REASON} 个字"
        raise DomainError(message + "。", code="E-REASON", fields={"reason": message})
    hold_attempt(session, attempt)
    if attempt.refiled_at is not None:
        message = "这份答卷已经改归，请到现在的那份答卷上改正。"
        raise Conflict(message, code="E-REFILED")
    changes = find_changes(session, run=run, result=result, letter=letter, lines=lines)
    stored = [[item, part, *changes[item, part]] for item, part in sorted(changes)]
    waiting = open_amendment(session, attempt.id)
    if waiting is not None:
        if (waiting.letter, waiting.changes) == (letter, stored):
            return waiting
        message = "这份答卷已有一项改正在等另一位考务人员确认，先处理那一项。"
        raise Conflict(message, code="E-WAITING")
    amendment = PaperAmendment(
        attempt_id=attempt.id,
        letter=letter,
        changes=stored,
        reason=reason,
        proposed_by_id=actor.person_id,
        proposed_at=now,
    )
    session.add(amendment)
    session.flush()
    _record(session, actor, amendment, attempt, "amendment.propose", "提出改正", now)
    return amendment


def find_changes(
    session: Session, *, run: PrintRun, result: PaperResult, letter: str, lines: Entry
) -> Changes:
    """What would change, by the attempt's own numbers; nothing is written.

    Raises DomainError when there is nothing to change, or when it cannot be changed here.
    """
    if lines.problems:
        raise DomainError("；".join(lines.problems) + "。", code="E-LINES")
    attempt = result.attempt
    own, sheet = paper_of(attempt), form_paper(run, letter)
    known = amendments_of(session, [attempt.id]).get(attempt.id, ())
    before = current_answers(session, attempt.id)
    typed_as = letter_of(result, known)
    if letter == typed_as:
        right = dict(moved(before, own, sheet))
    else:
        right = _read_by(run, typed_as, letter, moved(before, own, form_paper(run, typed_as)))
    right |= lines.answers
    after = without_empty(moved(right, sheet, own))
    changes = {
        place: (before.get(place), after.get(place))
        for place in sorted(before.keys() | after.keys())
        if before.get(place) != after.get(place)
    }
    if not changes and letter == typed_as:
        raise DomainError("和已经录入的一样，没有要改的题。", code="E-SAME")
    _refuse_marked(session, attempt, own, changes)
    return changes


def decide_amendment(
    session: Session,
    *,
    actor: Actor,
    run: PrintRun,
    amendment: PaperAmendment,
    accepted: bool,
    note: str,
    now: datetime,
) -> AmendmentDecision:
    """The second person's verdict. A second click changes nothing.

    Raises Forbidden for the one who proposed and for the candidate, Conflict when it was decided
    otherwise or something changed since.
    """
    attempt = amendment.result.attempt
    _require_other(actor, run.exam, attempt)
    hold_attempt(session, attempt)
    session.refresh(amendment, ["decision"])
    if amendment.decision is not None:
        if amendment.decision.accepted == accepted:
            return amendment.decision
        raise Conflict("这项改正已经有了决定，不能再改。", code="E-DECIDED")
    if actor.person_id == amendment.proposed_by_id:
        message = "改正要由提出人以外的考务人员对照答题卡确认。"
        raise Forbidden(message, code="E-FOUR-EYES")
    note = note.strip()
    if len(note) > MAX_NOTE or not (accepted or note):
        message = f"请写明为什么不改，最多 {MAX_NOTE} 个字"
        raise DomainError(message + "。", code="E-NOTE", fields={"note": message})
    before = last_grade(session, attempt.id)
    if before is None:
        raise Conflict("这份答卷还没有评分，请稍后再试。", code="E-NOGRADE")
    if accepted:
        # Everything of it is later than the grade before, also when the clock was set back:
        # a replay asks which answers that grade knew.
        now = max(now, before.graded_at + timedelta(milliseconds=1))
    decision = AmendmentDecision(
        amendment_id=amendment.id,
        proposed_by_id=amendment.proposed_by_id,
        decided_by_id=actor.person_id,
        accepted=accepted,
        note=note,
        grade_no=before.no + 1 if accepted else None,
        decided_at=now,
    )
    session.add(decision)
    session.flush()
    session.expire(amendment, ["decision"])
    if accepted:
        _carry_out(session, amendment, attempt, before, now)
    verb = "同意改正" if accepted else "不同意改正"
    action = "amendment.accept" if accepted else "amendment.refuse"
    _record(session, actor, amendment, attempt, action, verb, now, note=note)
    return decision


def _read_by(
    run: PrintRun, typed_as: str, letter: str, answers: Mapping[Place, Answer]
) -> dict[Place, Answer]:
    """What was typed by one form, read by another."""
    if run.mode != PrintMode.SHUFFLED:
        message = (
            "这一批各卷的题目不同，录错了卷别的答卷不能在这里改："
            "它的试卷和判分都按录入的卷别。请为这个人安排补考。"
        )
        raise DomainError(message, code="E-FORM", fields={"letter": "各卷题目不同，不能改卷别"})
    entry = read_as(answers, form_paper(run, typed_as), form_paper(run, letter))
    if entry.problems:
        message = f"按 {letter} 卷读不通，请核对卷别：" + "；".join(entry.problems[:5]) + "。"
        raise DomainError(message, code="E-FORM", fields={"letter": "请核对卷别"})
    return entry.answers


def _refuse_marked(session: Session, attempt: Attempt, own: Paper, changes: Changes) -> None:
    """A text somebody reads or has read stays: a mark speaks of exactly that text."""
    labels = {place: (label, part) for place, label, part in places(own)}
    texts = [place for place in changes if labels[place][1].type is QuestionType.SHORT_ANSWER]
    if not texts:
        return
    marked = select(Mark.id).where(Mark.attempt_id == attempt.id).limit(1)
    taken = select(MarkingTurn.id).where(MarkingTurn.attempt_id == attempt.id).limit(1)
    if session.scalar(marked) is not None or session.scalar(taken) is not None:
        where = "、".join(labels[place][0] for place in texts)
        message = (
            f"第 {where} 题是简答题，已经开始阅卷，文字不能在这里改。"
            "请安排复核，由另一位阅卷人对照答题卡原件评分。"
        )
        raise Conflict(message, code="E-MARKED")


def _carry_out(
    session: Session, amendment: PaperAmendment, attempt: Attempt, before: Grade, now: datetime
) -> None:
    """The answers as new events, a new grade, the record after it, and word to the person."""
    _add_events(session, amendment, attempt, now)
    after = grade_attempt(session, attempt=attempt, now=now, reason=f"{REASON}：{amendment.reason}")
    text = "您的纸笔答卷录入有误，已按答题卡原件改正，成绩已重新计算。"
    follow_correction(session, attempt=attempt, before=before, after=after, text=text, now=now)


def _add_events(
    session: Session, amendment: PaperAmendment, attempt: Attempt, now: datetime
) -> None:
    shape, standing = shape_of(attempt), current_answers(session, attempt.id)
    rows: list[dict[str, Any]] = []
    for (item, part), (was, becomes) in changes_of(amendment).items():
        if standing.get((item, part)) != was:
            message = "这份答卷在提出改正以后又有变动，请不同意这一项，重新提出。"
            raise Conflict(message, code="E-STALE")
        slot = shape.slots[item, part]
        answer = _nothing(slot.part) if becomes is None else becomes
        rows.append(
            {
                "attempt_id": attempt.id,
                "seq": attempt.last_seq + len(rows) + 1,
                "event_id": f"fix-{amendment.id}-{item}-{part}",
                "item_no": item,
                "part_no": part,
                "value": {"answer": answer},
                "received_at": now,
            }
        )
    if rows:
        session.execute(insert(AnswerEvent), rows)
    answers = current_answers(session, attempt.id)
    attempt.last_seq += len(rows)
    attempt.answered = answered_items(answers)
    attempt.answered_mask = shape.mask(answers)
    session.flush()


def _nothing(part: PaperPart) -> Answer:
    """Not answered, in the shape this part's answers have."""
    return read_part(part, "-")


def _require_other(actor: Actor, exam: Exam, attempt: Attempt) -> None:
    if not actor.may(Permission.SCHEDULE_EXAM, exam.org_unit.path):
        raise Forbidden("这场考试不在您的考务范围内。")
    if attempt.person_id == actor.person_id:
        raise Forbidden("不能改正自己的答卷，请另外两位考务人员办理。")


def _record(
    session: Session,
    actor: Actor,
    amendment: PaperAmendment,
    attempt: Attempt,
    action: str,
    verb: str,
    now: datetime,
    **detail: Any,
) -> None:
    """Which questions, never the answers: more people read the log than may see them."""
    labels = {
        (item.number, at): label_of(item, at)
        for item in paper_of(attempt).items
        for at in range(len(item.parts))
    }
    record_act(
        session,
        actor=actor,
        action=action,
        now=now,
        object_type="attempt",
        object_id=attempt.public_id,
        summary=f"{verb}{attempt.person.name}（{attempt.person.staff_no}）的纸笔答卷录入",
        detail={
            "amendment": amendment.public_id,
            "letter": amendment.letter,
            "questions": [labels[item, part] for item, part, *_ in amendment.changes],
            "reason": amendment.reason,
            **detail,
        },
    )
