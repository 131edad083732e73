"""Scheduling exams, cancelling them, releasing results."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor, Permission
from elearn.core.assembly.model import EVERYONE, Blueprint
from elearn.core.errors import Conflict, DomainError, Forbidden, Infeasible
from elearn.core.ranks import rank_of
from elearn.core.taxonomy import AUDIENCE_NAMES
from elearn.exams.blueprints.queries import read_spec, shortage_lines
from elearn.exams.grades.policy import LATE_SYNC
from elearn.exams.papers.estimates import renew_estimates
from elearn.exams.timing.clock import ends_at
from elearn.models import (
    Attempt,
    BlueprintRevision,
    Exam,
    ExamCandidate,
    OrgUnit,
    Party,
    Person,
    ReviewPolicy,
)

from .queries import candidates_query

MAX_WINDOW: Final = timedelta(days=366)
MAX_ATTEMPTS: Final = 20
MAX_LISTED: Final = 5000


def schedule_exam(
    session: Session,
    *,
    actor: Actor,
    blueprint_revision: BlueprintRevision,
    title: str,
    opens_at: datetime,
    closes_at: datetime,
    org_unit: OrgUnit,
    attempts_max: int,
    review_policy: ReviewPolicy,
    now: datetime,
    ranks: Sequence[str] = (),
    listed: Sequence[str] = (),
) -> Exam:
    """A new exam for a subtree, narrowed by `ranks` or to the `listed` staff numbers.

    Raises DomainError with `fields` naming everything that does not fit, Infeasible when the bank
    cannot fill the blueprint today.
    """
    if not actor.may(Permission.SCHEDULE_EXAM, org_unit.path):
        raise Forbidden("这个单位不在您的考务范围内。")
    blueprint = read_spec(blueprint_revision)
    title = title.strip()
    problems = _check_terms(title, attempts_max, blueprint, opens_at, closes_at, now)
    problems |= _check_ranks(session, ranks, listed, org_unit)
    people, unknown = _find_listed(session, listed, org_unit)
    if unknown:
        problems["listed"] = unknown
    if problems:
        raise DomainError("考试没有安排：" + "；".join(problems.values()), fields=problems)
    # What is tried out here is what the exam will be drawn with (`commit_seed`).
    renew_estimates(session, now=now)
    shortages = shortage_lines(session, blueprint)
    if shortages:
        raise Infeasible(shortages)
    exam = Exam(
        title=title,
        blueprint_revision=blueprint_revision,
        org_unit=org_unit,
        ranks="".join(f"|{rank}" for rank in dict.fromkeys(ranks)) + ("|" if ranks else ""),
        listed_only=bool(people),
        opens_at=opens_at,
        closes_at=closes_at,
        duration_s=blueprint.duration_s,
        attempts_max=attempts_max,
        review_policy=review_policy,
        makeups_max=1 if blueprint.makeups_max is None else blueprint.makeups_max,
        entry_centi=blueprint.entry_centi,
        created_by_id=actor.person_id,
        created_at=now,
    )
    session.add(exam)
    session.flush()
    session.add_all(ExamCandidate(exam_id=exam.id, person_id=person.id) for person in people)
    session.flush()
    _require_audience(session, exam)
    _require_party(session, exam, blueprint)
    _record(session, actor, exam, "exam.schedule", "安排考试", now)
    return exam


def cancel_exam(session: Session, *, actor: Actor, exam: Exam, now: datetime) -> Exam:
    """Call an exam off. A second click changes nothing; once somebody has started, Conflict."""
    _require_scope(actor, exam)
    # Waits for everybody who is just starting (`start_attempt` shares the row).
    session.refresh(exam, ["cancelled_at"], with_for_update=True)
    if exam.cancelled_at is not None:
        return exam
    started = session.scalar(
        select(func.count()).select_from(Attempt).where(Attempt.exam_id == exam.id)
    )
    if started:
        raise Conflict(f"已有 {started} 份答卷，这场考试不能取消。", code="E-STARTED")
    exam.cancelled_at = now
    _record(session, actor, exam, "exam.cancel", "取消考试", now)
    return exam


def release_results(session: Session, *, actor: Actor, exam: Exam, now: datetime) -> Exam:
    """Publish the results of an exam whose policy hides them. A second click changes nothing.

    Not before the window and its grace are over: what is published shows keys.
    """
    _require_scope(actor, exam)
    if exam.review_policy != ReviewPolicy.HIDDEN:
        raise Conflict("这场考试的成绩不需要公布，按回看规则自动可见。", code="E-RELEASE")
    if exam.cancelled_at is not None:
        raise Conflict("这场考试已取消。", code="E-CANCELLED")
    if exam.open_pauses:
        raise Conflict("还有人的考试暂停着，恢复并考完后再公布。", code="E-EARLY")
    if now <= ends_at(exam) + LATE_SYNC:
        raise Conflict("考试时间还没结束，现在公布会让还没考的人看到答案。", code="E-EARLY")
    changed = session.execute(
        update(Exam)
        .where(Exam.id == exam.id, Exam.results_released_at.is_(None))
        .values(results_released_at=now)
        .execution_options(synchronize_session=False)
    )
    session.refresh(exam, ["results_released_at"])
    if changed.rowcount:  # type: ignore[attr-defined]  # a CursorResult: UPDATE counts rows
        _record(session, actor, exam, "exam.release", "公布成绩", now)
    return exam


def _require_scope(actor: Actor, exam: Exam) -> None:
    if not actor.may(Permission.SCHEDULE_EXAM, exam.org_unit.path):
        raise Forbidden("这场考试不在您的考务范围内。")


def _check_terms(
    title: str,
    attempts_max: int,
    blueprint: Blueprint,
    opens_at: datetime,
    closes_at: datetime,
    now: datetime,
) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not 1 <= len(title) <= 200:
        problems["title"] = "考试名称要有 1 到 200 个字"
    if not 1 <= attempts_max <= MAX_ATTEMPTS:
        problems["attempts_max"] = f"每人次数要在 1 到 {MAX_ATTEMPTS} 之间"
    if closes_at <= opens_at:
        problems["closes_at"] = "结束时间要晚于开始时间"
    elif closes_at <= now:
        problems["closes_at"] = "结束时间已经过去"
    elif closes_at - opens_at < timedelta(seconds=blueprint.duration_s):
        minutes = blueprint.duration_s // 60
        problems["closes_at"] = f"开放的时间比考试时长（{minutes} 分钟）还短"
    elif closes_at - opens_at > MAX_WINDOW:
        problems["closes_at"] = "开放的时间最长一年"
    return problems


def _check_ranks(
    session: Session, ranks: Sequence[str], listed: Sequence[str], unit: OrgUnit
) -> dict[str, str]:
    if ranks and listed:
        return {"ranks": "名单和职级只能选一种"}
    unknown = [rank for rank in ranks if rank_of(rank) is None]
    if not unknown:
        return {}
    held = set(
        session.scalars(
            select(Person.rank)
            .join(Person.org_unit)
            .where(OrgUnit.path.startswith(unit.path, autoescape=True), Person.rank.in_(unknown))
        )
    )
    missing = [rank for rank in unknown if rank not in held or "|" in rank]
    return {"ranks": "没有这样的职级：" + "、".join(missing)} if missing else {}


def _find_listed(
    session: Session, listed: Sequence[str], unit: OrgUnit
) -> tuple[list[Person], str]:
    """The people of the list, and one sentence naming every number that does not fit."""
    numbers = list(dict.fromkeys(number.strip() for number in listed if number.strip()))
    if len(numbers) > MAX_LISTED:
        return [], f"名单最多 {MAX_LISTED} 人，现在是 {len(numbers)} 人；更多的人请按单位安排"
    found = {
        person.staff_no: (person, path)
        for person, path in session.execute(
            select(Person, OrgUnit.path).join(Person.org_unit).where(Person.staff_no.in_(numbers))
        )
    }
    unknown = [n for n in numbers if n not in found]
    gone = [n for n in numbers if n in found and not found[n][0].active]
    outside = [
        n for n in numbers if n in found and n not in gone and not found[n][1].startswith(unit.path)
    ]
    said = [
        f"{what}：{'、'.join(which)}"
        for what, which in (
            ("没有这些工号", unknown),
            ("这些人已停用", gone),
            (f"这些人不在{unit.name}", outside),
        )
        if which
    ]
    return [found[n][0] for n in numbers if n in found], "；".join(said)


def _require_audience(session: Session, exam: Exam) -> None:
    people = candidates_query(exam).order_by(None).limit(1)
    if session.execute(people).first() is None:
        message = "这个范围里没有应考的人，请换单位或职级"
        raise DomainError(message + "。", fields={"org_unit": message})


def _require_party(session: Session, exam: Exam, blueprint: Blueprint) -> None:
    """A paper of party rules is no paper for people outside the party (domain facts EX-9)."""
    asked = [party for party in Party if AUDIENCE_NAMES[party] in blueprint.audience]
    if len(asked) != 1 or EVERYONE in blueprint.audience:
        return
    fits = func.coalesce(Person.party, "") == asked[0]
    outside = candidates_query(exam).where(~fits).order_by(None)
    people = list(session.scalars(outside.limit(4)))
    if not people:
        return
    count = session.scalar(select(func.count()).select_from(outside.subquery())) or 0
    named = "、".join(f"{person.name}（{person.staff_no}）" for person in people[:3])
    words = AUDIENCE_NAMES[asked[0]]
    message = (
        f"这份组卷规则只面向{words}，所选范围里有 {count} 人没有登记为{words}：{named}"
        f"{'等' if count > len(people[:3]) else ''}。请改用名单安排，或换一份组卷规则"
    )
    raise DomainError(message + "。", fields={"listed": message})


def _record(
    session: Session, actor: Actor, exam: Exam, action: str, verb: str, now: datetime
) -> None:
    record_act(
        session,
        actor=actor,
        action=action,
        now=now,
        object_type="exam",
        object_id=exam.public_id,
        summary=f"{verb}《{exam.title}》",
        detail={
            "org_unit": exam.org_unit.path,
            "ranks": exam.ranks,
            "listed_only": exam.listed_only,
            "opens_at": exam.opens_at.isoformat(),
            "closes_at": exam.closes_at.isoformat(),
            "attempts_max": exam.attempts_max,
            "review_policy": str(exam.review_policy),
        },
    )
