"""Computing the statistics of an exam, and keeping them until a grade changes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.bank.queries import StoredKey, load_bodies
from elearn.core.access import Actor, Role
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.core.grading.answers import CHOICES
from elearn.core.questions.model import QuestionType
from elearn.core.statistics.exam import ExamStatistics, exam_statistics
from elearn.core.statistics.items import FEW_FOR_RELATIONS, ItemStatistics, item_statistics
from elearn.core.statistics.signals import Record, common_shift, pool, shrunk_change, signals
from elearn.exams.grades.keys import load_exam_keys
from elearn.exams.papers.estimates import renew_estimates
from elearn.models import (
    BankQuestion,
    DifficultyDecision,
    Exam,
    ExamAnalysis,
    ItemAnalysis,
    QuestionRevision,
)

from .collecting import collect
from .difficulty import question_estimate
from .flags import attention, flags_of
from .queries import Counts, earlier_items, exam_counts, is_over

Keys = tuple[tuple[QuestionType, frozenset[int], int], ...]


@dataclass(frozen=True, slots=True)
class Computed:
    """What `store_analysis` writes: `items` are rows of `item_analysis`."""

    counts: Counts
    summary: dict[str, Any]
    items: list[dict[str, Any]]


def compute_analysis(session: Session, *, exam: Exam, now: datetime) -> Computed:
    """Everything `store_analysis` writes; reads only, so that no other writer waits for it.

    Raises Conflict while somebody can still sit the exam.
    """
    counts = exam_counts(session, exam)
    if not is_over(exam, counts, now):
        raise Conflict("考试还没有全部结束，结束后才能统计。", code="E-OPEN")
    found = collect(session, exam)
    items = item_statistics(found.responses)
    keys, codes = _keys_of(session, exam, items), _codes_of(session, items)
    current = {item.item: _record(item, keys[item.item]) for item in items}
    earlier = earlier_items(session, exam, current)
    past = {
        digest: pooled
        for digest, rows in earlier.items()
        if (pooled := pool(_record_of_row(row, keys[digest]) for row in rows))
    }
    shift = common_shift(current, past)
    rows = [
        _row(
            exam,
            item,
            code=codes[item.item],
            keys=keys[item.item],
            past=past.get(item.item),
            now=current[item.item],
            shift=shift,
            exposures=found.exposures.get(item.item, item.n),
        )
        for item in items
    ]
    summary = _summary(exam_statistics(found.scores, found.responses), counts)
    full = [score.full_centi for score in found.scores]
    summary |= {
        "full_centi": max(full, default=0),
        "shift": shift,
        "compared": len(past),
        "earlier_exams": len({row.exam_id for rows in earlier.values() for row in rows}),
    }
    return Computed(counts, summary, rows)


def store_analysis(
    session: Session, *, exam_id: int, computed: Computed, now: datetime
) -> ExamAnalysis:
    """Put what was computed in the place of what was there. Two at once: the later one stays."""
    # The exam's row is what two computations would otherwise race for.
    session.execute(select(Exam.id).where(Exam.id == exam_id).with_for_update())
    session.execute(delete(ItemAnalysis).where(ItemAnalysis.exam_id == exam_id))
    session.execute(delete(ExamAnalysis).where(ExamAnalysis.exam_id == exam_id))
    session.expire_all()
    analysis = ExamAnalysis(
        exam_id=exam_id,
        last_grade_id=computed.counts.last_grade_id,
        people=computed.counts.final,
        computed_at=now,
        summary=computed.summary,
    )
    session.add(analysis)
    if computed.items:
        session.execute(insert(ItemAnalysis), computed.items)
    session.flush()
    renew_estimates(session, now=now)
    return analysis


def decide_difficulty(
    session: Session,
    *,
    actor: Actor,
    question: BankQuestion,
    revision_hash: str,
    suggested: int,
    accepted: bool,
    now: datetime,
) -> DifficultyDecision:
    """A trainer's answer to the suggestion as it stood on the page. No revision is touched.

    Raises Forbidden for anybody but a trainer, Conflict when the question or the suggestion has
    changed since, or was answered already.
    """
    if not any(role == Role.TRAINER for role, _ in actor.grants):
        raise Forbidden("题目的难度由培训管理员决定。")
    found = question_estimate(session, question)
    if found is None or found.revision_hash != revision_hash or found.decision is not None:
        raise Conflict("这条建议已经处理过，或者题目刚刚有了新版本。请刷新页面。", code="E-STALE")
    if not found.estimate.is_suggestion or found.estimate.difficulty != suggested:
        raise Conflict("建议的难度刚刚有变化，请刷新页面再决定。", code="E-STALE")
    decision = DifficultyDecision(
        question_id=question.id,
        revision_hash=revision_hash,
        current=found.estimate.current,
        suggested=suggested,
        n=found.estimate.n,
        total_share=found.total_share,
        accepted=accepted,
        decided_by_id=actor.person_id,
        decided_at=now,
    )
    session.add(decision)
    session.flush()
    verb = "采纳" if accepted else "不采纳"
    record_act(
        session,
        actor=actor,
        action="question.difficulty",
        now=now,
        object_type="question",
        object_id=question.code,
        summary=f"{verb}难度建议：{question.code} 由 {found.estimate.current} 改为 {suggested}",
        detail={
            "revision": revision_hash,
            "current": found.estimate.current,
            "suggested": suggested,
            "accepted": accepted,
            "n": found.estimate.n,
            "facility": round(found.estimate.facility, 4),
        },
    )
    renew_estimates(session, now=now)
    return decision


def _keys_of(session: Session, exam: Exam, items: Sequence[ItemStatistics]) -> dict[str, Keys]:
    """Per choice part, in the order of the parts, with the corrections that hold in the exam; texts
    have an empty key of no options."""
    hashes = [item.item for item in items]
    bodies = load_bodies(session, hashes)
    stored = load_exam_keys(session, exam_id=exam.id, hashes=hashes).stored
    return {
        digest: tuple(
            (part.type, _key(stored[digest], at), len(part.options))
            for at, part in enumerate(bodies[digest].parts)
        )
        for digest in hashes
    }


def _key(stored: StoredKey, at: int) -> frozenset[int]:
    return stored.answer.parts[at].key


def _codes_of(session: Session, items: Sequence[ItemStatistics]) -> dict[str, str]:
    hashes = [item.item for item in items]
    codes: dict[str, str] = {}
    for at in range(0, len(hashes), 500):
        rows = session.execute(
            select(QuestionRevision.hash, BankQuestion.code)
            .join(BankQuestion, BankQuestion.id == QuestionRevision.question_id)
            .where(QuestionRevision.hash.in_(hashes[at : at + 500]))
        )
        codes.update((digest, code) for digest, code in rows)
    if missing := set(hashes) - codes.keys():
        raise DomainError(f"题库里找不到答卷用过的 {len(missing)} 道题。", code="E-BANK")
    return codes


def _record(item: ItemStatistics, keys: Keys) -> Record:
    wrong = {}
    if item.parts and keys and keys[0][0] in CHOICES:
        key = keys[0][1]
        wrong = {o: sum(c) for o, c in item.parts[0].chosen.items() if o not in key}
    times = item.times
    return Record(
        n=item.n,
        total_share=item.total_share,
        median_s=times.median if times else None,
        n_times=times.n if times else 0,
        wrong=tuple(sorted(wrong.items())),
    )


def _record_of_row(row: ItemAnalysis, keys: Keys) -> Record:
    wrong = {}
    if row.detail["parts"] and keys and keys[0][0] in CHOICES:
        chosen = {int(option): sum(c) for option, c in row.detail["parts"][0]["chosen"].items()}
        wrong = {option: count for option, count in chosen.items() if option not in keys[0][1]}
    times = row.detail["times"]
    return Record(
        n=row.n,
        total_share=row.total_share,
        median_s=row.median_s,
        n_times=times["n"] if times else 0,
        wrong=tuple(sorted(wrong.items())),
    )


def _row(
    exam: Exam,
    item: ItemStatistics,
    *,
    code: str,
    keys: Keys,
    past: Record | None,
    now: Record,
    shift: float,
    exposures: int,
) -> dict[str, Any]:
    flags = flags_of(item, keys, signals(now, past, shift) if past else ())
    detail: dict[str, Any] = {
        "interval": asdict(item.interval),
        "discrimination_interval": item.discrimination_interval
        and asdict(item.discrimination_interval),
        "times": item.times and asdict(item.times),
        "parts": [_part(asdict(part)) for part in item.parts],
        "past": None,
    }
    if past:
        detail["past"] = {
            "n": past.n,
            "facility": past.facility,
            "median_s": past.median_s,
            "change": shrunk_change(now, past, shift),
        }
    return {
        "exam_id": exam.id,
        "revision_hash": item.item,
        "code": code,
        "n": item.n,
        "total_share": item.total_share,
        "facility": item.facility,
        "discrimination": item.discrimination,
        "median_s": item.times.median if item.times else None,
        "exposures": exposures,
        "attention": attention(flags),
        "flags": [flag.value for flag in flags],
        "detail": detail,
    }


def _part(part: dict[str, Any]) -> dict[str, Any]:
    """JSON has no numbers as names."""
    return {**part, "chosen": {str(option): counts for option, counts in part["chosen"].items()}}


def _summary(found: ExamStatistics, counts: Counts) -> dict[str, Any]:
    summary = asdict(found)
    summary["reliability"] = found.reliability and {
        "design": found.reliability.design.value,
        "coefficient": found.reliability.coefficient,
        "sem_centi": found.reliability.sem_centi,
    }
    enough = found.n >= FEW_FOR_RELATIONS
    return {
        **summary,
        "enough": enough,
        "attempts": counts.attempts,
        "pending": counts.pending,
    }
