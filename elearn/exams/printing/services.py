"""Making forms, consenting to them, opening them, and taking their results in.

Who may see what (decision 0013): nobody sees a question of a run before a second examiner has
consented; every opening is in the audit log; the key opens only when nobody can sit the exam any
more.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.bank.queries import load_pool
from elearn.core.access import Actor, Permission
from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.paper import Paper, paper_from_canonical
from elearn.core.assembly.reorder import reordered
from elearn.core.canonical import content_hash
from elearn.core.errors import Conflict, DomainError, Forbidden, Gone, Infeasible
from elearn.core.grading.answers import Answer
from elearn.core.grading.grade import Place
from elearn.exams.attempts.papers import draw_paper
from elearn.exams.attempts.queries import answered_items, current_answers
from elearn.exams.blueprints.queries import read_spec, shortage_lines
from elearn.exams.grades.policy import GRACE
from elearn.exams.grades.services import grade_attempt
from elearn.exams.sittings.queries import is_eligible, require_not_candidate
from elearn.exams.timing.clock import ends_at
from elearn.models import (
    AnswerEvent,
    Attempt,
    AttemptState,
    ClosedBy,
    Exam,
    PaperResult,
    Person,
    PrintApproval,
    PrintMode,
    PrintPaper,
    PrintRun,
    ResultSource,
)

from .queries import results_of_person
from .typed import label_of, without_empty

FORMS: Final = "ABCD"


def make_run(
    session: Session,
    *,
    actor: Actor,
    exam: Exam,
    forms: int,
    mode: PrintMode,
    seed: str,
    now: datetime,
) -> PrintRun:
    """`forms` papers from the bank as it is now.

    Raises Infeasible when the bank cannot fill the blueprint, DomainError when two forms would be
    the same, Gone for a cancelled exam or one that is over.
    """
    _require_scope(actor, exam)
    if not 1 <= forms <= len(FORMS):
        raise DomainError(f"卷别可以有 1 到 {len(FORMS)} 种。", fields={"forms": "请选择 1 到 4"})
    if exam.cancelled_at is not None:
        raise Gone("这场考试已取消。", code="E-CANCELLED")
    if now >= exam.closes_at:
        raise Gone("考试已结束，不能再出卷。", code="E-CLOSED")
    blueprint = read_spec(exam.blueprint_revision)
    if shortages := shortage_lines(session, blueprint):
        raise Infeasible(shortages)
    papers, bank = derive_forms(session, blueprint=blueprint, mode=mode, seed=seed, forms=forms)
    if len({paper.hash for paper in papers.values()}) != len(papers):
        raise DomainError(
            "组卷规则不打乱题序和选项，各卷会完全相同。请只出 A 卷，或选“各卷题目不同”。",
            code="E-FORMS",
        )
    run = PrintRun(
        exam=exam, mode=mode, seed=seed, bank_hash=bank, made_by_id=actor.person_id, made_at=now
    )
    run.papers = [
        PrintPaper(letter=letter, paper_hash=paper.hash, paper=paper.canonical())
        for letter, paper in papers.items()
    ]
    session.add(run)
    session.flush()
    _record(
        session,
        actor,
        run,
        "print.make",
        f"为《{exam.title}》出纸笔试卷 {'、'.join(papers)} 卷",
        now,
        {
            "mode": str(mode),
            "bank_hash": bank,
            "papers": {p.letter: p.paper_hash for p in run.papers},
        },
    )
    return run


def derive_forms(
    session: Session, *, blueprint: Blueprint, mode: PrintMode, seed: str, forms: int
) -> tuple[dict[str, Paper], str]:
    """Letter -> paper, and the hash of the bank: a function of bank, blueprint, mode and seed.

    PARALLEL form X is the draw of `seed/X`. SHUFFLED form A is the draw of `seed/A`; the others
    are its questions reordered by `seed/X`.
    """
    letters = FORMS[:forms]
    first, bank = draw_paper(session, blueprint=blueprint, seed=form_seed(seed, "A"))
    papers = {"A": first}
    if mode is PrintMode.PARALLEL:
        for letter in letters[1:]:
            papers[letter], _ = draw_paper(
                session, blueprint=blueprint, seed=form_seed(seed, letter)
            )
    else:
        shapes = {item.revision_hash: item for item in load_pool(session)}
        for letter in letters[1:]:
            papers[letter] = reordered(first, shapes, blueprint, form_seed(seed, letter))
    return papers, bank


def form_seed(seed: str, letter: str) -> str:
    """What an attempt made from this form names as its seed."""
    return f"{seed}/{letter}"


def approve_run(session: Session, *, actor: Actor, run: PrintRun, now: datetime) -> PrintApproval:
    """The second person's consent. A second click changes nothing.

    Raises Forbidden for the one who made the run.
    """
    _require_scope(actor, run.exam)
    if run.approval is not None:
        return run.approval
    if run.made_by_id == actor.person_id:
        raise Forbidden("出卷的人不能自己同意。请另一位考务人员打开这个页面，点“同意印制”。")
    approval = PrintApproval(run_id=run.id, approved_by_id=actor.person_id, approved_at=now)
    try:
        with session.begin_nested():
            session.add(approval)
    except IntegrityError:
        return session.get_one(PrintApproval, run.id)
    session.expire(run, ["approval"])
    _record(session, actor, run, "print.approve", f"同意印制《{run.exam.title}》的试卷", now, {})
    return approval


def open_papers(
    session: Session, *, actor: Actor, run: PrintRun, now: datetime
) -> list[PrintPaper]:
    """The forms, to be printed; logged.

    Raises Conflict without the second person's consent, and to a candidate before the end.
    """
    _require_approved(actor, run)
    if not key_is_open(run.exam, now):
        require_not_candidate(session, exam=run.exam, person_id=actor.person_id)
    _record(session, actor, run, "print.open", f"打开《{run.exam.title}》的纸笔试卷", now, {})
    return list(run.papers)


def open_key(session: Session, *, actor: Actor, run: PrintRun, now: datetime) -> list[PrintPaper]:
    """The forms, for the page with the key; logged.

    Raises Conflict until the exam's window and its grace are over: others may be sitting the same
    questions on their phones.
    """
    _require_approved(actor, run)
    if not key_is_open(run.exam, now):
        raise Conflict("考试时间还没结束，答案页还不能打开。", code="E-EARLY")
    _record(session, actor, run, "print.key", f"打开《{run.exam.title}》纸笔试卷的答案", now, {})
    return list(run.papers)


def key_is_open(exam: Exam, now: datetime) -> bool:
    """Is the window over, grace included?"""
    return now > ends_at(exam) + GRACE


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
) -> tuple[Attempt, bool]:
    """An attempt from a sheet of paper, graded like any other; and whether it is new.

    The same sheet entered again gives the attempt that exists. Raises DomainError, Conflict or
    Gone with what stands against it; nothing is written then.
    """
    exam = run.exam
    _require_scope(actor, exam)
    if person.id == actor.person_id:
        raise Forbidden("不能录入自己的答卷，请另一位考务人员录入。")
    form = _form(run, letter)
    paper = paper_from_canonical(form.paper)
    given = without_empty(answers)
    digest = content_hash(
        {
            "paper": form.paper_hash,
            "held_at": held_at.isoformat(),
            "answers": [[item, part, given[item, part]] for item, part in sorted(given)],
        }
    )
    session.refresh(exam, ["cancelled_at"], with_for_update={"read": True})
    known = results_of_person(session, exam=exam, person=person)
    if same := next((r for r in known if r.digest == digest), None):
        return same.attempt, False
    _require_sitting(session, run, person, held_at, now)
    _refuse_difference(session, known, form, paper, given)
    attempt = _add_attempt(session, run, form, person, held_at, now)
    _add_answers(session, attempt, given, now)
    session.add(
        PaperResult(
            attempt_id=attempt.id,
            print_paper_id=form.id,
            source=source,
            digest=digest,
            entered_by_id=actor.person_id,
            entered_at=now,
        )
    )
    session.flush()
    grade_attempt(session, attempt=attempt, now=now, reason="纸笔答卷录入")
    record_act(
        session,
        actor=actor,
        action="attempt.paper",
        now=now,
        object_type="attempt",
        object_id=attempt.public_id,
        summary=f"录入{person.name}（{person.staff_no}）的纸笔答卷，{letter} 卷",
        detail={
            "run": run.public_id,
            "letter": letter,
            "source": str(source),
            "digest": digest,
            "answered": attempt.answered,
            "held_at": held_at.isoformat(),
        },
    )
    return attempt, True


def require_time(exam: Exam, held_at: datetime, now: datetime) -> None:
    """Can a sitting on paper have begun then? Raises DomainError or Gone."""
    if exam.cancelled_at is not None:
        raise Gone("这场考试已取消。", code="E-CANCELLED")
    if not exam.opens_at <= held_at < exam.closes_at:
        raise DomainError("开考时间要在这场考试的开始和结束之间。", code="E-TIME")
    if held_at >= now:
        raise DomainError("开考时间还没有到。", code="E-TIME")


def _require_scope(actor: Actor, exam: Exam) -> None:
    if not actor.may(Permission.SCHEDULE_EXAM, exam.org_unit.path):
        raise Forbidden("这场考试不在您的考务范围内。")


def _require_approved(actor: Actor, run: PrintRun) -> None:
    _require_scope(actor, run.exam)
    if run.approval is None:
        raise Conflict("还要另一位考务人员同意印制，才能打开试卷。", code="E-APPROVAL")


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


def _require_sitting(
    session: Session, run: PrintRun, person: Person, held_at: datetime, now: datetime
) -> None:
    exam = run.exam
    require_time(exam, held_at, now)
    if not is_eligible(session, exam=exam, person=person):
        raise DomainError("这个人不在这场考试的应考范围内。", code="E-AUDIENCE")


def _refuse_difference(
    session: Session,
    known: list[PaperResult],
    form: PrintPaper,
    paper: Paper,
    given: Mapping[Place, Answer],
) -> None:
    """Another entry from the same form is a typing error of one of the two, not a second sitting."""
    before = next((r for r in known if r.print_paper_id == form.id), None)
    if before is None:
        return
    stored = current_answers(session, before.attempt_id)
    labels = [
        label_of(item, at)
        for item in paper.items
        for at in range(len(item.parts))
        if stored.get((item.number, at)) != given.get((item.number, at))
    ]
    where = f"第 {'、'.join(labels[:10])} 题不同" if labels else "开考时间不同"
    raise Conflict(
        f"这个人的 {form.letter} 卷已经录入过，和这次比{where}。没有改动；请核对答题卡原件。",
        code="E-ENTERED",
    )


def _add_attempt(
    session: Session,
    run: PrintRun,
    form: PrintPaper,
    person: Person,
    held_at: datetime,
    now: datetime,
) -> Attempt:
    exam = run.exam
    earlier = list(
        session.scalars(
            select(Attempt).where(Attempt.exam_id == exam.id, Attempt.person_id == person.id)
        )
    )
    if any(attempt.state == AttemptState.IN_PROGRESS for attempt in earlier):
        raise Conflict("这个人正在网上答这场考试，交卷后才能录入。", code="E-RUNNING")
    if len(earlier) >= exam.attempts_max:
        raise Conflict("这个人的考试次数已经用完，不能再录入。", code="E-USED")
    deadline = min(held_at + timedelta(seconds=exam.duration_s), exam.closes_at)
    attempt = Attempt(
        exam_id=exam.id,
        person_id=person.id,
        no=len(earlier) + 1,
        state=AttemptState.SUBMITTED,
        seed=form_seed(run.seed, form.letter),
        bank_hash=run.bank_hash,
        paper_hash=form.paper_hash,
        paper=form.paper,
        started_at=held_at,
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
    run: PrintRun,
    action: str,
    summary: str,
    now: datetime,
    detail: dict[str, Any],
) -> None:
    record_act(
        session,
        actor=actor,
        action=action,
        now=now,
        object_type="print_run",
        object_id=run.public_id,
        summary=summary,
        detail={"exam": run.exam.public_id, **detail},
    )
