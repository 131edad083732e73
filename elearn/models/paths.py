"""Learning paths (学习路径) as published from `courses/paths/`. A list, not evidence: it is rewritten
when its file changes; what somebody learnt stands in the training records."""

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from elearn.core.paths import PathKind

from .base import Base, bigref, intpk
from .content import Course


class LearningPath(Base):
    """A path by its stable code; `active` False when its file is gone."""

    __tablename__ = "learning_path"

    id: Mapped[intpk]
    code: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[PathKind] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(Text, default="")
    active: Mapped[bool] = mapped_column(default=True)

    steps: Mapped[list["LearningPathStep"]] = relationship(
        back_populates="path",
        order_by="LearningPathStep.position",
        cascade="all, delete-orphan",
    )


class LearningPathStep(Base):
    """The course at one place of a path, and why it stands there."""

    __tablename__ = "learning_path_step"

    path_id: Mapped[int] = mapped_column(bigref, ForeignKey("learning_path.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(bigref, ForeignKey("course.id"))
    why: Mapped[str] = mapped_column(String(200), default="")

    path: Mapped[LearningPath] = relationship(back_populates="steps")
    course: Mapped[Course] = relationship()

    __table_args__ = (UniqueConstraint("path_id", "course_id"),)
