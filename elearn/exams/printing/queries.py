"""Reading print runs and the results that came back: always through the examiner's scope."""

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from elearn.core.access import Actor
from elearn.core.errors import NotFound
from elearn.exams.sittings.queries import get_managed_exam
from elearn.models import (
    Attempt,
    Exam,
    PaperResult,
    Person,
    PrintApproval,
    PrintPaper,
    PrintRun,
)


def runs_of(session: Session, exam: Exam) -> list[PrintRun]:
    """All runs of an exam, latest first, with who made and approved them."""
    return list(session.scalars(_runs().where(PrintRun.exam_id == exam.id)))


def get_run(session: Session, *, public_id: str, run_id: str, actor: Actor) -> PrintRun:
    """The run, if its exam lies in the actor's scope. Raises NotFound."""
    exam = get_managed_exam(session, public_id=public_id, actor=actor)
    run = session.scalar(_runs().where(PrintRun.exam_id == exam.id, PrintRun.public_id == run_id))
    if run is None:
        raise NotFound
    return run


def paper_result_of(session: Session, attempt_id: int) -> PaperResult | None:
    """How an attempt was sat on paper; None when it was sat on a screen."""
    return session.scalar(
        select(PaperResult)
        .where(PaperResult.attempt_id == attempt_id)
        .options(joinedload(PaperResult.print_paper).joinedload(PrintPaper.run))
    )


def results_query(run: PrintRun) -> Select[PaperResult]:
    """What has been entered from the forms of a run, latest first."""
    return (
        select(PaperResult)
        .join(PaperResult.print_paper)
        .join(PaperResult.attempt)
        .where(PrintPaper.run_id == run.id)
        .options(
            contains_eager(PaperResult.print_paper),
            contains_eager(PaperResult.attempt).joinedload(Attempt.person),
            joinedload(PaperResult.entered_by),
        )
        .order_by(PaperResult.attempt_id.desc())
    )


def results_of_person(session: Session, *, exam: Exam, person: Person) -> list[PaperResult]:
    """Paper results of one person in an exam, oldest first."""
    return list(
        session.scalars(
            select(PaperResult)
            .join(PaperResult.attempt)
            .where(Attempt.exam_id == exam.id, Attempt.person_id == person.id)
            .options(contains_eager(PaperResult.attempt), joinedload(PaperResult.print_paper))
            .order_by(Attempt.no)
        )
    )


def _runs() -> Select[PrintRun]:
    return (
        select(PrintRun)
        .options(
            joinedload(PrintRun.exam),
            joinedload(PrintRun.made_by),
            joinedload(PrintRun.approval).joinedload(PrintApproval.approved_by),
            selectinload(PrintRun.papers),
        )
        .order_by(PrintRun.id.desc())
    )
