"""Committing seeds, choosing how papers are made, sealing, looking under four eyes, revealing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor, Permission
from elearn.core.assembly.forms import MAX_FORMS, FormSet
from elearn.core.assembly.seeds import attempt_seed, commitment_of
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.exams.grades.policy import GRACE
from elearn.exams.sittings.queries import require_not_candidate
from elearn.exams.timing.clock import ends_at
from elearn.models import (
    Exam,
    ExamForm,
    ExamPapers,
    ExamSeed,
    OpeningKind,
    PaperMode,
    PaperOpening,
    Person,
    SealedPaper,
)

from .drawing import draw_own, make_forms, open_seed, seal_paper, stock_for, store_forms
from .estimates import estimates_in_force
from .queries import (
    Look,
    paper_purpose,
    papers_of,
    seed_of,
    started_count,
    unsealed_people,
)
from .snapshots import keep_snapshot
from .vault import Vault

MODE_NAMES: Final = {
    PaperMode.INDIVIDUAL: "每人一份",
    PaperMode.FORMS: "平行卷",
    PaperMode.FIXED: "同一份试卷",
}
# People sealed in one transaction: short enough that nobody waits for the lock.
BATCH: Final = 50
MAX_BEFORE_MIN: Final = 24 * 60


def commit_seed(
    session: Session, *, exam: Exam, master: str, vault: Vault, now: datetime
) -> ExamSeed:
    """Fix the master seed (64 hex digits) of an exam and write its commitment down, once; and with
    it the estimates of facility its papers are drawn with.

    An exam that has one keeps it: a second call changes nothing.
    """
    known = seed_of(session, exam)
    if known is not None:
        return known
    row = ExamSeed(
        exam_id=exam.id,
        commitment=commitment_of(master),
        sealed=vault.seal(bytes.fromhex(master), exam=exam.public_id, purpose="seed"),
        made_at=now,
        estimates_hash=estimates_in_force(session),
    )
    session.add(row)
    session.flush()
    record_act(
        session,
        actor=None,
        action="papers.commit",
        now=now,
        object_type="exam",
        object_id=exam.public_id,
        summary=f"《{exam.title}》的试卷种子已承诺",
        detail={
            "commitment": row.commitment,
            **({"estimates": row.estimates_hash} if row.estimates_hash else {}),
        },
    )
    return row


def choose_mode(
    session: Session,
    *,
    actor: Actor,
    exam: Exam,
    mode: PaperMode,
    forms: int,
    now: datetime,
    avoid_seen: bool = False,
) -> ExamPapers:
    """How the exam's papers are made. What was sealed before is thrown away.

    `avoid_seen`: everybody's own draw leaves out what the person saw in earlier attempts.
    """
    _require_scope(actor, exam)
    _require_before_opening(session, exam, now)
    if mode == PaperMode.FORMS and not 2 <= forms <= MAX_FORMS:
        message = f"平行卷要有 2 到 {MAX_FORMS} 套"
        raise DomainError(message + "。", fields={"forms": message})
    settings = papers_of(session, exam)
    before = {"mode": str(settings.mode), "forms": settings.forms}
    settings.mode, settings.forms = mode, forms if mode == PaperMode.FORMS else 1
    settings.avoid_seen = avoid_seen and mode == PaperMode.INDIVIDUAL
    _unseal(session, exam, settings)
    session.add(settings)
    session.flush()
    words = MODE_NAMES[mode] + (f"（{forms} 套）" if mode == PaperMode.FORMS else "")
    words += "，避开做过的题" if settings.avoid_seen else ""
    after = {"mode": str(mode), "forms": settings.forms, "avoid_seen": settings.avoid_seen}
    _record(
        session, actor, exam, "papers.mode", f"出卷方式改为{words}", now, before=before, **after
    )
    return settings


def time_sealing(
    session: Session, *, actor: Actor, exam: Exam, minutes: int | None, now: datetime
) -> ExamPapers:
    """Have the papers drawn and sealed `minutes` before the start, whenever that is by then (改期);
    None: not by itself. What is sealed already stays sealed."""
    _require_scope(actor, exam)
    _require_before_opening(session, exam, now)
    if minutes is not None and not 1 <= minutes <= MAX_BEFORE_MIN:
        message = f"提前的分钟数要在 1 到 {MAX_BEFORE_MIN} 之间"
        raise DomainError(message + "。", fields={"minutes": message})
    settings = papers_of(session, exam)
    before = settings.seal_before_min
    settings.seal_before_min, settings.seal_problem, settings.seal_tried_at = minutes, "", None
    session.add(settings)
    session.flush()
    words = f"试卷定在开考前 {minutes} 分钟自动抽题并封存" if minutes else "试卷不再定时封存"
    _record(session, actor, exam, "papers.timed", words, now, before=before, minutes=minutes)
    return settings


def seal_papers(
    session: Session,
    *,
    actor: Actor | None,
    exam: Exam,
    vault: Vault,
    now: datetime,
    words: str = "试卷已抽好并封存",
) -> int:
    """Draw and seal: all forms, or the papers of the next `BATCH` people without one.

    Returns how many people are still without; call again until it is 0. Raises Infeasible with
    the reason, Conflict once the exam is open. `actor` None: the command line, or the sweeper
    at its time (`words` then says so in the audit log).
    """
    if actor is not None:
        _require_scope(actor, exam)
    _require_before_opening(session, exam, now)
    seed = seed_of(session, exam)
    if seed is None:
        raise Conflict("这场考试还没有试卷种子，请先打开试卷页面。", code="E-SEED")
    master = open_seed(vault, exam, seed.sealed)
    settings = papers_of(session, exam)
    session.add(settings)
    if settings.mode == PaperMode.INDIVIDUAL:
        left = _seal_people(session, exam, settings, master, vault, now)
    else:
        _seal_forms(session, exam, settings, master, vault, now)
        left = 0
    if not left:
        settings.sealed_at, settings.seal_problem = now, ""
        session.flush()
        _record(session, actor, exam, "papers.seal", words, now)
    return left


def ask_look(
    session: Session, *, actor: Actor, exam: Exam, form_no: int, reason: str, now: datetime
) -> PaperOpening:
    """Ask to look at a sealed paper; nothing is shown until a second person agrees."""
    _require_scope(actor, exam)
    reason = reason.strip()
    if not 2 <= len(reason) <= 200:
        message = "请写明为什么要看（2 到 200 个字）"
        raise DomainError(message + "。", fields={"reason": message})
    require_not_candidate(session, exam=exam, person_id=actor.person_id)
    return _log(session, actor, exam, OpeningKind.ASK, now, form_no=form_no, reason=reason)


def approve_look(
    session: Session, *, actor: Actor, exam: Exam, look: Look, now: datetime
) -> PaperOpening:
    """The second person's agreement. A second click changes nothing."""
    _require_scope(actor, exam)
    if look.approved is not None:
        return look.approved
    if look.asked.person_id == actor.person_id:
        raise Forbidden("查看试卷要由另一位考务人员同意，不能自己同意自己。", code="E-FOUR-EYES")
    if not look.waiting_at(now):
        raise Conflict("这个申请已过期，请重新申请。", code="E-LATE")
    require_not_candidate(session, exam=exam, person_id=actor.person_id)
    return _log(
        session,
        actor,
        exam,
        OpeningKind.APPROVE,
        now,
        form_no=look.asked.form_no,
        asked_id=look.asked.id,
    )


def view_look(
    session: Session, *, actor: Actor, exam: Exam, look: Look, now: datetime
) -> PaperOpening:
    """Note that one of the two looks now. Raises Conflict when it was not agreed or is over."""
    _require_scope(actor, exam)
    approved = look.approved
    if approved is None:
        raise Conflict("还没有第二个人同意，试卷不能打开。", code="E-FOUR-EYES")
    if actor.person_id not in {look.asked.person_id, approved.person_id}:
        raise Forbidden("只有申请人和同意人可以查看。", code="E-FOUR-EYES")
    if not look.open_at(now):
        raise Conflict("查看时间（一小时）已过，请重新申请。", code="E-LATE")
    require_not_candidate(session, exam=exam, person_id=actor.person_id)
    return _log(
        session,
        actor,
        exam,
        OpeningKind.VIEW,
        now,
        form_no=look.asked.form_no,
        asked_id=look.asked.id,
    )


def reveal_seed(
    session: Session, *, actor: Actor | None, exam: Exam, vault: Vault, now: datetime
) -> ExamSeed:
    """Publish the master seed, after the close. A second call changes nothing."""
    if actor is not None:
        _require_scope(actor, exam)
    row = seed_of(session, exam)
    if row is None:
        raise Conflict("这场考试没有承诺过试卷种子。", code="E-SEED")
    if row.revealed_at is not None:
        return row
    if exam.cancelled_at is None and now <= ends_at(exam) + GRACE:
        raise Conflict("考试时间还没结束，现在公开种子会泄露试卷。", code="E-EARLY")
    row.seed, row.revealed_at = open_seed(vault, exam, row.sealed), now
    session.add(
        PaperOpening(
            exam_id=exam.id,
            kind=OpeningKind.REVEAL,
            person_id=actor.person_id if actor else None,
            at=now,
        )
    )
    session.flush()
    _record(session, actor, exam, "papers.reveal", "公开试卷种子", now, seed=row.seed)
    return row


def _seal_forms(
    session: Session, exam: Exam, settings: ExamPapers, master: str, vault: Vault, now: datetime
) -> None:
    _unseal(session, exam, settings)
    stock = stock_for(session, exam)
    forms = make_forms(stock, exam, master, settings.forms)
    keep_snapshot(session, stock=stock, now=now)
    store_forms(session, vault=vault, exam=exam, forms=forms, stock=stock, now=now)
    settings.figures = _figures(forms)


def _seal_people(
    session: Session, exam: Exam, settings: ExamPapers, master: str, vault: Vault, now: datetime
) -> int:
    people: Sequence[Person] = session.scalars(unsealed_people(exam).limit(BATCH + 1)).all()
    if not people:
        return 0
    stock = stock_for(session, exam)
    keep_snapshot(session, stock=stock, now=now)
    for person in people[:BATCH]:
        seed = attempt_seed(master, person.public_id, 1)
        paper, seen = draw_own(
            session,
            stock=stock,
            exam=exam,
            person_id=person.id,
            seed=seed,
            avoid=settings.avoid_seen,
        )
        session.add(
            SealedPaper(
                exam_id=exam.id,
                person_id=person.id,
                no=1,
                paper_hash=paper.hash,
                bank_hash=stock.bank_hash,
                snapshot_hash=stock.snapshot_hash,
                seen=seen,
                sealed=seal_paper(vault, exam, paper, paper_purpose(person.public_id, 1)),
                made_at=now,
            )
        )
    session.flush()
    return max(0, len(people) - BATCH)


def _figures(forms: FormSet) -> dict[str, Any]:
    """What may be shown of sealed forms: how alike they are, not what is in them."""
    return {
        "expected": [(milli + 500) // 1000 for milli in forms.expected],
        "target": (forms.target + 500) // 1000,
        "overlap": max(forms.overlaps, default=0),
        "uses": max(forms.uses.values()),
    }


def _unseal(session: Session, exam: Exam, settings: ExamPapers) -> None:
    session.execute(delete(ExamForm).where(ExamForm.exam_id == exam.id))
    session.execute(delete(SealedPaper).where(SealedPaper.exam_id == exam.id))
    settings.sealed_at, settings.figures = None, {}


def _require_scope(actor: Actor, exam: Exam) -> None:
    if not actor.may(Permission.SCHEDULE_EXAM, exam.org_unit.path):
        raise Forbidden("这场考试不在您的考务范围内。")


def _require_before_opening(session: Session, exam: Exam, now: datetime) -> None:
    # Waits for everybody who is just starting (`start_attempt` shares the row).
    session.refresh(exam, ["cancelled_at", "opens_at"], with_for_update=True)
    if exam.cancelled_at is not None:
        raise Conflict("这场考试已取消。", code="E-CANCELLED")
    if now >= exam.opens_at or started_count(session, exam):
        raise Conflict("考试已经开始，试卷不能再变。", code="E-STARTED")


def _log(
    session: Session, actor: Actor, exam: Exam, kind: OpeningKind, now: datetime, **values: Any
) -> PaperOpening:
    row = PaperOpening(exam_id=exam.id, kind=kind, person_id=actor.person_id, at=now, **values)
    session.add(row)
    session.flush()
    words = {"ASK": "申请查看试卷", "APPROVE": "同意查看试卷", "VIEW": "查看了试卷"}[kind]
    detail = {"form_no": row.form_no, "reason": row.reason, "opening": row.public_id}
    _record(session, actor, exam, f"papers.{kind.lower()}", words, now, **detail)
    return row


def _record(
    session: Session,
    actor: Actor | None,
    exam: Exam,
    action: str,
    words: str,
    now: datetime,
    **detail: Any,
) -> None:
    record_act(
        session,
        actor=actor,
        action=action,
        now=now,
        object_type="exam",
        object_id=exam.public_id,
        summary=f"《{exam.title}》{words}",
        detail=detail,
    )
