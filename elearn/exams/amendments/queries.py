"""Reading paper results to be corrected, and the proposals about them. Runs come through the
examiner's scope (`printing.queries.get_run`); what is here belongs to a run."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from elearn.core.assembly.paper import Paper, paper_from_canonical
from elearn.core.errors import NotFound
from elearn.core.grading.answers import Answer
from elearn.core.grading.grade import Place
from elearn.models import (
    AmendmentDecision,
    Attempt,
    PaperAmendment,
    PaperResult,
    PrintPaper,
    PrintRun,
)


def get_result(session: Session, *, run: PrintRun, attempt_id: str) -> PaperResult:
    """The result of this run with that attempt (public id). Raises NotFound."""
    result = session.scalar(
        select(PaperResult)
        .join(PaperResult.attempt)
        .join(PaperResult.print_paper)
        .options(
            contains_eager(PaperResult.attempt).joinedload(Attempt.person),
            contains_eager(PaperResult.print_paper),
            joinedload(PaperResult.entered_by),
        )
        .where(PrintPaper.run_id == run.id, Attempt.public_id == attempt_id)
    )
    if result is None:
        raise NotFound
    return result


def get_amendment(session: Session, *, run: PrintRun, amendment_id: str) -> PaperAmendment:
    """A proposal about a result of this run. Raises NotFound."""
    amendment = session.scalar(
        _amendments()
        .join(PaperAmendment.result)
        .join(PaperResult.print_paper)
        .where(PrintPaper.run_id == run.id, PaperAmendment.public_id == amendment_id)
    )
    if amendment is None:
        raise NotFound
    return amendment


def amendments_of(
    session: Session, attempt_ids: Iterable[int]
) -> dict[int, Sequence[PaperAmendment]]:
    """Attempt id -> its proposals, oldest first."""
    query = _amendments().where(PaperAmendment.attempt_id.in_(list(attempt_ids)))
    found: dict[int, list[PaperAmendment]] = {}
    for amendment in session.scalars(query.order_by(PaperAmendment.id)):
        found.setdefault(amendment.attempt_id, []).append(amendment)
    return dict(found)


def open_amendment(session: Session, attempt_id: int) -> PaperAmendment | None:
    """The proposal that waits for the second person."""
    return session.scalar(
        _amendments()
        .outerjoin(AmendmentDecision, AmendmentDecision.amendment_id == PaperAmendment.id)
        .where(PaperAmendment.attempt_id == attempt_id, AmendmentDecision.amendment_id.is_(None))
    )


def waiting_of_run(session: Session, run: PrintRun) -> Sequence[PaperAmendment]:
    """Proposals about results of this run that wait for the second person, oldest first."""
    return session.scalars(
        _amendments()
        .join(PaperAmendment.result)
        .join(PaperResult.print_paper)
        .join(PaperResult.attempt)
        .join(Attempt.person)
        .outerjoin(AmendmentDecision, AmendmentDecision.amendment_id == PaperAmendment.id)
        .options(
            contains_eager(PaperAmendment.result)
            .contains_eager(PaperResult.attempt)
            .contains_eager(Attempt.person)
        )
        .where(PrintPaper.run_id == run.id, AmendmentDecision.amendment_id.is_(None))
        .order_by(PaperAmendment.id)
    ).all()


def letter_of(result: PaperResult, amendments: Iterable[PaperAmendment]) -> str:
    """The form the sheet belongs to: as typed, or as the last accepted correction says."""
    letter = result.print_paper.letter
    for amendment in amendments:
        if amendment.decision is not None and amendment.decision.accepted:
            letter = amendment.letter
    return letter


def form_paper(run: PrintRun, letter: str) -> Paper:
    """The paper of one of the run's forms. Raises NotFound."""
    for form in run.papers:
        if form.letter == letter:
            return paper_from_canonical(form.paper)
    raise NotFound


def changes_of(amendment: PaperAmendment) -> dict[Place, tuple[Answer | None, Answer | None]]:
    """Place on the attempt's own paper -> answer before and after; None: not answered."""
    return {(item, part): (before, after) for item, part, before, after in amendment.changes}


def _amendments() -> Select[PaperAmendment]:
    return select(PaperAmendment).options(
        joinedload(PaperAmendment.proposed_by),
        joinedload(PaperAmendment.decision).joinedload(AmendmentDecision.decided_by),
    )
