"""Proposing, deciding and carrying out corrections of keys.

Propose lists the attempts concerned; a worker works the preview out in batches; another person
approves; the worker writes new grades in batches. Both passes can stop anywhere and go on.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.bank.laws import load_registry, read_citation
from elearn.bank.queries import load_bodies, load_keys
from elearn.core.access import Actor, Permission
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.core.grading.corrections import Correction, check_correction
from elearn.exams.grades.keys import as_correction, corrected_key, corrections_of
from elearn.models import (
    Attempt,
    CorrectionState,
    Dispute,
    Exam,
    KeyCorrection,
    OrgUnit,
    QuestionRevision,
    Regrade,
)

from .queries import common_path, exams_using, summary, uses

MAX_REASON: Final = 500
MAX_NOTE: Final = 500


def propose_correction(
    session: Session,
    *,
    actor: Actor,
    revision: QuestionRevision,
    exam: Exam | None,
    correction: Correction,
    reason: str,
    citation: str,
    now: datetime,
    dispute: Dispute | None = None,
) -> KeyCorrection:
    """A proposal for one exam, or (None) for every exam that used the revision.

    Nothing changes for anybody until another person approves. Raises DomainError with `fields`.
    """
    exams = [exam] if exam else exams_using(session, revision.hash)
    if not exams:
        raise DomainError("这道题还没有在考试里用过，直接改题库文件就可以。", code="E-UNUSED")
    path = common_path([each.org_unit.path for each in exams])
    if not actor.may(Permission.VIEW_CONTENT, path):
        raise Forbidden("用过这道题的考试有的不在您的范围内，请由上级单位的人提出更正。")
    reason, citation = reason.strip(), citation.strip()
    _check_words(session, reason, citation)
    stored = load_keys(session, [revision.hash])[revision.hash]
    earlier = corrections_of(session, exam_id=exam.id if exam else 0, hashes=[revision.hash])
    key = corrected_key(stored, [as_correction(row) for row in earlier.get(revision.hash, ())])
    body = load_bodies(session, [revision.hash])[revision.hash]
    check_correction(key.answer, [len(part.options) for part in body.parts], correction)
    row = KeyCorrection(
        question_revision_id=revision.id,
        exam_id=exam.id if exam else None,
        org_path=path,
        part_no=correction.part,
        kind=correction.kind,
        change=correction.change(),
        reason=reason,
        citation=citation,
        state=CorrectionState.PROPOSED,
        proposed_by_id=actor.person_id,
        proposed_at=now,
    )
    session.add(row)
    session.flush()
    _list_attempts(session, row)
    if dispute is not None:
        dispute.correction_id = row.id
        session.flush()
    _record(session, actor, row, "correction.propose", "提出更正答案", now)
    return row


def approve_correction(
    session: Session, *, actor: Actor, correction: KeyCorrection, now: datetime, note: str = ""
) -> KeyCorrection:
    """Put it into force. A second click changes nothing.

    Raises Forbidden for the proposer and for whoever sat one of the papers, Conflict while the
    preview is not complete or when something changed since.
    """
    _hold(session, correction)
    if correction.state in {CorrectionState.APPROVED, CorrectionState.APPLIED}:
        return correction
    _require_open(correction)
    _require_second_person(session, actor, correction)
    if not summary(session, correction).ready:
        raise Conflict("影响还没有全部算完，请稍等再批准。", code="E-PREVIEW")
    _list_everybody(session, correction)
    # Once more, of what was begun since the proposal.
    correction.org_path = _path_of(session, correction)
    _require_second_person(session, actor, correction)
    correction.no = (session.scalar(select(func.max(KeyCorrection.no))) or 0) + 1
    correction.state = CorrectionState.APPROVED
    _decide(correction, actor, note, now)
    try:
        with session.begin_nested():
            session.flush()
    except IntegrityError:
        session.refresh(correction)
        message = "另一项更正刚刚批准，请再点一次批准。"
        raise Conflict(message, code="E-RACE") from None
    _record(session, actor, correction, "correction.approve", "批准更正答案", now)
    return correction


def reject_correction(
    session: Session, *, actor: Actor, correction: KeyCorrection, note: str, now: datetime
) -> KeyCorrection:
    """Turn it down, with a reason; the proposer alone may not decide this either."""
    _hold(session, correction)
    if correction.state == CorrectionState.REJECTED:
        return correction
    _require_open(correction)
    _require_second_person(session, actor, correction)
    if not note.strip():
        raise DomainError("请写明不批准的理由。", code="E-NOTE", fields={"note": "请写明理由"})
    correction.state = CorrectionState.REJECTED
    _decide(correction, actor, note, now)
    session.flush()
    _record(session, actor, correction, "correction.reject", "不批准更正答案", now)
    return correction


def _check_words(session: Session, reason: str, citation: str) -> None:
    problems = {}
    if not 1 <= len(reason) <= MAX_REASON:
        problems["reason"] = f"请写明更正的理由，最多 {MAX_REASON} 个字"
    known = load_registry(session)
    cited = read_citation(citation)
    if not citation or len(citation) > 200:
        problems["citation"] = "请写明依据的条文，例如 监察法@2024-12-25#46"
    elif known.instruments and cited.law not in known.instruments:
        problems["citation"] = (
            f"法规库里没有「{cited.law}」，请照题库里的写法，例如 监察法@2024-12-25#46"
        )
    if problems:
        raise DomainError("更正没有提出：" + "；".join(problems.values()), fields=problems)


def _list_everybody(session: Session, correction: KeyCorrection) -> None:
    """List what was begun since the proposal, so that nobody is graded with the old key for good.

    An attempt whose transaction is not over cannot be seen, and may be graded (a sheet of paper is,
    at once) before this one commits. So: the long search first; then every exam concerned is held
    against starts and sheets, which share its row; and where an attempt has come meanwhile, the
    search again. Whoever comes later waits for us and is graded with the new key.
    """
    known = _attempts_by_exam(session, correction)
    _list_attempts(session, correction)
    exams = select(Exam.id).order_by(Exam.id).with_for_update(key_share=True)
    if correction.exam_id is not None:
        exams = exams.where(Exam.id == correction.exam_id)
    session.execute(exams)
    now = _attempts_by_exam(session, correction)
    grown = [exam_id for exam_id, count in now.items() if count != known.get(exam_id)]
    if grown:
        _list_attempts(session, correction, among=grown)


def _path_of(session: Session, correction: KeyCorrection) -> str:
    """The smallest subtree that holds every exam on the list, and what it held before."""
    paths = session.scalars(
        select(OrgUnit.path)
        .distinct()
        .join(Exam, Exam.org_unit_id == OrgUnit.id)
        .join(Attempt, Attempt.exam_id == Exam.id)
        .join(Regrade, Regrade.attempt_id == Attempt.id)
        .where(Regrade.correction_id == correction.id)
    )
    return common_path([correction.org_path, *paths])


def _attempts_by_exam(session: Session, correction: KeyCorrection) -> dict[int, int]:
    """Exam -> attempts. None is ever deleted: the same number is the same attempts."""
    query = select(Attempt.exam_id, func.count().label("attempts")).group_by(Attempt.exam_id)
    if correction.exam_id is not None:
        query = query.where(Attempt.exam_id == correction.exam_id)
    return {row.exam_id: row.attempts for row in session.execute(query)}


def _list_attempts(
    session: Session, correction: KeyCorrection, *, among: Sequence[int] | None = None
) -> None:
    """Every attempt with the question on its paper that is not listed yet, in progress or done;
    only in the exams `among`, if given."""
    listed = select(Regrade.attempt_id).where(Regrade.correction_id == correction.id)
    wanted = select(literal(correction.id), Attempt.id, literal(False), literal(False)).where(
        uses(correction.revision.hash), Attempt.id.not_in(listed)
    )
    if correction.exam_id is not None:
        wanted = wanted.where(Attempt.exam_id == correction.exam_id)
    if among is not None:
        wanted = wanted.where(Attempt.exam_id.in_(among))
    session.execute(
        insert(Regrade).from_select(["correction_id", "attempt_id", "previewed", "done"], wanted)
    )


def _hold(session: Session, correction: KeyCorrection) -> None:
    session.refresh(correction, ["state", "no", "decided_at"], with_for_update=True)


def _require_open(correction: KeyCorrection) -> None:
    if correction.state != CorrectionState.PROPOSED:
        raise Conflict("这项更正已经有了决定，不能再改。", code="E-DECIDED")


def _require_second_person(session: Session, actor: Actor, correction: KeyCorrection) -> None:
    """Four eyes (reliability ST-23): another person, and nobody whose own paper is concerned."""
    if actor.person_id == correction.proposed_by_id:
        raise Forbidden("更正要由提出人以外的人批准。", code="E-FOUR-EYES")
    if not actor.may(Permission.VIEW_CONTENT, correction.org_path):
        raise Forbidden("这项更正涉及的考试不在您的范围内。")
    own = select(Regrade.attempt_id).join(Attempt, Attempt.id == Regrade.attempt_id)
    mine = own.where(Regrade.correction_id == correction.id, Attempt.person_id == actor.person_id)
    if session.scalar(mine.limit(1)) is not None:
        raise Forbidden("这项更正会影响您自己的成绩，请由别人批准。", code="E-OWN")


def _decide(correction: KeyCorrection, actor: Actor, note: str, now: datetime) -> None:
    note = note.strip()
    if len(note) > MAX_NOTE:
        raise DomainError(f"说明最多 {MAX_NOTE} 个字。", code="E-NOTE")
    correction.decided_by_id = actor.person_id
    correction.decided_at = now
    correction.note = note


def _record(
    session: Session, actor: Actor, row: KeyCorrection, action: str, verb: str, now: datetime
) -> None:
    """The key itself stays out of the audit log, which more people read."""
    scope: Sequence[str] = [row.exam.title] if row.exam else ["用过这道题的全部考试"]
    record_act(
        session,
        actor=actor,
        action=action,
        now=now,
        object_type="correction",
        object_id=row.public_id,
        summary=f"{verb}：题目 {row.revision.question.code}，{scope[0]}",
        detail={
            "question": row.revision.question.code,
            "revision": row.revision.hash,
            "kind": str(row.kind),
            "no": row.no,
            "citation": row.citation,
            "exam": row.exam.public_id if row.exam else None,
            "note": row.note,
        },
    )
