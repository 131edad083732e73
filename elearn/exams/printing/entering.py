"""An answer sheet becomes an attempt, graded like any other; the same sheet is one result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor
from elearn.core.assembly.paper import paper_from_canonical
from elearn.core.canonical import content_hash
from elearn.core.errors import Conflict, DomainError, Forbidden, Gone
from elearn.core.grading.answers import Answer
from elearn.core.grading.grade import Place
from elearn.exams.amendments.queries import amendments_of, letter_of
from elearn.exams.amendments.rereading import moved
from elearn.exams.attempts.queries import answered_items, current_answers, paper_of, used_up
from elearn.exams.grades.services import grade_attempt
from elearn.exams.sittings.queries import is_eligible
from elearn.models import (
    AnswerEvent,
    Attempt,
    AttemptState,
    ClosedBy,
    Exam,
    PaperResult,
    Person,
    PrintPaper,
    PrintRun,
    ResultSource,
)

from .deriving import form_seed
from .queries import results_of_person
from .services import require_scope
from .typed import places, without_empty


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What lies on the desk: whose it is, which form, what is written on it, when it was sat."""

    run: PrintRun
    form: PrintPaper
    person: Person
    given: dict[Place, Answer]
    held_at: datetime

    @property
    def digest(self) -> str:
        """The same sheet typed twice has the same."""
        given = self.given
        return content_hash(
            {
                "paper": self.form.paper_hash,
                "held_at": self.held_at.isoformat(),
                "answers": [[item, part, given[item, part]] for item, part in sorted(given)],
            }
        )


def record_result(
    session: Session,
    *,
    actor: Actor,
    run: PrintRun,
    person: Person,
    letter: str,
    answers: Mapping[Place, Answer],
    held_at: datetime,
    source: ResultSource,
    now: datetime,
    invited: bool = False,
) -> tuple[Attempt, bool]:
    """An attempt from a sheet of paper, graded like any other; and whether it is new.

    The same sheet entered again gives the attempt that exists. `invited`: that the person may sit
    the exam was found out before. Raises DomainError, Conflict or
    Gone with what stands against it; nothing is written then.
    """
    require_scope(actor, run.exam)
    if person.id == actor.person_id:
        raise Forbidden("不能录入自己的答卷，请另一位考务人员录入。")
    sheet = _Sheet(run, _form(run, letter), person, without_empty(answers), held_at)
    session.refresh(run.exam, ["cancelled_at"], with_for_update={"read": True})
    ever = results_of_person(session, exam=run.exam, person=person)
    known = [result for result in ever if result.attempt.refiled_at is None]
    if same := next((r for r in known if r.digest == sheet.digest), None):
        return same.attempt, False
    if any(result.digest == sheet.digest for result in ever):
        message = "这份答卷曾这样录入，后来经两人确认改归，不能再这样录。请核对工号和开考时间。"
        raise Conflict(message, code="E-REFILED")
    _require_sitting(session, sheet, now, invited=invited)
    if (same := _entered_before(session, known, sheet)) is not None:
        return same.attempt, False
    attempt = _add_attempt(session, sheet, now)
    _add_answers(session, attempt, sheet.given, now)
    session.add(
        PaperResult(
            attempt_id=attempt.id,
            print_paper_id=sheet.form.id,
            source=source,
            digest=sheet.digest,
            entered_by_id=actor.person_id,
            entered_at=now,
        )
    )
    session.flush()
    grade_attempt(session, attempt=attempt, now=now, reason="纸笔答卷录入")
    _record(session, actor, sheet, attempt, source, now)
    return attempt, True


def require_time(exam: Exam, held_at: datetime, now: datetime) -> None:
    """Can a sitting on paper have begun then? Raises DomainError or Gone."""
    if exam.cancelled_at is not None:
        raise Gone("这场考试已取消。", code="E-CANCELLED")
    if not exam.opens_at <= held_at < exam.closes_at:
        raise DomainError("开考时间要在这场考试的开始和结束之间。", code="E-TIME")
    if held_at >= now:
        raise DomainError("开考时间还没有到。", code="E-TIME")


def require_free(session: Session, exam: Exam, person: Person, *, besides: Attempt) -> None:
    """Can the person get a result entered, were it not for the attempt `besides`? Raises Conflict."""
    others = [
        each
        for each in _attempts(session, exam, person)
        if each.id != besides.id and each.refiled_at is None
    ]
    _refuse_tries(exam, others)
    results = results_of_person(session, exam=exam, person=person)
    if person.id != besides.person_id and any(r.attempt.refiled_at is None for r in results):
        message = (
            f"{person.name}（{person.staff_no}）名下已有纸笔答卷，不能再归一份。两个人的录反了的，"
            "把两份的卷别和答案分别改正；那一份不该有的，先改归或作废。"
        )
        raise Conflict(message, code="E-ENTERED")


def _form(run: PrintRun, letter: str) -> PrintPaper:
    form = next((paper for paper in run.papers if paper.letter == letter), None)
    if form is None:
        letters = "、".join(paper.letter for paper in run.papers)
        raise DomainError(
            f"没有“{letter}”卷，这批试卷是 {letters} 卷。", fields={"letter": letters}
        )
    if run.approval is None:
        raise Conflict("这批试卷还没有同意印制，不会有答卷。", code="E-APPROVAL")
    return form


def _require_sitting(session: Session, sheet: _Sheet, now: datetime, *, invited: bool) -> None:
    exam = sheet.run.exam
    require_time(exam, sheet.held_at, now)
    if not invited and not is_eligible(session, exam=exam, person=sheet.person):
        raise DomainError("这个人不在这场考试的应考范围内。", code="E-AUDIENCE")


def _entered_before(
    session: Session, known: Sequence[PaperResult], sheet: _Sheet
) -> PaperResult | None:
    """The result of the same form that says the same, perhaps since it was corrected.

    Raises Conflict when it says something else: a typing error of one of the two, not a second
    sitting.
    """
    corrected = amendments_of(session, [result.attempt_id for result in known])
    for result in known:
        same_run = result.print_paper.run_id == sheet.run.id
        letter = letter_of(result, corrected.get(result.attempt_id, ()))
        if not same_run or letter != sheet.form.letter:
            continue
        labels = _differences(session, result.attempt, sheet)
        if not labels and result.attempt.started_at == sheet.held_at:
            return result
        where = f"第 {'、'.join(labels[:10])} 题不同" if labels else "开考时间不同"
        message = (
            f"这个人的 {letter} 卷已经录入过，和这次比{where}。没有改动；请核对答题卡原件。"
            "以前录错了的，在“已录入的答卷”里点“改正”。"
        )
        raise Conflict(message, code="E-ENTERED")
    return None


def _differences(session: Session, attempt: Attempt, sheet: _Sheet) -> list[str]:
    """Labels of the questions where the sheet differs from what is stored."""
    paper = paper_from_canonical(sheet.form.paper)
    stored = moved(current_answers(session, attempt.id), paper_of(attempt), paper)
    return [
        label for place, label, _ in places(paper) if stored.get(place) != sheet.given.get(place)
    ]


def _add_attempt(session: Session, sheet: _Sheet, now: datetime) -> Attempt:
    exam, person, form = sheet.run.exam, sheet.person, sheet.form
    earlier = _attempts(session, exam, person)
    _refuse_tries(exam, [attempt for attempt in earlier if attempt.refiled_at is None])
    deadline = min(sheet.held_at + timedelta(seconds=exam.duration_s), exam.closes_at)
    attempt = Attempt(
        exam_id=exam.id,
        person_id=person.id,
        no=len(earlier) + 1,
        state=AttemptState.SUBMITTED,
        seed=form_seed(sheet.run.seed, form.letter),
        bank_hash=sheet.run.bank_hash,
        paper_hash=form.paper_hash,
        paper=form.paper,
        started_at=sheet.held_at,
        deadline_at=deadline,
        submitted_at=min(deadline, now),
        closed_by=ClosedBy.EXAMINER,
    )
    try:
        with session.begin_nested():
            session.add(attempt)
    except IntegrityError:
        raise Conflict("这个人的答卷刚刚被别人录入，请刷新页面。", code="E-RACE") from None
    return attempt


def _refuse_tries(exam: Exam, earlier: Sequence[Attempt]) -> None:
    if any(attempt.state == AttemptState.IN_PROGRESS for attempt in earlier):
        raise Conflict("这个人正在网上答这场考试，交卷后才能录入。", code="E-RUNNING")
    if used_up(exam, earlier):
        raise Conflict("这个人的考试次数已经用完，不能再录入。", code="E-USED")


def _attempts(session: Session, exam: Exam, person: Person) -> Sequence[Attempt]:
    query = select(Attempt).where(Attempt.exam_id == exam.id, Attempt.person_id == person.id)
    return session.scalars(query).all()


def _add_answers(
    session: Session, attempt: Attempt, given: Mapping[Place, Answer], now: datetime
) -> None:
    rows = [
        {
            "attempt_id": attempt.id,
            "seq": seq,
            "event_id": f"paper-{item}-{part}",
            "item_no": item,
            "part_no": part,
            "value": {"answer": given[item, part]},
            "received_at": now,
        }
        for seq, (item, part) in enumerate(sorted(given), 1)
    ]
    if rows:
        session.execute(insert(AnswerEvent), rows)
    attempt.last_seq = len(rows)
    attempt.answered = answered_items(dict(given))
    attempt.last_saved_at = now
    session.flush()


def _record(
    session: Session,
    actor: Actor,
    sheet: _Sheet,
    attempt: Attempt,
    source: ResultSource,
    now: datetime,
) -> None:
    letter, person = sheet.form.letter, sheet.person
    record_act(
        session,
        actor=actor,
        action="attempt.paper",
        now=now,
        object_type="attempt",
        object_id=attempt.public_id,
        summary=f"录入{person.name}（{person.staff_no}）的纸笔答卷，{letter} 卷",
        detail={
            "run": sheet.run.public_id,
            "letter": letter,
            "source": str(source),
            "digest": sheet.digest,
            "answered": attempt.answered,
            "held_at": sheet.held_at.isoformat(),
        },
    )
