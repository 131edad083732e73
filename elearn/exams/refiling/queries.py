"""Reading proposals to move a paper result. Runs come through the examiner's scope
(`printing.queries.get_run`); what is here belongs to a run."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from elearn.core.errors import NotFound
from elearn.models import (
    Attempt,
    PaperRefiling,
    PaperResult,
    PrintPaper,
    PrintRun,
    RefilingDecision,
)


def get_refiling(session: Session, *, run: PrintRun, refiling_id: str) -> PaperRefiling:
    """A proposal about a result of this run. Raises NotFound."""
    row = session.scalar(
        _of_run(run)
        .where(PaperRefiling.public_id == refiling_id)
        .options(joinedload(PaperRefiling.person))
    )
    if row is None:
        raise NotFound
    return row


def refilings_of(
    session: Session, attempt_ids: Iterable[int]
) -> dict[int, Sequence[PaperRefiling]]:
    """Attempt id -> its proposals, oldest first."""
    query = _refilings().where(PaperRefiling.attempt_id.in_(list(attempt_ids)))
    found: dict[int, list[PaperRefiling]] = {}
    for row in session.scalars(query.order_by(PaperRefiling.id)):
        found.setdefault(row.attempt_id, []).append(row)
    return dict(found)


def open_refiling(session: Session, attempt_id: int) -> PaperRefiling | None:
    """The proposal that waits for the second person."""
    return session.scalar(_waiting(_refilings().where(PaperRefiling.attempt_id == attempt_id)))


def waiting_refilings(session: Session, run: PrintRun) -> Sequence[PaperRefiling]:
    """Proposals about results of this run that wait for the second person, oldest first."""
    return session.scalars(_waiting(_of_run(run)).order_by(PaperRefiling.id)).all()


def _refilings() -> Select[PaperRefiling]:
    return select(PaperRefiling).options(
        joinedload(PaperRefiling.proposed_by),
        joinedload(PaperRefiling.decision).joinedload(RefilingDecision.decided_by),
    )


def _of_run(run: PrintRun) -> Select[PaperRefiling]:
    return (
        _refilings()
        .join(PaperRefiling.result)
        .join(PaperResult.print_paper)
        .join(PaperResult.attempt)
        .join(Attempt.person)
        .options(
            contains_eager(PaperRefiling.result)
            .contains_eager(PaperResult.attempt)
            .contains_eager(Attempt.person)
        )
        .where(PrintPaper.run_id == run.id)
    )


def _waiting(query: Select[PaperRefiling]) -> Select[PaperRefiling]:
    return query.outerjoin(
        RefilingDecision, RefilingDecision.refiling_id == PaperRefiling.id
    ).where(RefilingDecision.refiling_id.is_(None))
