"""Reading paths: what stands in them for one person, and how far the person is."""

from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import case, select
from sqlalchemy.orm import Session, defer

from elearn.core.errors import NotFound
from elearn.core.paths import PathKind
from elearn.courses.catalogue import CourseCard, cards
from elearn.courses.queries import admits, completed, visible_courses
from elearn.models import (
    Course,
    CourseRevision,
    LearningPath,
    LearningPathStep,
    Person,
)


@dataclass(frozen=True, slots=True)
class PathLine:
    """A path in a list: how many of the courses the person sees in it are done."""

    path: LearningPath
    done: int
    total: int

    @property
    def begun(self) -> bool:
        """Something is done, and something is left."""
        return 0 < self.done < self.total

    @property
    def share(self) -> float:
        """Done of all, 0 to 1."""
        return self.done / self.total


@dataclass(frozen=True, slots=True)
class StepCard:
    """One course of a path, and why it stands there."""

    card: CourseCard
    why: str


@dataclass(frozen=True, slots=True)
class PathPage:
    """A path as one person sees it: courses that are not for the person are left out."""

    path: LearningPath
    steps: list[StepCard]

    @property
    def done(self) -> int:
        """Completed courses."""
        return sum(step.card.done for step in self.steps)

    @property
    def minutes(self) -> int:
        """Of all lessons, as declared."""
        return sum(step.card.minutes for step in self.steps)

    @property
    def hours_centi(self) -> int:
        """What all courses count together, as declared."""
        return sum(step.card.revision.hours_centi for step in self.steps)

    def next_step(self) -> StepCard | None:
        """The first course that is not done."""
        return next((step for step in self.steps if not step.card.done), None)


def path_lines(session: Session, person: Person) -> list[PathLine]:
    """Every path with a course for this person: stages first, by code. One statement."""
    mine = (
        select(Course.id.label("course_id"), case((completed(person), 1), else_=0).label("done"))
        .join(CourseRevision, CourseRevision.id == Course.current_revision_id)
        .where(Course.active, admits(person))
        .subquery()
    )
    kinds = case({kind.value: at for at, kind in enumerate(PathKind)}, value=LearningPath.kind)
    rows = session.execute(
        select(LearningPath, mine.c.done)
        .join(LearningPathStep, LearningPathStep.path_id == LearningPath.id)
        .join(mine, mine.c.course_id == LearningPathStep.course_id)
        .where(LearningPath.active)
        .order_by(kinds, LearningPath.code)
    ).all()
    lines = []
    for path, group in groupby(rows, key=lambda row: row[0]):
        flags = [done for _, done in group]
        lines.append(PathLine(path, done=sum(flags), total=len(flags)))
    return lines


def find_path(session: Session, code: str) -> LearningPath:
    """An active path. Raises NotFound."""
    path = session.scalar(
        select(LearningPath).where(LearningPath.code == code, LearningPath.active)
    )
    if path is None:
        raise NotFound("没有这条学习路径。")
    return path


def path_page(session: Session, person: Person, code: str) -> PathPage:
    """The path with its courses as this person sees them. Six statements, however long it is."""
    path = find_path(session, code)
    rows = session.execute(
        visible_courses(person)
        .join(LearningPathStep, LearningPathStep.course_id == CourseRevision.course_id)
        .where(LearningPathStep.path_id == path.id)
        .add_columns(LearningPathStep.why)
        .options(defer(CourseRevision.intro_html))
        .order_by(LearningPathStep.position)
    ).all()
    found = cards(session, person=person, revisions=[row[0] for row in rows])
    return PathPage(path, [StepCard(card, row[1]) for card, row in zip(found, rows, strict=True)])
