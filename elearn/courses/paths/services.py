"""Publishing paths: the tables say what the files say."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.paths import LearningPath as PathFile
from elearn.models import Course, LearningPath, LearningPathStep


def publish_paths(session: Session, *, paths: Sequence[PathFile]) -> None:
    """Paths without a file leave the pages; a path's courses must have been published before."""
    known = {row.code: row for row in session.scalars(select(LearningPath))}
    for code in known.keys() - {path.code for path in paths}:
        known[code].active = False
    for path in paths:
        row = known.get(path.code)
        if row is None:
            row = LearningPath(code=path.code)
            session.add(row)
        row.title, row.kind, row.note, row.active = path.title, path.kind, path.note, True
        _write_steps(session, row, path)
    session.flush()


def _write_steps(session: Session, row: LearningPath, path: PathFile) -> None:
    ids = dict(
        session.execute(
            select(Course.code, Course.id).where(
                Course.code.in_([step.course for step in path.steps])
            )
        ).all()
    )
    wanted = [(at, ids[step.course], step.why) for at, step in enumerate(path.steps, start=1)]
    if [(step.position, step.course_id, step.why) for step in row.steps] == wanted:
        return
    row.steps.clear()
    session.flush()  # the old places are free before the new ones are taken
    row.steps = [
        LearningPathStep(position=at, course_id=course_id, why=why) for at, course_id, why in wanted
    ]
    session.flush()
