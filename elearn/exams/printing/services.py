"""Making forms, consenting to them, opening them. Results come in through `entering`.

Who may see what (decision 0013): nobody sees a question of a run before a second examiner has
consented; every opening is in the audit log; the key opens only when nobody can sit the exam any
more.
"""

from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor, Permission
from elearn.core.errors import Conflict, DomainError, Forbidden, Gone, Infeasible
from elearn.exams.blueprints.queries import read_spec, shortage_lines
from elearn.exams.grades.policy import GRACE
from elearn.exams.papers.drawing import stock_for
from elearn.exams.papers.snapshots import keep_snapshot
from elearn.exams.sittings.queries import require_not_candidate
from elearn.exams.timing.clock import ends_at
from elearn.models import (
    Exam,
    PrintApproval,
    PrintMode,
    PrintPaper,
    PrintRun,
)

from .deriving import FORMS, derive_forms


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
    require_scope(actor, exam)
    if not 1 <= forms <= len(FORMS):
        raise DomainError(f"卷别可以有 1 到 {len(FORMS)} 种。", fields={"forms": "请选择 1 到 4"})
    if exam.cancelled_at is not None:
        raise Gone("这场考试已取消。", code="E-CANCELLED")
    if now >= exam.closes_at:
        raise Gone("考试已结束，不能再出卷。", code="E-CLOSED")
    blueprint = read_spec(exam.blueprint_revision)
    if shortages := shortage_lines(session, blueprint):
        raise Infeasible(shortages)
    stock = stock_for(session, exam)
    papers = derive_forms(stock, blueprint=blueprint, mode=mode, seed=seed, forms=forms)
    if len({paper.hash for paper in papers.values()}) != len(papers):
        raise DomainError(
            "组卷规则不打乱题序和选项，各卷会完全相同。请只出 A 卷，或选“各卷题目不同”。",
            code="E-FORMS",
        )
    run = PrintRun(
        exam=exam,
        mode=mode,
        seed=seed,
        bank_hash=stock.bank_hash,
        snapshot_hash=keep_snapshot(session, stock=stock, now=now),
        made_by_id=actor.person_id,
        made_at=now,
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
            "bank_hash": stock.bank_hash,
            "papers": {p.letter: p.paper_hash for p in run.papers},
        },
    )
    return run


def approve_run(session: Session, *, actor: Actor, run: PrintRun, now: datetime) -> PrintApproval:
    """The second person's consent. A second click changes nothing.

    Raises Forbidden for the one who made the run.
    """
    require_scope(actor, run.exam)
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


def require_scope(actor: Actor, exam: Exam) -> None:
    """Raises Forbidden."""
    if not actor.may(Permission.SCHEDULE_EXAM, exam.org_unit.path):
        raise Forbidden("这场考试不在您的考务范围内。")


def _require_approved(actor: Actor, run: PrintRun) -> None:
    require_scope(actor, run.exam)
    if run.approval is None:
        raise Conflict("还要另一位考务人员同意印制，才能打开试卷。", code="E-APPROVAL")


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
