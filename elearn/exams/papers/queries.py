"""Reading seeds, settings and openings of an exam's papers. Sealed contents are not read here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from elearn.core.errors import NotFound
from elearn.exams.sittings.queries import candidates_query
from elearn.models import (
    Attempt,
    BankQuestion,
    Exam,
    ExamForm,
    ExamMakeup,
    ExamPapers,
    ExamSeed,
    OpeningKind,
    PaperMode,
    PaperOpening,
    Person,
    QuestionRevision,
    SealedPaper,
)

# How long an agreed look at a paper lasts.
VIEW_FOR: Final = timedelta(hours=1)
ASK_FOR: Final = timedelta(hours=24)
CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Look:
    """One request to look at a paper: `asked`, and `approved` once a second person agreed."""

    asked: PaperOpening
    approved: PaperOpening | None

    def open_at(self, now: datetime) -> bool:
        """May the two look now?"""
        return self.approved is not None and now < self.approved.at + VIEW_FOR

    def waiting_at(self, now: datetime) -> bool:
        """Is it still waiting for a second person?"""
        return self.approved is None and now < self.asked.at + ASK_FOR


def seed_of(session: Session, exam: Exam) -> ExamSeed | None:
    """The exam's master seed row, if it has one."""
    return session.get(ExamSeed, exam.id)


def papers_of(session: Session, exam: Exam) -> ExamPapers:
    """The settings; a fresh row, not yet added, when nobody set anything."""
    return session.get(ExamPapers, exam.id) or ExamPapers(
        exam_id=exam.id, mode=PaperMode.INDIVIDUAL, forms=1, avoid_seen=False, figures={}
    )


def started_count(session: Session, exam: Exam) -> int:
    """Attempts of the exam."""
    query = select(func.count()).select_from(Attempt).where(Attempt.exam_id == exam.id)
    return session.scalar(query) or 0


def sealed_count(session: Session, exam: Exam) -> int:
    """Forms, or papers of persons, sealed for the exam."""
    settings = papers_of(session, exam)
    table = SealedPaper if settings.mode == PaperMode.INDIVIDUAL else ExamForm
    query = select(func.count()).select_from(table).where(table.exam_id == exam.id)
    return session.scalar(query) or 0


def unsealed_people(exam: Exam) -> Select[Person]:
    """Candidates whose first paper is not sealed yet."""
    sealed = exists().where(
        SealedPaper.exam_id == exam.id, SealedPaper.person_id == Person.id, SealedPaper.no == 1
    )
    return candidates_query(exam).where(~sealed).order_by(None).order_by(Person.id)


def forms_of(session: Session, exam: Exam) -> list[ExamForm]:
    """The sealed forms in order."""
    return list(
        session.scalars(select(ExamForm).where(ExamForm.exam_id == exam.id).order_by(ExamForm.no))
    )


def sealed_nth(session: Session, exam: Exam, number: int) -> tuple[bytes, str] | None:
    """The `number`-th sealed paper of the exam and the vault's name for it; whose it is stays
    with the vault."""
    if papers_of(session, exam).mode != PaperMode.INDIVIDUAL:
        form = select(ExamForm.sealed).where(ExamForm.exam_id == exam.id, ExamForm.no == number)
        sealed = session.scalar(form)
        return None if sealed is None else (sealed, f"form/{number}")
    row = session.execute(
        select(SealedPaper.sealed, SealedPaper.no, Person.public_id)
        .join(Person, Person.id == SealedPaper.person_id)
        .where(SealedPaper.exam_id == exam.id)
        .order_by(SealedPaper.id)
        .offset(number - 1)
        .limit(1)
    ).first()
    return None if row is None else (row.sealed, paper_purpose(row.public_id, row.no))


def paper_purpose(person: str, no: int) -> str:
    """The vault's name for a person's sealed paper; `person` is the public id."""
    return f"paper/{person}/{no}"


def seen_attempts(session: Session, person_id: int) -> list[Attempt]:
    """Every attempt of the person so far, in any exam, in a stable order."""
    query = select(Attempt).where(Attempt.person_id == person_id).order_by(Attempt.id)
    return list(session.scalars(query))


def makeup_attempts(session: Session, *, exam: Exam, person_id: int) -> list[Attempt]:
    """The person's attempts at the exam `exam` makes up for, and at every make-up of it."""
    main = select(ExamMakeup.main_exam_id).where(ExamMakeup.exam_id == exam.id).scalar_subquery()
    siblings = select(ExamMakeup.exam_id).where(ExamMakeup.main_exam_id == main)
    query = select(Attempt).where(
        Attempt.person_id == person_id,
        or_(Attempt.exam_id == main, Attempt.exam_id.in_(siblings)),
    )
    return list(session.scalars(query.order_by(Attempt.id)))


def codes_seen(session: Session, attempts: Iterable[Attempt]) -> set[str]:
    """Codes of the questions on these attempts' papers."""
    hashes = sorted(
        {
            item["revision_hash"]
            for attempt in attempts
            for section in attempt.paper["sections"]
            for item in section["items"]
        }
    )
    codes: set[str] = set()
    for at in range(0, len(hashes), CHUNK):
        codes |= set(
            session.scalars(
                select(BankQuestion.code)
                .join(QuestionRevision, QuestionRevision.question_id == BankQuestion.id)
                .where(QuestionRevision.hash.in_(hashes[at : at + CHUNK]))
            )
        )
    return codes


def openings_of(session: Session, exam: Exam, limit: int = 200) -> Sequence[PaperOpening]:
    """The log of openings, latest first."""
    query = (
        select(PaperOpening)
        .where(PaperOpening.exam_id == exam.id)
        .options(joinedload(PaperOpening.person))
        .order_by(PaperOpening.id.desc())
        .limit(limit)
    )
    return session.scalars(query).all()


def looks_of(session: Session, exam: Exam) -> list[Look]:
    """Requests to look at papers with their approvals, latest first."""
    rows = openings_of(session, exam)
    approvals = {row.asked_id: row for row in rows if row.kind == OpeningKind.APPROVE}
    return [Look(row, approvals.get(row.id)) for row in rows if row.kind == OpeningKind.ASK]


def get_look(session: Session, exam: Exam, public_id: str) -> Look:
    """One request. Raises NotFound."""
    found = [look for look in looks_of(session, exam) if look.asked.public_id == public_id]
    if not found:
        raise NotFound
    return found[0]
