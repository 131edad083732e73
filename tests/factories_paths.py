"""Makes learning paths of courses that are there."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from elearn.core.paths import PathKind
from elearn.models import CourseRevision, LearningPath, LearningPathStep


def make_path(
    session: Session,
    courses: Sequence[CourseRevision],
    *,
    code: str = "role-1-chief",
    title: str = "一把手",
    kind: PathKind = PathKind.ROLE,
    active: bool = True,
) -> LearningPath:
    """A path of these courses; the reason of each step is `为什么学<title>`."""
    path = LearningPath(code=code, title=title, kind=kind, note="给单位正职。", active=active)
    path.steps = [
        LearningPathStep(position=at, course_id=one.course_id, why=f"为什么学{one.title}")
        for at, one in enumerate(courses, start=1)
    ]
    session.add(path)
    session.flush()
    return path
