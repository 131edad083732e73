"""Taking answer files in: keep what was handed in, then import it through the save protocol.

An import decides nothing: the same rules of time and base as for a phone that delivers late
(`attempts/protocol.py`) say whether an answer counts, is held for a decision, or stands back behind
a newer one.
"""

from collections import Counter
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor
from elearn.core.errors import Conflict, DomainError, Gone
from elearn.exams.attempts.events import check_events, read_device
from elearn.exams.attempts.saving import Sender, save_answers
from elearn.exams.attempts.shapes import shape_of
from elearn.models import AnswerFile, Attempt, Exam

from .sealed import open_file, read_file


def keep_file(
    session: Session, *, actor: Actor, exam: Exam, text: str, secret: str, now: datetime
) -> AnswerFile:
    """The row of this file, made now unless it was handed in before.

    Raises DomainError: no answer file (E-FILE), of another exam (E-OTHER), changed on the way
    (E-SEAL), answers that do not fit the paper (E-ANSWER). Nothing is kept then.
    """
    sealed = read_file(text)
    attempt = session.scalar(
        select(Attempt).where(Attempt.public_id == sealed.attempt, Attempt.exam_id == exam.id)
    )
    if attempt is None:
        raise DomainError("这个答案文件不属于这场考试，请到对应的考试里导入。", code="E-OTHER")
    contents = open_file(sealed, secret)
    read_device(contents.device)
    check_events(shape_of(attempt), contents.events)
    known = _known(session, sealed.sha256)
    if known is not None:
        return known
    row = AnswerFile(
        attempt_id=attempt.id,
        sha256=sealed.sha256,
        body=text.strip(),
        uploaded_by_id=actor.person_id,
        uploaded_at=now,
        result={},
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # two examiners at once
        faster = _known(session, sealed.sha256)
        if faster is None:
            raise
        return faster
    _record(session, actor, "answer_file.upload", attempt, "收到考生的答案文件", now, row)
    return row


def import_file(
    session: Session, *, actor: Actor, file: AnswerFile, secret: str, now: datetime
) -> Counter[str]:
    """Store the file's answers as events, once; how many got which status.

    Raises Conflict for a second import, Gone when the exam takes nothing any more; nothing is
    written then.
    """
    session.refresh(file, ["imported_at", "result"], with_for_update=True)
    if file.imported_at is not None:
        raise Conflict("这个答案文件已经导入过，不会再导入一次。", code="E-IMPORTED")
    contents = open_file(read_file(file.body), secret)
    sender = Sender(read_device(contents.device), orphan=True)
    try:
        reply = save_answers(
            session, attempt=file.attempt, events=contents.events, now=now, sender=sender
        )
    except Gone:
        message = "这场考试受理补传的期限已过，文件只留存，不能导入。"
        raise Gone(message, code="E-DEADLINE") from None
    file.result = dict(reply.statuses)
    file.imported_at, file.imported_by_id = now, actor.person_id
    counts = Counter(reply.statuses.values())
    _record(
        session, actor, "answer_file.import", file.attempt, "导入考生的答案文件", now, file, counts
    )
    return counts


def _known(session: Session, sha256: str) -> AnswerFile | None:
    return session.scalar(select(AnswerFile).where(AnswerFile.sha256 == sha256))


def _record(
    session: Session,
    actor: Actor,
    action: str,
    attempt: Attempt,
    summary: str,
    now: datetime,
    file: AnswerFile,
    counts: Counter[str] | None = None,
) -> None:
    record_act(
        session,
        actor=actor,
        action=action,
        now=now,
        object_type="attempt",
        object_id=attempt.public_id,
        summary=summary,
        detail={"sha256": file.sha256, **({"events": dict(counts)} if counts else {})},
    )
