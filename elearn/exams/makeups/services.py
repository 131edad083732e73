"""Deferrals and exemptions asked for and decided; make-ups scheduled from a derived roster."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.bank.queries import load_pool
from elearn.config import DISPLAY_ZONE
from elearn.core.access import Actor, Permission
from elearn.core.assembly.feasibility import feasibility
from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.grades.policy import GRACE
from elearn.exams.notices.services import tell_person
from elearn.exams.sittings.queries import is_eligible
from elearn.exams.sittings.services import schedule_exam
from elearn.exams.timing.clock import ends_at
from elearn.models import (
    Attempt,
    Exam,
    ExamMakeup,
    ExamStanding,
    MakeupCandidate,
    MakeupCause,
    Person,
    ReviewPolicy,
    StandingKind,
    StandingState,
)

from .queries import (
    STANDING_NAMES,
    Roster,
    RosterLine,
    derive_roster,
    makeup_by,
    makeups_of,
    seen_codes,
)

MAX_REASON: Final = 500
MAX_REMOVED: Final = 200
MAX_COOLDOWN: Final = 365
MAX_MAKEUPS: Final = 5
# So many of the roster are tried against the bank before a make-up is scheduled.
TRIED: Final = 100


def request_standing(
    session: Session,
    *,
    actor: Actor,
    exam: Exam,
    person: Person,
    kind: StandingKind,
    reason: str,
    now: datetime,
) -> ExamStanding:
    """Ask for a deferral or an exemption, before or after the exam. A second click gives the
    request that exists.

    For oneself, for people of one's units (HR), or for people of an exam one schedules. Raises
    NotFound for somebody who is not invited, Conflict when a paper was handed in.
    """
    _require_asker(actor, exam, person)
    if not is_eligible(session, exam=exam, person=person):
        raise NotFound("这个人不在这场考试的应考范围内。")
    if exam.cancelled_at is not None:
        raise Conflict("这场考试已取消。", code="E-CANCELLED")
    reason = reason.strip()
    if not 2 <= len(reason) <= MAX_REASON:
        message = f"请写明理由，2 到 {MAX_REASON} 个字。"
        raise DomainError(message, code="E-REASON", fields={"reason": message})
    _require_not_sat(session, exam, person.id)
    known = _in_force(session, exam, person)
    if known is not None:
        return known
    row = ExamStanding(
        exam_id=exam.id,
        person_id=person.id,
        kind=kind,
        reason=reason,
        state=StandingState.REQUESTED,
        requested_by_id=actor.person_id,
        requested_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        known = _in_force(session, exam, person)
        if known is None:
            raise
        return known
    if actor.person_id != person.id:
        _record(session, actor, row, "standing.request", f"为 {person.name} 申请", now)
    return row


def decide_standing(
    session: Session,
    *,
    actor: Actor,
    standing: ExamStanding,
    approve: bool,
    now: datetime,
    note: str = "",
) -> ExamStanding:
    """Approve or refuse. A second click changes nothing.

    Never for oneself, nor by whoever asked; a refusal needs a reason.
    """
    exam = standing.exam
    _require_scheduler(actor, exam)
    if actor.person_id in {standing.person_id, standing.requested_by_id}:
        raise Forbidden("申请要由申请人以外的考务人员审批。", code="E-FOUR-EYES")
    session.refresh(standing, ["state"], with_for_update=True)
    wanted = StandingState.APPROVED if approve else StandingState.REFUSED
    if standing.state == wanted:
        return standing
    if standing.state != StandingState.REQUESTED:
        raise Conflict("这个申请已经审批过了。", code="E-DECIDED")
    if approve:
        _require_not_sat(session, exam, standing.person_id)
    _settle(standing, actor, wanted, note, now, note_needed=not approve)
    session.flush()
    name = STANDING_NAMES[StandingKind(standing.kind)]
    word = "已批准" if approve else "没有批准"
    _tell(session, standing, f"您的{name}申请{word}。", now)
    _record(session, actor, standing, "standing.decide", word, now)
    return standing


def withdraw_standing(
    session: Session, *, actor: Actor, standing: ExamStanding, note: str, now: datetime
) -> ExamStanding:
    """Take an approval back, with a reason: the person is expected again."""
    _require_scheduler(actor, standing.exam)
    session.refresh(standing, ["state"], with_for_update=True)
    if standing.state == StandingState.WITHDRAWN:
        return standing
    if standing.state != StandingState.APPROVED:
        raise Conflict("只有已批准的才能撤销。", code="E-DECIDED")
    if actor.person_id == standing.person_id:
        raise Forbidden("不能处理自己的申请。")
    _settle(standing, actor, StandingState.WITHDRAWN, note, now, note_needed=True)
    session.flush()
    _tell(session, standing, "您的缓考、免考批准已撤销，请按原安排参加。", now)
    _record(session, actor, standing, "standing.withdraw", "撤销批准", now)
    return standing


def set_resit_rules(
    session: Session,
    *,
    actor: Actor,
    exam: Exam,
    cooldown_days: int,
    makeups_max: int,
    now: datetime,
) -> Exam:
    """Days between two tries, and how many make-ups the exam may get."""
    _require_scheduler(actor, exam)
    problems = {}
    if not 0 <= cooldown_days <= MAX_COOLDOWN:
        problems["cooldown_days"] = f"间隔天数要在 0 到 {MAX_COOLDOWN} 之间"
    if not 0 <= makeups_max <= MAX_MAKEUPS:
        problems["makeups_max"] = f"补考场数要在 0 到 {MAX_MAKEUPS} 之间"
    if problems:
        raise DomainError("没有保存：" + "；".join(problems.values()), fields=problems)
    before = {"cooldown_days": exam.cooldown_days, "makeups_max": exam.makeups_max}
    exam.cooldown_days, exam.makeups_max = cooldown_days, makeups_max
    session.flush()
    record_act(
        session,
        actor=actor,
        action="exam.resit_rules",
        now=now,
        object_type="exam",
        object_id=exam.public_id,
        summary=f"《{exam.title}》重考间隔 {cooldown_days} 天，最多补考 {makeups_max} 场",
        detail={
            "before": before,
            "after": {"cooldown_days": cooldown_days, "makeups_max": makeups_max},
        },
    )
    return exam


def schedule_makeup(
    session: Session,
    *,
    actor: Actor,
    main: Exam,
    title: str,
    opens_at: datetime,
    closes_at: datetime,
    attempts_max: int,
    removed: Mapping[str, str],
    now: datetime,
) -> Exam:
    """A make-up for everybody the roster names but those `removed` (staff number -> reason).

    The roster is derived again now, not taken from the page. Raises DomainError with `fields`.
    """
    _require_scheduler(actor, main)
    session.refresh(main, ["cancelled_at", "makeups_max"], with_for_update=True)
    _require_makeup_allowed(session, main, now)
    _require_in_time(main, closes_at)
    roster = derive_roster(session, main)
    _check_removed(roster, removed)
    invited = [line for line in roster.lines if line.person.staff_no not in removed]
    if not invited:
        raise DomainError("名单上没有人，不需要补考。", fields={"removed": "名单上没有人"})
    exam = schedule_exam(
        session,
        actor=actor,
        blueprint_revision=main.blueprint_revision,
        title=title,
        opens_at=opens_at,
        closes_at=closes_at,
        org_unit=main.org_unit,
        attempts_max=attempts_max,
        review_policy=ReviewPolicy(main.review_policy),
        now=now,
        listed=[line.person.staff_no for line in invited],
    )
    exam.is_makeup, exam.cooldown_days, exam.makeups_max = True, main.cooldown_days, 0
    session.add(
        ExamMakeup(
            exam_id=exam.id, main_exam_id=main.id, created_by_id=actor.person_id, created_at=now
        )
    )
    session.flush()
    session.execute(insert(MakeupCandidate), _lines(exam, roster, removed))
    _require_unseen(session, exam, invited)
    _record_makeup(session, actor, main, exam, roster, removed, now)
    return exam


def _require_asker(actor: Actor, exam: Exam, person: Person) -> None:
    allowed = (
        actor.person_id == person.id
        or actor.may(Permission.MANAGE_ASSIGNMENT, person.org_unit.path)
        or actor.may(Permission.SCHEDULE_EXAM, exam.org_unit.path)
    )
    if not allowed:
        raise Forbidden("不能替这个人申请。")


def _require_scheduler(actor: Actor, exam: Exam) -> None:
    if not actor.may(Permission.SCHEDULE_EXAM, exam.org_unit.path):
        raise Forbidden("这场考试不在您的考务范围内。")


def _require_not_sat(session: Session, exam: Exam, person_id: int) -> None:
    sat = select(func.count()).where(
        Attempt.exam_id == exam.id,
        Attempt.person_id == person_id,
        Attempt.refiled_at.is_(None),
    )
    if session.scalar(sat):
        raise Conflict("已经参加了这场考试，不能再缓考或免考。", code="E-SAT")


def _in_force(session: Session, exam: Exam, person: Person) -> ExamStanding | None:
    return session.scalar(
        select(ExamStanding).where(
            ExamStanding.exam_id == exam.id,
            ExamStanding.person_id == person.id,
            ExamStanding.state.in_([StandingState.REQUESTED, StandingState.APPROVED]),
        )
    )


def _settle(
    standing: ExamStanding,
    actor: Actor,
    state: StandingState,
    note: str,
    now: datetime,
    *,
    note_needed: bool,
) -> None:
    note = note.strip()
    if (note_needed and not note) or len(note) > MAX_REASON:
        raise DomainError(f"请写明理由，最多 {MAX_REASON} 个字。", code="E-NOTE")
    standing.state = state
    standing.decided_by_id, standing.decided_at, standing.note = actor.person_id, now, note


def _tell(session: Session, standing: ExamStanding, text: str, now: datetime) -> None:
    tell_person(session, person_id=standing.person_id, exam_id=standing.exam_id, text=text, now=now)


def _require_makeup_allowed(session: Session, main: Exam, now: datetime) -> None:
    if main.is_makeup:
        raise Conflict("补考不再另设补考，请在原考试里安排。", code="E-MAKEUP")
    if main.cancelled_at is not None:
        raise Conflict("这场考试已取消。", code="E-CANCELLED")
    if now <= ends_at(main) + GRACE:
        raise Conflict("考试结束后才能安排补考。", code="E-EARLY")
    held = [each for each in makeups_of(session, main) if each.exam.cancelled_at is None]
    if len(held) >= main.makeups_max:
        message = f"这场考试最多补考 {main.makeups_max} 场，已安排 {len(held)} 场。"
        raise Conflict(message, code="E-MAKEUP")
    if any(each.exam.closes_at > now for each in held):
        raise Conflict("上一场补考还没有结束。", code="E-MAKEUP")


def _require_in_time(main: Exam, closes_at: datetime) -> None:
    """补考期限 of the blueprint, counted from the day the exam closed."""
    last = makeup_by(main)
    if last is not None and closes_at.astimezone(DISPLAY_ZONE).date() > last:
        message = f"按组卷规则，补考要在 {last:%Y-%m-%d} 以前结束"
        raise DomainError(message + "。", code="E-MAKEUP", fields={"closes_at": message})


def _check_removed(roster: Roster, removed: Mapping[str, str]) -> None:
    named = {line.person.staff_no for line in roster.lines}
    unknown = sorted(set(removed) - named)
    empty = sorted(number for number, reason in removed.items() if not reason.strip())
    long = [number for number, reason in removed.items() if len(reason) > MAX_REMOVED]
    said = [
        f"{what}：{'、'.join(which)}"
        for what, which in (
            ("名单上没有", unknown),
            ("没有写理由", empty),
            (f"理由超过 {MAX_REMOVED} 个字", long),
        )
        if which
    ]
    if said:
        message = "；".join(said)
        raise DomainError(f"补考没有安排：{message}。", fields={"removed": message})


def _lines(
    exam: Exam, roster: Roster, removed: Mapping[str, str]
) -> list[dict[str, int | str | MakeupCause]]:
    return [
        {
            "exam_id": exam.id,
            "person_id": line.person.id,
            "cause": line.cause,
            "removed_reason": removed.get(line.person.staff_no, "").strip(),
        }
        for line in roster.lines
    ]


def _require_unseen(session: Session, exam: Exam, invited: Sequence[RosterLine]) -> None:
    """The bank has a paper of questions they have not had, tried for the first `TRIED` of those
    who sat the exam."""
    blueprint, pool = read_spec(exam.blueprint_revision), load_pool(session)
    tried: set[frozenset[str]] = set()
    for line in [line for line in invited if line.cause is MakeupCause.FAILED][:TRIED]:
        seen = seen_codes(session, exam=exam, person_id=line.person.id)
        if seen in tried:
            continue
        tried.add(seen)
        short = feasibility([item for item in pool if item.code not in seen], blueprint)
        if short:
            lines = "；".join(shortage.line for shortage in short)
            message = f"避开本人做过的题以后，题库不足：{lines}"
            raise DomainError(f"补考没有安排。{message}。请先补题。", fields={"bank": message})


def _record(
    session: Session, actor: Actor, row: ExamStanding, action: str, verb: str, now: datetime
) -> None:
    name = STANDING_NAMES[StandingKind(row.kind)]
    record_act(
        session,
        actor=actor,
        action=action,
        now=now,
        object_type="standing",
        object_id=row.public_id,
        summary=f"{name}：{verb}",
        detail={
            "exam": row.exam_id,
            "person": row.person_id,
            "kind": str(row.kind),
            "state": str(row.state),
            "reason": row.reason,
            "note": row.note,
        },
    )


def _record_makeup(
    session: Session,
    actor: Actor,
    main: Exam,
    exam: Exam,
    roster: Roster,
    removed: Mapping[str, str],
    now: datetime,
) -> None:
    record_act(
        session,
        actor=actor,
        action="exam.makeup",
        now=now,
        object_type="exam",
        object_id=exam.public_id,
        summary=f"为《{main.title}》安排补考《{exam.title}》",
        detail={
            "main": main.public_id,
            **{cause.value: roster.count(cause) for cause in MakeupCause},
            "removed": dict(removed),
        },
    )
